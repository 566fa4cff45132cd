//! What PerfView decoded by the descriptions in a file, and what is decoded here by the same.
//!
//! PerfView reads most providers by their descriptions. It knows the events of .NET's runtime and
//! of Microsoft-Windows-Kernel-File by heart and ignores what the file says of them: its names of
//! the former follow rules (in `tally`), and where it shows other fields, or values in another
//! way, is in the tables below, all of which must be needed. All other fields are compared.

use super::perfview::compare;
use super::tally::{Exceptions, Tally, perfview_event, pointer_size};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use weir_etl::tdh::Catalogue;
use weir_etl::{Body, Trace};

const FILE: &str = "perfview-net.4.5.2.x64";

/// Fields that PerfView adds: of later versions, computed, or looked up in earlier events.
const ADDED: [(&str, &str); 17] = [
    ("Create", "CreateDisposition"),
    ("Create", "FileAttributes"),
    ("Create", "IrpPtr"),
    ("GC/AllocationTick", "ObjectSize"),
    ("GC/FinalizeObject", "TypeName"),
    ("GC/HeapStats", "Depth"),
    ("GC/HeapStats", "GenerationSize4"),
    ("GC/HeapStats", "TotalHeapSize"),
    ("GC/HeapStats", "TotalPromoted"),
    ("GC/HeapStats", "TotalPromotedSize4"),
    ("GC/Start", "ClientSequenceNumber"),
    ("Method/LoadVerbose", "OptimizationTier"),
    ("Method/LoadVerbose", "ReJITID"),
    ("Type/BulkType", "TypeID_0"),
    ("Type/BulkType", "TypeName_0"),
    ("Loader/ModuleLoad", "ModuleILFileName"),
    ("ManifestData", "PayloadLength"),
];

/// Fields that it leaves out: lengths of the next field, reserved ones, arrays.
const LEFT_OUT: [(&str, &str); 11] = [
    ("Create", "CreateAttributes"),
    ("Create", "Irp"),
    ("Create", "IssuingThreadId"),
    ("DnsServerForInterface", "AddressLength"),
    ("GC/BulkMovedObjectRanges", "Values"),
    ("GC/BulkSurvivingObjectRanges", "Values"),
    ("Loader/DomainModuleLoad", "Reserved1"),
    ("Loader/ModuleLoad", "ClrInstanceID"),
    ("Loader/ModuleLoad", "Reserved1"),
    ("ManifestData", "Xml"),
    ("Type/BulkType", "Values"),
];

/// Fields whose values it shows as something else: two fields of one, a path with its drive, a
/// number where the map has no name for all bits or PerfView knows no map.
const OTHERWISE: [(&str, &str); 5] = [
    ("AppDomainResourceManagement/ThreadCreated", "Flags"),
    ("Create", "CreateOptions"),
    ("Create", "FileName"),
    ("Create", "ShareAccess"),
    ("Loader/AppDomainLoad", "AppDomainFlags"),
];

fn catalogue(path: &Path) -> Catalogue {
    let mut trace = Trace::open(File::open(path).unwrap()).unwrap();
    let mut catalogue = Catalogue::default();
    while let Some(record) = trace.next_record().unwrap() {
        catalogue.learn(&record);
    }
    catalogue
}

#[test]
fn events_that_a_file_describes_are_those_that_perfview_decoded() {
    let Some(folder) = super::folder() else { return };
    let catalogue = catalogue(&folder.join(format!("{FILE}.etl")));
    assert_eq!((catalogue.len(), catalogue.unreadable(), catalogue.left_out()), (227, 0, 0));
    let mut tally = Tally::new(Exceptions {
        added: &ADDED,
        left_out: &LEFT_OUT,
        otherwise: &OTHERWISE,
        renamed: &[],
    });
    compare(&folder, FILE, |line, record| {
        if let Body::Event(event) = record.body
            && let Some(info) = catalogue.event(&event)
        {
            tally.record(line, record, info, event.payload);
        }
        true
    });
    tally.check();
    let providers: Vec<_> = tally.providers.iter().map(|(name, count)| (&**name, *count)).collect();
    // As many lines as the list has of them.
    let expected = [
        ("Microsoft-Windows-DNS-Client", 4),
        ("Microsoft-Windows-DotNETRuntime", 137),
        ("Microsoft-Windows-DotNETRuntimeRundown", 23),
        ("Microsoft-Windows-Immersive-Shell", 8),
        ("Microsoft-Windows-Kernel-EventTracing", 15),
        ("Microsoft-Windows-Kernel-File", 5),
        ("Microsoft-Windows-Kernel-Process", 2),
        ("PerfView", 28),
        ("System.Diagnostics.Eventing.FrameworkEventSource", 6),
        ("System.Threading.Tasks.TplEventSource", 8),
    ];
    assert_eq!(providers, expected);
    assert_eq!(tally.fields_compared(), 964);
}

/// Every event that the file describes, not only those of which PerfView's list has a line.
#[test]
fn every_described_event_is_read_to_its_last_byte_and_counted_as_perfview_does() {
    let Some(folder) = super::folder() else { return };
    let path = folder.join(format!("{FILE}.etl"));
    let catalogue = catalogue(&path);
    let mut trace = Trace::open(File::open(path).unwrap()).unwrap();
    let (mut counts, mut rests) = (BTreeMap::new(), BTreeSet::new());
    while let Some(record) = trace.next_record().unwrap() {
        let Body::Event(event) = record.body else { continue };
        let Some(info) = catalogue.event(&event) else { continue };
        let decoded = info.schema.decode(event.payload, pointer_size(&record));
        assert_eq!(decoded.error, None, "{:?}", info.name());
        *counts.entry(perfview_event(info)).or_insert(0) += 1;
        if !decoded.rest.is_empty() {
            rests.insert(info.name().unwrap().to_owned());
        }
    }
    // By the first's manifest there are two addresses whatever the count before them; the second
    // has a level of 64 bits where its manifest says 32.
    let expected = ["CLRStack/CLRStackWalk", "ClrEnableParameters"].map(ToOwned::to_owned);
    assert_eq!(rests, BTreeSet::from(expected));
    let text = std::fs::read_to_string(folder.join(format!("{FILE}.baseline.txt"))).unwrap();
    let shown = text.lines().filter_map(|line| line.strip_prefix("COUNT ")?.rsplit_once(':'));
    let shown: BTreeMap<_, u32> =
        shown.map(|(name, count)| (name.to_owned(), count.parse().unwrap())).collect();
    let (listed, not_listed): (Vec<_>, Vec<_>) =
        counts.iter().partition(|(name, _)| shown.contains_key(*name));
    let wrong: Vec<_> = listed.iter().filter(|(name, count)| shown[*name] != **count).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert_eq!((listed.len(), listed.iter().map(|(_, count)| **count).sum::<u32>()), (77, 18_337));
    // PerfView reads these too, but its list is without them.
    let not_listed: Vec<_> = not_listed.iter().map(|(name, _)| name.as_str()).collect();
    let expected = [
        "Microsoft-Windows-DotNETRuntime/Method/ILToNativeMap",
        "Microsoft-Windows-DotNETRuntime/Stack/CLRStackWalk",
        "Microsoft-Windows-DotNETRuntimeRundown/Method/DCStopILToNativeMap",
        "Microsoft-Windows-DotNETRuntimeRundown/Method/DCStopVerbose",
    ];
    assert_eq!(not_listed, expected);
}
