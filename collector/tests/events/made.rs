//! A trace with something of everything, and runs of the binary.

use std::io::{Cursor, Write as _};
use std::process::{Command, Stdio};
use tempfile::NamedTempFile;
use weir_etl::fields::{InType, OutType};
use weir_etl::tracelogging::{Blob, provider_traits};
use weir_etl::write::{
    ClassicRecord, EventHeader, ExtendedItem, MessageRecord, Options, Record, SystemRecord,
    TraceWriter,
};
use weir_etl::{FileTime, Guid, item_kind};

pub(crate) const TALKER: Guid = Guid([0x11; 16]);
pub(crate) const TALKER_ID: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const SILENT: Guid = Guid([0x22; 16]);
pub(crate) const SILENT_ID: &str = "22222222-2222-2222-2222-222222222222";
pub(crate) const CLASS: Guid = Guid([0x33; 16]);
pub(crate) const ACTIVITY: Guid = Guid([0x44; 16]);

/// What a run came to.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    pub(crate) fn ok(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""));
        self.out
    }

    /// The lines, whatever else was said.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        self.out.lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The event names and ids of the lines.
    pub(crate) fn names(&self) -> Vec<String> {
        let name = |line: &serde_json::Value| match line["event"].as_str() {
            Some(name) => name.to_owned(),
            None => format!("{}/{}", line["kind"].as_str().unwrap(), line["id"]),
        };
        self.lines().iter().map(name).collect()
    }
}

pub(crate) fn weir(arguments: &[&str]) -> Run {
    weir_fed(arguments, &[])
}

/// Runs the binary with something on standard input.
pub(crate) fn weir_fed(arguments: &[&str], input: &[u8]) -> Run {
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // A run that fails early closes its end.
    let _may_be_closed = feeder.join().unwrap();
    Run {
        code: output.status.code().expect("ended by itself"),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// `count` hundred nanoseconds after the start of the traces made here.
pub(crate) fn at(count: i64) -> FileTime {
    FileTime(FileTime::from_rfc3339("2026-11-21T14:00:00Z").unwrap().0 + count)
}

pub(crate) fn options() -> Options {
    Options {
        session: "a session".to_owned(),
        file_name: "made.etl".to_owned(),
        buffer_bytes: 4096,
        processors: 4,
        start: at(0),
        ..Options::default()
    }
}

/// A self-describing event: number and text.
fn hello(level: u8, process_id: u32, id: u16) -> EventHeader {
    EventHeader {
        id,
        level,
        channel: 11,
        keyword: 0x8000_0000_0000_0001,
        process_id,
        thread_id: process_id + 1,
        ..EventHeader::new(TALKER)
    }
}

/// Eight records after the header's on three processors, one of each kind that `weir events` tells
/// apart.
pub(crate) fn made() -> Vec<u8> {
    let schema = Blob::new("Hello")
        .field("count", InType::U32, OutType::Default)
        .field("text", InType::Utf16, OutType::Default)
        .build()
        .unwrap();
    let traits = provider_traits("Talk.Er", None).unwrap();
    let traits = ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data: &traits };
    let schema = ExtendedItem { kind: item_kind::SCHEMA, data: &schema };
    let related = ExtendedItem { kind: item_kind::RELATED_ACTIVITY, data: &[0x55; 16] };
    let payload = b"\x07\0\0\0h\0i\0\0\0";
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options()).unwrap();
    let whole = EventHeader { activity_id: ACTIVITY, ..hello(4, 100, 0) };
    writer.event(1, at(10), &whole, &[related, traits, schema], payload).unwrap();
    writer.event(2, at(11), &hello(2, 200, 0), &[schema], b"\x08\0\0").unwrap();
    writer.event(1, at(12), &hello(0, 100, 0), &[schema], b"\x09\0\0\0\0\0rest").unwrap();
    let plain = EventHeader { id: 77, version: 3, level: 5, ..EventHeader::new(SILENT) };
    writer.event(0, at(13), &plain, &[], &[0xde, 0xad]).unwrap();
    let bad = ExtendedItem { kind: item_kind::SCHEMA, data: &[9, 0, 0xff] };
    writer.event(0, at(14), &plain, &[bad], &[]).unwrap();
    let classic = ClassicRecord {
        class: CLASS,
        kind: 9,
        level: 3,
        version: 2,
        process_id: 300,
        thread_id: 301,
        processor_time: 0,
        instance: None,
        is_32_bit: true,
        payload: &[1, 2, 3],
    };
    writer.record(0, at(15), &Record::Classic(classic)).unwrap();
    let system = SystemRecord { hook: 0x0301, ..SystemRecord::NEW };
    writer.record(0, at(16), &Record::System(system)).unwrap();
    let message = MessageRecord {
        number: 12,
        sequence: Some(1),
        source: Some(SILENT),
        has_stamp: true,
        thread_and_process: Some((401, 400)),
        payload: &[4],
    };
    writer.record(0, at(17), &Record::Message(message)).unwrap();
    writer.finish(at(1_000)).unwrap().into_inner()
}

/// A file of these bytes.
pub(crate) fn file(bytes: &[u8]) -> NamedTempFile {
    let file = NamedTempFile::with_suffix(".etl").unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

pub(crate) fn path(file: &NamedTempFile) -> &str {
    file.path().to_str().unwrap()
}
