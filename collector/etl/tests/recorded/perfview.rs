//! What PerfView, which reads files through Windows, printed for the same files.
//!
//! A line holds the time since the session began in milliseconds, process, thread, processor,
//! payload length and the decoded fields, each cut after 20 characters.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use weir_etl::fields::{PointerSize, Value};
use weir_etl::tracelogging::{ProviderTraits, parse_schema};
use weir_etl::{Body, FileTime, Record, Trace};

/// A line of a baseline.
pub(crate) struct Line<'a> {
    pub(crate) text: &'a str,
    /// Since the session began, rounded.
    microseconds: i64,
    pub(crate) name: &'a str,
    pub(crate) facts: HashMap<&'a str, &'a str>,
}

impl<'a> Line<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (time, rest) = text.strip_prefix("EVENT ")?.split_once(": ")?;
        let (name, rest) = rest.split_once(" PID=")?;
        let facts = rest.split("; ").filter_map(|fact| fact.split_once('='));
        let mut facts: HashMap<_, _> = facts.collect();
        facts.insert("PID", rest.split_once(';')?.0);
        let microseconds = time.replace([',', '.'], "").parse().ok()?;
        Some(Self { text, microseconds, name, facts })
    }

    fn number(&self, fact: &str) -> i64 {
        let text = self.facts.get(fact).unwrap_or_else(|| panic!("{fact} in {}", self.text));
        text.replace(',', "").parse().unwrap_or_else(|_| panic!("{fact} in {}", self.text))
    }

    /// For these PerfView shows process and thread that the payload is about, not the writers.
    fn shows_another_process(&self) -> bool {
        ["Image/", "Process/", "Thread/", "SystemConfig/Services"]
            .iter()
            .any(|about| self.name.contains(&format!("Windows Kernel/{about}")))
    }

    /// A value that may be cut.
    fn agrees(&self, field: &str, value: &str) -> bool {
        let expected = self.facts.get(field).unwrap_or_else(|| panic!("{field}: {}", self.text));
        match expected.strip_suffix("...") {
            Some(start) => value.starts_with(start),
            None => value == *expected,
        }
    }

    /// A number, decimal or hexadecimal, of 32 or 64 bits, with or without a sign.
    fn is_number(&self, field: &str, bits: u64) -> bool {
        let text = self.facts[field].replace(',', "");
        if let Some(digits) = text.strip_prefix("0x") {
            return u64::from_str_radix(digits, 16) == Ok(bits);
        }
        text.parse::<i64>().is_ok_and(|shown| {
            shown.cast_unsigned() == bits
                || i32::try_from(shown).is_ok_and(|it| u64::from(it.cast_unsigned()) == bits)
        })
    }

    /// A value of a payload, in PerfView's way of writing it.
    pub(crate) fn agrees_with(&self, field: &str, value: &Value<'_>) -> bool {
        match value {
            Value::Bool(value) => self.agrees(field, if *value { "True" } else { "False" }),
            // It writes a character as its number, and takes unsigned 64-bit numbers for signed.
            Value::Text(text) if field == "char_type" => {
                text.chars().map(u32::from).eq([u32::try_from(self.number(field)).unwrap()])
            }
            Value::U64(value) => self.is_number(field, *value),
            Value::I64(value) => self.is_number(field, value.cast_unsigned()),
            Value::Hex { value, .. } => self.is_number(field, *value),
            Value::Port(value) => self.is_number(field, (*value).into()),
            Value::Time(time) => self.agrees(field, &perfview_time(*time)),
            // It gets the milliseconds of a SYSTEMTIME wrong, always 03; to the second it is right.
            Value::SystemTime(_) => {
                let expected = self.facts[field].split('.').next().unwrap();
                let text = value.to_string();
                expected == text[2..19].replace('-', "/").replace('T', " ")
            }
            Value::Null
            | Value::F32(_)
            | Value::F64(_)
            | Value::Text(_)
            | Value::Binary(_)
            | Value::Guid(_)
            | Value::Sid(_)
            | Value::Ip(_)
            | Value::SocketAddress(_)
            | Value::Array(_)
            | Value::Struct(_) => self.agrees(field, &value.to_string()),
        }
    }
}

fn payload<'a>(record: &Record<'a>) -> &'a [u8] {
    match record.body {
        Body::Event(event) => event.payload,
        Body::Classic(classic) => classic.payload,
        Body::Kernel(kernel) => kernel.payload,
        Body::Message(message) => message.payload,
        Body::Other(payload) => payload,
    }
}

/// `21/09/09 14:59:35.7990000`.
fn perfview_time(time: FileTime) -> String {
    let text = time.to_string();
    text[2..27].replace('-', "/").replace('T', " ")
}

/// Reads both files and gives each line with the records that have its time and payload length.
pub(crate) fn compare(
    folder: &Path,
    name: &str,
    mut check: impl FnMut(&Line<'_>, &Record<'_>) -> bool,
) {
    let baseline = folder.join(format!("{name}.baseline.txt"));
    let text = std::fs::read_to_string(baseline).unwrap();
    let lines: Vec<_> = text.lines().filter_map(Line::parse).collect();
    assert!(lines.len() > 5, "{name}: no lines");
    let key = |line: &Line<'_>| (line.microseconds, line.number("DataLen"));
    let mut wanted: HashMap<_, Vec<_>> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        wanted.entry(key(line)).or_default().push(place);
    }
    let mut is_found = vec![false; lines.len()];
    let file = File::open(folder.join(format!("{name}.etl"))).unwrap();
    let mut trace = Trace::open(file).unwrap();
    let start = trace.header().start;
    while let Some(record) = trace.next_record().unwrap() {
        let Some(time) = record.time else { continue };
        let length = i64::try_from(payload(&record).len()).unwrap();
        // PerfView's halves of a microsecond go either way.
        let (below, above) = ((time.0 - start.0) / 10, (time.0 - start.0 + 9) / 10);
        let lines_at = |at: i64| wanted.get(&(at, length)).into_iter().flatten();
        let above = (above > below).then_some(above);
        for place in lines_at(below).chain(above.into_iter().flat_map(lines_at)) {
            let line = &lines[*place];
            let pair = [("PID", record.process_id), ("TID", record.thread_id)];
            let mut known = pair.iter().filter_map(|(fact, id)| Some((fact, (*id)?)));
            let same = line.shows_another_process()
                || known.all(|(fact, id)| line.number(fact) == i64::from(id));
            if same && line.number("ProceNum") == i64::from(record.cpu) && check(line, &record) {
                is_found[*place] = true;
            }
        }
    }
    let missing = lines.iter().zip(is_found).filter(|(_, found)| !found);
    let missing: Vec<_> = missing.map(|(line, _)| line.text).collect();
    assert!(missing.is_empty(), "{name}: {} not found\n{}", missing.len(), missing.join("\n"));
}

#[test]
fn every_line_of_perfview_is_a_record_of_that_time_thread_processor_and_length() {
    let Some(folder) = super::folder() else { return };
    for name in ["perfview-primitive-types", "perfview-gcevents", "perfview-net.4.5.2.x64"] {
        compare(&folder, name, |_, _| true);
    }
}

#[test]
fn fields_are_those_that_perfview_decoded() {
    let Some(folder) = super::folder() else { return };
    let mut fields = 0;
    compare(&folder, "perfview-primitive-types", |line, record| {
        let Body::Event(event) = record.body else { return true };
        let schema = parse_schema(event.schema().unwrap()).unwrap();
        let traits = ProviderTraits::parse(event.provider_traits().unwrap()).unwrap();
        assert_eq!(line.name, format!("{}/{}", traits.name, schema.name()));
        let decoded = schema.decode(event.payload, PointerSize::Bytes8);
        for field in decoded.fields.iter() {
            assert!(
                line.agrees_with(field.name, &field.value),
                "{} = {}\n{}",
                field.name,
                field.value,
                line.text
            );
            fields += 1;
        }
        true
    });
    assert_eq!(fields, 5 * 12);
}

#[test]
fn the_header_is_as_perfview_decoded_it() {
    let Some(folder) = super::folder() else { return };
    for name in ["perfview-primitive-types", "perfview-gcevents", "perfview-net.4.5.2.x64"] {
        let file = File::open(folder.join(format!("{name}.etl"))).unwrap();
        let trace = Trace::open(file).unwrap();
        let text = std::fs::read_to_string(folder.join(format!("{name}.baseline.txt"))).unwrap();
        let line = text.lines().find_map(Line::parse).unwrap();
        assert_eq!(line.name, "Windows Kernel/EventTrace");
        let header = trace.header();
        for (field, value) in [
            ("BufferSize", header.buffer_bytes.into()),
            ("Version", header.version.into()),
            ("ProviderVersion", header.provider_version.into()),
            ("NumberOfProcessors", header.processors.into()),
            ("TimerResolution", header.timer_resolution.into()),
            ("MaxFileSize", header.file_mib_max.into()),
            ("LogFileMode", header.log_file_mode.into()),
            ("BuffersWritten", header.buffers_written.into()),
            ("StartBuffers", header.start_buffers.into()),
            ("PointerSize", header.pointer_bytes.into()),
            ("EventsLost", header.events_lost.into()),
            ("CPUSpeed", header.cpu_mhz.into()),
            ("PerfFreq", header.ticks_per_second),
            ("ReservedFlags", header.clock_raw.into()),
            ("BuffersLost", header.buffers_lost.into()),
            ("UtcOffsetMinutes", header.bias_minutes.into()),
        ] {
            assert_eq!(line.number(field), value, "{name}: {field}");
        }
        let times =
            [("StartTime", header.start), ("EndTime", header.end), ("BootTime", header.boot)];
        for (field, time) in times {
            assert!(line.agrees(field, &perfview_time(time)), "{name}: {field} {time}");
        }
        assert!(line.agrees("SessionName", &header.session), "{name}");
        assert!(line.agrees("LogFileName", &header.file), "{name}");
    }
}
