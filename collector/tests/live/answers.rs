//! The substitute for ETW answers as Windows does: a small program makes the calls.
//!
//! Sources: learn.microsoft.com/windows/win32/api/evntrace, the pages of the functions (read 2026-11).

use crate::feed::{self, Feed};
use crate::stage::{Ended, Running, Stage, windows};
use crate::substitute;
use crate::tools::{Tools, tools_or_skip};
use std::path::PathBuf;
use std::sync::OnceLock;
use weir_abi::event::{DriverState, Invocation, Verdict};

fn consumer(tools: &Tools) -> PathBuf {
    static CONSUMER: OnceLock<PathBuf> = OnceLock::new();
    CONSUMER.get_or_init(|| substitute::compile(tools, "consumer.c")).clone()
}

/// Makes these calls; the answers, and the events as `id/processor/sequence/items`.
fn call(stage: &Stage, tools: &Tools, calls: &str, more: &[(&str, &str)]) -> String {
    answers(&start(stage, tools, calls, more).end())
}

fn start(stage: &Stage, tools: &Tools, calls: &str, more: &[(&str, &str)]) -> Running {
    let words: Vec<&str> = calls.split_whitespace().collect();
    stage.spawn(&consumer(tools), &words, more)
}

/// Events are printed by a thread of their own, so they stand apart.
fn answers(ended: &Ended) -> String {
    assert_eq!(ended.code, 0, "{ended:?}");
    let (events, answers): (Vec<_>, Vec<_>) =
        ended.out.lines().partition(|line| line.starts_with("event "));
    let events: Vec<&str> = events.iter().map(|it| it.split_at(6).1).collect();
    [answers.join(", "), events.join(" ")].join(" | ").trim_end_matches(" | ").to_owned()
}

fn verdict(sequence: u32) -> String {
    feed::event(&Verdict::default(), 1, sequence)
}

fn invocation(sequence: u32) -> String {
    feed::event(&Invocation::default(), 0, sequence)
}

fn state(sequence: u32) -> String {
    feed::event(&DriverState::default(), 3, sequence)
}

#[test]
fn a_session_outlives_its_process_and_its_name_is_taken() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = windows(tools);
    let stage = Stage::new(&windows, &Feed::new());
    let call = |calls: &str| call(&stage, tools, calls, &[]);
    assert_eq!(call("query a start a start A start b"), "query 4201, start 0, start 183, start 0");
    assert_eq!(stage.names(), ["a", "b"]);
    let answers = "start 183, lost 0 0, query 0, lost 0 0, stop 0, stop 4201";
    assert_eq!(call("start a query b stop a stop a"), answers);
    assert_eq!(stage.names(), ["b"]);
    let starts: String = (0..64).map(|it| format!("start n{it} ")).collect();
    assert!(call(&starts).ends_with("start 0, start 1450"), "63 beside the one that is there");
    assert_eq!(stage.notes(), [""; 0]);
}

#[test]
fn reading_ends_with_the_session_or_when_it_is_closed() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = windows(tools);
    let stage = Stage::new(&windows, &Feed::new().then(verdict(1)));
    let call = |calls: &str| call(&stage, tools, calls, &[]);
    assert_eq!(call("open a process join"), "open 0, process 0, join 4201");
    let stopped = "start a enable a 5 0 open a process events 1 stop a join close close";
    let answers = "start 0, enable 0, open 0, process 0, events 0, lost 0 0, stop 0, join 0, \
                   close 0, close 6 | 2/1/1/2";
    assert_eq!(call(stopped), answers);
    stage.append(&Feed::default().then("lost 3").then("lost-realtime 2").then("fail 31"));
    let failed = "start a open a process join stop a";
    assert_eq!(call(failed), "start 0, open 0, process 0, join 31, lost 3 2, stop 0");
    stage.append(&Feed::default().then("stop"));
    let outside = "start a open a process join stop a close";
    assert_eq!(call(outside), "start 0, open 0, process 0, join 0, stop 4201, close 0");
    stage.append(&Feed::new().then(verdict(2)));
    let closed = "start a open a process enable a 5 0 events 1 close join close stop a";
    let answers = "start 0, open 0, process 0, enable 0, events 0, close 7007, join 0, close 6, \
                   lost 0 0, stop 0 | 2/1/2/2";
    assert_eq!(call(closed), answers);
    let fed = [Feed::new(), Feed::default().and((0..64).map(verdict))];
    fed.iter().for_each(|it| stage.append(it));
    let cancelled = "buffers 0 start a enable a 5 0 open a process join stop a";
    assert!(call(cancelled).contains("join 1223"), "the buffers' callback wanted no more");
}

#[test]
fn a_session_gets_what_it_enables_from_then_on() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = windows(tools);
    let feed = Feed::new().then(verdict(1)).then(state(2)).then("capture");
    let feed = feed.then(verdict(3)).then(invocation(4)).then(format!("foreign {}", invocation(5)));
    let stage = Stage::new(&windows, &feed.then(format!("@b {}", verdict(6))).then(state(7)));
    let calls = "start a enable a 4 0x200 open a process events 1 enable a 4 0x230 capture a \
                 events 4 disable a stop a join";
    let answers = "start 0, enable 0, open 0, process 0, events 0, enable 0, capture 0, events 0, \
                   disable 0, lost 0 0, stop 0, join 0 | 9/3/2/2 2/1/3/2 1/0/5/0 9/3/7/2";
    assert_eq!(call(&stage, tools, calls, &[]), answers);
}

#[test]
fn what_buffers_hold_comes_with_a_flush_and_with_the_end_but_not_after_closing() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = windows(tools);
    let begin = "start a enable a 5 0 open a process line";
    let run = |feed: Feed, calls: &str, lines: usize| {
        let stage = Stage::new(&windows, &feed);
        let mut running = start(&stage, tools, &format!("{begin} {calls}"), &[]);
        for _ in 0..lines {
            stage.until_played("a");
            running.say();
        }
        answers(&running.end()).split_once(" | ").map(|(_, events)| events.to_owned())
    };
    let held = || Feed::new().then("hold").then(format!("flood 2 {}", verdict(1)));
    let flushed = run(held(), "flush a events 2 line close join stop a", 2);
    assert_eq!(flushed.as_deref(), Some("2/1/1/2 2/1/2/2"));
    let stopped = run(held(), "stop a join", 1);
    assert_eq!(stopped.as_deref(), Some("2/1/1/2 2/1/2/2"));
    assert_eq!(run(held(), "close join stop a", 1), None);
    let released = run(held().then("release").then(verdict(3)), "close join stop a", 1);
    assert_eq!(released.as_deref(), Some("2/1/1/2 2/1/2/2 2/1/3/2"));
}

#[test]
fn a_call_answers_what_a_test_wants_and_does_nothing() {
    let Some(tools) = tools_or_skip() else { return };
    let windows = windows(tools);
    let stage = Stage::new(&windows, &Feed::new());
    let more = [("START_RC_1", "5"), ("ENABLE_RC", "87"), ("OPEN_RC", "1"), ("CLOSE_RC", "6")];
    let others = [("QUERY_RC", "2"), ("STOP_RC_1", "3"), ("FLUSH_RC", "4"), ("CAPTURE_RC", "7")];
    let calls = "start a start a enable a 5 0 open a close query a stop a flush a capture a";
    let answers =
        "start 5, start 0, enable 87, open 1, close 6, query 2, stop 3, flush 4, capture 7";
    assert_eq!(call(&stage, tools, calls, &[more, others].concat()), answers);
    assert!(stage.sessions()[0].enabled.is_empty());
    let answers: Vec<u32> = stage.calls().iter().map(|it| it.answer).collect();
    assert_eq!(answers, [5, 0, 87, 1, 6, 2, 3, 4, 7]);
}
