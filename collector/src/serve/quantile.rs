//! Quantiles from a histogram's own fine buckets.

use weir_abi::buckets::PER_OCTAVE;
use weir_stages::snapshot::HistogramValue;

/// The upper bound of the bucket that holds this quantile, in the metric's unit.
///
/// Sixteen buckets an octave: at most 4.5 % above the exact value, within the histogram's range.
pub(super) fn quantile(histogram: &HistogramValue, permille: u64) -> Option<f64> {
    let count = histogram.count();
    let rank = count.checked_mul(permille)?.div_ceil(1_000).max(1);
    let mut below = 0_u64;
    for (bucket, index) in histogram.buckets.iter().zip(0_u32..) {
        below = below.saturating_add(*bucket);
        if below >= rank {
            return Some(upper_bound(histogram, index));
        }
    }
    None
}

fn upper_bound(histogram: &HistogramValue, index: u32) -> f64 {
    let range = histogram.scale.range;
    let index = index.min(u32::from(range.overflow()) - 1);
    let octaves = f64::from(index) / f64::from(PER_OCTAVE);
    (f64::from(range.low) + octaves - f64::from(histogram.scale.unit_exponent)).exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;
    use weir_stages::catalogue::Scale;

    fn of(values: &[u64]) -> HistogramValue {
        let scale = Scale::RUN_TIME;
        let mut buckets = vec![0; usize::from(scale.range.buckets())];
        for value in values {
            buckets[usize::from(scale.range.bucket(*value))] += 1;
        }
        HistogramValue { scale, buckets: Cow::Owned(buckets), sum: 0 }
    }

    #[test]
    fn a_quantile_lies_just_above_the_value_that_it_stands_for() {
        let values: Vec<u64> = (1..=1_000).map(|step| step * 4_096).collect();
        for (permille, exact) in [(500, 500.0), (990, 990.0), (1_000, 1_000.0)] {
            let exact = exact * 4_096.0 / 2_f64.powi(32);
            let found = quantile(&of(&values), permille).unwrap();
            assert!(found >= exact && found <= exact * 1.045, "{permille}: {found} for {exact}");
        }
    }

    #[test]
    fn an_empty_histogram_has_no_quantile_and_the_ends_have_bounds() {
        assert_eq!(quantile(&of(&[]), 500), None);
        assert_eq!(quantile(&of(&[0]), 500), Some(2_f64.powi(-24)));
        assert_eq!(quantile(&of(&[u64::MAX]), 500), Some(1.0));
    }
}
