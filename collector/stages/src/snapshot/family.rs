//! Families, samples and values: what encoders read.

use crate::catalogue::{Kind, Metric, Scale, as_float};
use std::borrow::Cow;
use std::sync::Arc;

/// A label's value: fixed, shared between samples, or of one sample alone.
#[derive(Clone, Debug)]
pub enum LabelValue {
    /// One of the catalogue's own.
    Fixed(&'static str),
    /// A program.
    Shared(Arc<str>),
    /// Made for this sample.
    Own(Box<str>),
}

impl AsRef<str> for LabelValue {
    fn as_ref(&self) -> &str {
        match self {
            Self::Fixed(text) => text,
            Self::Shared(text) => text,
            Self::Own(text) => text,
        }
    }
}

impl PartialEq for LabelValue {
    fn eq(&self, other: &Self) -> bool {
        self.as_ref() == other.as_ref()
    }
}

impl From<&'static str> for LabelValue {
    fn from(text: &'static str) -> Self {
        Self::Fixed(text)
    }
}

impl From<&Arc<str>> for LabelValue {
    fn from(text: &Arc<str>) -> Self {
        Self::Shared(text.clone())
    }
}

impl From<String> for LabelValue {
    fn from(text: String) -> Self {
        Self::Own(text.into_boxed_str())
    }
}

/// A histogram on the driver's own scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistogramValue {
    /// Its scale.
    pub scale: Scale,
    /// Counts by bucket of the scale's range; empty where nothing was counted.
    pub buckets: Cow<'static, [u64]>,
    /// Sum in the driver's unit.
    pub sum: u64,
}

impl HistogramValue {
    /// How many values were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Counts between one classic bound and the next, with their upper bounds; the last is `+Inf`.
    #[must_use]
    pub fn classic(&self) -> Vec<(f64, u64)> {
        let mut out = Vec::with_capacity(32);
        let mut from = 0;
        for exponent in self.scale.classic() {
            let to = usize::from(self.scale.range.buckets_up_to(exponent));
            out.push((self.scale.bound(exponent), self.count_of(from, to)));
            from = to;
        }
        out.push((f64::INFINITY, self.count_of(from, self.buckets.len())));
        out
    }

    fn count_of(&self, from: usize, to: usize) -> u64 {
        let counts = self.buckets.get(from..to.min(self.buckets.len())).unwrap_or(&[]);
        counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

/// A sample's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Counter(u64),
    /// Of a counter of seconds.
    CounterFloat(f64),
    /// Of a gauge of whole numbers.
    Gauge(i64),
    /// Of a gauge in seconds.
    GaugeFloat(f64),
    /// Of an info.
    Info,
    /// Of a histogram.
    Histogram(HistogramValue),
}

impl Value {
    /// The number of a counter or gauge; 1 of an info; the count of a histogram.
    #[must_use]
    pub fn number(&self) -> f64 {
        match self {
            Self::Counter(value) => as_float(*value),
            Self::Gauge(value) => {
                as_float(value.unsigned_abs()) * if *value < 0 { -1.0 } else { 1.0 }
            }
            Self::CounterFloat(value) | Self::GaugeFloat(value) => *value,
            Self::Info => 1.0,
            Self::Histogram(histogram) => as_float(histogram.count()),
        }
    }
}

/// One series.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Values of the metric's labels, in their order.
    pub labels: Box<[LabelValue]>,
    /// The value.
    pub value: Value,
}

/// A metric and its series.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// The catalogue's entry.
    pub metric: &'static Metric,
    /// Its series, sorted by label values.
    pub samples: Vec<Sample>,
}

/// Gathers the samples of one metric.
#[derive(Debug)]
pub(super) struct Builder {
    pub(super) metric: &'static Metric,
    samples: Vec<Sample>,
}

impl Builder {
    pub(super) const fn new(metric: &'static Metric) -> Self {
        Self { metric, samples: Vec::new() }
    }

    pub(super) fn counter<const N: usize>(
        &mut self,
        labels: [impl Into<LabelValue>; N],
        value: u64,
    ) {
        self.push(labels.map(Into::into).into(), Value::Counter(value));
    }

    pub(super) fn counter_float<const N: usize>(
        &mut self,
        labels: [impl Into<LabelValue>; N],
        value: f64,
    ) {
        self.push(labels.map(Into::into).into(), Value::CounterFloat(value));
    }

    pub(super) fn gauge<const N: usize>(&mut self, labels: [impl Into<LabelValue>; N], value: u64) {
        self.signed(labels, i64::try_from(value).unwrap_or(i64::MAX));
    }

    pub(super) fn signed<const N: usize>(
        &mut self,
        labels: [impl Into<LabelValue>; N],
        value: i64,
    ) {
        self.push(labels.map(Into::into).into(), Value::Gauge(value));
    }

    pub(super) fn seconds<const N: usize>(
        &mut self,
        labels: [impl Into<LabelValue>; N],
        value_ns: u64,
    ) {
        let value = as_float(value_ns) / 1e9;
        self.push(labels.map(Into::into).into(), Value::GaugeFloat(value));
    }

    pub(super) fn info<const N: usize>(&mut self, labels: [LabelValue; N]) {
        self.push(labels.into(), Value::Info);
    }

    pub(super) fn histogram<const N: usize>(
        &mut self,
        labels: [LabelValue; N],
        buckets: &[u64],
        sum: u64,
    ) {
        let Kind::Histogram(scale) = self.metric.kind else { return };
        let buckets = Cow::Owned(buckets.to_vec());
        let value = Value::Histogram(HistogramValue { scale, buckets, sum });
        self.push(labels.into(), value);
    }

    fn push(&mut self, labels: Box<[LabelValue]>, value: Value) {
        debug_assert_eq!(labels.len(), self.metric.labels.len(), "{}", self.metric.name);
        self.samples.push(Sample { labels, value });
    }

    /// The family, its samples sorted.
    pub(super) fn finish(mut self) -> Family {
        let by_labels = |one: &Sample, other: &Sample| {
            let texts = one.labels.iter().map(AsRef::<str>::as_ref);
            texts.cmp(other.labels.iter().map(AsRef::as_ref))
        };
        self.samples.sort_by(by_labels);
        Family { metric: self.metric, samples: self.samples }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classic_counts_hold_every_value_once() {
        let scale = Scale::RUN_TIME;
        let mut buckets = vec![0; usize::from(scale.range.buckets())];
        for value in [0, 1 << 9, (1 << 9) + 1, 1 << 29, (1 << 29) + 1, u64::MAX] {
            buckets[usize::from(scale.range.bucket(value))] += 1;
        }
        let histogram = HistogramValue { scale, buckets: Cow::Owned(buckets), sum: 0 };
        let classic = histogram.classic();
        assert_eq!(classic.first(), Some(&(2_f64.powi(-23), 2)));
        assert_eq!(classic[1].1, 1);
        assert_eq!((classic[20], classic[21].1), ((0.125, 1), 2));
        assert_eq!(classic.iter().map(|(_, count)| count).sum::<u64>(), histogram.count());
    }

    #[test]
    fn an_empty_histogram_has_every_bound() {
        let histogram =
            HistogramValue { scale: Scale::SEGMENTS, buckets: Cow::Borrowed(&[]), sum: 0 };
        assert_eq!(histogram.classic().len(), 12);
        assert_eq!(histogram.count(), 0);
    }
}
