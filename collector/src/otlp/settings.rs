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

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use weir_stages::otlp::{HistogramForm, Temporality};

    fn with(args: &OtlpArgs, variables: &[(&str, &str)]) -> Result<Option<Settings>, Failure> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        let lookup = |name: &str| variables.get(name).map(|it| (*it).to_owned());
        Settings::resolve(args, &lookup, "pc1")
    }

    fn of(variables: &[(&str, &str)]) -> Settings {
        with(&OtlpArgs::default(), variables).unwrap().unwrap()
    }

    const ENDPOINT: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318");

    #[test]
    fn without_an_endpoint_or_when_told_nothing_is_exported() {
        for variables in [
            &[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")][..],
            &[ENDPOINT, ("OTEL_SDK_DISABLED", "true")],
            &[ENDPOINT, ("OTEL_METRICS_EXPORTER", "none"), ("OTEL_LOGS_EXPORTER", "console")],
        ] {
            assert!(with(&OtlpArgs::default(), variables).unwrap().is_none(), "{variables:?}");
        }
        let metrics_only = of(&[ENDPOINT, ("OTEL_LOGS_EXPORTER", "none")]);
        assert!(metrics_only.metrics.is_some() && metrics_only.logs.is_none());
        let other = of(&[ENDPOINT, ("OTEL_METRICS_EXPORTER", "zipkin")]);
        assert!(other.metrics.is_some() && other.warnings().len() == 1);
    }

    #[test]
    fn defaults_are_the_specifications_but_for_histograms() {
        let settings = of(&[ENDPOINT]);
        let metrics = settings.metrics.unwrap();
        assert_eq!(metrics.endpoint.label, "http://c:4318/v1/metrics");
        assert_eq!(settings.logs.unwrap().endpoint.label, "http://c:4318/v1/logs");
        assert_eq!((metrics.protocol, metrics.timeout), (Protocol::HttpProtobuf, TIMEOUT));
        assert_eq!((metrics.compression, settings.interval), (Compression::None, INTERVAL));
        assert_eq!(settings.options.temporality, Temporality::Cumulative);
        assert_eq!(settings.options.histograms, HistogramForm::Exponential);
        assert_eq!(settings.warnings, [] as [String; 0]);
    }

    #[test]
    fn a_flag_beats_the_signals_variable_and_that_the_general_one() {
        let variables = [
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m/mine"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "ZSTD"),
            ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "700"),
            ("OTEL_METRIC_EXPORT_TIMEOUT", "2000"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1500"),
            ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "LowMemory"),
            (
                "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
                "explicit_bucket_histogram",
            ),
        ];
        let settings = of(&variables);
        let (metrics, logs) = (settings.metrics.unwrap(), settings.logs.unwrap());
        assert_eq!(metrics.endpoint.label, "http://m/mine");
        assert_eq!(logs.endpoint.label, "http://c:4318/v1/logs");
        assert_eq!((metrics.compression, logs.compression), (Compression::Zstd, Compression::Gzip));
        assert_eq!((metrics.timeout.as_millis(), logs.timeout.as_millis()), (700, 2_000));
        assert_eq!(settings.interval.as_millis(), 1_500);
        assert_eq!(settings.options.temporality, Temporality::LowMemory);
        assert_eq!(settings.options.histograms, HistogramForm::Explicit);
        let flags = OtlpArgs {
            endpoint: Some("http://f:1".to_owned()),
            protocol: Some(Protocol::Grpc),
            compression: Some(Compression::None),
            timeout: Some(Duration::from_secs(1)),
            temporality: Some(TemporalityArg::Delta),
            ..OtlpArgs::default()
        };
        let settings = with(&flags, &variables).unwrap().unwrap();
        let metrics = settings.metrics.unwrap();
        assert_eq!(
            (metrics.endpoint.label.as_str(), metrics.protocol),
            ("http://f:1", Protocol::Grpc)
        );
        assert_eq!((metrics.compression, metrics.timeout.as_secs()), (Compression::None, 1));
        assert_eq!(settings.options.temporality, Temporality::Delta);
    }

    #[test]
    fn what_is_not_understood_is_a_warning_and_the_default_holds() {
        let settings = of(&[
            ENDPOINT,
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1m"),
        ]);
        assert_eq!(settings.warnings().len(), 3, "{:?}", settings.warnings());
        assert_eq!(settings.interval, INTERVAL);
        assert_eq!(settings.metrics.unwrap().protocol, Protocol::HttpProtobuf);
    }

    #[test]
    fn half_a_client_certificate_and_a_bad_endpoint_are_refused_without_secrets() {
        let half = [ENDPOINT, ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem")];
        let failure = with(&OtlpArgs::default(), &half).unwrap_err();
        assert_eq!(failure.code(), ExitCode::Usage);
        let secret = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://u:secret@c:4318")];
        let failure = with(&OtlpArgs::default(), &secret).unwrap_err().to_string();
        assert!(failure.contains("OTEL_EXPORTER_OTLP_ENDPOINT") && !failure.contains("secret"));
        let header = ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret");
        let settings = of(&[ENDPOINT, header]);
        assert!(!format!("{settings:?}").contains("secret"));
    }

    #[test]
    fn grpc_without_a_scheme_is_secure_unless_told() {
        let grpc =
            [("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
        assert_eq!(of(&grpc).metrics_endpoint(), Some("https://c:4317"));
        let insecure = [&grpc[..], &[("OTEL_EXPORTER_OTLP_METRICS_INSECURE", "true")]].concat();
        let settings = of(&insecure);
        assert_eq!(settings.metrics_endpoint(), Some("http://c:4317"));
        assert_eq!(settings.logs.unwrap().endpoint.label, "https://c:4317");
    }
}
