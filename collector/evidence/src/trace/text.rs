//! Text traces: what `netsh trace convert` writes, and people paste.
//!
//! An entry is `[cpu]PID.TID::local time [Provider]` and an object, with fields first and `meta`
//! last. Process and thread are hexadecimal before the object and decimal in it.
//!
//! Source: microsoft/ebpf-for-windows, docs/TroubleshootingGuide.md (samples; read 2026-11)

use super::entry::{Entries, Entry, digits};
use super::event::{FIELDS_MAX, FieldValue, Source, TraceEvent, bounded};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::io::{self, Read};
use weir_etl::FileTime;
use weir_stages::checks::facts::Place;

/// Why an entry is no event.
pub(super) type Fault = (u64, String);

/// Events of a text.
pub(super) struct TextTrace<R> {
    file: String,
    entries: Entries<R>,
}

impl<R: Read> TextTrace<R> {
    pub(super) fn new(file: &str, source: R) -> io::Result<Self> {
        Ok(Self { file: file.to_owned(), entries: Entries::new(source)? })
    }

    /// What the trace was read from.
    pub(super) fn into_source(self) -> R {
        self.entries.into_source()
    }

    /// The next entry, an event or not; `None` at the end.
    pub(super) fn next_event(&mut self) -> io::Result<Option<Result<TraceEvent, Fault>>> {
        let Some(entry) = self.entries.next_entry()? else { return Ok(None) };
        Ok(Some(parse(&self.file, &entry).map_err(|what| (entry.line, what))))
    }
}

/// The fields of an object, in their order.
struct Object(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    // One more for `meta`, which comes last.
                    if fields.len() > FIELDS_MAX {
                        fields.pop();
                    }
                    fields.push(field);
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

fn parse(file: &str, entry: &Entry) -> Result<TraceEvent, String> {
    if entry.is_cut {
        return Err("the event is longer than any can be".to_owned());
    }
    let head = Head::parse(&entry.text).ok_or("it begins like an event, and names no provider")?;
    let (source, name) = Source::of_name(head.provider);
    let mut event = TraceEvent {
        place: Place::new(file, entry.line),
        time: local_time(head.stamp),
        time_text: Some(bounded(head.stamp)),
        cpu: head.cpu,
        process: head.process,
        source,
        provider: name.map_or_else(|| bounded(head.provider), str::to_owned),
        event: "-".to_owned(),
        level: 0,
        keyword: 0,
        fields: Vec::new(),
    };
    if !head.rest.starts_with('{') {
        // Messages of other providers are plain text.
        if source != Source::Other {
            return Err("the event has no object".to_owned());
        }
        return Ok(event);
    }
    let object = if entry.has_object() && entry.is_whole() {
        object(head.rest)?
    } else {
        return Err("the event is cut off".to_owned());
    };
    for (name, value) in &object.0 {
        match (name.as_str(), value) {
            ("meta", Value::Object(meta)) => take_meta(&mut event, meta),
            _ if source != Source::Other => event.add(name, field_value(value)),
            _ => {}
        }
    }
    Ok(event)
}

/// What stands before the object.
struct Head<'a> {
    cpu: Option<u32>,
    process: Option<(u32, u32)>,
    stamp: &'a str,
    provider: &'a str,
    rest: &'a str,
}

impl<'a> Head<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (cpu, rest) = text.strip_prefix('[')?.split_once(']')?;
        let (process, rest) = rest.split_once('.')?;
        let (thread, rest) = rest.split_once("::")?;
        let (stamp, rest) = rest.split_once('[')?;
        let (provider, rest) = rest.split_once(']')?;
        let hex = |text: &str| u32::from_str_radix(text.get(..digits(text, 16)?)?, 16).ok();
        Some(Self {
            cpu: cpu.parse().ok(),
            process: hex(process).zip(hex(thread)),
            stamp: stamp.trim(),
            provider: provider.trim(),
            rest: rest.trim_start(),
        })
    }
}

/// Reads an object; backslashes that escape nothing, as of a path that nobody escaped, stand for
/// themselves.
fn object(text: &str) -> Result<Object, String> {
    // What follows the object on its line is nobody's.
    let first = |text: &str| {
        let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Object>();
        objects.next().unwrap_or_else(|| serde_json::from_str(""))
    };
    first(text)
        .or_else(|error| first(&escaped(text)).map_err(|_| error))
        .map_err(|error| format!("the event's object: {error}"))
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        out.push(character);
        if character != '\\' {
            continue;
        }
        match characters.peek() {
            Some('"' | '\\' | '/') => out.extend(characters.next()),
            // `\n` of a path is as likely as a line's end: only one that breaks the object is not.
            Some('b' | 'f' | 'n' | 'r' | 't') => {}
            _ => out.push('\\'),
        }
    }
    out
}

fn take_meta(event: &mut TraceEvent, meta: &serde_json::Map<String, Value>) {
    let text = |name: &str| meta.get(name).and_then(Value::as_str);
    let number = |name: &str| {
        meta.get(name)
            .and_then(|value| field_value(value).number())
            .and_then(|it| u64::try_from(it).ok())
    };
    let small = |name: &str| number(name).and_then(|it| u32::try_from(it).ok());
    if let Some(name) = text("event") {
        event.event = bounded(name);
    }
    if let Some(time) = text("time") {
        event.time = FileTime::from_rfc3339(time).or(event.time);
        event.time_text = Some(bounded(time));
    }
    event.level = number("level").and_then(|it| u8::try_from(it).ok()).unwrap_or(0);
    event.keyword = number("keywords").unwrap_or(0);
    event.cpu = event.cpu.or_else(|| small("cpu"));
    event.process = event.process.or_else(|| small("pid").zip(small("tid")));
}

fn field_value(value: &Value) -> FieldValue {
    match value {
        Value::String(text) => FieldValue::text(text),
        Value::Number(number) => {
            let integer =
                number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
            integer.map_or_else(|| FieldValue::text(&number.to_string()), FieldValue::Integer)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => {
            FieldValue::text(&value.to_string())
        }
    }
}

/// `2023/06/23-19:45:16.265726200`, taken for UTC.
fn local_time(stamp: &str) -> Option<FileTime> {
    let (date, time) = stamp.split_once('-')?;
    FileTime::from_rfc3339(&format!("{}T{time}Z", date.replace('/', "-")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Vec<Result<TraceEvent, Fault>> {
        let mut trace = TextTrace::new("t.txt", text.as_bytes()).unwrap();
        core::iter::from_fn(|| trace.next_event().unwrap()).collect()
    }

    #[test]
    fn an_entry_is_an_event_with_every_part() {
        let text = concat!(
            r#"[2]1C10.1B78::2023/06/23-19:45:16.265740500 [EbpfForWindowsProvider]"#,
            r#"{"Api":"\"f\"","status":"0xC000000D(NT=x)","n":-1,"meta":{"#,
            r#""provider":"EbpfForWindowsProvider","event":"EbpfApiError","#,
            r#""time":"2023-06-24T02:45:16.2657405Z","cpu":2,"pid":7184,"tid":7032,"#,
            r#""channel":11,"level":2,"keywords":"0x4"}}"#
        );
        let [Ok(event)] = &events(text)[..] else { panic!("one event") };
        assert_eq!(event.place, Place::new("t.txt", 1));
        assert_eq!(event.time_text.as_deref(), Some("2023-06-24T02:45:16.2657405Z"));
        assert_eq!(event.time.unwrap().to_string(), "2023-06-24T02:45:16.2657405Z");
        assert_eq!((event.cpu, event.process), (Some(2), Some((7184, 7032))));
        assert_eq!((event.level, event.keyword), (2, 4));
        assert_eq!((event.source, event.event.as_str()), (Source::Ebpf, "EbpfApiError"));
        assert_eq!(event.field("api"), Some(&FieldValue::text("\"f\"")));
        assert_eq!(event.field("status").unwrap().number(), Some(0xc000_000d));
        assert_eq!(event.field("n"), Some(&FieldValue::Integer(-1)));
    }

    #[test]
    fn an_event_without_meta_has_the_head_that_stands_before_it() {
        let [Ok(event)] = &events("[1]A.B::2023/06/23-19:45:16.1 [NetEbpfExtProvider]{}")[..]
        else {
            panic!("one event")
        };
        assert_eq!(event.process, Some((10, 11)));
        assert_eq!(event.time.unwrap().to_string(), "2023-06-23T19:45:16.1000000Z");
    }

    #[test]
    fn a_path_that_nobody_escaped_is_read() {
        let text = r#"[1]A.B::t [NetEbpfExtProvider]{"path":"C:\w\x\"}"#;
        assert!(events(text)[0].is_err(), "its last quote is escaped");
        let text = r#"[1]A.B::t [NetEbpfExtProvider]{"path":"C:\w\x\o.o"}"#;
        let path = events(text)[0].as_ref().unwrap().field("path").unwrap().clone();
        assert_eq!(path, FieldValue::text(r"C:\w\x\o.o"));
    }

    #[test]
    fn what_is_cut_off_or_no_object_is_a_fault_with_its_line() {
        for (text, words) in [
            ("[1]A.B::t [NetEbpfExtProvider]{\"a\":1", "cut off"),
            ("[1]A.B::t [NetEbpfExtProvider] plain", "no object"),
            ("[1]A.B::t [NetEbpfExtProvider]{\"a\" 1}", "expected `:`"),
            ("[1]A.B::t NetEbpfExtProvider", "names no provider"),
        ] {
            let found = events(&format!("\n{text}"));
            let [Err((2, what))] = &found[..] else { panic!("{text}: {found:?}") };
            assert!(what.contains(words), "{text}: {what}");
        }
        let [Ok(event)] = &events("[1]A.B::t [Microsoft-Windows-TCPIP]TCP: segment")[..] else {
            panic!("others may be plain text")
        };
        assert_eq!((event.source, event.event.as_str()), (Source::Other, "-"));
    }

    #[test]
    fn fields_without_number_are_left_out_and_meta_is_not() {
        let fields: String = (0..500).map(|it| format!("\"f{it}\":{it},")).collect();
        let text = format!("[1]A.B::t [NetEbpfExtProvider]{{{fields}\"meta\":{{\"level\":2}}}}");
        let event = events(&text)[0].clone().unwrap();
        assert_eq!((event.fields.len(), event.level), (FIELDS_MAX, 2));
    }
}
