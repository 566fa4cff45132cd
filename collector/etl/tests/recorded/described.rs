//! What PerfView decoded by the descriptions in a file, and what is decoded here by the same.
//!
//! PerfView reads most providers by their descriptions. It knows the events of .NET's runtime and
//! of Microsoft-Windows-Kernel-File by heart and ignores what the file says of them: its names of
//! the former follow rules ([`perfview_name`]), and where it shows other fields, or values in another
//! way, is in the tables below, all of which must be needed. All other fields are compared.

use super::perfview::{Line, compare};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::Path;
use weir_etl::fields::{Fields, PointerSize, Value};
use weir_etl::tdh::{Catalogue, EventInfo};
use weir_etl::{Body, Record, Trace};

const FILE: &str = "perfview-net.4.5.2.x64";

/// What begins every line; none of the payload.
const OF_THE_RECORD: [&str; 5] = ["PID", "TID", "PName", "ProceNum", "DataLen"];

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

/// PerfView's name for an event of .NET.
fn perfview_name(name: &str) -> String {
    let Some((task, opcode)) = name.split_once('/') else { return name.to_owned() };
    let plain = task.trim_end_matches("Rundown");
    let task = match plain.strip_prefix("CLR") {
        Some("RuntimeInformation") => "Runtime",
        Some(rest) => rest,
        // One event of the task was added to PerfView later, from its description.
        None if plain == "GarbageCollection" && opcode != "IncreaseMemoryPressure" => "GC",
        None => task,
    };
    let opcode = ["GC", "Method"].iter().find_map(|it| opcode.strip_prefix(it)).unwrap_or(opcode);
    let opcode = match opcode {
        "MarkOlderGenerationRoots" => "MarkCards".to_owned(),
        _ => opcode.replace("DCEnd", "DCStop"),
    };
    let ends = [("Begin", "Start"), ("End", "Stop")];
    let renamed = ends.iter().find_map(|(old, new)| Some((opcode.strip_suffix(old)?, new)));
    let opcode = renamed.map_or_else(|| opcode.clone(), |(stem, new)| format!("{stem}{new}"));
    format!("{task}/{opcode}")
}

/// PerfView's name for an event with its provider.
fn perfview_event(info: &EventInfo) -> String {
    let (provider, name) = (info.provider.as_deref().unwrap(), info.name().unwrap());
    let is_dotnet = provider.starts_with("Microsoft-Windows-DotNETRuntime");
    let name = if is_dotnet { perfview_name(name) } else { name.to_owned() };
    format!("{provider}/{name}")
}

/// What was compared.
#[derive(Default)]
struct Tally {
    /// By line: its fields that were compared.
    lines: BTreeMap<String, usize>,
    providers: BTreeMap<String, usize>,
    exceptions: BTreeSet<(&'static str, &'static str)>,
    /// By line: why a record that could be it is not.
    reasons: BTreeMap<String, String>,
}

impl Tally {
    /// Whether a field of an event is in a table. Both halves of a pair of events are the same.
    fn is_in(&mut self, table: &'static [(&str, &str)], event: &str, field: &str) -> bool {
        let same = event.replace("Unload", "Load").replace("DCStop", "Load");
        let found = table.iter().find(|entry| **entry == (same.as_str(), field));
        self.exceptions.extend(found);
        found.is_some()
    }

    /// How many fields of a line are those of an event; why it is another event's line, if it is.
    fn fields(
        &mut self,
        line: &Line<'_>,
        event: &str,
        fields: &Fields<'_>,
    ) -> Result<usize, String> {
        let mut compared = 0;
        for (field, shown) in line.facts.iter().filter(|it| !OF_THE_RECORD.contains(it.0)) {
            let Some(value) = fields.value(field) else {
                if self.is_in(&ADDED, event, field) {
                    continue;
                }
                return Err(format!("{field}={shown} is missing"));
            };
            if self.is_in(&OTHERWISE, event, field) {
                continue;
            }
            if !line.agrees_with(field, value) && !is_same_flags(shown, value) {
                return Err(format!("{field}={shown} is {value}"));
            }
            compared += 1;
        }
        let is_shown = |name: &str| line.facts.contains_key(name);
        for field in fields.iter().filter(|field| !is_shown(field.name)) {
            if !self.is_in(&LEFT_OUT, event, field.name) {
                return Err(format!("{} is not shown", field.name));
            }
        }
        Ok(compared)
    }

    fn record(&mut self, line: &Line<'_>, record: &Record<'_>, info: &EventInfo, payload: &[u8]) {
        let provider = info.provider.as_deref().unwrap();
        let shown = line.name.strip_prefix(provider).and_then(|it| it.strip_prefix('/'));
        let Some(shown) = shown else { return };
        let decoded = info.schema.decode(payload, pointer_size(record));
        assert_eq!(decoded.error, None, "{}", line.text);
        let name = perfview_event(info);
        let compared = if name == line.name {
            self.fields(line, shown, &decoded.fields)
        } else {
            Err(format!("the name is {name}"))
        };
        match compared {
            Ok(fields) => {
                if self.lines.insert(line.text.to_owned(), fields).is_none() {
                    *self.providers.entry(provider.to_owned()).or_default() += 1;
                }
            }
            Err(reason) => {
                self.reasons.insert(line.text.to_owned(), reason);
            }
        }
    }
}

fn pointer_size(record: &Record<'_>) -> PointerSize {
    if record.pointer_bytes() == 4 { PointerSize::Bytes4 } else { PointerSize::Bytes8 }
}

/// `A, B` and `None` are how it writes what is `A|B` and 0 here.
fn is_same_flags(shown: &str, value: &Value<'_>) -> bool {
    if shown == "None" {
        return *value == Value::U64(0);
    }
    let ours = value.to_string().replace('|', ", ");
    ours == shown || shown.strip_suffix("...").is_some_and(|start| ours.starts_with(start))
}

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
    let mut tally = Tally::default();
    compare(&folder, FILE, |line, record| {
        if let Body::Event(event) = record.body
            && let Some(info) = catalogue.event(&event)
        {
            tally.record(line, record, info, event.payload);
        }
        true
    });
    // A line may fit several records of its time and length; it must fit one in all its fields.
    let wrong: Vec<_> =
        tally.reasons.iter().filter(|(line, _)| !tally.lines.contains_key(*line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
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
    assert_eq!(tally.lines.values().sum::<usize>(), 964, "fields");
    let tables = [&ADDED[..], &LEFT_OUT, &OTHERWISE].concat();
    let unused: Vec<_> = tables.iter().filter(|it| !tally.exceptions.contains(*it)).collect();
    assert!(unused.is_empty(), "{unused:?}");
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
