//! Tests that cannot fail show nothing: each rule is broken in every way that `breaking` knows, in
//! a copy, and its test has to fail.

use super::breaking;
use super::files::{Rule, Rules};
use super::promtool;
use std::collections::BTreeSet;
use std::path::PathBuf;
use weir_deploy::names::parse;

/// A rule that is not what it was.
struct Mutant {
    rule: Rule,
    what: String,
    test: String,
}

/// What an alert is broken into: its expression, its time, never firing, always firing.
fn of_alert(rule: &Rule) -> Vec<Mutant> {
    let test = format!("{}.test.yml", rule.name());
    let minutes: u32 = {
        let lasts = rule.lasts.as_deref().unwrap_or_else(|| panic!("{} has no for", rule.name()));
        lasts.strip_suffix('m').and_then(|it| it.parse().ok()).expect("for is in minutes")
    };
    let mut mutants = of_expression(rule, &test);
    for lasts in [minutes + 1, minutes - 1].map(|it| format!("{it}m")) {
        let what = format!("for {lasts}");
        let rule = Rule { lasts: Some(lasts), ..rule.clone() };
        mutants.push(Mutant { rule, what, test: test.clone() });
    }
    for (what, expr) in [("never", "vector(1) > 2"), ("always", "vector(1)")] {
        let rule = Rule { expr: expr.to_owned(), ..rule.clone() };
        mutants.push(Mutant { rule, what: what.to_owned(), test: test.clone() });
    }
    mutants
}

/// What a recording rule is broken into: its expression, and twice its value.
fn of_recording(group: &str, rule: &Rule) -> Vec<Mutant> {
    let test = format!("{group}.test.yml");
    let mut mutants = of_expression(rule, &test);
    let twice = Rule { expr: format!("2 * ({})", rule.expr), ..rule.clone() };
    mutants.push(Mutant { rule: twice, what: "twice".to_owned(), test });
    mutants
}

fn of_expression(rule: &Rule, test: &str) -> Vec<Mutant> {
    let broken = breaking::every(&parse(&rule.expr).unwrap()).into_iter();
    let mutant = |it: breaking::Broken| Mutant {
        rule: Rule { expr: it.expr.to_string(), ..rule.clone() },
        what: it.what,
        test: test.to_owned(),
    };
    broken.map(mutant).collect()
}

/// The mutants that no test notices.
fn survivors(rules: &Rules, mutants: &[Mutant]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let write = |(place, mutant): (usize, &Mutant)| {
        let group = mutant.test.strip_suffix(".test.yml").unwrap();
        let mut rules = rules.clone().only(|of, rule| {
            of == group && rule.record.is_some() || rule.name() == mutant.rule.name()
        });
        rules.replace(&mutant.rule);
        rules.write(&folder.path().join(place.to_string()), &mutant.test)
    };
    let tests: Vec<PathBuf> = mutants.iter().enumerate().map(write).collect();
    let rules: Vec<PathBuf> = tests
        .iter()
        .flat_map(|test| promtool::files(&test.parent().unwrap().join("../rules"), ".yml"))
        .collect();
    // What does not load fails every test, and shows nothing.
    promtool::assert_loads(&rules);
    let passing = promtool::passing(&tests);
    let survived = mutants.iter().zip(passing).filter(|(_, passes)| *passes);
    survived.map(|(mutant, _)| format!("{}: {}", mutant.rule.name(), mutant.what)).collect()
}

#[test]
fn each_test_fails_when_its_alert_is_broken() {
    if !promtool::has("promtool") {
        return;
    }
    let rules = Rules::read();
    let mutants: Vec<Mutant> = rules.alerts().flat_map(of_alert).collect();
    let broken: BTreeSet<_> = mutants.iter().map(|it| (it.rule.name(), &it.rule.labels)).collect();
    assert_eq!(broken.len(), rules.alerts().count(), "no alert is left out");
    assert_eq!(survivors(&rules, &mutants), Vec::<String>::new(), "of {}", mutants.len());
}

#[test]
fn each_test_fails_when_its_recording_rule_is_broken() {
    if !promtool::has("promtool") {
        return;
    }
    let rules = Rules::read();
    let mutants: Vec<Mutant> =
        rules.recorded().flat_map(|(group, rule)| of_recording(group, rule)).collect();
    assert_eq!(survivors(&rules, &mutants), Vec::<String>::new(), "of {}", mutants.len());
}

/// Or every mutant would be killed by what the copy does to the rules.
#[test]
fn a_copy_that_is_not_broken_passes() {
    if !promtool::has("promtool") {
        return;
    }
    let rules = Rules::read();
    let printed = |rule: &Rule, test: String| Mutant {
        rule: Rule { expr: parse(&rule.expr).unwrap().to_string(), ..rule.clone() },
        what: "printed anew".to_owned(),
        test,
    };
    let alerts = rules.alerts().map(|rule| printed(rule, format!("{}.test.yml", rule.name())));
    let recorded = rules.recorded().map(|(group, rule)| printed(rule, format!("{group}.test.yml")));
    let copies: Vec<Mutant> = alerts.chain(recorded).collect();
    assert_eq!(survivors(&rules, &copies).len(), copies.len());
}
