//! `--manifest`: events described by files beside their trace.

use crate::made::{Run, at, file, made, options, path, weir, weir_fed};
use serde_json::{Value, json};
use std::io::Cursor;
use weir_etl::Guid;
use weir_etl::write::{EventHeader, TraceWriter};

const PROVIDER: Guid = Guid([0x66; 16]);
const PROVIDER_ID: &str = "66666666-6666-6666-6666-666666666666";

/// A manifest that gives event 1 the field `number` and calls it by a task.
fn manifest(task: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="utf-16"?>
<instrumentationManifest><instrumentation><events>
 <provider name="Plain-Provider" guid="{{{PROVIDER_ID}}}" symbol="P">
  <events><event value="1" version="2" task="{task}" opcode="win:Start" template="T"/></events>
  <maps><valueMap name="M"><map value="5" message="$(string.five)"/></valueMap></maps>
  <templates><template tid="T"><data name="number" inType="win:UInt8" map="M"/></template></templates>
 </provider></events></instrumentation>
 <localization><resources culture="en-US"><stringTable><string id="five" value="FIVE"/></stringTable>
 </resources></localization></instrumentationManifest>"#
    )
}

/// A trace of one event of the provider, which it may describe by a manifest in its stream.
fn trace(described_as: Option<&str>) -> Vec<u8> {
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options()).unwrap();
    let header = EventHeader { id: 1, version: 2, level: 4, ..EventHeader::new(PROVIDER) };
    writer.event(0, at(1), &header, &[], &[5]).unwrap();
    if let Some(task) = described_as {
        let chunk = [&[1, 1, 0, 0x5b, 1, 0, 0, 0], manifest(task).as_bytes()].concat();
        let header = EventHeader { id: 0xfffe, task: 0xfffe, opcode: 0xfe, ..header };
        writer.event(0, at(2), &header, &[], &chunk).unwrap();
    }
    writer.finish(at(10)).unwrap().into_inner()
}

/// `[provider, event, fields]` of the event.
#[track_caller]
fn shown(run: &Run) -> Value {
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    let lines = run.lines();
    let line = lines.iter().find(|line| line["provider_id"] == PROVIDER_ID).unwrap();
    json!([line["provider"], line["event"], line["fields"]])
}

#[track_caller]
fn fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{}", run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
    for word in words.iter().chain(&["weir: failed to ", "hint: "]) {
        assert!(run.err.contains(word), "{word}: {}", run.err);
    }
}

#[test]
fn a_manifest_names_and_decodes_what_a_trace_does_not_describe() {
    let trace = file(&trace(None));
    assert_eq!(shown(&weir(&["events", path(&trace)])), json!([null, null, null]));
    let text = manifest("Work");
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for bytes in [text.as_bytes(), &utf16] {
        let manifest = file(bytes);
        let run = weir(&["events", "--manifest", path(&manifest), path(&trace)]);
        assert_eq!(shown(&run), json!(["Plain-Provider", "Work/Start", {"number": "FIVE"}]));
    }
}

#[test]
fn filters_and_summary_know_the_names() {
    let (trace, manifest) = (file(&trace(None)), file(manifest("Work").as_bytes()));
    let arguments = ["events", path(&trace), "--manifest", path(&manifest)];
    let filters = ["--provider", "plain-provider", "--event", "work/start"];
    let run = weir(&[&arguments[..], &filters].concat());
    assert_eq!(run.names(), ["Work/Start"]);
    let text = weir(&[&arguments[..], &["--summary"]].concat()).ok();
    assert!(text.contains("Plain-Provider") && text.contains("Work/Start"), "{text}");
    let json = weir(&[&arguments[..], &["--summary", "--json"]].concat()).ok();
    let document: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["rows"][0]["event"], "Work/Start");
}

#[test]
fn what_a_trace_says_of_its_own_events_goes_before() {
    let (trace, given) = (file(&trace(Some("Own"))), file(manifest("Given").as_bytes()));
    let run = weir(&["events", "--manifest", path(&given), path(&trace)]);
    assert_eq!(shown(&run)[1], "Own/Start");
}

#[test]
fn of_several_files_the_first_that_describes_an_event_counts() {
    let trace = file(&trace(None));
    let (one, two) = (file(manifest("One").as_bytes()), file(manifest("Two").as_bytes()));
    let arguments = ["events", path(&trace), "--manifest", path(&one), "--manifest", path(&two)];
    let run = weir(&arguments);
    assert_eq!(run.names()[1..], ["One/Start"]);
    assert_eq!(run.code, 0);
    let said = format!("{}: no event is described in it, or none anew", path(&two));
    assert!(run.err.contains(&said) && run.err.lines().count() == 1, "{}", run.err);
}

#[test]
fn another_trace_describes_as_a_manifest_does() {
    let (plain, described) = (file(&trace(None)), file(&trace(Some("Elsewhere"))));
    let run = weir(&["events", "--manifest", path(&described), path(&plain)]);
    assert_eq!(shown(&run)[1], "Elsewhere/Start");
    assert_eq!(run.lines().len(), 2, "its events are not shown");
    let nothing = file(&made());
    let run = weir(&["events", "--manifest", path(&nothing), path(&plain)]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("no event is described in it"), "{}", run.err);
}

#[test]
fn a_trace_that_describes_and_is_damaged_is_reported() {
    let plain = file(&trace(None));
    let mut bytes = trace(Some("Elsewhere"));
    bytes.extend([7; 4096]);
    let damaged = file(&bytes);
    let run = weir(&["events", "--manifest", path(&damaged), path(&plain)]);
    assert_eq!(run.code, 4, "{}", run.err);
    assert!(run.err.contains(path(&damaged)) && run.err.contains("trailing"), "{}", run.err);
    assert_eq!(run.names()[1..], ["Elsewhere/Start"]);
}

#[test]
fn files_that_describe_nothing_are_refused_with_what_they_are() {
    let trace = file(&trace(None));
    let given = |bytes: &[u8]| {
        let manifest = file(bytes);
        let run = weir(&["events", path(&trace), "--manifest", path(&manifest)]);
        assert!(run.err.contains(path(&manifest)), "{}", run.err);
        run
    };
    fails(&given(b""), 4, &["no XML", "instrumentation manifest (.man)"]);
    fails(&given(b"MZ\x90\0 a program"), 4, &["no XML"]);
    fails(&given(b"<html><body/></html>"), 4, &["without a `provider`"]);
    fails(&given(b"<a>\n <b>\n </a>"), 4, &["line 3, column 2", "</b>"]);
    let whole = manifest("T");
    let (half, _) = whole.split_once("  <maps>").unwrap();
    fails(&given(half.as_bytes()), 4, &["line 5: it ends before `</provider>`", "cut off"]);
    fails(&given(b"<a><provider name='\x1b[2J'/></a>"), 4, &["line 1", "\\u{1b}[2J", "guid"]);
    fails(&given(&vec![b' '; 17 << 20]), 4, &["16 MiB"]);
}

#[test]
fn files_that_cannot_be_read_are_told_before_anything_is_printed() {
    let trace = file(&trace(None));
    let run = weir(&["events", path(&trace), "--manifest", "/nowhere/at/all.man"]);
    fails(&run, 3, &["/nowhere/at/all.man", "no such file"]);
    let folder = std::env::temp_dir();
    let run = weir(&["events", path(&trace), "--manifest", folder.to_str().unwrap()]);
    fails(&run, 3, &["directory"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_read_as_a_file_is() {
    let plain = file(&trace(None));
    for bytes in [manifest("Piped").into_bytes(), trace(Some("Piped"))] {
        let run = weir_fed(&["events", "--manifest", "/dev/stdin", path(&plain)], &bytes);
        assert_eq!(shown(&run)[1], "Piped/Start");
    }
}
