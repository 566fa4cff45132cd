//! The files as they are: Prometheus loads them, and their tests pass and say enough.

use super::files::{FOLDER, Rules, parse, text};
use super::promtool;
use serde_json::Value;
use std::collections::BTreeSet;
use weir_deploy::place;

#[test]
fn prometheus_loads_the_rules() {
    if promtool::has("promtool") {
        promtool::assert_loads(&place::files(&format!("{FOLDER}/rules"), ".yml"));
    }
}

#[test]
fn the_tests_of_the_rules_pass() {
    if !promtool::has("promtool") {
        return;
    }
    let tests = place::files(&format!("{FOLDER}/tests"), ".test.yml");
    let failed: Vec<_> = tests
        .iter()
        .zip(promtool::passing(&tests))
        .filter_map(|(test, passes)| (!passes).then_some(test))
        .collect();
    assert!(failed.is_empty(), "promtool test rules fails on {failed:?}");
}

#[test]
fn every_alert_and_every_group_that_records_has_a_test_and_every_test_a_rule() {
    let rules = Rules::read();
    let alerts = rules.alerts().map(|rule| rule.name().to_owned());
    let wanted: BTreeSet<String> =
        alerts.chain(rules.recorded().map(|(group, _)| group.to_owned())).collect();
    let tests = place::files(&format!("{FOLDER}/tests"), ".test.yml");
    let name = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.strip_suffix(".test.yml").unwrap().to_owned()
    };
    assert_eq!(tests.iter().map(name).collect::<BTreeSet<_>>(), wanted);
}

/// Whether the checks of one run of a test see the alert come, and go again after that.
fn comes_and_goes(test: &Value) -> (bool, bool) {
    let checks = test["alert_rule_test"].as_array().unwrap();
    let fires = |check: &Value| check["exp_alerts"].as_array().is_some_and(|it| !it.is_empty());
    let Some(first) = checks.iter().position(fires) else { return (false, false) };
    (true, checks[first..].iter().any(|check| !fires(check)))
}

#[test]
fn every_alert_is_seen_to_stay_silent_to_fire_and_to_resolve() {
    for rule in Rules::read().alerts() {
        let test: Value = parse(&text(&format!("{FOLDER}/tests/{}.test.yml", rule.name())));
        let seen: Vec<(bool, bool)> =
            test["tests"].as_array().unwrap().iter().map(comes_and_goes).collect();
        assert!(seen.iter().any(|it| !it.0), "{} is never silent throughout", rule.name());
        assert!(seen.iter().any(|it| it.0 && it.1), "{} never resolves", rule.name());
    }
}
