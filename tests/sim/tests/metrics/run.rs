//! A capture through the driver, and through `weir replay`.

use crate::compare::{Compared, compare};
use clap::Parser as _;
use std::io::Cursor;
use std::path::Path;
use weir::cli::{Cli, Command};
use weir::programs::Spec;
use weir_abi::event::FailurePolicy;
use weir_sim::machine::{Machine, Setup};
use weir_sim::player::Player;
use weir_sim::sample::Sample;
use weir_sim::stages;
use weir_usermode::capture::{Capture, StreamEvent, Streams};
use weir_usermode::hook::{KEYWORD_INVOCATION, KEYWORDS_ALL};
use weir_usermode::replay::Perspective;

/// One comparison.
pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) capture: Vec<u8>,
    pub(crate) programs: &'a [&'a str],
    pub(crate) perspective: Perspective,
    pub(crate) policy: FailurePolicy,
    /// Names that programs block, if they block by name.
    pub(crate) blocked: &'a [&'a str],
}

/// The longest capture: the driver's timer ticks through all of it.
const SPAN_NS: u64 = 10 * 24 * 3_600 * 1_000_000_000;

/// What the driver made of a capture, and what the kernel knows of it.
pub(crate) struct Driven {
    pub(crate) text: String,
    /// The exposition while the programs were still attached.
    pub(crate) before_unload: String,
    /// Connections that were opened, indications for which the driver was called.
    pub(crate) opened: u64,
    pub(crate) indicated: u64,
    /// Bytes that the kernel said were missed, in calls of the driver.
    pub(crate) missed_bytes: u64,
    /// Counters events that the driver wrote.
    pub(crate) counters: u64,
    /// Programs that were attached.
    pub(crate) attached: u64,
}

impl Case<'_> {
    /// Runs both and compares.
    pub(crate) fn run(&self, image: &Path) -> Compared {
        if !is_on_a_machines_clock(&self.capture) {
            return Compared { skipped: 1, ..Compared::default() };
        }
        let driven = self.driven(image);
        let replayed = self.replayed();
        match compare(&driven, &replayed) {
            Ok(one) => one,
            Err(told) => panic!(
                "{}, {:?}, {:?}, {:?}:\n{told}",
                self.name, self.programs, self.perspective, self.policy
            ),
        }
    }

    fn driven(&self, image: &Path) -> Driven {
        let first_ns = times(&self.capture).first().copied().unwrap_or(1_000_000_000);
        let setup = Setup {
            policy: self.policy,
            keywords: KEYWORDS_ALL & !KEYWORD_INVOCATION,
            // The driver starts within the second before the first packet.
            boots_ns: first_ns.saturating_sub(500_000_000),
            // Sets of counters add nothing to what the last one tells.
            counters_interval_ms: 3_600_000,
            ..Setup::default()
        };
        let mut machine = Machine::start(image, &setup).unwrap();
        for name in self.programs {
            let blocked = self.blocked.iter().map(|name| (*name).to_owned()).collect();
            let sample = Sample { blocked, ..Sample::ours(name).unwrap() };
            let (params, body) = sample.in_kernel(0).unwrap();
            machine.attach(&params, body).unwrap();
        }
        let mut player = Player::new(&mut machine, self.perspective);
        each(&self.capture, |event| player.event(event).unwrap());
        let before_unload = machine.kernel.etw.events();
        machine.stop().unwrap();
        let events = machine.take_events();
        let is_counters = |id: u16| id == weir_abi::event::Counters::ID;
        let counters = events.iter().filter(|event| is_counters(event.id)).count();
        Driven {
            text: stages::metrics(&events).unwrap(),
            before_unload: stages::metrics(&before_unload).unwrap(),
            opened: machine.opened,
            indicated: machine.indicated,
            missed_bytes: machine.missed_bytes,
            counters: u64::try_from(counters).unwrap(),
            attached: u64::try_from(self.programs.len()).unwrap(),
        }
    }

    fn replayed(&self) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, &self.capture).unwrap();
        let perspective = match self.perspective {
            Perspective::Initiator => "initiator",
            Perspective::Responder => "responder",
            Perspective::Both => "both",
        };
        let mut words: Vec<String> =
            ["weir", "replay", "--metrics", "-", "--allow-truncated", "--perspective", perspective]
                .map(str::to_owned)
                .to_vec();
        words.extend(["--failure-policy".to_owned(), self.policy.name().to_owned()]);
        let objects = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../driver/programs/obj");
        let specs: Vec<Spec> = self
            .programs
            .iter()
            .map(|name| Spec {
                word: objects.join(format!("{name}.o")).display().to_string(),
                section: None,
            })
            .collect();
        if self.programs.iter().any(|name| name.ends_with("_block")) {
            for name in self.blocked {
                words.extend(["--map".to_owned(), format!("blocked_names str:{name} u32:1")]);
            }
        }
        words.push(path.display().to_string());
        let Command::Replay(args) = Cli::try_parse_from(words).unwrap().command else {
            panic!("`weir replay` is another command");
        };
        let mut out = Vec::new();
        weir::replay::run(&args, &specs, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        text.lines()
            .filter(|line| !line.starts_with("# PARTIAL"))
            .fold(String::new(), |text, line| text + line + "\n")
    }
}

/// Every stream event of a capture, up to its damage if it has any.
fn each(capture: &[u8], mut sink: impl FnMut(&StreamEvent<'_>)) {
    let mut streams = Streams::default();
    let mut show = |event: StreamEvent<'_>| sink(&event);
    if let Ok(capture) = Capture::open(Box::new(Cursor::new(capture.to_vec()))) {
        let _until_the_damage = capture.run(&mut streams, &mut show);
    }
    streams.finish(&mut show);
}

/// The times of all stream events.
fn times(capture: &[u8]) -> Vec<u64> {
    let mut times = Vec::new();
    each(capture, |event| {
        times.push(match *event {
            StreamEvent::Established { at_ns, .. }
            | StreamEvent::Data { at_ns, .. }
            | StreamEvent::Closed { at_ns, .. } => at_ns,
        });
    });
    times
}

/// Whether a machine could have seen it: a machine's clock does not go back, as a replay's may, and
/// does not stand between two packets for years.
fn is_on_a_machines_clock(capture: &[u8]) -> bool {
    let times = times(capture);
    let span = times.last().zip(times.first()).map_or(0, |(last, first)| last - last.min(first));
    times.is_sorted() && span <= SPAN_NS
}
