//! What a new file says of its session, and the clock its time stamps come from.

use super::WriteError;
use crate::FileTime;
use crate::buffer::{BUFFER_BYTES_MAX, PROCESSOR_MASK};
use crate::file_time::STEPS_PER_SECOND;

/// Bounds of a buffer. Windows 8 and later accept 4 KiB to 16 MiB.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-event_trace_properties
/// (`BufferSize`; read 2026-11)
pub const BUFFER_BYTES_MIN: u32 = 4 << 10;

/// Processors that can be told apart: a buffer's header keeps eleven bits of their number.
pub const PROCESSORS_MAX: u32 = PROCESSOR_MASK as u32 + 1;

/// Steps from the boot to the start where [`Options::boot`] is left open: a day.
const STEPS_FROM_BOOT: i64 = 86_400 * STEPS_PER_SECOND;

/// Where time stamps come from.
///
/// Source: learn.microsoft.com/windows/win32/etw/wnode-header (`ClientContext`; read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clock {
    /// The performance counter: stamps count [`Options::ticks_per_second`] since the boot.
    #[default]
    Qpc,
    /// The system's time: stamps are file times.
    System,
    /// The processor's cycles: stamps count [`Options::cpu_megahertz`] millions a second.
    CpuCycles,
}

impl Clock {
    /// The number a file has for it.
    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Qpc => 1,
            Self::System => 2,
            Self::CpuCycles => 3,
        }
    }
}

/// The session a file comes from. [`Options::default`] is one that Windows' tools read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Name of the session.
    pub session: String,
    /// Name the file had where it was written.
    pub file_name: String,
    /// Bytes of each buffer: 4 KiB to 16 MiB in steps of 1 KiB, as sessions are configured.
    ///
    /// For each processor that logs, the writer keeps at most twice that in memory.
    pub buffer_bytes: u32,
    /// Processors of the machine, 1 to 2048.
    pub processors: u32,
    /// When the session began.
    pub start: FileTime,
    /// When the machine did; `None` says a day earlier. Not after the start.
    ///
    /// Counting clocks count from here, so no event may be older.
    pub boot: Option<FileTime>,
    /// Ticks of the performance counter, 10 MHz on today's machines.
    pub ticks_per_second: u64,
    /// Speed of the processor; at least 1 where its cycles are the clock.
    pub cpu_megahertz: u32,
    /// The clock of the session.
    pub clock: Clock,
    /// Major and minor version of Windows.
    pub os_version: (u8, u8),
    /// Build of Windows.
    pub os_build: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            session: "weir".to_owned(),
            file_name: "weir.etl".to_owned(),
            buffer_bytes: 64 << 10,
            processors: 1,
            // 2026-01-01 in UTC: a library without a clock of its own has to name some day.
            start: FileTime(134_116_992_000_000_000),
            boot: None,
            ticks_per_second: 10_000_000,
            cpu_megahertz: 2_400,
            clock: Clock::Qpc,
            os_version: (10, 0),
            os_build: 26_100,
        }
    }
}

impl Options {
    /// When the machine booted.
    pub(super) fn boot_time(&self) -> FileTime {
        self.boot.unwrap_or_else(|| FileTime(self.start.0.saturating_sub(STEPS_FROM_BOOT)))
    }

    /// Whether a file can be written so; names are checked where the header is built.
    pub(super) fn check(&self) -> Result<(), WriteError> {
        let bytes = self.buffer_bytes;
        if !(BUFFER_BYTES_MIN..=BUFFER_BYTES_MAX).contains(&bytes) || !bytes.is_multiple_of(1024) {
            return Err(WriteError::BufferBytes(bytes));
        }
        if !(1..=PROCESSORS_MAX).contains(&self.processors) {
            return Err(WriteError::Processors(self.processors));
        }
        let cycles_unknown = self.clock == Clock::CpuCycles && self.cpu_megahertz == 0;
        if self.ticks_per_second == 0
            || i64::try_from(self.ticks_per_second).is_err()
            || cycles_unknown
        {
            return Err(WriteError::ClockSpeed);
        }
        if self.boot_time() > self.start { Err(WriteError::BootAfterStart) } else { Ok(()) }
    }
}

/// Turns times into raw stamps.
#[derive(Debug)]
pub(super) struct Timeline {
    start: FileTime,
    /// The stamp of the start, which is the header record's.
    base: i128,
    ticks_per_second: i128,
}

impl Timeline {
    /// `None` where the start itself has no stamp.
    pub(super) fn new(options: &Options) -> Option<Self> {
        let ticks_per_second = match options.clock {
            Clock::Qpc => i128::from(options.ticks_per_second),
            Clock::System => i128::from(STEPS_PER_SECOND),
            Clock::CpuCycles => i128::from(options.cpu_megahertz) * 1_000_000,
        };
        let origin = if options.clock == Clock::System { FileTime(0) } else { options.boot_time() };
        let base = ticks(origin, options.start, ticks_per_second)?;
        let it = Self { start: options.start, base, ticks_per_second };
        it.stamp(options.start).is_some().then_some(it)
    }

    /// The stamp of a time; `None` where it would be negative or beyond 63 bits.
    pub(super) fn stamp(&self, time: FileTime) -> Option<i64> {
        let ticks = ticks(self.start, time, self.ticks_per_second)?;
        let stamp = i64::try_from(self.base.checked_add(ticks)?).ok()?;
        (stamp >= 0).then_some(stamp)
    }
}

/// Ticks between two times, rounded up: a reader rounds down on the way back, so that with ten
/// million ticks a second or more it finds the very 100 ns that were written.
fn ticks(from: FileTime, to: FileTime, ticks_per_second: i128) -> Option<i128> {
    let steps = i128::from(to.0) - i128::from(from.0);
    let scaled = steps.checked_mul(ticks_per_second)?;
    let second = i128::from(STEPS_PER_SECOND);
    Some(scaled.div_euclid(second) + i128::from(scaled.rem_euclid(second) != 0))
}
