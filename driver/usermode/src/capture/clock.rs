//! Interface clocks: ticks of a capture to nanoseconds since 1970.
//!
//! `pcap-parser` reads resolutions in powers of two as unsupported and the offset of a big-endian
//! section as little-endian, so both are decoded here.

/// How an interface counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    /// Nanoseconds are `ticks * multiplier / divisor`.
    multiplier: u64,
    divisor: u128,
    offset_s: i64,
}

impl Clock {
    /// Microseconds since 1970, the default of both formats.
    pub(super) const MICROSECONDS: Self = Self { multiplier: 1_000, divisor: 1, offset_s: 0 };
    /// Nanoseconds since 1970.
    pub(super) const NANOSECONDS: Self = Self { multiplier: 1, divisor: 1, offset_s: 0 };

    /// The clock of a pcapng interface.
    ///
    /// Source: draft-ietf-opsawg-pcapng, section 4.2: the high bit of `if_tsresol` chooses between
    /// negative powers of 10 and of 2; `if_tsoffset` is in seconds.
    pub(super) fn new(tsresol: u8, offset_s: i64) -> Self {
        let exponent = u32::from(tsresol & 0x7f);
        let (multiplier, divisor) = if tsresol & 0x80 != 0 {
            (1_000_000_000, 1 << exponent)
        } else if exponent <= 9 {
            (10_u64.pow(9 - exponent), 1)
        } else {
            (1, 10_u128.checked_pow(exponent - 9).unwrap_or(u128::MAX))
        };
        Self { multiplier, divisor, offset_s }
    }

    /// Nanoseconds since 1970; saturates at both ends of the type.
    #[inline]
    pub(super) fn at_ns(self, ticks: u64) -> u64 {
        let elapsed_ns = if self.divisor == 1 {
            ticks.saturating_mul(self.multiplier)
        } else {
            let exact = u128::from(ticks) * u128::from(self.multiplier) / self.divisor;
            u64::try_from(exact).unwrap_or(u64::MAX)
        };
        elapsed_ns.saturating_add_signed(self.offset_s.saturating_mul(1_000_000_000))
    }

    /// The time of a pcap record: seconds and a fraction in this clock's ticks.
    #[inline]
    pub(super) fn split_at_ns(self, seconds: u32, fraction: u32) -> u64 {
        u64::from(seconds) * 1_000_000_000 + u64::from(fraction) * self.multiplier
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    fn check(tsresol: u8, offset_s: i64, ticks: u64, expect_ns: u64) {
        assert_eq!(Clock::new(tsresol, offset_s).at_ns(ticks), expect_ns);
    }

    #[test]
    fn decimal_and_binary_resolutions_become_nanoseconds() {
        check(0, 0, 3, 3_000_000_000);
        check(6, 0, 1_500_000, 1_500_000_000);
        check(9, 0, 7, 7);
        check(12, 0, 7_999, 7);
        check(0x80, 0, 3, 3_000_000_000);
        check(0x80 | 10, 0, 512, 500_000_000);
        check(0x80 | 63, 0, 1 << 62, 500_000_000);
    }

    #[test]
    fn offsets_shift_by_seconds_and_extremes_saturate() {
        check(6, 2, 1, 2_000_001_000);
        check(6, -1, 1_000_000, 0);
        check(0, i64::MAX, u64::MAX, u64::MAX);
        check(127, i64::MIN, u64::MAX, 0);
        check(0xff, 0, u64::MAX, 0);
    }
}
