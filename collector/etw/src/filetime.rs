//! Windows' clock as the collector's.

/// 100 ns steps between 1601, where Windows begins to count, and 1970.
///
/// Source: learn.microsoft.com/windows/win32/sysinfo/converting-a-time-t-value-to-a-file-time
/// (read 2026-11)
const STEPS_TO_1970: i64 = 116_444_736_000_000_000;

/// Nanoseconds since 1970 UTC of a file time; 0 for what lies before, the latest that fits for what
/// lies behind it.
#[must_use]
pub const fn unix_ns(filetime: i64) -> u64 {
    let steps = filetime.saturating_sub(STEPS_TO_1970);
    if steps < 0 { 0 } else { steps.cast_unsigned().saturating_mul(100) }
}

#[cfg(test)]
mod tests {
    use super::unix_ns;

    #[test]
    fn file_times_become_nanoseconds_since_1970_whatever_they_are() {
        assert_eq!(unix_ns(116_444_736_000_000_000), 0);
        // 2026-11-22 00:00:00 UTC.
        assert_eq!(unix_ns(134_397_792_000_000_007), 1_795_305_600_000_000_700);
        assert_eq!(unix_ns(0), 0);
        assert_eq!(unix_ns(i64::MIN), 0);
        assert_eq!(unix_ns(i64::MAX), u64::MAX);
    }
}
