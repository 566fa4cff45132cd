//! `weir demo --record`: what was recorded is what happened, and can be read whatever happened.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use core::time::Duration;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// No step takes longer, even on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(60);

fn demo(record: &Path, more: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["demo", "--web.listen-address", "127.0.0.1:0", "--record"])
        .arg(record)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn weir(arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).args(arguments).arg(file).output().unwrap()
}

fn json(output: &Output) -> Value {
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {output:?}"))
}

/// Waits until a recording has so many bytes.
fn until_it_has(file: &Path, bytes: u64) {
    let started = Instant::now();
    while file.metadata().map_or(0, |it| it.len()) < bytes {
        assert!(started.elapsed() < DEADLINE, "no {bytes} bytes were recorded");
        std::thread::yield_now();
    }
}

#[test]
fn a_recording_replays_to_what_the_demo_decided() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("demo.etl");
    let output = demo(&file, &["--duration", "4s"]).wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let replayed = weir(&["replay", "--json"], &file);
    assert_eq!((replayed.status.code(), replayed.stderr.as_slice()), (Some(0), &[][..]));
    let document = json(&replayed);
    assert_eq!(document["traces"][0]["closed"], true);
    for program in document["programs"].as_array().unwrap() {
        let sum: u64 =
            program["invocations"].as_object().unwrap().values().filter_map(Value::as_u64).sum();
        let name = program["program"].as_str().unwrap();
        let row = said.lines().rfind(|line| line.trim_start().starts_with(name)).unwrap();
        assert!(row.split_whitespace().any(|word| word == sum.to_string()), "{sum}: {row}");
        assert!(sum > 0, "{name}");
    }
    assert_eq!(document["programs"].as_array().unwrap().len(), 3);
}

#[test]
fn no_event_is_older_than_its_session() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("demo.etl");
    demo(&file, &["--duration", "1s"]).wait_with_output().unwrap();
    let events = String::from_utf8(weir(&["events"], &file).stdout).unwrap();
    let events: Vec<Value> = events.lines().map(|it| serde_json::from_str(it).unwrap()).collect();
    let start = events[0]["fields"]["StartTime"].as_str().unwrap().to_owned();
    assert!(events.len() > 20, "{}", events.len());
    for event in &events {
        assert!(event["timestamp"].as_str().unwrap() >= start.as_str(), "{start}: {event}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_crash_leaves_behind_is_read_and_said_to_be_unfinished() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("killed.etl");
    let mut child = demo(&file, &[]);
    // Counters come once a second, and what the last buffer held is lost.
    until_it_has(&file, 8 * 65_536);
    child.kill().unwrap();
    child.wait().unwrap();
    let output = weir(&["replay", "--json"], &file);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("never stopped"), "{said}");
    let document = json(&output);
    assert_eq!(document["traces"][0]["closed"], false);
    assert!(document["traces"][0]["events"].as_u64().unwrap() > 100);
    assert!(document["flows"]["allow"].as_u64().unwrap() > 0, "{document}");
}

#[test]
fn two_do_not_record_to_one_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("one.etl");
    let mut first = demo(&file, &[]);
    until_it_has(&file, 65_536);
    let second = demo(&file, &["--duration", "1s"]).wait_with_output().unwrap();
    let said = String::from_utf8(second.stderr).unwrap();
    assert_eq!((second.status.code(), second.stdout.as_slice()), (Some(7), &[][..]), "{said}");
    assert!(said.contains("another program is recording to it"), "{said}");
    until_it_has(&file, 2 * 65_536);
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(weir(&["events", "--summary"], &file).status.code(), Some(0));
}

#[test]
fn where_nothing_can_be_recorded_nothing_starts() {
    for nowhere in ["/dev/null", "/nowhere/at/all.etl", "/"] {
        let output = demo(Path::new(nowhere), &[]).wait_with_output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(7), "{nowhere}: {said}");
        assert!(said.contains(nowhere) && said.contains("hint: "), "{said}");
        assert!(output.stdout.is_empty(), "{nowhere}");
    }
}
