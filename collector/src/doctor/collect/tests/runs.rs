//! One run: what a tool is given, and how it is ended.

use super::super::Interrupt;
use super::super::process::{Answer, Run, Trouble, run};
use super::Stand;
use core::time::Duration;
use std::io::Read as _;
use std::time::Instant;

/// Long enough for a shell to start and short enough to wait for.
const SHORT: Duration = Duration::from_millis(700);
/// What a test waits for at most, on a machine that does much else.
const LONG: Duration = Duration::from_secs(20);

fn ran(stand: &Stand, time: Duration, bytes_max: u64) -> (Answer, Duration) {
    let begun = Instant::now();
    let run_of = Run {
        program: &stand.path("sc.exe"),
        arguments: &["a b".to_owned(), "\"$c\"".to_owned()],
        folder: stand.folder.path(),
        environment: &[("PATH", "/usr/bin:/bin".into())],
        deadline: begun + time,
        bytes_max,
        written: None,
    };
    let answer = run(&run_of, &Interrupt::default()).unwrap();
    (answer, begun.elapsed())
}

fn text(answer: &mut Answer) -> String {
    let mut text = String::new();
    answer.output.read_to_string(&mut text).unwrap();
    text
}

/// Whether a process that a tool noted still runs; one that ended and waits for its parent does
/// not.
fn runs(stand: &Stand, note: &str) -> bool {
    let id = std::fs::read_to_string(stand.path(note)).unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
}

fn ends(stand: &Stand, note: &str) {
    let begun = Instant::now();
    while runs(stand, note) {
        assert!(begun.elapsed() < LONG, "{note} runs on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_tool_is_given_its_words_and_nothing_of_this_environment() {
    let stand = Stand::new();
    stand.does("sc.exe", "env > \"$here/env\"; pwd > \"$here/where\"; cat; echo no >&2; exit 5");
    let (mut answer, _) = ran(&stand, LONG, 1 << 20);
    assert_eq!(stand.asked(), ["sc.exe a b \"$c\""]);
    let env = std::fs::read_to_string(stand.path("env")).unwrap();
    // What a shell adds by itself.
    let ours = env
        .lines()
        .filter(|it| !["PWD=", "OLDPWD=", "SHLVL=", "_="].iter().any(|own| it.starts_with(own)));
    assert_eq!(ours.collect::<Vec<_>>(), ["PATH=/usr/bin:/bin"]);
    assert_eq!(stand.private(), stand.folder.path().canonicalize().unwrap());
    assert_eq!((answer.exit_code, answer.errors.as_slice()), (Some(5), &b"no\n"[..]));
    assert_eq!(text(&mut answer), "", "its input is empty");
    assert!(answer.trouble.is_none());
}

#[test]
fn a_tool_that_hangs_is_ended_with_what_it_started() {
    let stand = Stand::new();
    let hangs = "echo begun; sleep 600 & echo $! > \"$here/child\"; echo $$ > \"$here/own\"; wait";
    stand.does("sc.exe", hangs);
    let (mut answer, took) = ran(&stand, SHORT, 1 << 20);
    assert!(matches!(answer.trouble, Some(Trouble::TooSlow)), "{:?}", answer.trouble);
    assert!(took >= SHORT && took < LONG, "{took:?}");
    assert_eq!(text(&mut answer), "begun\n", "what it said is kept");
    ends(&stand, "own");
    ends(&stand, "child");
}

#[test]
fn a_tool_that_leaves_somebody_with_its_output_is_not_waited_for() {
    let stand = Stand::new();
    stand.does("sc.exe", "sleep 600 & echo $! > \"$here/child\"; echo done; exit 3");
    let (mut answer, took) = ran(&stand, LONG, 1 << 20);
    assert!(took < LONG / 2, "{took:?}");
    assert_eq!((answer.exit_code, text(&mut answer).as_str()), (Some(3), "done\n"));
    assert!(answer.trouble.is_none());
    ends(&stand, "child");
}

#[test]
fn who_left_the_group_with_its_output_is_not_waited_for_either() {
    let stand = Stand::new();
    stand.does("sc.exe", "setsid sleep 30 & echo $! > \"$here/child\"; sleep 30");
    let (answer, took) = ran(&stand, SHORT, 1 << 20);
    assert!(took < LONG / 2, "{took:?}");
    assert!(matches!(answer.trouble, Some(Trouble::TooSlow)), "{:?}", answer.trouble);
}

#[test]
fn a_tool_that_floods_is_ended_and_cut() {
    for flood in [
        "echo $$ > \"$here/own\"; exec cat /dev/zero",
        "echo $$ > \"$here/own\"; exec cat /dev/zero >&2",
    ] {
        let stand = Stand::new();
        stand.does("sc.exe", flood);
        let (answer, took) = ran(&stand, LONG, 1 << 20);
        assert!(matches!(answer.trouble, Some(Trouble::TooMuch)), "{:?}", answer.trouble);
        assert!(answer.bytes <= 1 << 20 && answer.errors.len() <= 2 << 10);
        assert!(took < LONG / 2, "{took:?}");
        ends(&stand, "own");
    }
}

#[test]
fn output_of_just_as_much_as_may_be_is_whole() {
    let stand = Stand::new();
    stand.does("sc.exe", "exec head -c 1048576 /dev/zero");
    let (answer, _) = ran(&stand, LONG, 1 << 20);
    assert_eq!((answer.bytes, answer.exit_code), (1 << 20, Some(0)));
    assert!(answer.trouble.is_none());
}
