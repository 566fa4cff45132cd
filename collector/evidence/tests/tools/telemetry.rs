//! The collector's own figures.

use crate::samples::METRICS;
use crate::{damage, read_one};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::Telemetry;

fn telemetry(bytes: impl AsRef<[u8]>) -> Telemetry {
    let Piece::Telemetry(it) = read_one("m", bytes) else { panic!("no metrics") };
    it
}

#[test]
fn weirs_samples_that_are_no_histograms_are_kept() {
    let found = telemetry(METRICS);
    let names: Vec<_> = found.samples.iter().map(|it| (it.name.as_str(), it.line)).collect();
    let expected =
        [("weir_build_info", 3), ("weir_events_lost_total", 10), ("weir_age_seconds", 11)];
    assert_eq!(names, expected);
    assert_eq!(found.samples[0].label("note"), Some("a \"b\"\\c\nd"));
    assert!((found.samples[1].value - 12.0).abs() < f64::EPSILON);
    assert!(found.samples[2].value.is_nan());
}

#[test]
fn a_page_without_weirs_samples_is_a_page() {
    assert!(telemetry("# HELP up a\n# TYPE up gauge\nup 1\n").samples.is_empty());
}

#[test]
fn a_sample_that_is_none_is_damage() {
    for broken in [
        "weir_build_info{version=\"0.1.0} 1\n",
        "weir_build_info{version=\"0.1.0\" 1\n",
        "weir_build_info{version=\"\\q\"} 1\n",
        "weir_build_info{=\"a\"} 1\n",
        "weir_build_info{a=\"b\"}\n",
        "weir_build_info one\n",
        "weir_build_info 1 2 3\n",
    ] {
        assert_eq!(damage("m", format!("{METRICS}{broken}")).0, 13, "{broken}");
    }
}

#[test]
fn a_page_that_ends_within_a_line_is_damage() {
    assert_eq!(damage("m", METRICS.trim_end()).0, 12);
}

/// The page that the stages' own tests hold.
const PAGE: &str = include_str!("../../../stages/tests/golden/metrics.txt");

#[test]
fn the_collectors_own_page_is_read_whole() {
    let is_histogram = |name: &str| PAGE.contains(&format!("# TYPE {name} histogram\n"));
    let expected = PAGE.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap();
        let base = ["_bucket", "_sum", "_count"].iter().find_map(|it| name.strip_suffix(it));
        line.starts_with("weir_") && !base.is_some_and(is_histogram)
    });
    let found = telemetry(PAGE);
    assert_eq!(found.samples.len(), expected.count());
    assert!(found.samples.len() > 10, "the page has figures");
}
