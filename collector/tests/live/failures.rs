//! Whatever Windows refuses: it is told, and no session is left behind.

use crate::collector::{Machine, Told, machine};
use crate::feed::{self, Feed};
use crate::tools::tools_or_skip;
use serde_json::json;
use weir_abi::event::Verdict;

const CONTROL: &str = "weir-control";

fn fed(numbers: core::ops::RangeInclusive<u32>) -> Option<Machine> {
    let verdict = |number| feed::event(&Verdict::default(), 1, number);
    machine(tools_or_skip()?, &Feed::new().and(numbers.map(verdict)))
}

/// What a collector says where this call is answered so, with both sessions or the first alone.
const STARTS: [(&str, &str, &str, &str); 11] = [
    ("START_RC", "5", "", "Windows denies access"),
    ("START_RC", "1450", "", "no trace session or no memory left"),
    ("START_RC", "183", "", "Windows error 183"),
    ("START_RC", "87", "", "Windows error 87"),
    ("START_RC_2", "1450", "--detail", "weir-detail: Windows has no trace session"),
    ("START_RC_2", "5", "--detail", "weir-detail: Windows denies access"),
    ("ENABLE_RC", "5", "", "Windows denies access"),
    ("ENABLE_RC", "1450", "", "no trace session or no memory left"),
    ("ENABLE_RC_2", "87", "--detail", "weir-detail: Windows error 87"),
    ("OPEN_RC", "5", "", "Windows denies access"),
    ("OPEN_RC_2", "161", "--detail", "weir-detail: Windows error 161"),
];

#[test]
fn a_start_that_fails_half_way_says_why_and_leaves_no_session() {
    let Some(machine) = fed(1..=1) else { return };
    for (call, answer, word, expected) in STARTS {
        let words: &[&str] = if word.is_empty() { &[] } else { &[word] };
        let told = Told::of(machine.spawn(words, &[(call, answer)]).wait());
        let error = told.error();
        assert!(error.contains(expected), "{call}={answer}: {error}");
        assert_eq!(machine.stage.names(), [""; 0], "{call}={answer}");
    }
}

/// Calls that are refused while a collector runs, and what it says of them; all events arrive.
const RUNS: [(&str, &str, &str); 8] = [
    ("START_RC_1", "183", ""),
    ("PROCESS_RC_1", "5", "Ended(Control)"),
    ("PROCESS_RC_1", "4201", "Ended(Control)"),
    ("QUERY_RC", "5", "code: 5"),
    ("FLUSH_RC", "1450", "step: Flush, code: 1450"),
    ("CAPTURE_RC", "87", "step: CaptureState, code: 87"),
    ("CLOSE_RC", "6", ""),
    ("CLOSE_RC", "7007", ""),
];

#[test]
fn what_is_refused_on_the_way_is_told_and_costs_no_event_and_leaves_no_session() {
    for (call, answer, change) in RUNS {
        let Some(machine) = fed(1..=3) else { return };
        let running = machine.spawn(&[], &[(call, answer)]);
        machine.stage.until_played(CONTROL);
        // The collector does each of these once a second or oftener.
        crate::stage::until("the refused call", || {
            let name = call.split('_').next().unwrap();
            let is_it = |text: &str| text.to_uppercase().contains(name);
            matches!(name, "CLOSE" | "START")
                || machine.stage.calls().iter().any(|it| is_it(&it.text))
        });
        let told = Told::of(running.end());
        assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 3 }), "{call}={answer}");
        let changes = told.changes().join(" ");
        assert!(changes.contains(change), "{call}={answer}: {changes}");
        assert_eq!(machine.stage.names(), [""; 0], "{call}={answer}");
    }
}

#[test]
fn a_session_that_cannot_be_stopped_at_first_is_stopped_all_the_same() {
    let Some(machine) = fed(1..=1) else { return };
    machine.run(&[], &[("STOP_RC_1", "5")], &[CONTROL]);
    assert_eq!(machine.stage.names(), [""; 0]);
}

#[test]
fn one_that_can_never_be_stopped_is_told() {
    let Some(machine) = fed(1..=1) else { return };
    let told = machine.run(&[], &[("STOP_RC", "5")], &[CONTROL]);
    let refused = told.last(CONTROL)["refused"].as_str().unwrap();
    assert!(refused.contains("stop session weir-control: Windows error 5"), "{refused}");
    assert_eq!(machine.stage.names(), [CONTROL], "nothing helps here");
}

#[test]
fn what_a_killed_collector_left_behind_is_replaced() {
    let Some(machine) = fed(1..=2) else { return };
    machine.stage.append(&Feed::default().then("@weir-control kill"));
    let killed = machine.spawn(&["--detail"], &[]).wait();
    assert_ne!(killed.code, 0);
    let left = machine.stage.sessions();
    assert_eq!(left.len(), 2, "sessions outlive who started them");
    machine.stage.append(&Feed::new().then(feed::event(&Verdict::default(), 1, 3)));
    let told = machine.run(&["--detail"], &[], &[CONTROL]);
    assert_eq!(told.last(CONTROL)["received"], json!({ "verdict": 1 }));
    assert_eq!(machine.stage.names(), [""; 0]);
}

#[test]
fn a_second_collector_is_refused_and_the_first_keeps_its_session() {
    let Some(machine) = fed(1..=1) else { return };
    let first = machine.spawn(&[], &[]);
    machine.stage.until_played(CONTROL);
    let session = machine.stage.sessions();
    let second = Told::of(machine.spawn(&[], &[]).wait());
    assert!(second.error().contains("another collector"), "{second:?}");
    assert_eq!(machine.stage.sessions()[0].handle, session[0].handle);
    machine.stage.append(&Feed::default().then(feed::event(&Verdict::default(), 1, 2)));
    machine.stage.until_played(CONTROL);
    let first = Told::of(first.end());
    assert_eq!(first.last(CONTROL)["received"], json!({ "verdict": 2 }));
    assert_eq!(machine.stage.names(), [""; 0]);
}

#[test]
fn a_panic_in_the_callback_costs_its_event_and_not_the_process() {
    let Some(machine) = fed(1..=3) else { return };
    let state = feed::event(&weir_abi::event::DriverState::default(), 1, 1);
    machine.stage.append(&Feed::default().then(state));
    let told = machine.run(&["--panic"], &[], &[CONTROL]);
    let last = told.last(CONTROL);
    assert_eq!(last["received"], json!({ "driver_state": 1 }));
    assert_eq!((&last["panics"], &last["dropped"]), (&json!(3), &json!({ "verdict": 3 })));
    assert_eq!(machine.stage.names(), [""; 0]);
}
