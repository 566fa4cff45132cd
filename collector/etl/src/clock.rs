//! From a file's time stamps to UTC.

use crate::FileTime;
use crate::file_time::STEPS_PER_SECOND;
use crate::header::{ClockKind, LogHeader};

/// How time stamps become UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clock {
    /// They are UTC.
    Utc,
    /// They count up from the file's first record.
    Counter {
        /// When the session started.
        start: i64,
        /// The first record's time stamp.
        base: i64,
        /// Steps in a second, above 0.
        frequency: i64,
    },
}

impl Clock {
    /// The clock of a file whose first record is stamped `base`.
    pub(crate) fn new(header: &LogHeader, base: i64) -> Self {
        let frequency = match header.clock() {
            ClockKind::SystemTime => return Self::Utc,
            ClockKind::CpuCycles => i64::from(header.cpu_mhz) * 1_000_000,
            ClockKind::PerformanceCounter | ClockKind::Unknown(_) => header.ticks_per_second,
        };
        // A frequency of 0 or less cannot be; 10 MHz is what Windows has had since 10.
        let frequency = if frequency > 0 { frequency } else { STEPS_PER_SECOND };
        Self::Counter { start: header.start.0, base, frequency }
    }

    /// The time of a stamp, rounded down to 100 ns.
    pub(crate) fn time(self, stamp: i64) -> FileTime {
        match self {
            Self::Utc => FileTime(stamp),
            Self::Counter { start, base, frequency: STEPS_PER_SECOND } => {
                FileTime(start.saturating_add(stamp.saturating_sub(base)))
            }
            Self::Counter { start, base, frequency } => {
                let steps = (i128::from(stamp) - i128::from(base)) * i128::from(STEPS_PER_SECOND);
                let time = i128::from(start) + steps.div_euclid(i128::from(frequency));
                let ends = (i128::from(i64::MIN), i128::from(i64::MAX));
                FileTime(i64::try_from(time.clamp(ends.0, ends.1)).unwrap_or(start))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(frequency: i64) -> Clock {
        Clock::Counter { start: 1_000, base: 500, frequency }
    }

    #[test]
    fn stamps_count_from_the_first_record() {
        assert_eq!(counter(STEPS_PER_SECOND).time(507), FileTime(1_007));
        assert_eq!(counter(STEPS_PER_SECOND).time(493), FileTime(993));
        // 3 GHz: 300 cycles are one step.
        assert_eq!(counter(3_000_000_000).time(500 + 299), FileTime(1_000));
        assert_eq!(counter(3_000_000_000).time(500 + 300), FileTime(1_001));
        assert_eq!(counter(3_000_000_000).time(500 - 1), FileTime(999));
        assert_eq!(counter(1).time(502), FileTime(1_000 + 2 * STEPS_PER_SECOND));
    }

    #[test]
    fn no_stamp_overflows() {
        for frequency in [1, STEPS_PER_SECOND, i64::MAX] {
            let clock = Clock::Counter { start: i64::MAX, base: i64::MIN, frequency };
            for stamp in [i64::MIN, -1, 0, i64::MAX] {
                assert!(clock.time(stamp) >= FileTime(0));
            }
        }
    }
}
