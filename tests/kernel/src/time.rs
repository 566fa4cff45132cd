//! Clocks: virtual time, which stands still unless a test or a wait moves it, or the real one.

use crate::calls::enter_import;
use crate::host;
use crate::kernel::{APC_LEVEL, HIGH_LEVEL, Import};
use crate::memory::{fetch, store};
use crate::timers;
use core::cell::Cell;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Units of 100 ns from 1601 to 1970.
///
/// Source: learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime (read 2026-11)
const EPOCH_100NS: u64 = 116_444_736_000_000_000;

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// `KernelMode` of `KPROCESSOR_MODE`.
const KERNEL_MODE: i8 = 0;

/// Waits of one call into the driver; one that waits more often waits for what never comes.
const DELAYS_MAX: u32 = 1_000_000;

/// What moves a machine's clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time {
    /// Only [`Kernel::advance`](crate::Kernel::advance) and waits of the driver.
    Virtual {
        /// When the machine boots, in nanoseconds since 1970.
        start_unix_ns: u64,
        /// Ticks of the performance counter a second.
        frequency: u64,
    },
    /// The clocks of the machine that this runs on.
    Real {
        /// As above.
        frequency: u64,
    },
}

impl Default for Time {
    /// November 2026, and a counter that counts nanoseconds, so that every one is exact.
    fn default() -> Self {
        Self::Virtual { start_unix_ns: 1_793_491_200_000_000_000, frequency: 1_000_000_000 }
    }
}

/// The clocks of a machine.
#[derive(Debug)]
pub struct Clock {
    time: Cell<Time>,
    /// Virtual nanoseconds since the boot.
    now_ns: Cell<u64>,
    /// By how much each look at the performance counter moves virtual time.
    step_ns: Cell<u64>,
    /// Waits of the call into the driver that runs.
    delays: Cell<u32>,
    boot: Instant,
}

impl Clock {
    pub(crate) fn new(time: Time) -> Self {
        Self {
            time: Cell::new(time),
            now_ns: Cell::new(0),
            step_ns: Cell::new(0),
            delays: Cell::new(0),
            boot: Instant::now(),
        }
    }

    /// Nanoseconds since the boot.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        match self.time.get() {
            Time::Virtual { .. } => self.now_ns.get(),
            Time::Real { .. } => u64::try_from(self.boot.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn unix_ns(&self) -> u64 {
        match self.time.get() {
            Time::Virtual { start_unix_ns, .. } => start_unix_ns.saturating_add(self.now_ns.get()),
            Time::Real { .. } => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
            }
        }
    }

    /// The system time: units of 100 ns since 1601.
    #[must_use]
    pub fn system_100ns(&self) -> u64 {
        EPOCH_100NS + self.unix_ns() / 100
    }

    /// The performance counter, without a look of the driver at it.
    #[must_use]
    pub fn counter(&self) -> i64 {
        let ticks = u128::from(self.now_ns()) * u128::from(self.frequency()) / NANOS_PER_SECOND;
        i64::try_from(ticks).unwrap_or(i64::MAX)
    }

    /// Ticks of the performance counter a second.
    #[must_use]
    pub const fn frequency(&self) -> u64 {
        match self.time.get() {
            Time::Virtual { frequency, .. } | Time::Real { frequency } => frequency,
        }
    }

    /// Lets virtual time move with each look at the performance counter, so that calls take time.
    pub fn set_step(&self, nanos: u64) {
        self.step_ns.set(nanos);
    }

    /// Begins to count waits anew, or goes on where it was; returns how many there were.
    pub(crate) const fn count_delays_from(&self, delays: u32) -> u32 {
        self.delays.replace(delays)
    }

    /// Whether time stands still by itself.
    pub(crate) const fn is_virtual(&self) -> bool {
        matches!(self.time.get(), Time::Virtual { .. })
    }

    /// Virtual time goes on to `now_ns`; never back.
    pub(crate) fn reach(&self, now_ns: u64) {
        self.now_ns.set(self.now_ns.get().max(now_ns));
    }

    /// Nanoseconds from now to a due time: below zero from now, else a system time; in 100 ns.
    pub(crate) fn until(&self, due_100ns: i64) -> u64 {
        let units = if due_100ns < 0 {
            due_100ns.unsigned_abs()
        } else {
            due_100ns.unsigned_abs().saturating_sub(self.system_100ns())
        };
        units.saturating_mul(100)
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        // Both have it on current versions of Windows; hal.dll is the one that is documented.
        Import {
            module: "hal.dll",
            name: "KeQueryPerformanceCounter",
            address: query_counter as *const () as usize,
        },
        import("KeQueryPerformanceCounter", query_counter as *const () as usize),
        import("KeQuerySystemTimePrecise", query_system_time as *const () as usize),
        import("KeDelayExecutionThread", delay as *const () as usize),
    ]
}

extern "win64" fn query_counter(frequency: *mut i64) -> i64 {
    let kernel = enter_import("KeQueryPerformanceCounter", HIGH_LEVEL);
    let clock = &kernel.time;
    store(frequency, i64::try_from(clock.frequency()).unwrap_or(i64::MAX));
    let step = clock.step_ns.get();
    if step > 0 {
        clock.reach(clock.now_ns.get().saturating_add(step));
    }
    clock.counter()
}

extern "win64" fn query_system_time(time: *mut i64) {
    let kernel = enter_import("KeQuerySystemTimePrecise", HIGH_LEVEL);
    store(time, i64::try_from(kernel.time.system_100ns()).unwrap_or(i64::MAX));
}

/// Other work runs while the thread waits.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kedelayexecutionthread
/// (read 2026-11)
extern "win64" fn delay(mode: i8, alertable: u8, interval: *const i64) -> i32 {
    let kernel = enter_import("KeDelayExecutionThread", APC_LEVEL);
    kernel.require_no_locks("KeDelayExecutionThread");
    if mode != KERNEL_MODE || alertable != 0 {
        kernel.violation("KeDelayExecutionThread that user mode could end".to_owned());
    }
    let Some(interval) = fetch(interval) else {
        kernel.violation("KeDelayExecutionThread without an interval".to_owned());
        return 0;
    };
    let delays = kernel.time.delays.get() + 1;
    kernel.time.delays.set(delays);
    if delays > DELAYS_MAX {
        host::die(&format!(
            "KeDelayExecutionThread for the {delays}th time: the driver waits for ever"
        ));
    }
    timers::pass(kernel, kernel.time.until(interval));
    0
}
