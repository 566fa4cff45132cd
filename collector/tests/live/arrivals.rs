//! What the driver writes arrives, once, whatever befalls the sessions.

use crate::collector::{Machine, machine};
use crate::feed::{self, Feed};
use crate::parity::trace;
use crate::tools::tools_or_skip;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use weir_abi::event::kind_name;
use weir_abi::event::{CopyFallback, DriverState, FlowEstablished, Invocation, Verdict};
use weir_stages::kinds::{kind_index, kind_label};

const CONTROL: &str = "weir-control";
const DETAIL: &str = "weir-detail";

/// Events of a flood: some seconds of a busy machine.
const FLOOD: u32 = 200_000;

/// A machine that is played these lines, once a session listens.
fn fed(lines: Vec<String>) -> Option<Machine> {
    machine(tools_or_skip()?, &Feed::new().and(lines))
}

fn verdicts(numbers: core::ops::RangeInclusive<u32>) -> Vec<String> {
    numbers.map(|it| feed::event(&Verdict::default(), 1, it)).collect()
}

/// How many of each kind a collector says it received.
fn received(of: &Value) -> &Map<String, Value> {
    of["received"].as_object().unwrap()
}

fn is_detail(id: u16) -> bool {
    matches!(kind_name(id), Some("Invocation" | "CopyFallback"))
}

/// Plays a trace to both sessions: each event arrives once, where it belongs.
fn arrives_once(trace: Vec<u8>) {
    let events = feed::of_trace(trace);
    let mut expected = [BTreeMap::new(), BTreeMap::new()];
    for (id, _) in events.iter().filter(|(id, _)| kind_name(*id) != Some("FlowUninspected")) {
        let name = kind_label(kind_index(*id)).to_owned();
        *expected[usize::from(is_detail(*id))].entry(name).or_insert(0_u64) += 1;
    }
    assert!(expected[0].len() > 5 && !expected[1].is_empty(), "{expected:?}");
    let Some(machine) = fed(events.into_iter().map(|(_, line)| line).collect()) else { return };
    let told = machine.run(&["--detail"], &[], &[CONTROL, DETAIL]);
    for (name, expected) in [CONTROL, DETAIL].iter().zip(expected) {
        let last = told.last(name);
        assert_eq!(json!(received(last)), json!(expected), "{name}");
        assert_eq!((&last["restarts"], &last["foreign"]), (&json!(0), &json!(0)));
        assert_eq!(last["dropped"], json!({}));
        assert_eq!(last["delivered"], json!(expected.values().sum::<u64>()));
    }
    assert!(machine.stage.names().is_empty());
    assert_eq!(machine.stage.notes(), [""; 0], "its sessions are as they should be");
}

#[test]
fn every_event_of_a_replay_arrives_once_in_its_session() {
    arrives_once(trace());
}

#[test]
fn every_event_of_the_driver_arrives_once_in_its_session() {
    let Some(path) = std::env::var_os("WEIR_LIVE_ETL") else {
        eprintln!("skipped: WEIR_LIVE_ETL names no trace (cargo xtask sim --record live.etl)");
        return;
    };
    arrives_once(std::fs::read(path).unwrap());
}

#[test]
fn events_of_others_are_no_events_of_the_driver() {
    let other = feed::event(&Verdict::default(), 0, 1).replace("c233a335", "c233a336");
    let Some(machine) = fed(vec![format!("foreign {other}")]) else { return };
    machine.stage.append(&Feed::default().and(verdicts(1..=2)));
    let told = machine.run(&[], &[], &[CONTROL]);
    assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 2 }));
}

#[test]
fn what_the_buffers_still_hold_at_the_end_arrives() {
    let mut lines = verdicts(1..=3);
    // The collector flushes four times a second; what comes behind the last flush comes at the end.
    lines.insert(1, "hold".to_owned());
    let Some(machine) = fed(lines) else { return };
    let told = machine.run(&[], &[("FLUSH_RC", "5")], &[CONTROL]);
    assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 3 }));
}

#[test]
fn what_a_session_says_it_lost_is_told_over_all_its_starts() {
    let lines = ["lost 3", "lost-realtime 2", "lost-log 1", "wait 1500", "stop"];
    let mut lines: Vec<String> = lines.map(str::to_owned).into();
    lines.extend(["enabled", "lost 4"].map(str::to_owned));
    let Some(machine) = fed(lines) else { return };
    let told = machine.run(&[], &[], &[CONTROL]);
    let last = told.last(CONTROL);
    assert_eq!(last["lost"], json!({ "events": 7, "realtime_buffers": 2, "log_buffers": 1 }));
    assert_eq!(last["restarts"], 1);
}

#[test]
fn a_session_that_somebody_else_stops_is_started_again() {
    let mut lines = verdicts(1..=5);
    lines.extend(["stop".to_owned(), "enabled".to_owned()]);
    lines.extend(verdicts(6..=9));
    let Some(machine) = fed(lines) else { return };
    let told = machine.run(&[], &[], &[CONTROL]);
    assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 9 }));
    assert_eq!(told.last(CONTROL)["restarts"], 1);
    let changes = told.changes().join(" ");
    assert!(changes.contains("Ended(Control)") && changes.contains("Restarted(Control)"));
    assert!(machine.stage.names().is_empty());
}

#[test]
fn a_flood_of_invocations_loses_nothing_of_the_other_session() {
    let invocation = feed::event(&Invocation::default(), 0, 1);
    let mut lines = vec![format!("@{DETAIL} flood {FLOOD} {invocation}")];
    let state = feed::event(&DriverState::default(), 1, 1);
    lines.extend((0..2_000).map(|_| format!("@{CONTROL} {state}")));
    lines.push(feed::event(&CopyFallback::default(), 0, 1));
    lines.push(feed::event(&FlowEstablished::default(), 0, 1));
    let Some(machine) = fed(lines) else { return };
    let told = machine.run(&["--detail"], &[], &[CONTROL, DETAIL]);
    let expected = json!({ "driver_state": 2_000, "flow_established": 1 });
    assert_eq!(told.last(CONTROL)["received"], expected);
    assert_eq!(told.last(CONTROL)["dropped"], json!({}));
    let detail = told.last(DETAIL);
    // Its ring may fill up; then it says how much it dropped.
    let dropped = detail["dropped"]["invocation"].as_u64().unwrap_or(0);
    assert_eq!(detail["received"]["invocation"].as_u64().unwrap() + dropped, u64::from(FLOOD));
    assert_eq!(detail["delivered"], json!(FLOOD + 1));
}

#[test]
fn state_is_asked_for_at_the_start_and_after_each_restart() {
    let lines = ["capture", "stop", "enabled", "capture"].map(str::to_owned);
    let Some(machine) = fed([&lines[..], &verdicts(1..=1)].concat()) else { return };
    let told = machine.run(&[], &[], &[CONTROL]);
    assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 1 }));
    let asked = told.changes().into_iter().filter(|it| *it == "CaptureAsked").count();
    assert_eq!(asked, 2, "{told:#?}");
}
