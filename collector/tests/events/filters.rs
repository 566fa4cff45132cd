//! Filters: each lets pass what it names and nothing else.

use crate::made::{CLASS, SILENT_ID, TALKER_ID, at, file, made, path, weir};

fn check(filters: &[&str], expected: &[&str]) {
    let file = file(&made());
    let mut arguments = vec!["events", path(&file)];
    arguments.extend(filters);
    let run = weir(&arguments);
    assert_eq!(run.names(), expected, "{filters:?}: {}", run.err);
}

#[test]
fn providers_go_by_name_in_any_case_and_by_guid_in_any_form() {
    let hellos = &["Hello"; 3];
    check(&["--provider", "talk.er"], hellos);
    check(&["--provider", TALKER_ID], hellos);
    check(&["--provider", &format!("{{{TALKER_ID}}}")], hellos);
    check(&["--provider", &CLASS.to_string().to_uppercase()], &["FULL32/9"]);
    check(&["--provider", SILENT_ID], &["EVENT64/77", "EVENT64/77", "MESSAGE/12"]);
    check(
        &["--provider", "talk.er", "--provider", &CLASS.bare().to_string()],
        &["Hello", "Hello", "Hello", "FULL32/9"],
    );
    check(&["--provider", "talk"], &[]);
}

#[test]
fn events_go_by_name_in_any_case_and_by_id() {
    check(&["--event", "HELLO"], &["Hello"; 3]);
    check(&["--event", "77", "--event", "9"], &["EVENT64/77", "EVENT64/77", "FULL32/9"]);
    check(&["--event", "0"], &["SYSTEM64/0", "Hello", "Hello", "Hello"]);
    check(&["--event", "hell"], &[]);
}

#[test]
fn a_level_lets_pass_what_is_more_severe_and_what_is_always_logged() {
    check(&["--level", "1"], &["Hello"]);
    check(&["--level", "error"], &["Hello", "Hello"]);
    check(&["--level", "3"], &["Hello", "Hello", "FULL32/9"]);
    check(&["--level", "information"], &["Hello", "Hello", "Hello", "FULL32/9"]);
    check(&["--level", "5"], &["Hello", "Hello", "Hello", "EVENT64/77", "EVENT64/77", "FULL32/9"]);
}

#[test]
fn times_include_the_first_and_leave_out_the_last() {
    let (since, until) = (at(11).to_string(), at(13).to_string());
    check(&["--since", &since, "--until", &until], &["Hello", "Hello"]);
    check(&["--since", &at(17).to_string()], &["MESSAGE/12"]);
    check(&["--until", &at(10).to_string()], &["SYSTEM64/0"]);
    check(&["--until", "2026-11-21T16:00:00.0000010+02:00"], &["SYSTEM64/0"]);
}

#[test]
fn processes_go_by_number_and_a_record_without_one_never_passes() {
    check(&["--pid", "100"], &["Hello", "Hello"]);
    check(&["--pid", "300", "--pid", "400"], &["FULL32/9", "MESSAGE/12"]);
    check(&["--pid", "4294967295"], &[]);
}

#[test]
fn filters_hold_together() {
    check(&["--provider", "talk.er", "--pid", "100", "--level", "2"], &["Hello"]);
    check(&["--provider", "talk.er", "--event", "77"], &[]);
}

#[test]
fn a_filter_that_matches_nothing_says_what_there_is() {
    let file = file(&made());
    let run = weir(&["events", path(&file), "--provider", "talkr"]);
    assert_eq!((run.code, run.out.as_str()), (0, ""));
    assert!(run.err.contains("Talk.Er") && run.err.contains(SILENT_ID), "{}", run.err);
}

#[test]
fn filters_that_cannot_be_read_are_usage_errors() {
    for wrong in [
        &["--level", "loud"][..],
        &["--since", "yesterday"],
        &["--until", "2026-11-21"],
        &["--pid", "-1"],
        &["--json"],
    ] {
        let mut arguments = vec!["events", "any.etl"];
        arguments.extend(wrong);
        let run = weir(&arguments);
        assert_eq!(run.code, 2, "{wrong:?}: {}", run.err);
    }
}
