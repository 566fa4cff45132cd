//! The driver's buckets as buckets of a Prometheus native histogram.
//!
//! Schema 4 has the driver's bounds exactly, so nothing is interpolated:
//!
//! * regular buckets go over one to one;
//! * the underflow bucket is the zero bucket, whose threshold is the range's lower bound: it holds
//!   zeros and everything up to that bound, inclusive, as the driver counts;
//! * the overflow bucket is the one that ends at +Inf. It says "above every bound" and not how far:
//!   a quantile that falls into it is +Inf, not a number that looks measured.
//!
//! Source: prometheus.io/docs/specs/native_histograms (read 2026-11).

use super::messages::BucketSpan;
use crate::snapshot::HistogramValue;
use weir_abi::buckets::PER_OCTAVE;

/// 2 to this power buckets an octave: 16.
pub(super) const SCHEMA: i32 = 4;

/// Index of the bucket from the greatest finite float to +Inf: 1,024 octaves above 1, and one.
const INFINITE: i32 = (1_024 << SCHEMA) + 1;

/// Empty buckets in a row that are written rather than ending a span: a span costs more bytes.
const GAP_MAX: i32 = 2;

/// The native side of a histogram.
#[derive(Debug, PartialEq)]
pub(super) struct Native {
    pub(super) zero_threshold: f64,
    pub(super) zero_count: u64,
    pub(super) spans: Vec<BucketSpan>,
    pub(super) deltas: Vec<i64>,
}

impl Native {
    pub(super) fn of(histogram: &HistogramValue) -> Self {
        let range = histogram.scale.range;
        let octaves = i64::from(range.low) - i64::from(histogram.scale.unit_exponent);
        let below = i32::try_from(octaves * i64::from(PER_OCTAVE)).unwrap_or(i32::MIN);
        let mut out = Self {
            zero_threshold: histogram.scale.bound(range.low),
            zero_count: histogram.buckets.first().copied().unwrap_or(0),
            spans: Vec::new(),
            deltas: Vec::new(),
        };
        let mut writer = Writer { next: 0, last: 0 };
        for (count, place) in histogram.buckets.iter().zip(0_u16..).skip(1) {
            if *count > 0 {
                let is_overflow = place >= range.overflow();
                let index = if is_overflow { INFINITE } else { below + i32::from(place) };
                writer.put(&mut out, index, *count);
            }
        }
        out
    }
}

/// Where the next bucket goes.
struct Writer {
    /// Index after the last one written.
    next: i32,
    /// Count of the last one.
    last: i64,
}

impl Writer {
    fn put(&mut self, out: &mut Native, index: i32, count: u64) {
        let gap = index.saturating_sub(self.next);
        match out.spans.last_mut() {
            Some(span) if gap <= GAP_MAX => {
                for _ in 0..gap {
                    lengthen(span);
                    out.deltas.push(0_i64.saturating_sub(self.last));
                    self.last = 0;
                }
                lengthen(span);
            }
            _ => out.spans.push(BucketSpan { offset: Some(gap), length: Some(1) }),
        }
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        out.deltas.push(count.saturating_sub(self.last));
        self.last = count;
        self.next = index.saturating_add(1);
    }
}

fn lengthen(span: &mut BucketSpan) {
    span.length = Some(span.length.unwrap_or(0).saturating_add(1));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Scale;
    use std::borrow::Cow;

    fn of(scale: Scale, values: &[u64]) -> Native {
        let mut buckets = vec![0; usize::from(scale.range.buckets())];
        for value in values {
            buckets[usize::from(scale.range.bucket(*value))] += 1;
        }
        Native::of(&HistogramValue { scale, buckets: Cow::Owned(buckets), sum: 0 })
    }

    /// Counts by index, as a reader takes them apart.
    fn read(native: &Native) -> Vec<(i32, i64)> {
        let (mut index, mut count, mut found) = (0, 0, Vec::new());
        let mut deltas = native.deltas.iter();
        for span in &native.spans {
            index += span.offset.unwrap();
            for _ in 0..span.length.unwrap() {
                count += deltas.next().unwrap();
                found.push((index, count));
                index += 1;
            }
        }
        assert_eq!(deltas.next(), None);
        found.retain(|(_, count)| *count > 0);
        found
    }

    #[test]
    fn every_value_lies_in_the_bucket_that_native_histograms_have_for_it() {
        for scale in [Scale::RUN_TIME, Scale::DECISION_TIME, Scale::BYTES, Scale::SEGMENTS] {
            let (low, high) = (1_u64 << scale.range.low, 1_u64 << scale.range.high);
            for value in [low + 1, low * 3, low * 1_000 + 7, high / 3, high - 1, high] {
                let native = of(scale, &[value]);
                let found = read(&native);
                let &[(index, 1)] = &found[..] else { panic!("{value}: {found:?}") };
                let measured = (value as f64).log2() - f64::from(scale.unit_exponent);
                let upper = f64::from(index) / 16.0;
                assert!(measured <= upper + 1e-9, "{value}: {index}");
                assert!(measured > upper - 1.0 / 16.0 - 1e-9, "{value}: {index}");
                assert_eq!(native.zero_count, 0);
            }
        }
    }

    #[test]
    fn the_zero_bucket_ends_where_the_regular_ones_begin() {
        let native = of(Scale::RUN_TIME, &[0, 1, 256, 257]);
        assert_eq!((native.zero_threshold, native.zero_count), (2_f64.powi(-24), 3));
        // Upper bound of the first regular bucket: 2^-24 s and a sixteenth of an octave.
        assert_eq!(read(&native), [(-24 * 16 + 1, 1)]);
    }

    #[test]
    fn what_lies_above_the_range_is_in_the_bucket_up_to_infinity() {
        let native = of(Scale::RUN_TIME, &[1 << 32, (1 << 32) + 1, u64::MAX]);
        assert_eq!(read(&native), [(0, 1), (16_385, 2)]);
    }

    #[test]
    fn spans_and_deltas_hold_every_count_once() {
        let values: Vec<u64> = (0..4_000).map(|step: u64| step * step * 977).collect();
        let native = of(Scale::RUN_TIME, &values);
        let sum: i64 = read(&native).iter().map(|(_, count)| count).sum();
        assert_eq!(sum + i64::try_from(native.zero_count).unwrap(), 4_000);
        let length: u32 = native.spans.iter().filter_map(|span| span.length).sum();
        assert_eq!(usize::try_from(length).unwrap(), native.deltas.len());
    }

    #[test]
    fn an_empty_histogram_still_has_its_threshold() {
        let value = HistogramValue { scale: Scale::SEGMENTS, buckets: Cow::Borrowed(&[]), sum: 0 };
        let native = Native::of(&value);
        assert_eq!((native.zero_threshold, native.zero_count), (1.0, 0));
        assert!(native.spans.is_empty() && native.deltas.is_empty());
    }
}
