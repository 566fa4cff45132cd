//! `--summary`: failures by cause, loads, redirections, counts.

use crate::made::{file, made, path, weir};
use serde_json::{Value, json};

fn document(arguments: &[&str]) -> Value {
    let mut all = vec!["--summary", "--json"];
    all.extend(arguments);
    serde_json::from_str(&weir(&all).ok()).unwrap()
}

#[test]
fn failures_are_grouped_by_cause_and_loads_by_their_end() {
    let file = file(made().as_bytes());
    let document = document(&[path(&file)]);
    let incident = &document["incidents"][0];
    let first = json!({ "line": 5, "text": incident["quotes"][0]["text"] });
    assert_eq!(incident["cause"], "zero_program_type");
    assert_eq!(incident["subject"], r"C:\x\a.o");
    assert_eq!(incident["quotes"][0], first);
    assert_eq!(
        (&incident["count"], &incident["pid"], &incident["tid"]),
        (&json!(1), &json!(100), &json!(10))
    );
    let loads = json!([
        { "object": r"C:\x\a.o", "outcome": "failed", "cause": "zero_program_type", "loads": 1,
          "first": 1, "first_time": "2026-11-21T14:00:00.0000000Z" },
        { "object": "b.o", "outcome": "loaded", "cause": null, "loads": 1, "first": 2,
          "first_time": "2026-11-21T14:00:00.0110000Z" },
    ]);
    assert_eq!((&document["loads"], &document["loads_total"]), (&loads, &json!(2)));
    assert_eq!(document["redirects_total"], 3);
    assert_eq!(document["redirects"][0]["redirected"], "127.0.0.1:5555");
    assert_eq!(document["redirects"][2]["event"], "NetEbpfExtSockAddrRedirect");
    assert_eq!((&document["events"], &document["events_shown"]), (&json!(14), &json!(13)));
    assert_eq!(document["noise"], 1);
    let rows = document["rows"].as_array().unwrap();
    let total: u64 = rows.iter().map(|row| row["events"].as_u64().unwrap()).sum();
    assert_eq!(total, 14, "each event is in one row");
}

#[test]
fn two_files_add_up_and_their_incidents_stay_apart() {
    let file = file(made().as_bytes());
    let document = document(&[path(&file), path(&file)]);
    assert_eq!((&document["events"], &document["loads_total"]), (&json!(28), &json!(4)));
    assert_eq!(document["incidents"].as_array().unwrap().len(), 2);
    assert_eq!(document["loads"][0]["loads"], 2);
}

#[test]
fn tables_are_for_people() {
    let file = file(made().as_bytes());
    let text = weir(&["--summary", path(&file)]).ok();
    for words in [
        "failures by cause",
        "zero_program_type",
        "the program's type is zero",
        "redirections, the newest of 3",
        "NetEbpfExtSockAddrRedirect",
        "Microsoft-Windows-Other",
        "1 events are logged as errors and are none",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(weir(&["--summary", "--errors", path(&file)]).code, 2);
}
