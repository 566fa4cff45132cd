//! What an alert says: how severe it is, what it means here and now, and where to read on.

use super::files::{Rule, Rules};
use promql_parser::parser::Expr;
use std::collections::BTreeSet;
use weir_deploy::names::parse;

/// Where runbooks are read.
const RUNBOOKS: &str = "https://github.com/weir-project/weir/blob/main/docs/runbooks";

/// Uids of the dashboards.
const DASHBOARDS: [&str; 4] = ["weir-fleet", "weir-programs", "weir-flows", "weir-pipeline"];

#[test]
fn every_alert_says_how_severe_it_is_what_it_means_and_where_to_read_on() {
    for rule in Rules::read().alerts() {
        let name = rule.name();
        assert!(name.starts_with("Weir"), "{name}");
        let labels: Vec<&str> = rule.labels.keys().map(String::as_str).collect();
        assert_eq!(labels, ["severity"], "{name}");
        assert!(["critical", "warning", "info"].contains(&&*rule.labels["severity"]), "{name}");
        let annotations: Vec<&str> = rule.annotations.keys().map(String::as_str).collect();
        assert_eq!(
            annotations,
            ["dashboard_uid", "description", "runbook_url", "summary"],
            "{name}"
        );
        assert_eq!(rule.annotations["runbook_url"], format!("{RUNBOOKS}/{name}.md"));
        assert!(DASHBOARDS.contains(&&*rule.annotations["dashboard_uid"]), "{name}");
        let (summary, description) =
            (&rule.annotations["summary"], &rule.annotations["description"]);
        assert!(summary.len() < 100 && !summary.ends_with('.'), "{name}: {summary}");
        assert!(description.ends_with('.'), "{name}: {description}");
        let lasts = rule.lasts.as_deref().unwrap().trim_end_matches('m');
        assert!(lasts.parse::<u32>().unwrap() >= 2, "a missed scrape fires {name}");
    }
}

/// Whether an alert's value says more than that it fires.
fn has_value(expr: &Expr) -> bool {
    let Expr::Binary(it) = expr else {
        return !matches!(expr, Expr::Call(it) if it.func.name == "absent");
    };
    match it.op.to_string().as_str() {
        "and" | "or" | "unless" => has_value(&it.lhs),
        // What equals a number is that number.
        operator => operator != "==",
    }
}

#[test]
fn every_description_tells_the_value_and_the_labels() {
    let mut names = weir_deploy::names::Known::catalogue();
    let rules = Rules::read();
    for (_, rule) in rules.recorded() {
        names.record(rule.name(), &rule.expr).unwrap();
    }
    for rule in rules.alerts() {
        let said = rule.annotations.values().cloned().collect::<String>();
        if has_value(&parse(&rule.expr).unwrap()) {
            assert!(rule.annotations["description"].contains("$value"), "{}", rule.name());
        }
        let labels = names.check(&rule.expr).unwrap();
        for label in labels_in(&said) {
            assert!(labels.has(label), "{} has no label {label}", rule.name());
        }
        for label in told(rule) {
            let is_said = said.contains(&format!("$labels.{label} "));
            assert!(!labels.has(label) || is_said, "{} does not say its {label}", rule.name());
        }
    }
}

/// Labels that tell one firing alert from another of the same name.
fn told(rule: &Rule) -> &'static [&'static str] {
    // It is about none.
    if rule.name() == "WeirNoData" {
        return &[];
    }
    &[
        "instance", "program", "event", "layer", "kind", "session", "signal", "endpoint", "reason",
        "check",
    ]
}

fn labels_in(text: &str) -> BTreeSet<&str> {
    let parts = text.split("$labels.").skip(1);
    parts
        .map(|part| part.split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap())
        .collect()
}
