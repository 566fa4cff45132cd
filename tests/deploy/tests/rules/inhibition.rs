//! What the example for Alertmanager keeps quiet, as it is written.

use super::files::{FOLDER, Rule, Rules, parse, text};
use serde::Deserialize;
use std::collections::BTreeSet;
use weir_stages::checks::table::CHECKS;

#[derive(Deserialize)]
struct Example {
    inhibit_rules: Vec<Inhibition>,
}

#[derive(Deserialize)]
struct Inhibition {
    source_matchers: Vec<String>,
    target_matchers: Vec<String>,
    #[serde(default)]
    equal: Vec<String>,
}

/// Names of alerts that these matchers name one by one.
fn alerts(matchers: &[String]) -> Vec<&str> {
    let named = matchers.iter().filter_map(|it| it.strip_prefix("alertname ="));
    let named = named.flat_map(|it| it.trim_start_matches('~').trim().trim_matches('"').split('|'));
    named.filter(|it| *it != "Weir.+").collect()
}

#[test]
fn only_what_is_as_severe_keeps_something_quiet() {
    let rules = Rules::read();
    let example: Example = parse(&text(&format!("{FOLDER}/alertmanager.yml")));
    for it in &example.inhibit_rules {
        let [source] = alerts(&it.source_matchers)[..] else { panic!("{:?}", it.source_matchers) };
        let targets = alerts(&it.target_matchers);
        // An alert of two severities is picked by what else the source asks for.
        let asked = |rule: &&Rule| {
            let others = it.source_matchers.iter().filter_map(|it| it.strip_prefix("session = "));
            others.into_iter().all(|session| rule.expr.contains(&format!("\"{session}\"")))
        };
        let of = |name: &str| rules.alerts().filter(|rule| rule.name() == name).collect::<Vec<_>>();
        let sources = of(source).into_iter().filter(asked);
        let weakest = sources.map(rank).min().unwrap_or_else(|| panic!("no alert {source}"));
        assert!(!targets.is_empty() || weakest == 2, "{source}");
        for target in targets {
            let strongest = of(target).into_iter().map(rank).max();
            let strongest = strongest.unwrap_or_else(|| panic!("no alert {target}"));
            assert!(weakest >= strongest, "{source} keeps {target} quiet");
        }
    }
}

fn rank(rule: &Rule) -> u8 {
    match rule.labels["severity"].as_str() {
        "critical" => 2,
        "warning" => 1,
        _ => 0,
    }
}

/// Kinds of events whose loss makes the set of flows wrong, as the collector has them.
fn kinds_of_flows() -> BTreeSet<String> {
    let source = text("collector/stages/src/aggregate/capture.rs");
    let list = source.split("const FLOW_KINDS").nth(1).unwrap().split(';').next().unwrap();
    let names = list.split(".with(").skip(1).map(|part| part.split("::").next().unwrap());
    let snake = |name: &str| {
        let parts = name.split_inclusive(|_: char| true).map(|letter| {
            let is_capital = letter.chars().all(char::is_uppercase);
            format!("{}{}", if is_capital { "_" } else { "" }, letter.to_lowercase())
        });
        parts.collect::<String>().trim_start_matches('_').to_owned()
    };
    names.map(snake).collect()
}

#[test]
fn only_lost_events_about_flows_explain_that_flows_are_not_all_known() {
    let example: Example = parse(&text(&format!("{FOLDER}/alertmanager.yml")));
    let of = |it: &&Inhibition| it.source_matchers.contains(&"alertname = WeirEventsLost".into());
    let it = example.inhibit_rules.iter().find(of).unwrap();
    let events = it.source_matchers.iter().find_map(|it| it.strip_prefix("event =~ ")).unwrap();
    let events: BTreeSet<String> = events.trim_matches('"').split('|').map(str::to_owned).collect();
    assert_eq!(events, kinds_of_flows());
    assert!(events.contains("attachment_verdict") && events.len() > 5, "{events:?}");
}

/// Or the doctor's alert would be told beside the page that it stands for.
#[test]
fn checks_of_the_doctor_that_are_kept_quiet_exist_and_nothing_else_of_it_is() {
    let example: Example = parse(&text(&format!("{FOLDER}/alertmanager.yml")));
    let quiet: Vec<&Inhibition> = (example.inhibit_rules.iter())
        .filter(|it| alerts(&it.target_matchers).contains(&"WeirDoctorCheckFailed"))
        .collect();
    assert!(!quiet.is_empty());
    for it in quiet {
        let named = it.target_matchers.iter().find_map(|it| it.strip_prefix("check ="));
        let named = named.unwrap_or_else(|| panic!("{:?} hides every check", it.source_matchers));
        for id in named.trim_start_matches('~').trim().trim_matches('"').split('|') {
            assert!(CHECKS.iter().any(|check| check.id == id), "there is no check {id}");
        }
    }
}

#[test]
fn hosts_of_two_clusters_may_be_called_the_same() {
    let example: Example = parse(&text(&format!("{FOLDER}/alertmanager.yml")));
    for it in &example.inhibit_rules {
        let is_apart =
            ["cluster", "region"].iter().all(|label| it.equal.iter().any(|x| x == label));
        assert!(is_apart, "{:?} reaches into other clusters", it.source_matchers);
    }
}
