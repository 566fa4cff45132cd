//! Which metrics there are.

use super::{Labels, parse, walk};
use std::collections::BTreeMap;
use weir_stages::catalogue::{Kind, METRICS, RESERVED, Values};

/// What Prometheus adds to every series of a target.
const TARGET: [&str; 2] = ["job", "instance"];

/// Series that Prometheus makes itself of every scrape.
///
/// Source: prometheus.io/docs/concepts/jobs_instances (read 2026-11)
const SCRAPE: [&str; 5] = [
    "up",
    "scrape_duration_seconds",
    "scrape_samples_scraped",
    "scrape_samples_post_metric_relabeling",
    "scrape_series_added",
];

/// Series of alerts that are pending or fire; they have the alert's labels.
///
/// Source: prometheus.io/docs/prometheus/latest/configuration/alerting_rules (read 2026-11)
const ALERTS: [&str; 2] = ["ALERTS", "ALERTS_FOR_STATE"];

/// Metrics, and what is known of each.
#[derive(Clone, Debug)]
pub struct Known {
    metrics: BTreeMap<String, Series>,
}

/// What is known of the series of a name.
#[derive(Clone, Debug)]
pub(super) struct Series {
    pub(super) labels: Labels,
    /// All values of some labels.
    pub(super) values: BTreeMap<&'static str, &'static [&'static str]>,
}

impl Known {
    /// What the catalogue has, and what Prometheus itself makes.
    #[must_use]
    pub fn catalogue() -> Self {
        let mut metrics = BTreeMap::new();
        for metric in METRICS.iter().chain(RESERVED) {
            let mut labels: Vec<String> = TARGET.iter().map(|&it| it.to_owned()).collect();
            labels.extend(metric.labels.iter().map(|label| label.name.to_owned()));
            let fixed = metric.labels.iter().filter_map(|label| match label.values {
                Values::Fixed(values) => Some((label.name, values)),
                Values::Open(_) => None,
            });
            let series = Series { labels: Labels::Of(labels), values: fixed.collect() };
            let Kind::Histogram(_) = metric.kind else {
                metrics.insert(metric.name.to_owned(), series);
                continue;
            };
            let mut buckets = series.clone();
            if let Labels::Of(labels) = &mut buckets.labels {
                labels.push("le".to_owned());
            }
            metrics.insert(format!("{}_bucket", metric.name), buckets);
            metrics.insert(format!("{}_sum", metric.name), series.clone());
            metrics.insert(format!("{}_count", metric.name), series);
        }
        let target = TARGET.iter().map(|&it| it.to_owned()).collect();
        let scraped = Series { labels: Labels::Of(target), values: BTreeMap::new() };
        metrics.extend(SCRAPE.map(|name| (name.to_owned(), scraped.clone())));
        let alerts = Series { labels: Labels::Any, values: BTreeMap::new() };
        metrics.extend(ALERTS.map(|name| (name.to_owned(), alerts.clone())));
        Self { metrics }
    }

    /// Adds what a recording rule makes.
    ///
    /// # Errors
    /// Its expression is refused, or the name is taken.
    pub fn record(&mut self, name: &str, expression: &str) -> Result<(), String> {
        let labels = self.check(expression)?;
        let series = Series { labels, values: BTreeMap::new() };
        match self.metrics.insert(name.to_owned(), series) {
            Some(_) => Err(format!("{name} is there already")),
            None => Ok(()),
        }
    }

    /// Checks an expression and says which labels its series have.
    ///
    /// # Errors
    /// It is not PromQL, or names what is not there.
    pub fn check(&self, expression: &str) -> Result<Labels, String> {
        let parsed = parse(expression)?;
        walk::labels(self, &parsed).map_err(|error| format!("{error}, in {expression}"))
    }

    /// The series of this name.
    pub(super) fn series(&self, name: &str) -> Result<&Series, String> {
        self.metrics.get(name).ok_or_else(|| {
            if self.metrics.contains_key(&format!("{name}_bucket")) {
                return format!("{name} is a histogram: it has _bucket, _sum and _count");
            }
            format!("no metric {name} in the catalogue")
        })
    }
}
