//! `weir run` as its user runs it: what sessions deliver is what `/metrics` says.

use crate::feed::{self, Feed};
use crate::parity::trace;
use crate::stage::{Running, Stage, alone, until, windows};
use crate::substitute;
use crate::tools::{Tools, tools_or_skip};
use core::net::SocketAddr;
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::{MutexGuard, OnceLock};
use std::time::SystemTime;
use weir_abi::event::{Event as _, FlowUninspected, Verdict};
use weir_etl::FileTime;

const CONTROL: &str = "weir-control";
const DETAIL: &str = "weir-detail";

/// Until a collector has started, under Wine on a machine that does much else.
const SOON: Duration = Duration::from_secs(8);

/// Events that come at once: some milliseconds of the traces here.
const MOMENT_EVENTS: usize = 50;

/// Both sessions, so that a trace's invocations are wanted too.
const BOTH: [&str; 1] = ["--events.invocation"];

/// A machine on which one collector may run.
pub(crate) struct Host {
    pub(crate) stage: Stage,
    program: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// A collector that runs, and where it serves.
pub(crate) struct Collector {
    pub(crate) running: Running,
    address: SocketAddr,
}

impl Host {
    /// The feed is made when no other test has a collector: its events have times.
    pub(crate) fn new(tools: &'static Tools, feed: impl FnOnce() -> Feed) -> Self {
        static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
        let program = PROGRAM.get_or_init(|| substitute::copy(tools, &tools.weir)).clone();
        let alone = alone();
        Self { stage: Stage::new(&windows(tools), &feed()), program, _alone: alone }
    }

    fn spawn(&self, words: &[&str], answers: &[(&str, &str)]) -> Running {
        let all = [&["run", "--web.listen-address", "127.0.0.1:0"], words].concat();
        self.stage.spawn(&self.program, &all, answers)
    }

    pub(crate) fn run(&self, words: &[&str]) -> Collector {
        let mut running = self.spawn(words, &[]);
        let line = running.first_line();
        let from = line.split_once("http://").unwrap_or_else(|| panic!("it said: {line}")).1;
        let address = from.split_once('/').unwrap().0.parse().unwrap();
        Collector { running, address }
    }
}

impl Collector {
    pub(crate) fn request(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// Waits until the figures are those that `weir replay` has of the same events.
    fn until_it_says(&self, expected: &str) {
        let said = || self.request("/metrics").1;
        until("the figures of replay", || {
            let said = said();
            let (expected, said) = (truth(expected), truth(&said));
            let other = expected.iter().zip(&said).find(|(one, other)| one != other);
            // Looks are told with a failure.
            #[expect(clippy::print_stdout, reason = "of a test that fails")]
            if let Some(other) = other {
                println!("{other:?}");
            }
            expected == said
        });
    }
}

/// Lines that hold whatever time it is and whoever listens.
fn truth(text: &str) -> Vec<&str> {
    let is_other = |line: &&str| {
        let other = ["#", "process_", "weir_series_active"];
        let aged = ["weir_flow_detail", "weir_flow_undecided_old", "weir_flow_stuck"];
        let now = ["weir_driver_up", "weir_bfe_up", "weir_web_", "weir_wfp_", "weir_doctor_"];
        let starts = [&other[..], &aged, &now].concat();
        // No session asks for flows that nobody inspects.
        starts.iter().any(|start| line.starts_with(start))
            || line.contains("flow_uninspected")
            || line.contains("session=")
    };
    text.lines().filter(|line| !is_other(line)).collect()
}

/// A trace: the driver's, where the gate has recorded one, or a replay's.
fn recorded() -> Vec<u8> {
    let driver = std::env::var_os("WEIR_LIVE_ETL").map(|path| std::fs::read(path).unwrap());
    driver.unwrap_or_else(trace)
}

fn replayed(trace: &[u8]) -> String {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("trace.etl");
    std::fs::write(&file, trace).unwrap();
    let weir = Command::new(env!("CARGO_BIN_EXE_weir"))
        .args(["replay", "--metrics", "-"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(weir.status.success(), "{weir:?}");
    String::from_utf8(weir.stdout).unwrap()
}

/// Its events, as if the first happened shortly: both sessions are up by then, and their events are
/// held against one clock.
fn lines(trace: Vec<u8>) -> Vec<String> {
    let events = feed::of_trace(trace).into_iter();
    let wanted = events.filter(|(id, _)| *id != FlowUninspected::ID).map(|(_, line)| line);
    let soon = SystemTime::now() + SOON;
    let since = soon.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos();
    let soon = FileTime::from_unix_nanos(u64::try_from(since).unwrap()).0;
    let mut first = None;
    let shifted = |line: String| {
        let (head, rest) = line.strip_prefix("event ").unwrap().split_once(' ').unwrap();
        let time: i64 = head.parse().unwrap();
        let time = time + soon - *first.get_or_insert(time);
        (time, format!("event {time} {rest}"))
    };
    let shifted: Vec<(i64, String)> = wanted.map(shifted).collect();
    // Both sessions wait for the same moments, as they would for the driver.
    let moments = shifted.chunks(MOMENT_EVENTS).flat_map(|moment| {
        let until = moment.last().map(|(time, _)| format!("until {time}"));
        until.into_iter().chain(moment.iter().map(|(_, line)| line.clone()))
    });
    moments.collect()
}

#[test]
fn what_sessions_deliver_is_what_metrics_say_before_and_after_a_crash() {
    let Some(tools) = tools_or_skip() else { return };
    let expected = replayed(&recorded());
    assert!(truth(&expected).len() > 100);
    let host = Host::new(tools, || Feed::new().and(lines(recorded())));
    let collector = host.run(&BOTH);
    collector.until_it_says(&expected);
    assert_eq!(collector.request("/readyz").0, 200);
    assert_eq!(host.stage.notes(), [""; 0], "its sessions are as they should be");
    host.stage.append(&Feed::default().then(format!("@{CONTROL} kill")));
    assert_ne!(collector.running.wait().code, 0);
    assert_eq!(host.stage.names().len(), 2, "sessions outlive who started them");
    // The driver goes on, and its totals are in each of its sets.
    host.stage.append(&Feed::new().and(lines(recorded())));
    let collector = host.run(&[&BOTH[..], &["--duration", "25s"]].concat());
    collector.until_it_says(&expected);
    let ended = collector.running.wait();
    assert_eq!((ended.code, ended.err.as_str()), (0, ""));
    assert_eq!(host.stage.names(), [""; 0]);
}

#[test]
fn buffers_in_any_order_change_nothing() {
    let Some(tools) = tools_or_skip() else { return };
    let mixed = || {
        let lines = lines(recorded());
        // Of two moments the younger one comes first.
        let blocks = lines.chunks(MOMENT_EVENTS + 1).collect::<Vec<_>>();
        Feed::new()
            .and(blocks.chunks(2).flat_map(|pair| pair.iter().rev()).flat_map(|it| it.to_vec()))
    };
    let host = Host::new(tools, mixed);
    let collector = host.run(&BOTH);
    collector.until_it_says(&replayed(&recorded()));
    host.stage.append(&Feed::default().then(format!("@{CONTROL} kill")));
    assert_ne!(collector.running.wait().code, 0);
}

#[test]
fn a_session_that_is_down_is_no_readiness_and_its_return_is() {
    let Some(tools) = tools_or_skip() else { return };
    let verdict = |number| feed::event(&Verdict::default(), 1, number);
    let host = Host::new(tools, || Feed::new().then(verdict(1)));
    let mut running = host.spawn(&["--duration", "12s"], &[("START_RC_2", "1450")]);
    let line = running.first_line();
    let address = line.split_once("http://").unwrap().1.split_once('/').unwrap().0;
    let collector = Collector { address: address.parse().unwrap(), running };
    until("its session", || collector.request("/readyz").0 == 200);
    host.stage.append(&Feed::default().then("stop"));
    until("a session that is down", || collector.request("/readyz").0 == 503);
    until("its return", || collector.request("/readyz").0 == 200);
    let text = collector.request("/metrics").1;
    assert!(text.contains("weir_etw_session_restarts_total{session=\"weir-control\"} 1\n"));
    let ended = collector.running.wait();
    assert_eq!(ended.code, 0);
    assert!(ended.err.contains("weir-control was stopped by somebody else"), "{}", ended.err);
    assert!(ended.err.contains("tried again in"), "{}", ended.err);
    assert_eq!(host.stage.names(), [""; 0]);
}

#[test]
fn what_windows_refuses_has_its_exit_code_and_leaves_no_session() {
    let Some(tools) = tools_or_skip() else { return };
    let host = Host::new(tools, Feed::new);
    for (call, answer, code) in [
        ("START_RC", "5", 10),
        ("START_RC", "1450", 14),
        ("ENABLE_RC", "5", 10),
        ("OPEN_RC", "87", 14),
    ] {
        let ended = host.spawn(&[], &[(call, answer)]).wait();
        assert_eq!(ended.code, code, "{call}={answer}: {}", ended.err);
        assert!(ended.err.contains("hint: "), "{}", ended.err);
        assert_eq!(host.stage.names(), [""; 0], "{call}={answer}");
    }
    let first = host.run(&["--duration", "8s"]);
    let second = host.spawn(&[], &[]).wait();
    assert_eq!(second.code, 14, "{}", second.err);
    assert_eq!(first.running.wait().code, 0);
    assert_eq!(host.stage.names(), [""; 0]);
}

#[test]
fn a_flood_that_is_lost_is_told_and_costs_no_total() {
    let Some(tools) = tools_or_skip() else { return };
    let feed = || Feed::new().and(lines(recorded())).then(format!("@{DETAIL} lost 7"));
    let host = Host::new(tools, feed);
    let collector = host.run(&[&BOTH[..], &["--duration", "25s"]].concat());
    collector.until_it_says(&replayed(&recorded()));
    until("what the session lost", || {
        let text = collector.request("/metrics").1;
        text.contains("weir_etw_session_lost_total{session=\"weir-detail\",stage=\"events\"} 7\n")
    });
    assert_eq!(collector.running.wait().code, 0);
}
