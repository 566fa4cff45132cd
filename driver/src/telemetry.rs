//! The worker that tells: Counters every so often, capture states when asked.

use crate::driver::{Driver, running};
use crate::{capture, engine, telling};
use core::sync::atomic::{AtomicBool, Ordering};
use weir_nt::timer::{Ticking, Timer};
use weir_nt::work::Work;

/// What is to be told.
#[derive(Debug)]
pub(crate) struct Telemetry {
    pub(crate) work: Work,
    timer: Timer,
    is_due: AtomicBool,
    is_capture_wanted: AtomicBool,
}

impl Telemetry {
    pub(crate) const fn new() -> Self {
        Self {
            work: Work::new(run, 0),
            timer: Timer::new(tick),
            is_due: AtomicBool::new(false),
            is_capture_wanted: AtomicBool::new(false),
        }
    }

    /// Whether Counters are due; asked, they are not any more.
    pub(crate) fn take_due(&self) -> bool {
        self.is_due.swap(false, Ordering::AcqRel)
    }
}

/// Begins to tell every so often.
pub(crate) fn begin(driver: &'static Driver) -> Ticking {
    driver.telemetry.timer.start(driver.parameters.counters_interval_ms)
}

/// Asks for a capture state.
pub(crate) fn want_capture(driver: &'static Driver) {
    driver.telemetry.is_capture_wanted.store(true, Ordering::Release);
    driver.telemetry.work.queue();
}

/// The timer's call, at `DISPATCH_LEVEL`.
fn tick() {
    let Some(driver) = running() else { return };
    driver.telemetry.is_due.store(true, Ordering::Release);
    driver.telemetry.work.queue();
    if !driver.engine.is_up() {
        // An engine that refused may not refuse for ever.
        engine::look(driver);
    }
}

/// The work.
fn run(_nothing: usize) {
    let Some(driver) = running() else { return };
    if driver.telemetry.is_capture_wanted.swap(false, Ordering::AcqRel) {
        capture::tell(driver);
    }
    if driver.telemetry.take_due() {
        telling::tell(driver);
    }
}
