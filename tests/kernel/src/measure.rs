//! Measuring: how long the driver takes, without what this machine does around it.
//!
//! [`Stopwatch`] stands between the change to a kernel stack and the driver's own code.
//! [`CallCosts`] is what one call of an import costs, through the same few instructions that the
//! driver's import table points to. Figures are of the machine that this runs on, and of this
//! crate's imports, which are not those of Windows.

mod costs;

use crate::host;
use crate::kernel::Kernel;
use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Instant;

pub use costs::CallCosts;

/// Loops of a measurement; the best counts, because noise only ever adds.
const LOOPS: u32 = 100;
/// Calls of a loop.
const CALLS: u32 = 10_000;

/// Keeps this thread on the processor that it is on; whether Linux lets it.
#[must_use]
pub fn stay_on_this_processor() -> bool {
    host::stay_on_this_processor()
}

/// Calls of an entry point and the time within.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spent {
    /// Calls.
    pub calls: u64,
    /// Nanoseconds in all of them.
    pub nanos: f64,
}

impl Spent {
    /// Nanoseconds a call.
    #[must_use]
    pub fn each(&self) -> f64 {
        self.nanos / float(self.calls.max(1))
    }
}

/// Times calls into the driver, by entry point.
#[derive(Debug, Default)]
pub struct Stopwatch {
    is_on: Cell<bool>,
    /// What an empty call would seem to take.
    empty_ns: Cell<f64>,
    /// Calls of a stream callout for one indication; 0 is 1.
    repeats: Cell<u32>,
    spent: RefCell<BTreeMap<&'static str, Spent>>,
}

impl Stopwatch {
    /// Begins to time.
    pub fn start(&self) {
        self.spent.take();
        self.is_on.set(true);
    }

    /// Ends, and tells what was measured, looks at the clock not included.
    pub fn stop(&self) -> BTreeMap<&'static str, Spent> {
        self.is_on.set(false);
        let mut spent = self.spent.take();
        for it in spent.values_mut() {
            it.nanos = (it.nanos - float(it.calls) * self.empty_ns.get()).max(0.0);
        }
        spent
    }

    /// Lets each indication of data call the callout so many times, all on one stack and between
    /// two looks at the clock: to the driver they are so many segments.
    pub fn repeat_segments(&self, times: u32) {
        self.repeats.set(times);
    }

    pub(crate) fn segments(&self) -> u32 {
        self.repeats.get().max(1)
    }

    /// Runs `call` and says how long it took, if that is wanted; nothing is noted yet, because this
    /// runs on the driver's stack.
    pub(crate) fn time<R>(&self, call: impl FnOnce() -> R) -> (R, f64) {
        if !self.is_on.get() {
            return (call(), 0.0);
        }
        let began = Instant::now();
        let result = call();
        (result, began.elapsed().as_secs_f64() * 1e9)
    }

    pub(crate) fn note(&self, entry: &'static str, nanos: f64) {
        if self.is_on.get() {
            let mut spent = self.spent.borrow_mut();
            let spent = spent.entry(entry).or_default();
            spent.calls += 1;
            spent.nanos += nanos;
        }
    }
}

impl Kernel {
    /// Finds out what an empty call seems to take, for [`Stopwatch::stop`].
    pub fn calibrate_stopwatch(&self) {
        self.stopwatch.empty_ns.set(0.0);
        let mut best = f64::INFINITY;
        for _ in 0..LOOPS {
            self.stopwatch.start();
            for _ in 0..CALLS {
                self.enter("nothing", || {});
            }
            let spent = self.stopwatch.stop();
            best = spent.get("nothing").map_or(best, |it| it.each().min(best));
        }
        self.stopwatch.empty_ns.set(best);
    }
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
const fn float(number: u64) -> f64 {
    number as f64
}
