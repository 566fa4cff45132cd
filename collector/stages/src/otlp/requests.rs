//! Points into requests of bounded size.

use super::Options;
use crate::catalogue::{Kind, Metric};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue, any_value::Value,
};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
    HistogramDataPoint, Metric as OtlpMetric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message as _;

/// Most points of a request: half of what the OTel Collector puts into a batch unless told
/// otherwise, so a gateway need not split it. At the bound another request begins.
pub const POINTS_MAX: usize = 4_000;

/// Most bytes of a request's points: half of the 4 MiB that gRPC servers take unless told otherwise.
/// At the bound another request begins.
pub const REQUEST_BYTES_MAX: usize = 2 << 20;

/// One request and how much is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The message.
    pub message: ExportMetricsServiceRequest,
    /// Its points.
    pub points: usize,
}

/// What a metric's points are gathered into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// No time but now.
    Gauge,
    /// Adds up; only grows where monotonic.
    Sum { is_monotonic: bool, temporality: AggregationTemporality },
    /// Exponential histogram.
    Exponential(AggregationTemporality),
    /// Histogram with explicit bounds.
    Explicit(AggregationTemporality),
}

/// A point of one of the shapes.
#[derive(Debug)]
pub(super) enum Point {
    Number(NumberDataPoint),
    Exponential(ExponentialHistogramDataPoint),
    Explicit(HistogramDataPoint),
}

impl Point {
    fn encoded_len(&self) -> usize {
        match self {
            Self::Number(point) => point.encoded_len(),
            Self::Exponential(point) => point.encoded_len(),
            Self::Explicit(point) => point.encoded_len(),
        }
    }
}

/// Gathers points, metric after metric.
pub(super) struct Requests<'a> {
    options: &'a Options,
    done: Vec<Request>,
    metrics: Vec<OtlpMetric>,
    points: usize,
    bytes: usize,
}

impl<'a> Requests<'a> {
    pub(super) const fn new(options: &'a Options) -> Self {
        Self { options, done: Vec::new(), metrics: Vec::new(), points: 0, bytes: 0 }
    }

    /// Adds a point; those of one metric come one after the other.
    pub(super) fn push(&mut self, metric: &'static Metric, shape: Shape, point: Point) {
        // Five bytes are the tag and the length around a point.
        let bytes = point.encoded_len() + 5;
        if self.points == POINTS_MAX || self.bytes + bytes > REQUEST_BYTES_MAX {
            self.cut();
        }
        if self.metrics.last().is_none_or(|last| last.name != metric.otel_name) {
            let empty = empty(metric, shape);
            self.bytes += empty.encoded_len() + 5;
            self.metrics.push(empty);
        }
        let data = self.metrics.last_mut().and_then(|last| last.data.as_mut());
        match (data, point) {
            (Some(Data::Gauge(it)), Point::Number(point)) => it.data_points.push(point),
            (Some(Data::Sum(it)), Point::Number(point)) => it.data_points.push(point),
            (Some(Data::ExponentialHistogram(it)), Point::Exponential(point)) => {
                it.data_points.push(point);
            }
            (Some(Data::Histogram(it)), Point::Explicit(point)) => it.data_points.push(point),
            (_, _) => {
                debug_assert!(false, "{} has points of two shapes", metric.name);
                return;
            }
        }
        self.points += 1;
        self.bytes += bytes;
    }

    pub(super) fn finish(mut self) -> Vec<Request> {
        self.cut();
        self.done
    }

    fn cut(&mut self) {
        if self.points == 0 {
            return;
        }
        let resource = self.options.resource.iter();
        let resource = resource.map(|(key, value)| attribute(key, value)).collect();
        let scope = InstrumentationScope {
            name: "weir".to_owned(),
            version: self.options.version.to_owned(),
            ..InstrumentationScope::default()
        };
        let metrics = ScopeMetrics {
            scope: Some(scope),
            metrics: core::mem::take(&mut self.metrics),
            schema_url: String::new(),
        };
        let of_resource = ResourceMetrics {
            resource: Some(Resource { attributes: resource, ..Resource::default() }),
            scope_metrics: vec![metrics],
            schema_url: String::new(),
        };
        let message = ExportMetricsServiceRequest { resource_metrics: vec![of_resource] };
        self.done.push(Request { message, points: self.points });
        (self.points, self.bytes) = (0, 0);
    }
}

/// An attribute with a text.
pub(super) fn attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue { value: Some(Value::StringValue(value.to_owned())) };
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn empty(metric: &'static Metric, shape: Shape) -> OtlpMetric {
    let data_points = Vec::new();
    let data = match shape {
        Shape::Gauge => Data::Gauge(Gauge { data_points }),
        Shape::Sum { is_monotonic, temporality } => {
            let aggregation_temporality = temporality.into();
            Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic })
        }
        Shape::Exponential(temporality) => Data::ExponentialHistogram(ExponentialHistogram {
            data_points: Vec::new(),
            aggregation_temporality: temporality.into(),
        }),
        Shape::Explicit(temporality) => Data::Histogram(Histogram {
            data_points: Vec::new(),
            aggregation_temporality: temporality.into(),
        }),
    };
    // What a translation back to Prometheus reads: opentelemetry.io/docs/specs/otel/compatibility/
    // prometheus_and_openmetrics, metric metadata (read 2026-11).
    let is_info = metric.kind == Kind::Info;
    let metadata = if is_info { vec![attribute("prometheus.type", "info")] } else { Vec::new() };
    OtlpMetric {
        name: metric.otel_name.to_owned(),
        description: metric.help.to_owned(),
        unit: metric.otel_unit.to_owned(),
        metadata,
        data: Some(data),
    }
}
