//! A trace that a test of eBPF for Windows recorded, where it is at hand.

use crate::made::weir;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
fn recorded() -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/etl/ebpf-ebpforwindows.etl");
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: recorded traces are not at ../shared/data/etl");
    None
}

#[test]
fn a_recorded_trace_is_counted_and_its_errors_have_one_cause() {
    let Some(path) = recorded() else { return };
    let out = weir(&["--summary", "--json", path.to_str().unwrap()]).ok();
    let document: Value = serde_json::from_str(&out).unwrap();
    let count = |name: &str| -> u64 {
        let rows = document["rows"].as_array().unwrap().iter();
        rows.filter(|row| row["event"] == name).map(|row| row["events"].as_u64().unwrap()).sum()
    };
    for (name, expected) in [
        ("EbpfGenericMessage", 9_410),
        ("EbpfSuccess", 3_709),
        ("EbpfGenericError", 240),
        ("EbpfReturn", 240),
        ("NetEbpfExtGenericMessage", 242),
    ] {
        assert_eq!(count(name), expected, "{name}");
    }
    let incidents = document["incidents"].as_array().unwrap();
    let [incident] = &incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&incident["cause"], &incident["count"]), (&json!("verification"), &json!(120)));
    assert!(incident["meaning"].as_str().unwrap().ends_with("ebpfsvc is not running"));
    assert_eq!(document["noise"], 968);
    let loads = document["loads"].as_array().unwrap();
    let [load] = &loads[..] else { panic!("{loads:?}") };
    assert_eq!((&load["outcome"], &load["cause"]), (&json!("failed"), &json!("verification")));
    assert_eq!((&load["loads"], &load["object"]), (&json!(120), &json!("cgroup_sock_addr2.o")));
}

#[test]
fn one_load_of_a_recorded_trace_begins_with_opening_and_ends_with_the_error() {
    let Some(path) = recorded() else { return };
    let out = weir(&["--load", "7", path.to_str().unwrap()]).ok();
    let (first, last) = (out.lines().next().unwrap(), out.lines().last().unwrap());
    assert!(first.ends_with("enters ebpf_object_open"), "{first}");
    assert!(
        last.ends_with("ebpf_object_load returned error: Error 14 (EBPF_RPC_EXCEPTION)"),
        "{last}"
    );
    assert!(out.lines().all(|line| line.contains("5704.10060")));
    let all = weir(&["--errors", path.to_str().unwrap()]).ok();
    assert_eq!(all.lines().count(), 360, "three layers of each");
}
