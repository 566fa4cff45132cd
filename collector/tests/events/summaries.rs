//! `--summary`: what files hold, as a table and as JSON.

use crate::made::{at, file, made, options, path, weir};
use serde_json::{Value, json};
use std::io::Cursor;
use weir_etl::Guid;
use weir_etl::write::{EventHeader, TraceWriter};

fn document(arguments: &[&str]) -> Value {
    let mut all = vec!["events", "--summary", "--json"];
    all.extend(arguments);
    serde_json::from_str(&weir(&all).ok()).unwrap()
}

#[test]
fn rows_count_events_and_bytes_by_provider_event_and_level() {
    let file = file(&made());
    let document = document(&[path(&file)]);
    assert_eq!(document["events"], 9);
    let rows = document["rows"].as_array().unwrap();
    let first = &rows[0];
    let hello = json!({
        "provider": "Talk.Er", "provider_id": "11111111-1111-1111-1111-111111111111",
        "event": "Hello", "kind": "EVENT64", "id": 0, "version": 0, "level": 0, "events": 1,
        "bytes": first["bytes"], "first": at(12).to_string(), "last": at(12).to_string(),
    });
    assert_eq!(*first, hello);
    let plain = rows.iter().find(|row| row["id"] == 77).unwrap();
    assert_eq!((&plain["events"], &plain["level"]), (&json!(2), &json!(5)));
    // 80 bytes of header each, two bytes of payload, sixteen of damaged metadata.
    assert_eq!(plain["bytes"], 80 + 2 + 80 + 16);
    assert_eq!(
        (&plain["first"], &plain["last"]),
        (&json!(at(13).to_string()), &json!(at(14).to_string()))
    );
    let events: u64 = rows.iter().map(|row| row["events"].as_u64().unwrap()).sum();
    assert_eq!(events, 9, "each event is in one row");
}

#[test]
fn files_show_session_time_and_losses() {
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options()).unwrap();
    writer.lost(41);
    writer.buffers_lost(3);
    writer.event(2, at(5), &EventHeader::new(Guid([9; 16])), &[], &[]).unwrap();
    let bytes = writer.finish(at(50)).unwrap().into_inner();
    let file = file(&bytes);
    let run = weir(&["events", "--summary", "--json", path(&file)]);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    let expected = json!({
        "file": path(&file), "session": "a session", "start": at(0).to_string(),
        "end": at(50).to_string(), "closed": true, "processors": 4, "windows_build": 26_100,
        "buffers": 2, "compressed_buffers": 0, "events_lost": 41, "buffers_lost": 3,
        "damage": [], "skipped_bytes": 0,
    });
    assert_eq!(document["files"], json!([expected]));
    assert!(run.err.contains("the session lost 41 events"), "{}", run.err);
    assert!(run.err.contains("the session lost 3 buffers"), "{}", run.err);
}

#[test]
fn a_table_is_for_people_and_filters_hold_for_it() {
    let file = file(&made());
    let text = weir(&["events", "--summary", path(&file)]).ok();
    for words in ["Talk.Er", "Hello", "a session", "FULL32", "22222222-2222-2222-2222"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    let text = weir(&["events", "--summary", "--pid", "300", path(&file)]).ok();
    assert!(text.contains("FULL32") && !text.contains("Hello"), "{text}");
}

#[test]
fn a_session_that_was_never_stopped_says_so() {
    // What a crash leaves behind: neither end nor number of buffers in the header.
    let mut bytes = made();
    let header = 0x48 + 0x20;
    bytes[header + 0x10..header + 0x18].fill(0);
    bytes[header + 0x24..header + 0x28].fill(0);
    let file = file(&bytes);
    let run = weir(&["events", "--summary", "--json", path(&file)]);
    assert_eq!(run.code, 0);
    assert!(run.err.contains("never stopped"), "{}", run.err);
    let document: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["files"][0]["closed"], false);
    assert_eq!(document["files"][0]["end"], Value::Null);
    assert_eq!(document["events"], 9);
}
