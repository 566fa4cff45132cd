//! Clocks, and waiting.
//!
//! Durations are told in 2^-32 s. They come from the time stamp counter where it is invariant and
//! could be calibrated, else from the performance counter; both only by differences, so neither
//! has a mean that is off.

use crate::ffi::ke::{
    KeDelayExecutionThread, KeQueryPerformanceCounter, KeQuerySystemTimePrecise,
    PROCESSOR_MODE_KERNEL,
};
use crate::lock::at_dispatch;
use crate::tsc;
use weir_abi::event::ClockKind;
use weir_abi::wire::Ticks;

/// How long the time stamp counter is held against the performance counter at start, twice. At
/// 10 MHz the latter is then off by one part in 200,000 at most.
const CALIBRATION_MS: u32 = 10;

/// Readings of both counters of which the fastest counts.
const READINGS: u32 = 5;

/// Two calibrations differ by one part in so many at most.
const CALIBRATIONS_AGREE_TO: u64 = 1_000;

/// Frequencies that a time stamp counter can have. Outside, the machine's clocks are not what they
/// seem (an emulator, a clock that stands), and the performance counter is used.
const TSC_HZ: core::ops::RangeInclusive<u64> = 100_000_000..=20_000_000_000;

/// The time since 1601 UTC in units of 100 ns.
///
/// IRQL: any.
#[must_use]
pub fn system_100ns() -> u64 {
    let mut time = 0;
    // SAFETY: the function writes one 64-bit number, and `time` is one.
    unsafe { KeQuerySystemTimePrecise(&raw mut time) };
    // The kernel's clock does not stand before 1601.
    time.unsigned_abs()
}

/// Waits.
///
/// IRQL: ≤ `APC_LEVEL`.
pub fn pause_ms(milliseconds: u32) {
    // Negative is from now, in units of 100 ns.
    let interval = i64::from(milliseconds).saturating_mul(-10_000);
    // SAFETY: the interval lives during the call.
    let _woken = unsafe { KeDelayExecutionThread(PROCESSOR_MODE_KERNEL, 0, &raw const interval) };
}

/// The performance counter and its frequency.
fn counter() -> (u64, u64) {
    let mut frequency = 0;
    // SAFETY: the function writes one 64-bit number, and `frequency` is one.
    let count = unsafe { KeQueryPerformanceCounter(&raw mut frequency) };
    (count.unsigned_abs(), frequency.unsigned_abs().max(1))
}

/// A reading of a [`Clock`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// What counts, and how fast.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    kind: ClockKind,
    /// Counts in a second.
    frequency: u64,
    /// 2^-32 s in a count, times 2^32: at most 2^64 / 100,000,000 for a time stamp counter.
    ticks_per_count: u64,
}

impl Clock {
    /// The performance counter.
    ///
    /// IRQL: any.
    #[must_use]
    pub fn performance_counter() -> Self {
        let (_, frequency) = counter();
        Self { kind: ClockKind::PerformanceCounter, frequency, ticks_per_count: 0 }
    }

    /// The best clock of this machine for durations; takes 20 ms.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    #[must_use]
    pub fn best() -> Self {
        tsc_frequency().map_or_else(Self::performance_counter, |frequency| Self {
            kind: ClockKind::Tsc,
            frequency,
            ticks_per_count: u64::MAX.checked_div(frequency).unwrap_or(0),
        })
    }

    /// What it counts.
    #[must_use]
    pub const fn kind(&self) -> ClockKind {
        self.kind
    }

    /// Picoseconds of a count, rounded down, and 1 at least.
    #[must_use]
    pub fn resolution_ps(&self) -> u64 {
        1_000_000_000_000_u64.checked_div(self.frequency).unwrap_or(0).max(1)
    }

    /// Reads it.
    ///
    /// IRQL: any.
    #[must_use]
    pub fn now(&self) -> Instant {
        if self.ticks_per_count != 0 {
            return Instant(tsc::read());
        }
        // SAFETY: null is documented as "do not write the frequency".
        Instant(unsafe { KeQueryPerformanceCounter(core::ptr::null_mut()) }.unsigned_abs())
    }

    /// Time from one reading to another, rounded down; 0 where the second is earlier, as readings of
    /// two processors can be by a count or two.
    ///
    /// No division of 128 bits: the compiler's own function for it brings floating point along.
    #[must_use]
    pub fn between(&self, from: Instant, to: Instant) -> Ticks {
        let counts = to.0.saturating_sub(from.0);
        if self.ticks_per_count != 0 {
            let ticks = u128::from(counts).saturating_mul(u128::from(self.ticks_per_count)) >> 32;
            return Ticks(u64::try_from(ticks).unwrap_or(u64::MAX));
        }
        let seconds = counts.checked_div(self.frequency).unwrap_or(0);
        let rest = counts.checked_rem(self.frequency).unwrap_or(0);
        // Below 2^32 Hz, which performance counters are, the shift loses nothing.
        let fraction = rest.saturating_mul(1 << 32).checked_div(self.frequency).unwrap_or(0);
        Ticks(seconds.saturating_mul(1 << 32).saturating_add(fraction))
    }
}

/// The frequency of the time stamp counter, if it is invariant, plausible, and the same twice.
fn tsc_frequency() -> Option<u64> {
    if !tsc::is_invariant() {
        return None;
    }
    let (_, frequency) = counter();
    let first = Stamped::read();
    pause_ms(CALIBRATION_MS);
    let second = Stamped::read();
    pause_ms(CALIBRATION_MS);
    let third = Stamped::read();
    let (one, two) = (second.since(&first, frequency)?, third.since(&second, frequency)?);
    // A pause of the machine in the middle of a reading shows here.
    let is_same = one.abs_diff(two) <= one.checked_div(CALIBRATIONS_AGREE_TO)?;
    third.since(&first, frequency).filter(|hertz| is_same && TSC_HZ.contains(hertz))
}

/// Both counters at one moment.
struct Stamped {
    count: u64,
    stamp: u64,
}

impl Stamped {
    /// Reads both on one processor, several times, and keeps the pair that was read fastest: an
    /// interrupt in between would belong to neither counter.
    fn read() -> Self {
        at_dispatch(|_level| {
            let mut best = (u64::MAX, Self { count: 0, stamp: 0 });
            for _ in 0..READINGS {
                let before = tsc::read();
                let (count, _) = counter();
                let took = tsc::read().saturating_sub(before);
                if took < best.0 {
                    let stamp = before.saturating_add(took / 2);
                    best = (took, Self { count, stamp });
                }
            }
            best.1
        })
    }

    /// Stamps in a second, by what both counted since another moment.
    fn since(&self, earlier: &Self, frequency: u64) -> Option<u64> {
        let counts = self.count.saturating_sub(earlier.count);
        let stamps = self.stamp.saturating_sub(earlier.stamp);
        // 20 ms of 20 GHz times 10 MHz is 2^52.
        stamps.checked_mul(frequency)?.checked_div(counts)
    }
}
