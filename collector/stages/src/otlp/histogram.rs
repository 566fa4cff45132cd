//! The driver's buckets as OTLP has them.
//!
//! Bucket i of an OTLP histogram of scale 4 holds (2^(i/16), 2^((i+1)/16)], and so do the driver's,
//! in its own unit; a unit that is a power of two only moves the offset. At the ends:
//!
//! * the driver's first bucket holds 0 and all that is not above the range: `zero_count`, with the
//!   range's lower bound as `zero_threshold`, which belongs to the zero region;
//! * its last holds whatever is above the range. OTLP has no such bucket: the count stands in the
//!   one that begins where the range ends, so its upper bound is wrong, its lower bound right.

use crate::catalogue::Scale;
use crate::snapshot::HistogramValue;
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::{ExponentialHistogramDataPoint, HistogramDataPoint};
use weir_abi::buckets::PER_OCTAVE;

/// Buckets an octave are 2 to this power.
pub(super) const SCALE: i32 = PER_OCTAVE.ilog2().cast_signed();

/// OTLP's index of the driver's second bucket, the first that is not the zero region's.
fn first_index(scale: Scale) -> i32 {
    let per_octave = PER_OCTAVE.cast_signed();
    (scale.range.low.cast_signed() - scale.unit_exponent.cast_signed()) * per_octave
}

/// A point without attributes and times.
pub(super) fn exponential(value: &HistogramValue) -> ExponentialHistogramDataPoint {
    let scale = value.scale;
    let (zero_count, regular) = match value.buckets.split_first() {
        Some((zero, regular)) => (*zero, regular),
        None => (0, [].as_slice()),
    };
    let first = regular.iter().position(|count| *count > 0);
    let last = regular.iter().rposition(|count| *count > 0);
    let positive = first.zip(last).map(|(first, last)| Buckets {
        offset: first_index(scale) + i32::try_from(first).unwrap_or(i32::MAX),
        bucket_counts: regular[first..=last].to_vec(),
    });
    ExponentialHistogramDataPoint {
        count: value.count(),
        sum: Some(scale.sum(value.sum)),
        scale: SCALE,
        zero_count,
        zero_threshold: scale.bound(scale.range.low),
        positive,
        ..ExponentialHistogramDataPoint::default()
    }
}

/// The same with the classic bounds of `/metrics`.
pub(super) fn explicit(value: &HistogramValue) -> HistogramDataPoint {
    let classic = value.classic();
    HistogramDataPoint {
        count: value.count(),
        sum: Some(value.scale.sum(value.sum)),
        explicit_bounds: classic
            .iter()
            .map(|(bound, _)| *bound)
            .filter(|it| it.is_finite())
            .collect(),
        bucket_counts: classic.iter().map(|(_, count)| *count).collect(),
        ..HistogramDataPoint::default()
    }
}

/// What was counted since; `None` where something fell, which only a reset does.
pub(super) fn since(now: &HistogramValue, before: &HistogramValue) -> Option<HistogramValue> {
    let mut buckets = now.buckets.to_vec();
    if before.buckets.len() > buckets.len() {
        return None;
    }
    for (count, before) in buckets.iter_mut().zip(before.buckets.iter()) {
        *count = count.checked_sub(*before)?;
    }
    let sum = now.sum.checked_sub(before.sum)?;
    Some(HistogramValue { scale: now.scale, buckets: buckets.into(), sum })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scale: Scale, values: &[u64]) -> HistogramValue {
        let mut buckets = vec![0; usize::from(scale.range.buckets())];
        for value in values {
            buckets[usize::from(scale.range.bucket(*value))] += 1;
        }
        HistogramValue { scale, buckets: buckets.into(), sum: values.iter().sum() }
    }

    /// Whether `value` (the driver's unit) lies in OTLP's bucket `index` (the metric's), by integers:
    /// 2^(index/16) < v  <=>  2^index < v^16, with both sides cut into whole and part.
    fn holds(scale: Scale, index: i32, value: u64) -> bool {
        above(scale, index, value) && !above(scale, index + 1, value)
    }

    /// Whether value * 2^-unit > 2^(index/16), that is value > 2^(exponent/16): squared four times,
    /// the mantissa kept to 128 bits; `value` is never so near a bound that this rounds wrongly.
    fn above(scale: Scale, index: i32, value: u64) -> bool {
        let exponent = index + scale.unit_exponent.cast_signed() * 16;
        let (octave, part) = (exponent.div_euclid(16), exponent.rem_euclid(16));
        let octave = u32::try_from(octave).unwrap();
        if value <= 1 << octave {
            return false;
        }
        if value >= 2 << octave {
            return true;
        }
        // m in [2^62, 2^63) stands for m / 2^62 in [1, 2); m^16 > 2^part?
        let mut mantissa = u128::from(value) << (62 - value.ilog2());
        let mut octaves = 0;
        for _ in 0..4 {
            mantissa *= mantissa;
            mantissa >>= 62;
            octaves *= 2;
            if mantissa >= 1 << 63 {
                mantissa >>= 1;
                octaves += 1;
            }
        }
        octaves >= part
    }

    const SCALES: [Scale; 4] =
        [Scale::RUN_TIME, Scale::DECISION_TIME, Scale::BYTES, Scale::SEGMENTS];

    #[test]
    fn every_value_lies_in_the_bucket_that_counts_it() {
        for scale in SCALES {
            let (low, high) = (scale.range.low, scale.range.high);
            let mut values: Vec<u64> = (1..5_000).map(|it| (1 << low) + it).collect();
            for octave in low..high {
                values
                    .extend((0..1_000).map(|it| (1_u64 << octave) + ((it << octave) / 1_000) + 1));
                values.extend([(1 << octave) + 1, (2 << octave) - 1, 2 << octave]);
            }
            let in_range = |it: &u64| (1 << low) < *it && *it <= 1 << high;
            for value in values.into_iter().filter(in_range) {
                let point = exponential(&of(scale, &[value]));
                let Some(positive) = point.positive else { panic!("{value} is no zero") };
                assert_eq!((point.zero_count, positive.bucket_counts.as_slice()), (0, &[1][..]));
                assert!(holds(scale, positive.offset, value), "{scale:?} {value}");
            }
        }
    }

    #[test]
    fn bounds_of_powers_of_two_belong_to_the_bucket_below() {
        for scale in SCALES {
            for octave in scale.range.low + 1..=scale.range.high {
                let point = exponential(&of(scale, &[1 << octave]));
                let upper = f64::from(point.positive.unwrap().offset + 1) / 16.0;
                assert_eq!(2_f64.powf(upper), scale.bound(octave));
            }
        }
    }

    #[test]
    fn what_is_not_above_the_range_is_the_zero_region() {
        for scale in SCALES {
            let point = exponential(&of(scale, &[0, 1, 1 << scale.range.low]));
            assert_eq!((point.zero_count, point.count, point.positive), (3, 3, None));
            assert_eq!(point.zero_threshold, scale.bound(scale.range.low));
        }
    }

    #[test]
    fn what_is_above_the_range_stands_in_the_bucket_where_the_range_ends() {
        for scale in SCALES {
            let point = exponential(&of(scale, &[(1 << scale.range.high) + 1, u64::MAX / 2]));
            let positive = point.positive.unwrap();
            assert_eq!(positive.bucket_counts, [2]);
            assert_eq!(
                2_f64.powf(f64::from(positive.offset) / 16.0),
                scale.bound(scale.range.high)
            );
        }
    }

    #[test]
    fn counts_add_up_and_an_empty_one_is_empty() {
        let value = of(Scale::BYTES, &[0, 3, 900, 901, 1 << 40]);
        let point = exponential(&value);
        let counted: u64 = point.positive.unwrap().bucket_counts.iter().sum();
        assert_eq!((counted + point.zero_count, point.count), (5, 5));
        let explicit = explicit(&value);
        assert_eq!(explicit.bucket_counts.len(), explicit.explicit_bounds.len() + 1);
        assert_eq!(explicit.bucket_counts.iter().sum::<u64>(), explicit.count);
        let none = HistogramValue { scale: Scale::BYTES, buckets: Vec::new().into(), sum: 0 };
        assert_eq!((exponential(&none).count, exponential(&none).positive), (0, None));
    }

    #[test]
    fn a_bucket_that_fell_is_a_reset() {
        let (before, now) = (of(Scale::BYTES, &[3, 5]), of(Scale::BYTES, &[3, 5, 9]));
        assert_eq!(since(&now, &before), Some(of(Scale::BYTES, &[9])));
        assert_eq!(since(&before, &now), None);
        assert_eq!(since(&of(Scale::BYTES, &[3, 9, 9]), &before), None);
    }
}
