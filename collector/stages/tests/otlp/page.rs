//! Lines with values: of the page, and of decoded requests, so that the two can be compared.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Text;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::metrics::v1::{
    ExponentialHistogramDataPoint, HistogramDataPoint, NumberDataPoint,
};
use prost::Message as _;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use weir_stages::Snapshot;
use weir_stages::catalogue::{Kind, METRICS, Metric};
use weir_stages::exposition::text;
use weir_stages::otlp::Request;

/// What requests hold.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Values by line, as on the page.
    pub values: BTreeMap<String, f64>,
    /// Lines of points without a value.
    pub ended: Vec<String>,
    /// OTLP names.
    pub names: BTreeSet<String>,
    /// Start by OTLP name.
    pub starts: BTreeMap<String, u64>,
}

/// The page's samples, labels sorted, without empty ones.
pub(crate) fn page(snapshot: &Arc<Snapshot>) -> BTreeMap<String, f64> {
    samples(&text(snapshot).unwrap())
}

/// The samples of a page's text.
pub(crate) fn samples(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let value = if value == "+Inf" { f64::INFINITY } else { value.parse().unwrap() };
        (sorted(series), value)
    });
    samples.collect()
}

/// A series with its labels in order: `le` stands where it stands.
fn sorted(series: &str) -> String {
    let Some((name, labels)) = series.split_once('{') else { return series.to_owned() };
    let mut labels: Vec<&str> = split(labels.strip_suffix('}').unwrap());
    labels.sort_unstable();
    // The page writes some bounds with a last digit that another writer chooses otherwise.
    let bound = |it: &str| it.strip_prefix("le=\"")?.strip_suffix('"')?.parse::<f64>().ok();
    let label = |it: &&str| match bound(it) {
        Some(bound) if bound.is_finite() => format!("le=\"{bound:?}\""),
        _ => (*it).to_owned(),
    };
    format!("{name}{{{}}}", labels.iter().map(label).collect::<Vec<_>>().join(","))
}

/// Fails with the first lines that differ.
pub(crate) fn assert_same(found: &BTreeMap<String, f64>, expected: &BTreeMap<String, f64>) {
    let keys: BTreeSet<&String> = found.keys().chain(expected.keys()).collect();
    let differ = keys.into_iter().filter(|key| found.get(*key) != expected.get(*key));
    let lines: Vec<_> =
        differ.map(|key| (key, found.get(key), expected.get(key))).take(5).collect();
    assert!(lines.is_empty(), "line, found, expected: {lines:#?}");
}

/// Cuts labels at commas outside of quotes.
fn split(labels: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, it) in labels.char_indices() {
        match it {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&labels[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&labels[from..]);
    parts
}

/// Encodes and decodes requests again, and reads them.
pub(crate) fn found(requests: &[Request]) -> Found {
    let mut found = Found::default();
    for request in requests {
        let bytes = request.message.encode_to_vec();
        let message = ExportMetricsServiceRequest::decode(bytes.as_slice()).unwrap();
        let before = found.values.len() + found.ended.len();
        let scopes = message.resource_metrics.into_iter().flat_map(|it| it.scope_metrics);
        for metric in scopes.flat_map(|scope| scope.metrics) {
            let ours = METRICS.iter().find(|it| it.otel_name == metric.name).unwrap();
            assert_eq!((&*metric.unit, &*metric.description), (ours.otel_unit, ours.help));
            found.metric(ours, metric.data.as_ref().unwrap());
        }
        assert!(found.values.len() + found.ended.len() - before >= request.points);
    }
    found
}

impl Found {
    fn metric(&mut self, metric: &'static Metric, data: &Data) {
        self.names.insert(metric.otel_name.to_owned());
        match data {
            Data::Gauge(gauge) => {
                assert_eq!(metric.kind, Kind::Gauge);
                gauge.data_points.iter().for_each(|point| self.number(metric, point));
            }
            Data::Sum(sum) => {
                assert_eq!(sum.is_monotonic, metric.kind == Kind::Counter);
                sum.data_points.iter().for_each(|point| self.number(metric, point));
            }
            Data::Histogram(histogram) => {
                histogram.data_points.iter().for_each(|point| self.explicit(metric, point));
            }
            Data::ExponentialHistogram(histogram) => {
                histogram.data_points.iter().for_each(|point| self.exponential(metric, point));
            }
            Data::Summary(_) => panic!("{} is a summary", metric.name),
        }
    }

    fn number(&mut self, metric: &'static Metric, point: &NumberDataPoint) {
        self.starts.insert(metric.otel_name.to_owned(), point.start_time_unix_nano);
        let line = line(metric.name, &point.attributes, None);
        match point.value {
            None => {
                assert_eq!(point.flags, 1);
                self.ended.push(line);
            }
            Some(Number::AsInt(value)) => self.insert(&line, value as f64),
            Some(Number::AsDouble(value)) => self.insert(&line, value),
        }
    }

    fn explicit(&mut self, metric: &'static Metric, point: &HistogramDataPoint) {
        self.starts.insert(metric.otel_name.to_owned(), point.start_time_unix_nano);
        let bounds = point.explicit_bounds.iter().copied().chain([f64::INFINITY]);
        let mut below = 0;
        for (bound, count) in bounds.zip(&point.bucket_counts) {
            below += count;
            self.bucket(metric, &point.attributes, bound, below);
        }
        self.ends(metric, &point.attributes, point.count, point.sum);
    }

    fn exponential(&mut self, metric: &'static Metric, point: &ExponentialHistogramDataPoint) {
        self.starts.insert(metric.otel_name.to_owned(), point.start_time_unix_nano);
        let Kind::Histogram(scale) = metric.kind else { panic!("{}", metric.name) };
        assert_eq!((point.scale, &point.negative), (4, &None));
        let buckets = point.positive.clone().unwrap_or_default();
        for exponent in scale.classic() {
            let bound = scale.bound(exponent);
            assert!(point.zero_threshold <= bound);
            // Of 16 buckets an octave, those that end at or below the bound.
            let upto = bound.log2() * 16.0;
            let counted = (i64::from(buckets.offset)..).zip(&buckets.bucket_counts);
            let below = counted.filter(|(index, _)| (index + 1) as f64 <= upto);
            let below = below.map(|(_, count)| count).sum::<u64>() + point.zero_count;
            self.bucket(metric, &point.attributes, bound, below);
        }
        let all = buckets.bucket_counts.iter().sum::<u64>() + point.zero_count;
        self.bucket(metric, &point.attributes, f64::INFINITY, all);
        self.ends(metric, &point.attributes, point.count, point.sum);
    }

    fn bucket(&mut self, metric: &Metric, attributes: &[KeyValue], bound: f64, below: u64) {
        let bound = if bound.is_finite() { format!("{bound:?}") } else { "+Inf".to_owned() };
        let line = line(&format!("{}_bucket", metric.name), attributes, Some(&bound));
        self.insert(&line, below as f64);
    }

    fn ends(&mut self, metric: &Metric, attributes: &[KeyValue], count: u64, sum: Option<f64>) {
        self.insert(&line(&format!("{}_count", metric.name), attributes, None), count as f64);
        self.insert(&line(&format!("{}_sum", metric.name), attributes, None), sum.unwrap());
    }

    fn insert(&mut self, line: &str, value: f64) {
        assert!(self.values.insert(line.to_owned(), value).is_none(), "{line} twice");
    }
}

fn line(name: &str, attributes: &[KeyValue], le: Option<&str>) -> String {
    let text = |it: &KeyValue| match it.value.as_ref().and_then(|it| it.value.as_ref()) {
        Some(Text::StringValue(text)) => {
            text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
        }
        other => panic!("{}: {other:?}", it.key),
    };
    let mut labels: Vec<_> =
        attributes.iter().map(|it| format!("{}=\"{}\"", it.key, text(it))).collect();
    labels.extend(le.map(|le| format!("le=\"{le}\"")));
    labels.sort_unstable();
    if labels.is_empty() { name.to_owned() } else { format!("{name}{{{}}}", labels.join(",")) }
}
