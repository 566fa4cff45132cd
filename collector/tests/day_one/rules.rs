//! Expressions of the rule files.

use serde::Deserialize;
use std::path::Path;

/// A rule: what it records or is called, and its expression.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) name: String,
    pub(crate) is_alert: bool,
    pub(crate) expression: String,
}

#[derive(Deserialize)]
struct File {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Written>,
}

#[derive(Deserialize)]
struct Written {
    record: Option<String>,
    alert: Option<String>,
    expr: String,
}

/// The rules of all rule files.
pub(crate) fn rules(root: &Path) -> Vec<Rule> {
    let paths = weir_deploy::place::files("deploy/prometheus/rules", ".yml");
    let groups = paths.iter().flat_map(|path| {
        let text = std::fs::read_to_string(root.join(path)).unwrap();
        serde_saphyr::from_str::<File>(&text).unwrap().groups
    });
    let rules: Vec<Rule> = groups
        .flat_map(|group| group.rules)
        .map(|it| Rule {
            is_alert: it.alert.is_some(),
            name: it.alert.or(it.record).unwrap(),
            expression: it.expr,
        })
        .collect();
    assert!(rules.iter().any(|rule| rule.is_alert));
    rules
}
