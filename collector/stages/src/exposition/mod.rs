//! A snapshot as bytes: OpenMetrics as prometheus-client writes it, Prometheus 0.0.4, protobuf.
//!
//! The library writes OpenMetrics text only; 0.0.4 is made from it by a step that changes nothing
//! but the lines that begin with `#`.
//! Its own protobuf has no histograms that are classic and native at once, so that is written here.

pub mod messages;
mod native;
mod plain;
mod protobuf;

pub use protobuf::protobuf;

use crate::catalogue::{Kind, Metric, Unit};
use crate::snapshot::{Family, HistogramValue, Sample, Snapshot, Value};
use core::fmt::Error;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabel, EncodeLabelSet, LabelSetEncoder, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit as ClientUnit};
use std::sync::Arc;

/// `Content-Type` of [`text`].
pub const TEXT_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `Content-Type` of [`openmetrics`].
pub const OPENMETRICS_CONTENT_TYPE: &str =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `Content-Type` of [`protobuf()`].
pub const PROTOBUF_CONTENT_TYPE: &str =
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited";

/// Why a snapshot could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpositionError {
    /// The encoder refused a value.
    #[error("encoder refused the snapshot")]
    Encoder,
}

impl ExpositionError {
    /// A bounded name, for labels.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Encoder => "encoder",
        }
    }
}

/// The snapshot as OpenMetrics 1.0 text.
///
/// # Errors
/// Where the encoder refuses a value.
pub fn openmetrics(snapshot: &Arc<Snapshot>) -> Result<String, ExpositionError> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(SnapshotCollector(snapshot.clone())));
    let mut out = String::new();
    encode(&mut out, &registry).map_err(|_| ExpositionError::Encoder)?;
    Ok(out)
}

/// The snapshot as Prometheus text 0.0.4.
///
/// # Errors
/// Where the encoder refuses a value.
pub fn text(snapshot: &Arc<Snapshot>) -> Result<String, ExpositionError> {
    openmetrics(snapshot).map(|text| plain::from_openmetrics(&text))
}

/// A snapshot as prometheus-client reads it: for registries that hold other metrics too.
#[derive(Clone, Debug)]
pub struct SnapshotCollector(pub Arc<Snapshot>);

impl Collector for SnapshotCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        for family in self.0.families.iter().filter(|family| !family.samples.is_empty()) {
            write_family(&mut encoder, family)?;
        }
        Ok(())
    }
}

fn write_family(encoder: &mut DescriptorEncoder<'_>, family: &Family) -> Result<(), Error> {
    let metric = family.metric;
    let unit = match metric.unit {
        Unit::None => None,
        Unit::Seconds => Some(ClientUnit::Seconds),
        Unit::Bytes => Some(ClientUnit::Bytes),
    };
    let kind = match metric.kind {
        Kind::Counter => MetricType::Counter,
        Kind::Gauge => MetricType::Gauge,
        Kind::Info => MetricType::Info,
        Kind::Histogram(_) => MetricType::Histogram,
    };
    let mut samples = encoder.encode_descriptor(metric.stem(), metric.help, unit.as_ref(), kind)?;
    for sample in &family.samples {
        let labels = Labels { metric, sample };
        if metric.labels.is_empty() {
            write_value(&mut samples, &labels)?;
        } else if sample.value == Value::Info {
            samples.encode_info(&labels)?;
        } else {
            write_value(&mut samples.encode_family(&labels)?, &labels)?;
        }
    }
    Ok(())
}

fn write_value(encoder: &mut MetricEncoder<'_>, labels: &Labels<'_>) -> Result<(), Error> {
    match &labels.sample.value {
        Value::Counter(value) => encoder.encode_counter::<NoLabelSet, _, u64>(value, None),
        Value::CounterFloat(value) => encoder.encode_counter::<NoLabelSet, _, u64>(value, None),
        Value::Gauge(value) => encoder.encode_gauge(value),
        Value::GaugeFloat(value) => encoder.encode_gauge(value),
        Value::Info => encoder.encode_info(labels),
        Value::Histogram(histogram) => write_histogram(encoder, histogram),
    }
}

fn write_histogram(
    encoder: &mut MetricEncoder<'_>,
    histogram: &HistogramValue,
) -> Result<(), Error> {
    let sum = histogram.scale.sum(histogram.sum);
    encoder.encode_histogram::<NoLabelSet>(sum, histogram.count(), &histogram.classic(), None)
}

/// The labels of one sample.
struct Labels<'a> {
    metric: &'static Metric,
    sample: &'a Sample,
}

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut LabelSetEncoder<'_>) -> Result<(), Error> {
        for (label, value) in self.metric.labels.iter().zip(&self.sample.labels) {
            (label.name, value.as_ref()).encode(encoder.encode_label())?;
        }
        Ok(())
    }
}
