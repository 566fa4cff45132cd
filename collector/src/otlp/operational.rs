//! What the collector says of itself: times and warnings, measured and recorded with the
//! OpenTelemetry SDK, sent on the same queues as everything else.

use super::message::Message;
use super::outcome::Outcome;
use super::signal::Signal;
use super::stats::Lane;
use bytes::Bytes;
use core::fmt;
use core::time::Duration;
use opentelemetry::logs::{LogRecord as _, Logger as _, LoggerProvider as _, Severity};
use opentelemetry::metrics::{Histogram, MeterProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::logs::tonic::group_logs_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::logs::{LogBatch, LogExporter, SdkLogger, SdkLoggerProvider};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use prost::Message as _;
use std::sync::Arc;
use std::time::SystemTime;

/// The scope: its points are not the catalogue's.
const SCOPE: &str = "weir.collector";

/// Instruments and a logger; cheap to clone. Without an endpoint for a signal its part does nothing.
#[derive(Clone)]
pub struct Operational {
    meters: SdkMeterProvider,
    loggers: SdkLoggerProvider,
    logger: SdkLogger,
    export: Histogram<f64>,
    scrape: Histogram<f64>,
    convert: Histogram<f64>,
}

impl Operational {
    pub(super) fn new(
        metrics: Option<Arc<Lane>>,
        logs: Option<Arc<Lane>>,
        attributes: &[(String, String)],
        (temporality, interval): (Temporality, Duration),
    ) -> Self {
        let attributes =
            attributes.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
        let resource = Resource::builder_empty().with_attributes(attributes).build();
        let mut meters = SdkMeterProvider::builder().with_resource(resource.clone());
        if let Some(lane) = metrics {
            let reader = PeriodicReader::builder(ToLane { lane, temporality, resource: None });
            meters = meters.with_reader(reader.with_interval(interval).build());
        }
        let meters = meters.build();
        let mut loggers = SdkLoggerProvider::builder().with_resource(resource);
        if let Some(lane) = logs {
            // It only puts the record into the queue, so nobody waits.
            loggers = loggers.with_simple_exporter(ToLane { lane, temporality, resource: None });
        }
        let loggers = loggers.build();
        let scope = || {
            let version = env!("CARGO_PKG_VERSION");
            InstrumentationScope::builder(SCOPE).with_version(version).build()
        };
        let meter = meters.meter_with_scope(scope());
        let seconds = |name: &'static str, what: &'static str| {
            let histogram = meter.f64_histogram(name).with_unit("s").with_description(what);
            histogram.with_boundaries(BOUNDS.to_vec()).build()
        };
        Self {
            export: seconds("weir.collector.export.duration", "Time of an attempt to export"),
            scrape: seconds("weir.collector.scrape.duration", "Time to answer a scrape"),
            convert: seconds("weir.collector.convert.duration", "Time from snapshot to requests"),
            logger: loggers.logger_with_scope(scope()),
            meters,
            loggers,
        }
    }

    pub(super) fn exported(&self, signal: Signal, time: Duration, outcome: &Outcome) {
        let outcome = match outcome {
            Outcome::Delivered { .. } => "delivered",
            Outcome::Retry { .. } => "retry",
            Outcome::Refused { .. } => "refused",
        };
        let attributes =
            [KeyValue::new("signal", signal.name()), KeyValue::new("outcome", outcome)];
        self.export.record(time.as_secs_f64(), &attributes);
    }

    pub(super) fn converted(&self, time: Duration) {
        self.convert.record(time.as_secs_f64(), &[]);
    }

    /// Notes that a scrape was answered; `format` is one of few words.
    pub fn scraped(&self, time: Duration, format: &'static str) {
        self.scrape.record(time.as_secs_f64(), &[KeyValue::new("format", format)]);
    }

    /// Sends a warning; `event` is what it is about, one of few words. Who repeats it bounds it.
    pub fn warn(&self, event: &'static str, words: &str) {
        let mut record = self.logger.create_log_record();
        record.set_event_name(event);
        record.set_observed_timestamp(SystemTime::now());
        record.set_timestamp(SystemTime::now());
        record.set_severity_number(Severity::Warn);
        record.set_severity_text("WARN");
        record.set_body(words.to_owned().into());
        self.logger.emit(record);
    }

    /// Puts what was measured last into the queues, and ends.
    pub(super) fn shutdown(&self) {
        // Both fail only where they ended before.
        let _ended_before = self.meters.shutdown();
        let _ended_before = self.loggers.shutdown();
    }
}

impl fmt::Debug for Operational {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operational").finish_non_exhaustive()
    }
}

/// Bounds in seconds: from a scrape on loopback to the usual timeout.
const BOUNDS: [f64; 12] =
    [0.000_25, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 2.5, 10.0];

/// The SDK's exporter: encodes, and leaves the rest to the queue.
#[derive(Debug)]
struct ToLane {
    lane: Arc<Lane>,
    temporality: Temporality,
    resource: Option<Resource>,
}

impl PushMetricExporter for ToLane {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let request = ExportMetricsServiceRequest::from(metrics);
        let points = points(&request);
        if points > 0 {
            self.lane.offer(Message { body: Bytes::from(request.encode_to_vec()), points });
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _timeout: Duration) -> OTelSdkResult {
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

impl LogExporter for ToLane {
    async fn export(&self, batch: LogBatch<'_>) -> OTelSdkResult {
        let resource = self.resource.as_ref().map(ResourceAttributesWithSchema::from);
        let resource_logs = group_logs_by_resource_and_scope(&batch, &resource.unwrap_or_default());
        let points = batch.iter().count();
        let request = ExportLogsServiceRequest { resource_logs };
        self.lane.offer(Message { body: Bytes::from(request.encode_to_vec()), points });
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.resource = Some(resource.clone());
    }
}

fn points(request: &ExportMetricsServiceRequest) -> usize {
    let scopes = request.resource_metrics.iter().flat_map(|it| &it.scope_metrics);
    let data = scopes.flat_map(|it| &it.metrics).filter_map(|it| it.data.as_ref());
    data.map(|data| match data {
        Data::Gauge(it) => it.data_points.len(),
        Data::Sum(it) => it.data_points.len(),
        Data::Histogram(it) => it.data_points.len(),
        Data::ExponentialHistogram(it) => it.data_points.len(),
        Data::Summary(it) => it.data_points.len(),
    })
    .sum()
}
