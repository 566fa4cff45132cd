//! Windows' time stamps: 100 ns steps since 1601-01-01 UTC.

use core::fmt;
use time::format_description::FormatItem;
use time::macros::format_description;
use time::{Duration, OffsetDateTime, UtcOffset};

/// Steps in a second.
pub(crate) const STEPS_PER_SECOND: i64 = 10_000_000;

/// Seconds from 1601 to 1970.
const SECONDS_TO_UNIX: i64 = 11_644_473_600;

const RFC_3339: &[FormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:7]Z");

/// A `FILETIME`. Files hold any number, so one far from the present is no error.
///
/// Source: learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-filetime (read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileTime(pub i64);

impl FileTime {
    /// The time so many nanoseconds after 1970, rounded down to 100 ns.
    #[must_use]
    pub fn from_unix_nanos(nanos: u64) -> Self {
        let steps = i64::try_from(nanos / 100).unwrap_or(i64::MAX);
        Self(steps.saturating_add(SECONDS_TO_UNIX * STEPS_PER_SECOND))
    }

    /// Nanoseconds since 1970; 0 before it, the largest number where it does not fit.
    #[must_use]
    pub fn unix_nanos(self) -> u64 {
        let steps = self.0.saturating_sub(SECONDS_TO_UNIX * STEPS_PER_SECOND);
        u64::try_from(steps).unwrap_or(0).saturating_mul(100)
    }

    /// `2026-11-21T14:21:38.0000000Z`; `None` outside the years 0 to 9999.
    #[must_use]
    pub fn to_rfc3339(self) -> Option<String> {
        let seconds = self.0.div_euclid(STEPS_PER_SECOND) - SECONDS_TO_UNIX;
        let steps = self.0.rem_euclid(STEPS_PER_SECOND);
        let at = OffsetDateTime::from_unix_timestamp(seconds).ok()?;
        let at = at.checked_add(Duration::nanoseconds(steps * 100))?;
        if at.year() < 0 { None } else { at.format(RFC_3339).ok() }
    }

    /// Reads RFC 3339, with any offset; digits beyond 100 ns are cut.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        let at = OffsetDateTime::parse(text, &time::format_description::well_known::Rfc3339);
        let at = at.ok()?.to_offset(UtcOffset::UTC);
        let seconds = at.unix_timestamp().checked_add(SECONDS_TO_UNIX)?;
        let steps = i64::from(at.nanosecond() / 100);
        seconds.checked_mul(STEPS_PER_SECOND)?.checked_add(steps).map(Self)
    }
}

impl fmt::Display for FileTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_rfc3339() {
            Some(text) => f.write_str(&text),
            None => write!(f, "{} x 100 ns since 1601", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_with_100_ns_and_come_back() {
        let start = FileTime(132_264_173_104_203_138);
        assert_eq!(start.to_string(), "2020-02-17T12:48:30.4203138Z");
        for steps in [0, 1, 132_264_173_104_203_138, 2_650_467_743_999_999_999] {
            let text = FileTime(steps).to_rfc3339().unwrap();
            assert_eq!(FileTime::from_rfc3339(&text), Some(FileTime(steps)), "{text}");
        }
        assert_eq!(
            FileTime::from_rfc3339("2020-02-17T13:48:30.42031389+01:00"),
            Some(start),
            "another offset, digits cut"
        );
    }

    #[test]
    fn any_number_has_a_text() {
        for steps in [i64::MIN, -1, i64::MAX, 2_650_467_744_000_000_000] {
            assert!(!FileTime(steps).to_string().is_empty());
            let _saturates = FileTime(steps).unix_nanos();
        }
        assert_eq!(FileTime::from_rfc3339("yesterday"), None);
    }

    #[test]
    fn nanoseconds_since_1970_come_back_to_100() {
        let nanos = 1_763_734_898_123_456_789;
        let time = FileTime::from_unix_nanos(nanos);
        assert_eq!(time.unix_nanos(), nanos / 100 * 100);
        assert_eq!(FileTime(0).unix_nanos(), 0);
    }
}
