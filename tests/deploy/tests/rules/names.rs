//! What rules ask for exists, and may be relied on.

use super::files::{Rule, Rules};
use promql_parser::parser::Expr;
use weir_deploy::names::{Known, parse};

/// What the catalogue and the recording rules have, in the order in which those are written.
pub(crate) fn known(rules: &Rules) -> Known {
    let mut known = Known::catalogue();
    for (group, rule) in rules.recorded() {
        known
            .record(rule.name(), &rule.expr)
            .unwrap_or_else(|error| panic!("{group}, {}: {error}", rule.name()));
    }
    known
}

#[test]
fn every_metric_label_and_value_exists_and_what_is_recorded_is_recorded_before() {
    let rules = Rules::read();
    let known = known(&rules);
    for rule in rules.alerts() {
        known.check(&rule.expr).unwrap_or_else(|error| panic!("{}: {error}", rule.name()));
    }
}

#[test]
fn recorded_names_are_level_metric_operations() {
    for (_, rule) in Rules::read().recorded() {
        let parts: Vec<&str> = rule.name().split(':').collect();
        let [level, metric, operations] = parts[..] else { panic!("{}", rule.name()) };
        assert!(level == "job" || level.starts_with("instance"), "{}", rule.name());
        assert!(!operations.is_empty() && !operations.contains("total"), "{}", rule.name());
        for metric in metric.split("_per_") {
            assert!(metric.starts_with("weir_") && !metric.ends_with("_total"), "{}", rule.name());
            assert!(rule.expr.contains(metric), "{} is not about {metric}", rule.name());
        }
    }
}

/// The rule's expression, and those of all that it rests on.
fn whole(rules: &Rules, rule: &Rule) -> String {
    let mut text = rule.expr.clone();
    let recorded: Vec<&Rule> = rules.recorded().map(|(_, rule)| rule).collect();
    for other in recorded.iter().rev() {
        if text.contains(other.name()) {
            text.push(' ');
            text.push_str(&other.expr);
        }
    }
    text
}

/// Gauges that are made of single flows, which are only sometimes all known.
const OF_FLOWS: [&str; 5] = [
    "weir_flow_stuck",
    "weir_flow_waiting",
    "weir_flow_undecided_oldest_seconds",
    "weir_flow_undecided_older",
    "weir_flow_detail_",
];

#[test]
fn alerts_about_single_flows_ask_whether_all_of_them_are_known() {
    let rules = Rules::read();
    let mut found = 0;
    for rule in rules.alerts() {
        let whole = whole(&rules, rule);
        if OF_FLOWS.iter().any(|name| whole.contains(name)) {
            assert!(whole.contains("weir_flow_set_complete == 1"), "{}", rule.name());
            assert!(whole.contains("weir_driver_up == 1"), "{}", rule.name());
            found += 1;
        }
    }
    assert_eq!(found, 3, "stuck flows of a program, a host, the fleet");
}

/// Names of labels that matchers in an expression ask for.
fn matched(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    let text = expr.to_string();
    for part in text.split('{').skip(1) {
        let inside = part.split('}').next().unwrap_or_default();
        let matchers = inside.split(',').filter(|it| it.contains('='));
        found.extend(matchers.map(|it| it.split(['=', '!']).next().unwrap().trim().to_owned()));
    }
    found
}

#[test]
fn no_rule_filters_by_a_label_whose_values_may_end_in_other() {
    let rules = Rules::read();
    for rule in rules.alerts().chain(rules.recorded().map(|(_, rule)| rule)) {
        for label in matched(&parse(&rule.expr).unwrap()) {
            assert!(!["program", "result"].contains(&&*label), "{}", rule.name());
        }
    }
    let mut seen = matched(&parse("x{program=\"a\",b!=\"c\"}").unwrap());
    seen.sort();
    assert_eq!(seen, ["b", "program"]);
}

#[test]
fn only_what_asks_whether_a_target_answers_names_a_job() {
    let rules = Rules::read();
    let naming = rules.alerts().chain(rules.recorded().map(|(_, rule)| rule)).filter(|rule| {
        matched(&parse(&rule.expr).unwrap()).iter().any(|it| it == "job" || it == "instance")
    });
    assert_eq!(naming.map(Rule::name).collect::<Vec<_>>(), ["WeirCollectorDown"]);
}
