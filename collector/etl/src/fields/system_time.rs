//! Dates and times in parts.

use core::fmt;
use time::{Date, Month, Time};

/// A `SYSTEMTIME`: year, month, day of the week, day, hour, minute, second, milliseconds.
///
/// Nothing says which zone it is in; it is shown as UTC, which is what `GetSystemTime` gives.
///
/// Source: learn.microsoft.com/windows/win32/api/minwinbase/ns-minwinbase-systemtime (read 2026-11)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SystemTime([u16; 8]);

impl SystemTime {
    pub(super) fn from_bytes(bytes: [u8; 16]) -> Self {
        let (pairs, _none) = bytes.as_chunks();
        let mut parts = [0; 8];
        for (part, pair) in parts.iter_mut().zip(pairs) {
            *part = u16::from_le_bytes(*pair);
        }
        Self(parts)
    }

    /// `2026-11-21T14:21:38.123Z`; `None` where the numbers are no date, time of day, or year
    /// before 10,000.
    #[must_use]
    pub fn to_rfc3339(self) -> Option<String> {
        let [year, month, _weekday, day, hour, minute, second, milliseconds] = self.0;
        if year > 9999 {
            return None;
        }
        let small = |part: u16| u8::try_from(part).ok();
        let month = Month::try_from(small(month)?).ok()?;
        let date = Date::from_calendar_date(i32::from(year), month, small(day)?).ok()?;
        let time = Time::from_hms_milli(small(hour)?, small(minute)?, small(second)?, milliseconds);
        let time = time.ok()?;
        Some(format!(
            "{year:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            u8::from(date.month()),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        ))
    }
}

/// RFC 3339, or where that cannot be, the sixteen bytes in hexadecimal.
impl fmt::Display for SystemTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_rfc3339() {
            Some(text) => f.write_str(&text),
            None => self.0.iter().try_for_each(|part| write!(f, "{:04x}", part.swap_bytes())),
        }
    }
}
