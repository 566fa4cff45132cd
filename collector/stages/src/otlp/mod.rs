//! A snapshot as OTLP requests: `ExportMetricsServiceRequest` of opentelemetry-proto.
//!
//! The OpenTelemetry SDK takes no ready aggregates, and the driver's counts are just that, so the
//! messages are made here. Nothing is sent: the collector's `otlp` does.
//!
//! * [`Converter`]: remembers the snapshot before, for deltas and for series that ended.
//! * `walk`: two snapshots side by side.
//! * `histogram`: the driver's buckets as exponential or explicit ones.
//! * `requests`: points into requests of bounded size.
//!
//! What the messages mean: opentelemetry.io/docs/specs/otel/metrics/data-model and the
//! opentelemetry-proto repository, metrics.proto (read 2026-11).

mod converter;
mod histogram;
mod requests;
mod walk;

pub use converter::{Converter, Counted};
pub use requests::{POINTS_MAX, REQUEST_BYTES_MAX, Request};

use crate::catalogue::Source;

/// What a sum or a histogram says of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Temporality {
    /// Totals since the start of the series.
    #[default]
    Cumulative,
    /// What happened since the point before.
    Delta,
    /// Deltas of histograms, totals of counters: our counters are read like asynchronous ones,
    /// which `lowmemory` leaves cumulative.
    /// Source: opentelemetry.io/docs/specs/otel/metrics/sdk_exporters/otlp (read 2026-11).
    LowMemory,
}

/// How histograms are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistogramForm {
    /// Exponential at scale 4: the driver's own buckets, exactly.
    #[default]
    Exponential,
    /// Explicit bounds: the classic buckets of `/metrics`.
    Explicit,
}

/// How a snapshot is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Of counters and histograms.
    pub temporality: Temporality,
    /// Of histograms.
    pub histograms: HistogramForm,
    /// Attributes of the resource, `service.name` and so on.
    pub resource: Vec<(String, String)>,
    /// Version of the scope `weir`.
    pub version: &'static str,
}

/// Since when totals count, in nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Starts {
    /// The earliest load of the driver whose counts are contained; 0 until a whole set of counters
    /// was applied, because nothing of any load is contained before.
    pub driver_ns: u64,
    /// The collector's own start.
    pub collector_ns: u64,
}

impl Starts {
    /// Since when metrics of a source count.
    #[must_use]
    pub const fn of(self, source: Source) -> u64 {
        match source {
            Source::Counters | Source::Events => self.driver_ns,
            Source::Collector | Source::Both => self.collector_ns,
        }
    }
}
