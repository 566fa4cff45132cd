//! Snapshots to requests, one after the other.

use super::histogram::{explicit, exponential, since};
use super::requests::{Point, Request, Requests, Shape, attribute};
use super::walk::pairs;
use super::{HistogramForm, Options, Starts, Temporality};
use crate::catalogue::{Kind, Metric, Source, as_float};
use crate::snapshot::{Family, Sample, Snapshot, Value};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, DataPointFlags, ExponentialHistogramDataPoint, HistogramDataPoint,
    NumberDataPoint,
};
use std::sync::Arc;

/// The flag of a point without a value.
const NO_VALUE: u32 = DataPointFlags::NoRecordedValueMask as u32;

/// What a converter did that no point shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Deltas of series whose totals fell; the total is the delta then.
    pub resets: u64,
    /// Points that say that a series ended.
    pub ended: u64,
    /// Totals from before this collector, under delta: they begin a series and are not sent, because
    /// the collector before may have sent them.
    pub baselines: u64,
}

/// Turns each snapshot into requests. Its state is the snapshot before and nothing else, so it is
/// bounded by what bounds a snapshot.
#[derive(Debug)]
pub struct Converter {
    options: Options,
    before: Option<Before>,
    counted: Counted,
}

#[derive(Debug)]
struct Before {
    snapshot: Arc<Snapshot>,
    starts: Starts,
}

impl Converter {
    /// One that has seen nothing.
    #[must_use]
    pub const fn new(options: Options) -> Self {
        Self { options, before: None, counted: Counted { resets: 0, ended: 0, baselines: 0 } }
    }

    /// What it did so far.
    #[must_use]
    pub const fn counted(&self) -> Counted {
        self.counted
    }

    /// The requests of a snapshot; none where it is the one before.
    pub fn convert(&mut self, snapshot: &Arc<Snapshot>, starts: Starts) -> Vec<Request> {
        let before = self.before.replace(Before { snapshot: Arc::clone(snapshot), starts });
        if before.as_ref().is_some_and(|before| Arc::ptr_eq(&before.snapshot, snapshot)) {
            return Vec::new();
        }
        let mut pass = Pass {
            options: &self.options,
            before: before.as_ref(),
            now_ns: snapshot.now_ns,
            starts,
            requests: Requests::new(&self.options),
            counted: &mut self.counted,
        };
        for family in &snapshot.families {
            let before = before.as_ref().and_then(|it| it.snapshot.family(family.metric.name));
            pass.family(family.metric, before, &family.samples);
        }
        for family in before.iter().flat_map(|before| &before.snapshot.families) {
            if snapshot.family(family.metric.name).is_none() {
                pass.family(family.metric, Some(family), &[]);
            }
        }
        pass.requests.finish()
    }
}

/// One snapshot on its way into requests.
struct Pass<'a> {
    options: &'a Options,
    before: Option<&'a Before>,
    now_ns: u64,
    starts: Starts,
    requests: Requests<'a>,
    counted: &'a mut Counted,
}

/// Since when the deltas of a source count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Since {
    /// Since the snapshot before, or since the source's start where there was none.
    Time(u64),
    /// Nothing is known of the time between: this snapshot is where deltas begin.
    Baseline,
}

impl Pass<'_> {
    fn family(&mut self, metric: &'static Metric, before: Option<&Family>, now: &[Sample]) {
        let shape = shape(metric.kind, self.options);
        let before = before.map_or(&[][..], |family| &family.samples);
        let since = is_delta(shape).then(|| self.since(metric.source));
        pairs(before, now, |before, now| {
            let point = match (now, since) {
                (None, Some(_)) => None,
                (None, None) => {
                    self.counted.ended += 1;
                    before.map(|ended| self.end(metric, shape, ended))
                }
                (Some(now), None) => {
                    let times = (self.start(metric.source, shape), self.now_ns);
                    Some(point(metric, shape, now, &now.value, times))
                }
                (Some(_), Some(Since::Baseline)) => {
                    self.counted.baselines += 1;
                    None
                }
                (Some(now), Some(Since::Time(from_ns))) => {
                    let value = self.delta(before, now);
                    let times = (from_ns.min(self.now_ns), self.now_ns);
                    Some(point(metric, shape, now, &value, times))
                }
            };
            if let Some(point) = point {
                self.requests.push(metric, shape, point);
            }
        });
    }

    /// A clock that was set back must not make a series begin after its point.
    fn start(&self, source: Source, shape: Shape) -> u64 {
        match shape {
            Shape::Gauge => 0,
            Shape::Sum { .. } | Shape::Exponential(_) | Shape::Explicit(_) => {
                self.starts.of(source).min(self.now_ns)
            }
        }
    }

    fn since(&self, source: Source) -> Since {
        let start = self.starts.of(source);
        match self.before {
            Some(before) if before.starts.of(source) == start && start > 0 => {
                Since::Time(before.snapshot.now_ns)
            }
            // All of it happened while this collector ran, so nobody else sent any of it.
            _ if start >= self.starts.collector_ns => {
                Since::Time(self.before.map_or(start, |before| before.snapshot.now_ns.max(start)))
            }
            _ => Since::Baseline,
        }
    }

    fn delta(&mut self, before: Option<&Sample>, now: &Sample) -> Value {
        let delta = match (before.map(|before| &before.value), &now.value) {
            (Some(Value::Counter(before)), Value::Counter(now)) => {
                now.checked_sub(*before).map(Value::Counter)
            }
            (Some(Value::CounterFloat(before)), Value::CounterFloat(now)) => {
                (now >= before).then(|| Value::CounterFloat(now - before))
            }
            (Some(Value::Histogram(before)), Value::Histogram(now)) => {
                since(now, before).map(Value::Histogram)
            }
            // A series that was not there before had counted nothing.
            (_, now) => Some(now.clone()),
        };
        delta.unwrap_or_else(|| {
            self.counted.resets += 1;
            now.value.clone()
        })
    }

    /// A point without a value: the series ended.
    fn end(&self, metric: &'static Metric, shape: Shape, ended: &Sample) -> Point {
        let attributes = attributes(metric, ended);
        let time_unix_nano = self.now_ns;
        let start_time_unix_nano = self.start(metric.source, shape);
        let flags = NO_VALUE;
        match shape {
            Shape::Gauge | Shape::Sum { .. } => Point::Number(NumberDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                flags,
                ..NumberDataPoint::default()
            }),
            Shape::Exponential(_) => Point::Exponential(ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                flags,
                ..ExponentialHistogramDataPoint::default()
            }),
            Shape::Explicit(_) => Point::Explicit(HistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                flags,
                ..HistogramDataPoint::default()
            }),
        }
    }
}

/// What a metric becomes. An info is a sum that is not monotonic: its 1 is a count of things, to be
/// added up when labels are aggregated away, as the specification has it for OpenMetrics infos:
/// opentelemetry.io/docs/specs/otel/compatibility/prometheus_and_openmetrics (read 2026-11).
const fn shape(kind: Kind, options: &Options) -> Shape {
    use AggregationTemporality::{Cumulative, Delta};
    let (of_counters, of_histograms) = match options.temporality {
        Temporality::Cumulative => (Cumulative, Cumulative),
        Temporality::Delta => (Delta, Delta),
        Temporality::LowMemory => (Cumulative, Delta),
    };
    match (kind, options.histograms) {
        (Kind::Counter, _) => Shape::Sum { is_monotonic: true, temporality: of_counters },
        (Kind::Info, _) => Shape::Sum { is_monotonic: false, temporality: Cumulative },
        (Kind::Gauge, _) => Shape::Gauge,
        (Kind::Histogram(_), HistogramForm::Exponential) => Shape::Exponential(of_histograms),
        (Kind::Histogram(_), HistogramForm::Explicit) => Shape::Explicit(of_histograms),
    }
}

fn is_delta(shape: Shape) -> bool {
    match shape {
        Shape::Gauge => false,
        Shape::Sum { temporality, .. }
        | Shape::Exponential(temporality)
        | Shape::Explicit(temporality) => temporality == AggregationTemporality::Delta,
    }
}

fn attributes(metric: &'static Metric, sample: &Sample) -> Vec<KeyValue> {
    let labels = metric.labels.iter().zip(&sample.labels);
    labels.map(|(label, value)| attribute(label.name, value.as_ref())).collect()
}

fn point(
    metric: &'static Metric,
    shape: Shape,
    sample: &Sample,
    value: &Value,
    (start_time_unix_nano, time_unix_nano): (u64, u64),
) -> Point {
    let attributes = attributes(metric, sample);
    let number = match value {
        Value::Histogram(value) if matches!(shape, Shape::Explicit(_)) => {
            return Point::Explicit(HistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                ..explicit(value)
            });
        }
        Value::Histogram(value) => {
            return Point::Exponential(ExponentialHistogramDataPoint {
                attributes,
                start_time_unix_nano,
                time_unix_nano,
                ..exponential(value)
            });
        }
        // Only a count above 2^63 needs a float, and 2^53 events of anything take ages.
        Value::Counter(value) => {
            i64::try_from(*value).map_or_else(|_| Number::AsDouble(as_float(*value)), Number::AsInt)
        }
        Value::Gauge(value) => Number::AsInt(*value),
        Value::CounterFloat(value) | Value::GaugeFloat(value) => Number::AsDouble(*value),
        Value::Info => Number::AsInt(1),
    };
    Point::Number(NumberDataPoint {
        attributes,
        start_time_unix_nano,
        time_unix_nano,
        value: Some(number),
        ..NumberDataPoint::default()
    })
}
