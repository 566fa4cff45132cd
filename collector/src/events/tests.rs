//! What is printed of events that other records of the file describe.

use super::run;
use crate::cli::EventsArgs;
use std::io::Write as _;
use std::path::PathBuf;
use tempfile::NamedTempFile;
use weir_etl::write::{ClassicRecord, EventHeader, Options, Record, TraceWriter};
use weir_etl::{FileTime, Guid};

const PROVIDER: Guid = Guid([7; 16]);

/// `bbccf6c1-6cd1-48c4-80ff-839482e37671`.
const DESCRIPTIONS: Guid = Guid([
    0xc1, 0xf6, 0xcc, 0xbb, 0xd1, 0x6c, 0xc4, 0x48, 0x80, 0xff, 0x83, 0x94, 0x82, 0xe3, 0x76, 0x71,
]);

const MANIFEST: &str = concat!(
    r#"<manifest><provider name="Test-Source"><events><event value="2" task="Work" "#,
    r#"opcode="win:Stop" template="t"/></events><template tid="t"><data name="n" "#,
    r#"inType="win:UInt8"/></template></provider></manifest>"#
);

/// A description of event 1: provider `P`, task `T`, a byte named `b`.
fn description() -> Vec<u8> {
    let mut blob = vec![0; 136];
    blob[..16].copy_from_slice(&PROVIDER.0);
    let mut set = |at: usize, value: u8| blob[at] = value;
    set(32, 1);
    // The names: provider, task, property.
    [(52, 136), (68, 140), (116, 144)].into_iter().for_each(|(at, offset)| set(at, offset));
    // One property, at the top: UINT8, once.
    [100, 104, 128].into_iter().for_each(|at| set(at, 1));
    [120, 122].into_iter().for_each(|at| set(at, 4));
    blob.extend(b"P\0\0\0T\0\0\0b\0\0\0");
    blob
}

/// A file with two events, and after them what describes them.
fn file(describe: bool) -> NamedTempFile {
    let options = Options::default();
    let at = |seconds: i64| FileTime(options.start.0 + seconds * 10_000_000);
    let out = std::io::Cursor::new(Vec::new());
    let mut writer = TraceWriter::new(out, options.clone()).unwrap();
    let event = |id| EventHeader { id, ..EventHeader::new(PROVIDER) };
    writer.event(0, at(1), &event(1), &[], &[5]).unwrap();
    writer.event(0, at(2), &event(2), &[], &[6]).unwrap();
    if describe {
        let payload = &description();
        let record = Record::Classic(ClassicRecord {
            class: DESCRIPTIONS,
            kind: 32,
            level: 0,
            version: 0,
            process_id: 0,
            thread_id: 0,
            processor_time: 0,
            instance: None,
            is_32_bit: false,
            payload,
        });
        writer.record(0, at(3), &record).unwrap();
        let chunk = [&[1, 1, 0, 0x5b, 1, 0, 0, 0], MANIFEST.as_bytes()].concat();
        let header = EventHeader { task: 0xfffe, opcode: 0xfe, ..event(0xfffe) };
        writer.event(0, at(4), &header, &[], &chunk).unwrap();
    }
    let bytes = writer.finish(at(5)).unwrap().into_inner();
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(&bytes).unwrap();
    file
}

/// `[provider, event, fields]` of the events of the provider, of ids 1 and 2.
fn printed(files: &[&NamedTempFile]) -> Vec<String> {
    let args = EventsArgs {
        files: files.iter().map(|file| PathBuf::from(file.path())).collect(),
        provider: vec![PROVIDER.to_string()],
        event: vec!["1".to_owned(), "2".to_owned()],
        manifest: Vec::new(),
        level: None,
        since: None,
        until: None,
        pid: Vec::new(),
        summary: false,
        json: false,
    };
    let mut out = Vec::new();
    run(&args, &mut out).unwrap();
    let lines = out.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let parse = |line: &[u8]| {
        let line: serde_json::Value = serde_json::from_slice(line).unwrap();
        serde_json::json!([line["provider"], line["event"], line["fields"]]).to_string()
    };
    lines.map(parse).collect()
}

#[test]
fn descriptions_apply_to_events_before_them() {
    let expected = [r#"["P","T",{"b":5}]"#, r#"["P","Work/Stop",{"n":6}]"#];
    assert_eq!(printed(&[&file(true)]), expected);
}

#[test]
fn descriptions_of_one_file_do_not_apply_to_another() {
    let nothing = "[null,null,null]";
    let expected = [nothing, nothing, r#"["P","T",{"b":5}]"#, r#"["P","Work/Stop",{"n":6}]"#];
    let (plain, described) = (file(false), file(true));
    assert_eq!(printed(&[&plain, &described]), expected);
    assert_eq!(printed(&[&described, &plain])[2..], [nothing, nothing]);
}
