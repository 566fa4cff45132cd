//! A snapshot as Prometheus protobuf: classic and native buckets side by side.

use super::messages::{
    Bucket, Histogram, LabelPair, Metric as Series, MetricFamily, MetricType, Number,
};
use super::native::{Native, SCHEMA};
use crate::catalogue::{Kind, Metric};
use crate::snapshot::{Family, HistogramValue, Sample, Snapshot, Value};
use prost::Message as _;

/// The snapshot as delimited `MetricFamily` messages: the length of each before it.
#[must_use]
pub fn protobuf(snapshot: &Snapshot) -> Vec<u8> {
    let mut out = Vec::new();
    for family in snapshot.families.iter().filter(|family| !family.samples.is_empty()) {
        // One family at a time: the whole page is never there as messages.
        out.extend(message(family).encode_length_delimited_to_vec());
    }
    out
}

fn message(family: &Family) -> MetricFamily {
    let metric = family.metric;
    let kind = match metric.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge | Kind::Info => MetricType::Gauge,
        Kind::Histogram(_) => MetricType::Histogram,
    };
    MetricFamily {
        name: Some(metric.name.to_owned()),
        help: Some(metric.help.to_owned()),
        r#type: Some(kind.into()),
        metric: family.samples.iter().map(|sample| series(metric, sample)).collect(),
    }
}

fn series(metric: &Metric, sample: &Sample) -> Series {
    let labels = metric.labels.iter().zip(&sample.labels).map(|(label, value)| LabelPair {
        name: Some(label.name.to_owned()),
        value: Some(value.as_ref().to_owned()),
    });
    let mut out = Series { label: labels.collect(), ..Series::default() };
    let number = || Some(Number { value: Some(sample.value.number()) });
    match &sample.value {
        Value::Counter(_) | Value::CounterFloat(_) => out.counter = number(),
        Value::Gauge(_) | Value::GaugeFloat(_) | Value::Info => out.gauge = number(),
        Value::Histogram(value) => out.histogram = Some(histogram(value)),
    }
    out
}

fn histogram(value: &HistogramValue) -> Histogram {
    let mut below = 0_u64;
    let classic = value.classic().into_iter().map(|(bound, count)| {
        below = below.saturating_add(count);
        Bucket { cumulative_count: Some(below), upper_bound: Some(bound) }
    });
    let bucket = classic.collect();
    let native = Native::of(value);
    Histogram {
        sample_count: Some(value.count()),
        sample_sum: Some(value.scale.sum(value.sum)),
        bucket,
        schema: Some(SCHEMA),
        zero_threshold: Some(native.zero_threshold),
        zero_count: Some(native.zero_count),
        positive_span: native.spans,
        positive_delta: native.deltas,
    }
}
