//! Captures through the driver, one after the other, on one machine: for `cargo xtask sim`.

use crate::machine::{Machine, Network as _, Setup};
use crate::player::Player;
use crate::sample::Sample;
use std::io::Cursor;
use std::path::Path;
use weir_sim_kernel::etw::Written;
use weir_usermode::capture::{Capture, StreamEvent, Streams};
use weir_usermode::replay::Perspective;

/// Pauses within a capture, and between two, are shortened to this: the driver's timer ticks
/// through all of them.
const PAUSE_MAX_NS: u64 = 60_000_000_000;

/// What a run came to.
#[derive(Debug)]
pub struct Simulated {
    machine: Machine,
    /// Every event that the driver wrote.
    pub events: Vec<Written>,
    /// Connections that were opened.
    pub opened: u64,
    /// Indications that the driver was called for.
    pub indicated: u64,
}

/// One capture: how it is named in messages, and its bytes.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its path, or what it was made from.
    pub name: String,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Lets traffic that was captured at any time follow the machine's clock.
struct Shift {
    last_ns: u64,
    now_ns: u64,
}

impl Shift {
    /// The machine's time of something that was captured at `at_ns`.
    fn of(&mut self, at_ns: u64) -> u64 {
        self.now_ns += at_ns.saturating_sub(self.last_ns).min(PAUSE_MAX_NS);
        self.last_ns = at_ns;
        self.now_ns
    }

    fn event<'a>(&mut self, event: &StreamEvent<'a>) -> StreamEvent<'a> {
        let mut event = *event;
        match &mut event {
            StreamEvent::Established { at_ns, .. }
            | StreamEvent::Data { at_ns, .. }
            | StreamEvent::Closed { at_ns, .. } => *at_ns = self.of(*at_ns),
        }
        event
    }
}

/// Plays captures to a driver with these programs, and unloads it.
///
/// # Errors
/// The driver does not load, a program or a capture is refused, or the driver breaks a rule of the
/// kernel.
pub fn run(
    image: &Path,
    setup: &Setup,
    (captures, perspective): (&[Input], Perspective),
    programs: &[Sample],
) -> Result<Simulated, String> {
    let mut machine = Machine::start(image, setup)?;
    for sample in programs {
        let (params, body) = sample.in_kernel(0)?;
        let refused = |it| format!("attach `{}`: {it:?}", sample.label);
        machine.attach(&params, body).map_err(refused)?;
    }
    for Input { name, bytes } in captures {
        let mut shift = Shift { last_ns: u64::MAX, now_ns: machine.now_ns() };
        let mut player = Player::new(&mut machine, perspective);
        let mut streams = Streams::default();
        let mut played = Ok(());
        let mut sink = |event: StreamEvent<'_>| {
            if played.is_ok() {
                played = player.event(&shift.event(&event));
            }
        };
        let told = |error: &dyn core::fmt::Display| format!("replay `{name}`: {error}");
        let capture = Capture::open(Box::new(Cursor::new(bytes.clone())));
        let capture = capture.map_err(|error| told(&error))?;
        capture.run(&mut streams, &mut sink).map_err(|error| told(&error))?;
        streams.finish(&mut sink);
        played?;
    }
    // What is told every so often is told once more.
    let interval_ns = u64::from(setup.counters_interval_ms).saturating_mul(1_000_000);
    machine.reach(machine.now_ns().saturating_add(interval_ns))?;
    machine.stop()?;
    let events = machine.kernel.etw.events();
    Ok(Simulated { machine, events, opened: machine.opened, indicated: machine.indicated })
}

/// Writes the driver's events as an event trace file.
///
/// # Errors
/// The file cannot be written.
pub fn record(simulated: &Simulated, path: &Path) -> Result<(), String> {
    let written = simulated.machine.kernel.etw.record(path);
    written.map_err(|error| format!("write `{}`: {error}", path.display()))
}
