//! The one histogram scale: 16 buckets an octave, upper bounds inclusive.
//!
//! That is scale 4 of OTLP exponential histograms and schema 4 of Prometheus native histograms,
//! exactly, and powers of two are bounds, so classic buckets are a subset.
//! Integer arithmetic only, so ring 0 can use it.
//! Source: opentelemetry.io/docs/specs/otel/metrics/data-model (exponential histogram scale).

/// Buckets an octave.
pub const PER_OCTAVE: u32 = 16;

/// Most buckets that a range has, under- and overflow included.
pub const BUCKETS_MAX: usize = 514;

/// `floor(2^63 * 2^(j/16))`: the bounds within an octave, scaled to a 64-bit mantissa.
const BOUNDS: [u64; 16] = [
    0x8000_0000_0000_0000,
    0x85aa_c367_cc48_7b14,
    0x8b95_c1e3_ea8b_d6e6,
    0x91c3_d373_ab11_c336,
    0x9837_f051_8db8_a96f,
    0x9ef5_3260_91a1_11ad,
    0xa5fe_d6a9_b151_38ea,
    0xad58_3eea_42a1_4ac6,
    0xb504_f333_f9de_6484,
    0xbd08_a39f_580c_36be,
    0xc567_2a11_5506_dadd,
    0xce24_8c15_1f84_80e3,
    0xd744_fcca_d69d_6af4,
    0xe0cc_deec_2a94_e111,
    0xeac0_c6e7_dd24_392e,
    0xf525_7d15_2486_cc2c,
];

/// The octaves that a histogram covers: values in (2^`low`, 2^`high`] have buckets of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Exponent of the lower bound.
    pub low: u32,
    /// Exponent of the upper bound.
    pub high: u32,
}

/// Durations of invocations and callouts in 2^-32 s: from 2^-24 s to 1 s.
pub const RUN_TIME: Range = Range { low: 8, high: 32 };

/// Times to a decision in 2^-32 s: from 2^-10 s to 2^12 s.
pub const DECISION_TIME: Range = Range { low: 22, high: 44 };

/// Bytes that a program saw of a flow: from 1 to 4 GiB.
pub const BYTES: Range = Range { low: 0, high: 32 };

/// Segments that a program saw of a flow: from 1 to 2^20.
pub const SEGMENTS: Range = Range { low: 0, high: 20 };

impl Range {
    /// Buckets of this range: underflow is the first, overflow the last.
    #[must_use]
    pub const fn buckets(self) -> u16 {
        self.overflow().saturating_add(1)
    }

    /// Index of the bucket of values above the range.
    #[must_use]
    pub const fn overflow(self) -> u16 {
        let octaves = self.high.saturating_sub(self.low);
        #[expect(clippy::cast_possible_truncation, reason = "64 octaves of 16 fit a u16")]
        let regular = octaves.saturating_mul(PER_OCTAVE) as u16;
        regular.saturating_add(1)
    }

    /// Index of the bucket of `value`: 0 at or below 2^`low`, then 16 an octave, then overflow.
    #[must_use]
    pub fn bucket(self, value: u64) -> u16 {
        let Some(octave) = value.checked_ilog2() else { return 0 };
        if octave < self.low {
            return 0;
        }
        let mantissa = value.unbounded_shl(63_u32.saturating_sub(octave));
        let within = BOUNDS.iter().filter(|bound| mantissa > **bound).count();
        let whole = octave.saturating_sub(self.low).saturating_mul(PER_OCTAVE);
        let index = u16::try_from(whole).unwrap_or(u16::MAX);
        let index = index.saturating_add(u16::try_from(within).unwrap_or(u16::MAX));
        index.min(self.overflow())
    }

    /// How many of the first buckets hold the values up to 2^`exponent`, which lies in the range.
    #[must_use]
    pub const fn buckets_up_to(self, exponent: u32) -> u16 {
        let octaves = exponent.saturating_sub(self.low);
        #[expect(clippy::cast_possible_truncation, reason = "64 octaves of 16 fit a u16")]
        let regular = octaves.saturating_mul(PER_OCTAVE) as u16;
        regular.saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_two_are_inclusive_upper_bounds() {
        for exponent in RUN_TIME.low..=RUN_TIME.high {
            let value = 1_u64 << exponent;
            let index = RUN_TIME.bucket(value);
            assert_eq!(u32::from(index), (exponent - RUN_TIME.low) * 16, "2^{exponent}");
            assert_eq!(RUN_TIME.bucket(value + 1), index + 1, "2^{exponent} + 1");
            assert_eq!(RUN_TIME.buckets_up_to(exponent), index + 1);
        }
    }

    #[test]
    fn ends_of_the_range_take_what_lies_outside() {
        for value in [0, 1, 2, 255, 256] {
            assert_eq!(RUN_TIME.bucket(value), 0, "{value}");
        }
        for value in [(1 << 32) + 1, 1 << 33, u64::MAX] {
            assert_eq!(RUN_TIME.bucket(value), RUN_TIME.overflow(), "{value}");
        }
        assert_eq!(usize::from(BYTES.buckets()), BUCKETS_MAX);
        assert_eq!(SEGMENTS.bucket(1), 0);
        assert_eq!(SEGMENTS.bucket(2), 16);
    }

    #[test]
    fn buckets_agree_with_logarithms_and_never_fall() {
        let mut last = 0;
        for step in 0..200_000_u64 {
            let value = 256 + step * 21_473;
            let index = RUN_TIME.bucket(value);
            assert!(index >= last, "{value}");
            last = index;
            let exact = (value as f64).log2().mul_add(16.0, -128.0);
            let far_from_bound = (exact - exact.round()).abs() > 1e-6;
            if far_from_bound && value <= 1 << 32 {
                assert_eq!(f64::from(index), exact.ceil(), "{value}");
            }
        }
    }
}
