//! What to export, where to and how: flag, else the signal's variable, else the general one.

use super::args::{Compression, HistogramArg, OtlpArgs, Protocol, TemporalityArg};
use super::endpoint::{Endpoint, Given};
use super::signal::Signal;
use super::variables::{Found, Variables};
use super::{headers, resource};
use crate::failure::{ExitCode, Failure};
use clap::ValueEnum;
use core::time::Duration;
use http::HeaderMap;
use std::path::PathBuf;
use weir_stages::otlp::Options;

/// Time from one export to the next unless told otherwise; the specification's.
const INTERVAL: Duration = Duration::from_secs(60);

/// Time for an export unless told otherwise; the specification's.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(30);

/// Time for an attempt unless told otherwise; the specification's.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The whole export.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What snapshots become.
    pub(super) options: Options,
    /// Where metrics go.
    pub(super) metrics: Option<Target>,
    /// Where log records go.
    pub(super) logs: Option<Target>,
    /// Time from one export to the next.
    pub(super) interval: Duration,
    warnings: Vec<String>,
}

/// Where one signal goes.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) signal: Signal,
    pub(super) protocol: Protocol,
    pub(super) endpoint: Endpoint,
    pub(super) headers: HeaderMap,
    pub(super) compression: Compression,
    /// For one attempt.
    pub(super) timeout: Duration,
    pub(super) certificate: Option<PathBuf>,
    /// Certificate and key.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

impl Settings {
    /// Those of this process; `None` where nothing is to be exported.
    ///
    /// # Errors
    /// Where an endpoint is none, or a file of headers cannot be read.
    pub fn of_process(args: &OtlpArgs) -> Result<Option<Self>, Failure> {
        // A variable that is no Unicode is none of ours.
        Self::resolve(args, &|name| std::env::var(name).ok(), &resource::host())
    }

    /// The same from any variables.
    ///
    /// # Errors
    /// As [`Self::of_process`].
    pub fn resolve(
        args: &OtlpArgs,
        lookup: &dyn Fn(&str) -> Option<String>,
        host: &str,
    ) -> Result<Option<Self>, Failure> {
        let mut variables = Variables::new(lookup);
        let disabled = variables.get("OTEL_SDK_DISABLED");
        if variables.flag(disabled) == Some(true) {
            return Ok(None);
        }
        let metrics = target(args, &mut variables, Signal::Metrics)?;
        let logs = target(args, &mut variables, Signal::Logs)?;
        if metrics.is_none() && logs.is_none() {
            return Ok(None);
        }
        let options = Options {
            temporality: args
                .temporality
                .or_else(|| word(&mut variables, "METRICS", "TEMPORALITY_PREFERENCE"))
                .unwrap_or(TemporalityArg::Cumulative)
                .into(),
            histograms: args
                .histograms
                .or_else(|| word(&mut variables, "METRICS", "DEFAULT_HISTOGRAM_AGGREGATION"))
                .unwrap_or(HistogramArg::Exponential)
                .into(),
            resource: resource::attributes(&mut variables, host),
            version: env!("CARGO_PKG_VERSION"),
        };
        let interval = variables.get("OTEL_METRIC_EXPORT_INTERVAL");
        let interval = args.interval.or_else(|| variables.time(interval)).unwrap_or(INTERVAL);
        let warnings = variables.warnings;
        Ok(Some(Self { options, metrics, logs, interval, warnings }))
    }

    /// What was ignored, a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Where metrics go, as labels and messages have it: without credentials and query.
    #[must_use]
    pub fn metrics_endpoint(&self) -> Option<&str> {
        self.metrics.as_ref().map(|target| target.endpoint.label.as_str())
    }
}

fn word<T: ValueEnum>(variables: &mut Variables<'_>, signal: &str, what: &str) -> Option<T> {
    let found = variables.of_signal(signal, what);
    variables.word(found)
}

fn target(
    args: &OtlpArgs,
    variables: &mut Variables<'_>,
    signal: Signal,
) -> Result<Option<Target>, Failure> {
    let name = signal.variable();
    if !is_exported(variables, signal) {
        return Ok(None);
    }
    let Some((given, found)) = endpoint(args, variables, signal) else { return Ok(None) };
    let protocol = args.protocol.or_else(|| word(variables, name, "PROTOCOL")).unwrap_or_default();
    let insecure = variables.of_signal(name, "INSECURE");
    let is_insecure = variables.flag(insecure).unwrap_or(false);
    let endpoint = Endpoint::parse(&found.value, given, (protocol, signal), is_insecure);
    let endpoint = endpoint.map_err(|what| {
        let message = format!("use the endpoint of {}: {what}", found.name);
        let hint = "write it as in http://collector:4318, or with gRPC https://collector:4317";
        Failure::new(ExitCode::Usage, message, hint)
    })?;
    let headers = match &args.headers_file {
        Some(path) => headers::of_file(path)?,
        None => {
            let found = variables.of_signal(name, "HEADERS");
            headers::of_variable(variables, found)
        }
    };
    let compression = args.compression.or_else(|| word(variables, name, "COMPRESSION"));
    let timeout = variables.of_signal(name, "TIMEOUT");
    let timeout = args.timeout.or_else(|| variables.time(timeout)).unwrap_or(TIMEOUT);
    let whole = variables.get("OTEL_METRIC_EXPORT_TIMEOUT");
    let whole = variables.time(whole).unwrap_or(EXPORT_TIMEOUT);
    let file = |flag: &Option<PathBuf>, what: &str| {
        flag.clone().or_else(|| variables.of_signal(name, what).map(|it| it.value.into()))
    };
    let certificate = file(&args.certificate, "CERTIFICATE");
    let client = file(&args.client_certificate, "CLIENT_CERTIFICATE");
    let key = file(&args.client_key, "CLIENT_KEY");
    if client.is_some() != key.is_some() {
        let message = "use a client certificate: of certificate and key only one is given";
        return Err(Failure::new(ExitCode::Usage, message, "give both or none"));
    }
    Ok(Some(Target {
        signal,
        protocol,
        endpoint,
        headers,
        compression: compression.unwrap_or_default(),
        timeout: timeout.min(whole),
        certificate,
        client: client.zip(key),
    }))
}

/// The endpoint, and whether it is for all signals.
fn endpoint(args: &OtlpArgs, variables: &Variables<'_>, signal: Signal) -> Option<(Given, Found)> {
    let flag = || {
        let value = args.endpoint.clone()?;
        Some((Given::Base, Found { name: "--otlp.endpoint".to_owned(), value }))
    };
    let of_signal = || {
        let name = format!("OTEL_EXPORTER_OTLP_{}_ENDPOINT", signal.variable());
        Some((Given::AsIs, variables.get(&name)?))
    };
    let of_all = || Some((Given::Base, variables.get("OTEL_EXPORTER_OTLP_ENDPOINT")?));
    flag().or_else(of_signal).or_else(of_all)
}

/// Whether `OTEL_<SIGNAL>_EXPORTER` leaves OTLP on: it is unless the list is there without it.
fn is_exported(variables: &mut Variables<'_>, signal: Signal) -> bool {
    let Some(found) = variables.get(&format!("OTEL_{}_EXPORTER", signal.variable())) else {
        return true;
    };
    let words: Vec<&str> = found.value.split(',').map(str::trim).collect();
    let known = ["otlp", "none", "prometheus", "console"];
    if words.iter().all(|word| !known.contains(word)) {
        variables.warn(&found.name, "it names no exporter that is known: otlp or none");
        return true;
    }
    words.contains(&"otlp")
}
