//! Prometheus's protobuf messages, as far as they are used here, written by hand: no protoc.
//!
//! Source: io/prometheus/client/metrics.proto of github.com/prometheus/client_model, and the copy
//! in prompb of github.com/prometheus/prometheus (read 2026-11). Field numbers are theirs.

use prost::Message;

/// A metric's samples; `MetricFamily`.
#[derive(Clone, PartialEq, Message)]
pub struct MetricFamily {
    /// Name, with `_total` or `_info` where samples have it.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// What it means.
    #[prost(string, optional, tag = "2")]
    pub help: Option<String>,
    /// Type.
    #[prost(enumeration = "MetricType", optional, tag = "3")]
    pub r#type: Option<i32>,
    /// Samples.
    #[prost(message, repeated, tag = "4")]
    pub metric: Vec<Metric>,
}

/// Type of a family; `MetricType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
pub enum MetricType {
    /// Only grows.
    Counter = 0,
    /// Goes both ways.
    Gauge = 1,
    /// Counts by size.
    Histogram = 4,
}

/// One series; `Metric`.
#[derive(Clone, PartialEq, Message)]
pub struct Metric {
    /// Labels.
    #[prost(message, repeated, tag = "1")]
    pub label: Vec<LabelPair>,
    /// Of a gauge.
    #[prost(message, optional, tag = "2")]
    pub gauge: Option<Number>,
    /// Of a counter.
    #[prost(message, optional, tag = "3")]
    pub counter: Option<Number>,
    /// Of a histogram.
    #[prost(message, optional, tag = "7")]
    pub histogram: Option<Histogram>,
}

/// A label and its value; `LabelPair`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LabelPair {
    /// Name.
    #[prost(string, optional, tag = "1")]
    pub name: Option<String>,
    /// Value.
    #[prost(string, optional, tag = "2")]
    pub value: Option<String>,
}

/// A number; `Gauge` and `Counter` are both this on the wire.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Number {
    /// The number.
    #[prost(double, optional, tag = "1")]
    pub value: Option<f64>,
}

/// Classic and native buckets of the same values; `Histogram`.
#[derive(Clone, PartialEq, Message)]
pub struct Histogram {
    /// How many values.
    #[prost(uint64, optional, tag = "1")]
    pub sample_count: Option<u64>,
    /// Their sum.
    #[prost(double, optional, tag = "2")]
    pub sample_sum: Option<f64>,
    /// Classic buckets, ascending.
    #[prost(message, repeated, tag = "3")]
    pub bucket: Vec<Bucket>,
    /// Native buckets: 2 to this power an octave.
    #[prost(sint32, optional, tag = "5")]
    pub schema: Option<i32>,
    /// Values up to this are in the zero bucket.
    #[prost(double, optional, tag = "6")]
    pub zero_threshold: Option<f64>,
    /// How many those are.
    #[prost(uint64, optional, tag = "7")]
    pub zero_count: Option<u64>,
    /// Where the native buckets are.
    #[prost(message, repeated, tag = "12")]
    pub positive_span: Vec<BucketSpan>,
    /// Their counts, each less the one before.
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    pub positive_delta: Vec<i64>,
}

/// A classic bucket; `Bucket`.
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Bucket {
    /// Values up to its bound.
    #[prost(uint64, optional, tag = "1")]
    pub cumulative_count: Option<u64>,
    /// The bound, inclusive.
    #[prost(double, optional, tag = "2")]
    pub upper_bound: Option<f64>,
}

/// Consecutive native buckets; `BucketSpan`.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub struct BucketSpan {
    /// Buckets left out before it; of the first, its index.
    #[prost(sint32, optional, tag = "1")]
    pub offset: Option<i32>,
    /// How many there are.
    #[prost(uint32, optional, tag = "2")]
    pub length: Option<u32>,
}
