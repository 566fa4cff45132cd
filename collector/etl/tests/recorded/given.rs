//! What PerfView knows by heart of .NET's events, and what is decoded here by a manifest given for a
//! trace that describes nothing.

use super::perfview::compare;
use super::tally::{Exceptions, Tally, pointer_size};
use weir_etl::Body;
use weir_etl::tdh::Catalogue;

const FILE: &str = "perfview-gcevents";

/// The lines of PerfView's list, the file's header included, which `perfview` compares.
const LINES: usize = 52;

const EXCEPTIONS: Exceptions = Exceptions {
    // Sums, what other events said, and fields of other versions.
    added: &[
        ("GC/FinalizeObject", "TypeName"),
        ("GC/HeapStats", "Depth"),
        ("GC/HeapStats", "TotalHeapSize"),
        ("GC/HeapStats", "TotalPromoted"),
        ("GC/PerHeapHistory", "ConcurrentCompactMechanisms"),
        ("GC/PerHeapHistory", "MemoryPressure"),
    ],
    // Arrays.
    left_out: &[
        ("GC/FitBucketInfo", "Values"),
        ("GC/GlobalHeapHistory", "Times"),
        ("GC/LOHCompact", "Values"),
        ("GC/PerHeapHistory", "Values"),
    ],
    // The place of the highest bit but one as a name; a number, as it has no name for one bit.
    otherwise: &[
        ("GC/PerHeapHistory", "CompactMechanisms"),
        ("GC/PerHeapHistory", "ExpandMechanisms"),
        ("Runtime/Start", "StartupFlags"),
    ],
    renamed: &[("GC/MarkWithType", "Promoted", "Bytes")],
};

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    assert_eq!(catalogue.learn_manifest(include_bytes!("clr-gc.man")), Ok(20));
    assert_eq!((catalogue.unreadable(), catalogue.left_out()), (0, 0));
    catalogue
}

#[test]
fn events_that_a_manifest_describes_are_those_that_perfview_knows() {
    let Some(folder) = super::folder() else { return };
    let (catalogue, mut tally) = (catalogue(), Tally::new(EXCEPTIONS));
    let mut headers = 0;
    compare(&folder, FILE, |line, record| {
        let Body::Event(event) = record.body else {
            headers += usize::from(line.name == "Windows Kernel/EventTrace");
            return true;
        };
        let info = catalogue.event(&event).unwrap();
        tally.record(line, record, info, event.payload);
        true
    });
    tally.check();
    assert_eq!(headers, 1);
    assert_eq!(tally.lines.len(), LINES - headers, "every line is compared");
    assert_eq!(tally.fields_compared(), 255);
}

/// Every event of the file, not only those of which PerfView's list has a line.
#[test]
fn every_event_is_described_and_read_to_its_last_byte() {
    let Some(folder) = super::folder() else { return };
    let catalogue = catalogue();
    let file = std::fs::File::open(folder.join(format!("{FILE}.etl"))).unwrap();
    let mut trace = weir_etl::Trace::open(file).unwrap();
    let mut events = 0;
    while let Some(record) = trace.next_record().unwrap() {
        let Body::Event(event) = record.body else { continue };
        let info = catalogue.event(&event).unwrap();
        let decoded = info.schema.decode(event.payload, pointer_size(&record));
        assert_eq!((decoded.error, decoded.rest), (None, &[][..]), "{:?}", info.name());
        assert_eq!(info.opcode, event.opcode, "{:?}", info.name());
        events += 1;
    }
    // The sum of the list's counts.
    assert_eq!(events, 69);
}
