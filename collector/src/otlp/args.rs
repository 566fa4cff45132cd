//! Flags of the OTLP export, for every command that exports.

use clap::{Args, ValueEnum};
use core::time::Duration;
use std::path::PathBuf;
use weir_stages::otlp::{HistogramForm, Temporality};

/// Flags of the OTLP export. Each beats its environment variables.
#[derive(Args, Clone, Debug, Default)]
pub struct OtlpArgs {
    /// Export metrics, and what the collector has to say of itself, to this OTLP receiver, as in
    /// http://collector:4318 or, with grpc, https://collector:4317. Without it and without
    /// OTEL_EXPORTER_OTLP_ENDPOINT nothing is exported.
    #[arg(long = "otlp.endpoint", value_name = "URL")]
    pub endpoint: Option<String>,

    /// Transport; http/protobuf unless given. With it, v1/metrics and v1/logs are appended to the
    /// endpoint.
    #[arg(long = "otlp.protocol", value_enum, value_name = "PROTOCOL")]
    pub protocol: Option<Protocol>,

    /// Headers for the receiver, one NAME=VALUE a line. A file, because arguments of a process are
    /// seen by others.
    #[arg(long = "otlp.headers-file", value_name = "FILE")]
    pub headers_file: Option<PathBuf>,

    /// Compression of requests; none unless given.
    #[arg(long = "otlp.compression", value_enum, value_name = "HOW")]
    pub compression: Option<Compression>,

    /// How long one attempt to send a request may take; 10s unless given.
    #[arg(long = "otlp.timeout", value_name = "TIME", value_parser = super::variables::parse_time)]
    pub timeout: Option<Duration>,

    /// Time from one export to the next; 60s unless given.
    #[arg(long = "otlp.interval", value_name = "TIME", value_parser = super::variables::parse_time)]
    pub interval: Option<Duration>,

    /// Certificates (PEM) that vouch for the receiver; those of the system unless given.
    #[arg(long = "otlp.certificate", value_name = "FILE")]
    pub certificate: Option<PathBuf>,

    /// Certificate (PEM) to show to the receiver.
    #[arg(long = "otlp.client-certificate", value_name = "FILE")]
    pub client_certificate: Option<PathBuf>,

    /// Key (PEM) of that certificate.
    #[arg(long = "otlp.client-key", value_name = "FILE")]
    pub client_key: Option<PathBuf>,

    /// Totals or differences; cumulative unless given.
    #[arg(long = "otlp.temporality", value_enum, value_name = "WHICH")]
    pub temporality: Option<TemporalityArg>,

    /// Form of histograms; the driver's own buckets, exponential, unless given.
    #[arg(long = "otlp.histograms", value_enum, value_name = "FORM")]
    pub histograms: Option<HistogramArg>,
}

/// How requests travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Protocol {
    /// gRPC over HTTP/2.
    Grpc,
    /// Protobuf in HTTP/1.1 requests.
    #[default]
    #[value(name = "http/protobuf")]
    HttpProtobuf,
}

/// How requests are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// What every receiver understands.
    Gzip,
    /// Smaller and faster, where the receiver has it.
    Zstd,
}

/// `--otlp.temporality`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TemporalityArg {
    /// Totals since the driver was loaded.
    Cumulative,
    /// Differences from one export to the next.
    Delta,
    /// Differences of histograms, totals of counters.
    Lowmemory,
}

impl From<TemporalityArg> for Temporality {
    fn from(arg: TemporalityArg) -> Self {
        match arg {
            TemporalityArg::Cumulative => Self::Cumulative,
            TemporalityArg::Delta => Self::Delta,
            TemporalityArg::Lowmemory => Self::LowMemory,
        }
    }
}

/// `--otlp.histograms`; the names are the specification's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum HistogramArg {
    /// Exponential buckets, 16 an octave.
    #[value(name = "base2_exponential_bucket_histogram")]
    Exponential,
    /// The classic buckets of /metrics.
    #[value(name = "explicit_bucket_histogram")]
    Explicit,
}

impl From<HistogramArg> for HistogramForm {
    fn from(arg: HistogramArg) -> Self {
        match arg {
            HistogramArg::Exponential => Self::Exponential,
            HistogramArg::Explicit => Self::Explicit,
        }
    }
}
