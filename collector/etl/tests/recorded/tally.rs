//! Lines of PerfView and what is decoded here of the same records, compared field by field.

use super::perfview::Line;
use std::collections::{BTreeMap, BTreeSet};
use weir_etl::Record;
use weir_etl::fields::{Fields, PointerSize, Value};
use weir_etl::tdh::EventInfo;

/// What begins every line; none of the payload.
const OF_THE_RECORD: [&str; 5] = ["PID", "TID", "PName", "ProceNum", "DataLen"];

/// Event and field.
pub(crate) type Entry = (&'static str, &'static str);

/// Where PerfView knows by heart what it does not take from a description. Every entry has to be
/// needed.
#[derive(Clone, Copy)]
pub(crate) struct Exceptions {
    /// Fields that it adds.
    pub(crate) added: &'static [Entry],
    /// Fields that it leaves out.
    pub(crate) left_out: &'static [Entry],
    /// Fields whose values it shows as something else.
    pub(crate) otherwise: &'static [Entry],
    /// Event, its name for a field, the described name.
    pub(crate) renamed: &'static [(&'static str, &'static str, &'static str)],
}

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
pub(crate) fn perfview_event(info: &EventInfo) -> String {
    let (provider, name) = (info.provider.as_deref().unwrap(), info.name().unwrap());
    let is_dotnet = provider.starts_with("Microsoft-Windows-DotNETRuntime");
    let name = if is_dotnet { perfview_name(name) } else { name.to_owned() };
    format!("{provider}/{name}")
}

/// What was compared.
pub(crate) struct Tally {
    tables: Exceptions,
    /// By line: its fields that were compared.
    pub(crate) lines: BTreeMap<String, usize>,
    pub(crate) providers: BTreeMap<String, usize>,
    needed: BTreeSet<Entry>,
    /// By line: why a record that could be it is not.
    reasons: BTreeMap<String, String>,
}

impl Tally {
    pub(crate) fn new(tables: Exceptions) -> Self {
        Self {
            tables,
            lines: BTreeMap::new(),
            providers: BTreeMap::new(),
            needed: BTreeSet::new(),
            reasons: BTreeMap::new(),
        }
    }

    /// Checks that every line is a record's, and that no exception is idle.
    ///
    /// A line may fit several records of its time and length; it must fit one in all its fields.
    #[track_caller]
    pub(crate) fn check(&self) {
        let wrong: Vec<_> =
            self.reasons.iter().filter(|(line, _)| !self.lines.contains_key(*line)).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
        let renamed = self.tables.renamed.iter().map(|(event, shown, _)| (*event, *shown));
        let tables = [self.tables.added, self.tables.left_out, self.tables.otherwise].concat();
        let idle: Vec<_> =
            tables.into_iter().chain(renamed).filter(|it| !self.needed.contains(it)).collect();
        assert!(idle.is_empty(), "{idle:?}");
    }

    /// Fields of all lines that were compared.
    pub(crate) fn fields_compared(&self) -> usize {
        self.lines.values().sum()
    }

    /// The described name of a field of a line.
    fn described<'a>(&mut self, event: &str, shown: &'a str) -> &'a str {
        let found = self.tables.renamed.iter().find(|it| (it.0, it.1) == (event, shown));
        self.needed.extend(found.map(|it| (it.0, it.1)));
        found.map_or(shown, |it| it.2)
    }

    /// Whether a field of an event is in a table. Both halves of a pair of events are the same.
    fn is_in(&mut self, table: &'static [Entry], event: &str, field: &str) -> bool {
        let same = event.replace("Unload", "Load").replace("DCStop", "Load");
        let found = table.iter().find(|entry| **entry == (same.as_str(), field));
        self.needed.extend(found);
        found.is_some()
    }

    /// How many fields of a line are those of an event; why it is another event's line, if it is.
    fn fields(
        &mut self,
        line: &Line<'_>,
        event: &str,
        fields: &Fields<'_>,
    ) -> Result<usize, String> {
        let tables = self.tables;
        let (mut compared, mut shown_fields) = (0, BTreeSet::new());
        for (field, shown) in line.facts.iter().filter(|it| !OF_THE_RECORD.contains(it.0)) {
            let described = self.described(event, field);
            shown_fields.insert(described);
            let Some(value) = fields.value(described) else {
                if self.is_in(tables.added, event, field) {
                    continue;
                }
                return Err(format!("{field}={shown} is missing"));
            };
            if self.is_in(tables.otherwise, event, field) {
                continue;
            }
            if !line.agrees_with(field, value) && !is_same_flags(shown, value) {
                return Err(format!("{field}={shown} is {value}"));
            }
            compared += 1;
        }
        for field in fields.iter().filter(|field| !shown_fields.contains(field.name)) {
            if !self.is_in(tables.left_out, event, field.name) {
                return Err(format!("{} is not shown", field.name));
            }
        }
        Ok(compared)
    }

    /// Compares a record with a line that has its time and length.
    pub(crate) fn record(
        &mut self,
        line: &Line<'_>,
        record: &Record<'_>,
        info: &EventInfo,
        payload: &[u8],
    ) {
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

pub(crate) fn pointer_size(record: &Record<'_>) -> PointerSize {
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
