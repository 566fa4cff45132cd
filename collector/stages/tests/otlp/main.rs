//! What an OTLP receiver gets of a snapshot: decoded again from bytes, it is what `/metrics` says.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod page;
#[path = "../synthetic/mod.rs"]
mod synthetic;

use page::{Found, assert_same, found, page};
use std::sync::Arc;
use synthetic::surroundings::surroundings;
use synthetic::{Driver, Random, SECOND};
use weir_stages::catalogue::{Kind, METRICS, Source};
use weir_stages::otlp::{
    Converter, HistogramForm, Options, POINTS_MAX, REQUEST_BYTES_MAX, Starts, Temporality,
};
use weir_stages::snapshot::{Family, Sample, Value};
use weir_stages::{Aggregator, Limits, Snapshot, SnapshotOptions};

const STARTS: Starts = Starts { driver_ns: 1_000 * SECOND, collector_ns: 900 * SECOND };

/// A driver and what the collector makes of it.
struct World {
    driver: Driver,
    state: Aggregator,
}

impl World {
    fn start() -> Self {
        let mut driver = Driver::start(7, 2, STARTS.driver_ns);
        driver.attach(0, 11, "sni \"quoted\" \\ \u{7}");
        driver.attach(1, 12, "");
        Self { driver, state: Aggregator::new(Limits::default()) }
    }

    /// Some traffic, a set of counters, a snapshot ten seconds later.
    fn go_on(&mut self, seed: u64) -> Arc<Snapshot> {
        self.driver.traffic(&mut Random(seed), 12);
        self.driver.counters();
        self.driver.now_ns += 10 * SECOND;
        for event in self.driver.take() {
            self.state.apply_event(&event.head, &event.payload);
        }
        let (now_ns, options) = (self.driver.now_ns, SnapshotOptions::default());
        Arc::new(self.state.snapshot_within(now_ns, &options, &surroundings()))
    }
}

fn options(temporality: Temporality, histograms: HistogramForm) -> Options {
    Options { temporality, histograms, ..Options::default() }
}

#[test]
fn cumulative_points_are_what_the_page_says() {
    for histograms in [HistogramForm::Exponential, HistogramForm::Explicit] {
        let mut world = World::start();
        let mut converter = Converter::new(options(Temporality::Cumulative, histograms));
        for seed in 1..4 {
            let snapshot = world.go_on(seed);
            let found = found(&converter.convert(&snapshot, STARTS));
            assert_same(&found.values, &page(&snapshot));
            assert_eq!(found.ended, [] as [String; 0]);
        }
    }
}

#[test]
fn every_metric_of_the_catalogue_has_points() {
    let mut world = World::start();
    let requests = Converter::new(Options::default()).convert(&world.go_on(1), STARTS);
    let names = found(&requests).names;
    for metric in METRICS {
        assert!(names.contains(metric.otel_name), "{}", metric.name);
    }
}

#[test]
fn totals_begin_with_the_load_that_they_contain_and_ours_with_the_collector() {
    let mut world = World::start();
    let found = found(&Converter::new(Options::default()).convert(&world.go_on(1), STARTS));
    for (name, start) in &found.starts {
        let metric = METRICS.iter().find(|it| it.otel_name == name).unwrap();
        let expected = match (metric.kind, metric.source) {
            (Kind::Gauge, _) => 0,
            (_, Source::Counters | Source::Events) => STARTS.driver_ns,
            (_, Source::Collector | Source::Both) => STARTS.collector_ns,
        };
        assert_eq!((name, *start), (name, expected));
    }
}

/// Deltas of some snapshots added up.
fn added(found: &[Found]) -> std::collections::BTreeMap<String, f64> {
    let mut sums = std::collections::BTreeMap::new();
    for (line, value) in found.iter().flat_map(|found| &found.values) {
        *sums.entry(line.clone()).or_insert(0.0) += value;
    }
    sums
}

fn is_gauge_line(line: &str) -> bool {
    let name = line.split(['{', ' ']).next().unwrap();
    METRICS.iter().any(|it| it.name == name && matches!(it.kind, Kind::Gauge | Kind::Info))
}

#[test]
fn deltas_add_up_to_the_totals() {
    for histograms in [HistogramForm::Exponential, HistogramForm::Explicit] {
        let mut world = World::start();
        let mut converter = Converter::new(options(Temporality::Delta, histograms));
        // The driver was loaded while the collector ran, so nobody else sent its first counts.
        let snapshots: Vec<_> = (1..5).map(|seed| world.go_on(seed)).collect();
        let found: Vec<_> =
            snapshots.iter().map(|it| found(&converter.convert(it, STARTS))).collect();
        let mut expected = page(snapshots.last().unwrap());
        let mut sums = added(&found);
        expected.retain(|line, _| !is_gauge_line(line));
        sums.retain(|line, _| !is_gauge_line(line));
        for (line, value) in &expected {
            let sum = sums.get(line).copied().unwrap_or_else(|| panic!("{line} has no delta"));
            assert!((sum - value).abs() <= value.abs() * 1e-12, "{line}: {sum}, not {value}");
        }
        assert_eq!(sums.len(), expected.len());
        assert_eq!(converter.counted(), weir_stages::otlp::Counted::default());
    }
}

#[test]
fn totals_of_before_this_collector_are_no_deltas_of_it() {
    let mut world = World::start();
    let late = Starts { collector_ns: STARTS.driver_ns + 5 * SECOND, ..STARTS };
    let delta = options(Temporality::Delta, HistogramForm::Exponential);
    let mut converter = Converter::new(delta);
    let (first, second) = (world.go_on(1), world.go_on(2));
    let is_counters = |name: &String| {
        let metric = METRICS.iter().find(|it| it.otel_name == name).unwrap();
        metric.source == Source::Counters && metric.kind != Kind::Gauge
    };
    let begun = found(&converter.convert(&first, late));
    assert!(!begun.names.iter().any(is_counters), "{:?}", begun.names);
    assert!(converter.counted().baselines > 0);
    let line =
        "weir_flow_verdicts_total{direction=\"inbound\",network_type=\"ipv4\",verdict=\"allow\"}";
    let went_on = found(&converter.convert(&second, late));
    assert_eq!(went_on.values[line], page(&second)[line] - page(&first)[line]);
    // Before the first whole set nothing is known: when it comes, its totals are no delta either.
    let mut converter = Converter::new(options(Temporality::Delta, HistogramForm::Exponential));
    let unknown = Starts { driver_ns: 0, ..late };
    assert!(!found(&converter.convert(&first, unknown)).names.iter().any(is_counters));
    assert!(!found(&converter.convert(&second, late)).names.iter().any(is_counters));
}

/// A snapshot of one family.
fn one(now_ns: u64, name: &str, samples: &[(&'static str, u64)]) -> Arc<Snapshot> {
    let metric = METRICS.iter().find(|metric| metric.name == name).unwrap();
    let sample = |(program, value): &(&'static str, u64)| Sample {
        labels: metric.labels.iter().map(|_| (*program).into()).collect(),
        value: Value::Counter(*value),
    };
    let samples = samples.iter().map(sample).collect();
    let families = vec![Family { metric, samples }];
    let tables = weir_stages::snapshot::Tables::default();
    Arc::new(Snapshot { now_ns, families, tables, driver_since_ns: None, flows_doubtful: 0 })
}

const ONE: &str = "weir_program_errors_total";

#[test]
fn a_series_that_ends_is_flagged_once_under_cumulative_and_stops_under_delta() {
    let flagged = |temporality| {
        let mut converter = Converter::new(options(temporality, HistogramForm::Exponential));
        let mut flagged = Vec::new();
        for samples in [&[("a", 1), ("b", 2)][..], &[("b", 2)], &[("b", 2)], &[]] {
            let now_ns = STARTS.driver_ns + (flagged.len() as u64 + 1) * SECOND;
            let requests = converter.convert(&one(now_ns, ONE, samples), STARTS);
            flagged.push(found(&requests).ended.join(","));
        }
        flagged
    };
    let a = "weir_program_errors_total{program=\"a\",result=\"a\"}";
    assert_eq!(flagged(Temporality::Cumulative), ["", a, "", &a.replace("\"a\"", "\"b\"")]);
    assert_eq!(flagged(Temporality::Delta), ["", "", "", ""]);
}

#[test]
fn series_of_a_family_that_is_gone_end_too() {
    let mut converter = Converter::new(Options::default());
    converter.convert(&one(STARTS.driver_ns + SECOND, ONE, &[("a", 1)]), STARTS);
    let other = "weir_flows_uninspected_total";
    let requests = converter.convert(&one(STARTS.driver_ns + 2 * SECOND, other, &[]), STARTS);
    assert_eq!(found(&requests).ended.len(), 1);
    assert_eq!(converter.counted().ended, 1);
}

#[test]
fn a_total_that_fell_is_sent_whole_and_counted() {
    let mut converter = Converter::new(options(Temporality::Delta, HistogramForm::Exponential));
    let mut sent = Vec::new();
    for (step, value) in [(1, 5), (2, 9), (3, 4)] {
        let snapshot = one(STARTS.driver_ns + step * SECOND, ONE, &[("a", value)]);
        sent.extend(found(&converter.convert(&snapshot, STARTS)).values.into_values());
    }
    assert_eq!((sent, converter.counted().resets), (vec![5.0, 4.0, 4.0], 1));
}

#[test]
fn a_snapshot_is_sent_once_and_a_clock_set_back_makes_no_negative_interval() {
    let mut converter = Converter::new(Options::default());
    let snapshot = one(STARTS.driver_ns - SECOND, ONE, &[("a", 1)]);
    let found = found(&converter.convert(&snapshot, STARTS));
    assert!(found.starts.values().all(|start| *start == STARTS.driver_ns - SECOND));
    assert_eq!(converter.convert(&snapshot, STARTS), []);
}

#[test]
fn requests_are_bounded_in_points_and_bytes_and_lose_nothing() {
    use prost::Message as _;
    let names: Vec<&'static str> =
        (0..10_001).map(|at| &*Box::leak(format!("{at:05}").into_boxed_str())).collect();
    let samples: Vec<_> = names.iter().map(|name| (*name, 3)).collect();
    let many = one(STARTS.driver_ns + SECOND, ONE, &samples);
    let requests = Converter::new(Options::default()).convert(&many, STARTS);
    let points: Vec<usize> = requests.iter().map(|request| request.points).collect();
    assert_eq!(points, [POINTS_MAX, POINTS_MAX, 2_001]);
    assert_eq!(found(&requests).values.len(), 10_001);
    let long: &'static str = Box::leak("x".repeat(100_000).into_boxed_str());
    let samples: Vec<_> = [long; 60].iter().map(|name| (*name, 3)).collect();
    let big = one(STARTS.driver_ns + SECOND, ONE, &samples);
    let requests = Converter::new(Options::default()).convert(&big, STARTS);
    assert_eq!(requests.iter().map(|it| it.points).sum::<usize>(), 60);
    // Ten of these fit.
    assert_eq!(requests.len(), 6);
    for request in &requests {
        assert!(request.message.encoded_len() <= REQUEST_BYTES_MAX + 4_096);
    }
}
