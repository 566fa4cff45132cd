//! What the driver says of itself.

use weir_abi::event::{ClockKind, DriverState, FailurePolicy, StateKind};
use weir_abi::wire::Text;

/// Intervals of counters without any event after which the driver counts as gone.
const SILENT_INTERVALS: u64 = 5;

/// Shortest silence that counts, so that one late buffer does not.
const SILENT_NS_MIN: u64 = 5_000_000_000;

/// The driver's state and parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Driver {
    /// A load of the driver is known and has not said that it stops.
    pub is_running: bool,
    /// The filtering engine is there, so verdicts are enforced.
    pub is_engine_up: bool,
    /// What it does where a program or the driver fails.
    pub failure_policy: FailurePolicy,
    /// 0 absorb, 1 abort.
    pub block_action: u8,
    /// What durations are measured with.
    pub clock: ClockKind,
    /// Resolution of that clock.
    pub clock_resolution_ps: u64,
    /// Interval of sets of counters.
    pub counters_interval_ms: u32,
    /// Version; empty where no parameters were seen.
    pub version: Text,
    /// Time of its newest event.
    pub newest_ns: u64,
}

impl Driver {
    /// Takes in a DriverState event.
    pub(crate) const fn apply(&mut self, event: &DriverState) {
        self.is_running = !matches!(event.kind, StateKind::Stop);
        self.is_engine_up = match event.kind {
            StateKind::EngineUp => true,
            StateKind::EngineDown => false,
            StateKind::Start
            | StateKind::Stop
            | StateKind::Parameters
            | StateKind::CaptureBegin
            | StateKind::CaptureEnd
            | StateKind::Unknown => event.engine_up,
        };
        self.failure_policy = event.failure_policy;
        self.block_action = event.block_action;
        self.clock = event.clock;
        self.clock_resolution_ps = event.clock_resolution_ps;
        self.counters_interval_ms = event.counters_interval_ms;
        self.version = event.version;
    }

    /// Whether it runs and has been heard of lately.
    #[must_use]
    pub fn is_up(&self, now_ns: u64) -> bool {
        let interval_ns = u64::from(self.counters_interval_ms) * 1_000_000;
        let silent_ns = (interval_ns * SILENT_INTERVALS).max(SILENT_NS_MIN);
        self.is_running && now_ns.saturating_sub(self.newest_ns) <= silent_ns
    }

    /// The name of its block action.
    #[must_use]
    pub const fn block_action_name(&self) -> &'static str {
        match self.block_action {
            0 => "absorb",
            1 => "abort",
            _ => "unknown",
        }
    }
}
