//! The bytes that a scraper gets.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod synthetic;

use prost::Message as _;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use synthetic::surroundings::surroundings;
use synthetic::{Driver, Random, SECOND};
use weir_stages::catalogue::METRICS;
use weir_stages::exposition::messages::{LabelPair, MetricFamily, MetricType};
use weir_stages::exposition::{openmetrics, protobuf, text};
use weir_stages::{Aggregator, Limits, Snapshot, SnapshotOptions};

fn scenario() -> Arc<Snapshot> {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(7, 2, 1_000 * SECOND);
    driver.attach(0, 11, "sni \"quoted\" \\ \u{7}");
    driver.attach(1, 12, "");
    driver.traffic(&mut Random(1), 12);
    driver.counters();
    driver.now_ns += 20 * SECOND;
    driver.traffic(&mut Random(2), 3);
    driver.counters();
    for event in driver.take() {
        state.apply_event(&event.head, &event.payload);
    }
    state.queue_dropped(1, 3);
    let options =
        SnapshotOptions { detail_flows: 2, version: "0.1.0", ..SnapshotOptions::default() };
    Arc::new(state.snapshot_within(1_050 * SECOND, &options, &surroundings()))
}

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("WEIR_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, found).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap();
    let different = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
    assert!(
        found == expected,
        "{name}: {different:?}; WEIR_WRITE_GOLDEN=1 cargo test -p weir-stages --test exposition"
    );
}

#[test]
fn text_is_the_golden_one() {
    golden("metrics.txt", &text(&scenario()).unwrap());
}

#[test]
fn openmetrics_text_is_the_golden_one() {
    golden("metrics.openmetrics.txt", &openmetrics(&scenario()).unwrap());
}

#[test]
fn two_snapshots_of_one_state_are_the_same_bytes() {
    assert_eq!(text(&scenario()).unwrap(), text(&scenario()).unwrap());
}

#[test]
fn every_metric_of_the_catalogue_is_exposed() {
    let page = text(&scenario()).unwrap();
    for metric in METRICS {
        assert!(page.contains(&format!("# TYPE {} ", metric.name)), "{}", metric.name);
    }
}

#[test]
fn families_are_written_once_and_samples_stand_under_their_own() {
    let page = text(&scenario()).unwrap();
    let mut current = "";
    let mut seen = std::collections::BTreeSet::new();
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            current = rest.split(' ').next().unwrap();
            assert!(seen.insert(current), "{current} twice");
        } else if !line.starts_with('#') {
            assert!(line.starts_with(current), "{line} under {current}");
        }
    }
}

/// Runs promtool over a page; `None` where it is not installed.
fn promtool(page: &str) -> Option<(bool, String)> {
    let mut child = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .ok()?;
    child.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&words).into_owned()))
}

#[test]
fn promtool_has_nothing_to_say_about_the_text() {
    let Some(found) = promtool(&text(&scenario()).unwrap()) else {
        println!("SKIPPED: promtool is not installed");
        return;
    };
    assert_eq!(found, (true, String::new()));
}

/// A histogram's sum in the driver's unit.
fn sum(snapshot: &Snapshot, name: &str, labels: &[&str]) -> u64 {
    match snapshot.value(name, labels) {
        Some(weir_stages::snapshot::Value::Histogram(it)) => it.sum,
        other => panic!("{name} {labels:?}: {other:?}"),
    }
}

#[test]
fn sums_and_refusals_are_those_of_their_own_series() {
    use weir_abi::counters::Series;
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(7, 1, 1_000 * SECOND);
    driver.attach(0, 11, "p");
    for (index, more) in [(0, 3), (1, 5), (2, 7)] {
        driver.count(Series::InspectedBytes, index, 11, more);
    }
    driver.count(Series::CalloutTime, 0, 0, 11);
    driver.count(Series::CalloutTime, 1, 0, 13);
    driver.count(Series::FlowsRefused, 0, 0, 17);
    driver.counters();
    for event in driver.take() {
        state.apply_event(&event.head, &event.payload);
    }
    let snapshot = state.snapshot(1_001 * SECOND, &SnapshotOptions::default());
    let bytes = |verdict| sum(&snapshot, "weir_flow_inspected_bytes", &["p", verdict]);
    assert_eq!(["allow", "block", "undecided"].map(bytes), [3, 5, 7]);
    let callouts = |layer| sum(&snapshot, "weir_classify_seconds", &[layer]);
    assert_eq!(["flow_established", "stream"].map(callouts), [11, 13]);
    assert_eq!(snapshot.tables.refused, 17);
}

#[test]
fn s29_a_flow_older_than_the_attachment_in_its_slot_is_not_counted_for_it() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(7, 1, 1_000 * SECOND);
    driver.attach(0, 11, "old");
    driver.now_ns += SECOND;
    driver.establish(0, 1);
    driver.now_ns += SECOND;
    driver.detach(11);
    driver.now_ns += SECOND;
    driver.attach(0, 12, "new");
    driver.counters();
    for event in driver.take() {
        state.apply_event(&event.head, &event.payload);
    }
    let snapshot = state.snapshot(1_100 * SECOND, &SnapshotOptions::default());
    let waiting = snapshot.value("weir_flow_waiting", &["new"]).map(|it| it.number());
    assert_eq!(waiting, Some(0.0));
}

/// The families of a protobuf page.
fn families(mut page: &[u8]) -> Vec<MetricFamily> {
    let mut found = Vec::new();
    while !page.is_empty() {
        found.push(MetricFamily::decode_length_delimited(&mut page).unwrap());
    }
    found
}

/// The samples of a protobuf page as text 0.0.4 writes them, with their numbers.
fn samples_of_protobuf(page: &[u8]) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::new();
    for family in families(page) {
        for series in &family.metric {
            let label = |pair: &LabelPair| {
                let value = pair.value.as_deref().unwrap();
                let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
                format!("{}=\"{value}\"", pair.name.as_deref().unwrap())
            };
            let labels: Vec<String> = series.label.iter().map(label).collect();
            let mut put = |ending: &str, more: Option<String>, value: f64| {
                let labels: Vec<String> = more.into_iter().chain(labels.iter().cloned()).collect();
                let labels = labels.join(",");
                let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
                let name = format!("{}{ending}{labels}", family.name.as_deref().unwrap());
                assert_eq!(found.insert(name, value), None);
            };
            if let Some(number) = series.gauge.or(series.counter) {
                put("", None, number.value.unwrap());
            }
            let Some(histogram) = &series.histogram else { continue };
            put("_sum", None, histogram.sample_sum.unwrap());
            put("_count", None, histogram.sample_count.unwrap() as f64);
            for bucket in &histogram.bucket {
                let bound = bucket.upper_bound.unwrap();
                let bound = if bound.is_infinite() { "+Inf".into() } else { format!("{bound:?}") };
                let count = bucket.cumulative_count.unwrap() as f64;
                put("_bucket", Some(format!("le=\"{bound}\"")), count);
            }
        }
    }
    found
}

fn samples_of_text(page: &str) -> BTreeMap<String, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    let split = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        // Bounds are floats: however they are written, they are the same ones.
        let name = match name.split_once("le=\"").and_then(|(a, b)| Some((a, b.split_once('"')?))) {
            Some((before, (bound, after))) if bound != "+Inf" => {
                format!("{before}le=\"{:?}\"{after}", bound.parse::<f64>().unwrap())
            }
            _ => name.to_owned(),
        };
        (name, value.parse().unwrap())
    };
    lines.map(split).collect()
}

#[test]
fn protobuf_and_text_have_the_same_samples() {
    let snapshot = scenario();
    let text = samples_of_text(&text(&snapshot).unwrap());
    assert!(text.len() > 500, "{}", text.len());
    assert_eq!(samples_of_protobuf(&protobuf(&snapshot)), text);
}

#[test]
fn protobuf_families_have_the_names_help_and_types_of_the_text() {
    let snapshot = scenario();
    let text = text(&snapshot).unwrap();
    for family in families(&protobuf(&snapshot)) {
        let (name, help) = (family.name.unwrap(), family.help.unwrap());
        let kind = match MetricType::try_from(family.r#type.unwrap()).unwrap() {
            MetricType::Counter => "counter",
            MetricType::Gauge => "gauge",
            MetricType::Histogram => "histogram",
        };
        assert!(text.contains(&format!("# HELP {name} {help}")), "{name}");
        assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
    }
}

#[test]
fn native_buckets_hold_what_the_classic_ones_hold() {
    let mut histograms = 0;
    for family in families(&protobuf(&scenario())) {
        for histogram in family.metric.iter().filter_map(|series| series.histogram.as_ref()) {
            let (mut count, mut sum) = (0, 0);
            for delta in &histogram.positive_delta {
                count += delta;
                sum += count;
            }
            let native = u64::try_from(sum).unwrap() + histogram.zero_count.unwrap();
            assert_eq!(native, histogram.sample_count.unwrap(), "{:?}", family.name);
            assert!(histogram.schema == Some(4) && histogram.zero_threshold.unwrap() > 0.0);
            histograms += 1;
        }
    }
    assert!(histograms > 10);
}
