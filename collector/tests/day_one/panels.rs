//! Every query of every dashboard.

use serde_json::Value as Json;
use std::path::Path;
use weir_stages::catalogue::RESERVED;

/// One query of a panel.
#[derive(Debug)]
pub(crate) struct Query {
    /// Dashboard, panel and reference, for people.
    pub(crate) place: String,
    /// As Grafana would send it, variables put in.
    pub(crate) expression: String,
}

impl Query {
    /// Whether it is about what the demo cannot have: the filtering engine, the audit trail.
    pub(crate) fn needs_more(&self) -> bool {
        let reserved = RESERVED.iter().map(|metric| metric.name);
        reserved.chain(["weir_wfp_", "weir_doctor_"]).any(|name| self.expression.contains(name))
    }
}

/// The queries of all dashboards.
pub(crate) fn queries(root: &Path, instance: &str) -> Vec<Query> {
    let mut found = Vec::new();
    for path in weir_deploy::place::files("dashboards", ".json") {
        let text = std::fs::read_to_string(root.join(&path)).unwrap();
        let dashboard: Json = serde_json::from_str(&text).unwrap();
        let Some(panels) = dashboard["panels"].as_array() else { continue };
        let title = dashboard["title"].as_str().unwrap();
        panels.iter().for_each(|panel| panel_queries(title, panel, instance, &mut found));
    }
    assert!(found.len() > 50, "{} queries", found.len());
    found
}

fn panel_queries(dashboard: &str, panel: &Json, instance: &str, found: &mut Vec<Query>) {
    // Rows that are folded hold their panels.
    for inner in panel["panels"].as_array().into_iter().flatten() {
        panel_queries(dashboard, inner, instance, found);
    }
    for target in panel["targets"].as_array().into_iter().flatten() {
        let (title, reference) = (panel["title"].as_str(), target["refId"].as_str());
        found.push(Query {
            place: format!("{dashboard} / {} / {}", title.unwrap_or(""), reference.unwrap_or("")),
            expression: expand(target["expr"].as_str().unwrap(), instance),
        });
    }
}

/// Puts in what Grafana puts in: everything chosen, and its own durations.
fn expand(expression: &str, instance: &str) -> String {
    let values = [
        ("$__rate_interval", "1m"),
        ("$__interval", "15s"),
        ("$__range", "2m"),
        ("$instance", instance),
        ("$job", "weir"),
        ("$program", ".*"),
    ];
    let expanded =
        values.iter().fold(expression.to_owned(), |text, (name, value)| text.replace(name, value));
    assert!(!expanded.contains("=~\"$"), "a variable that this test does not know: {expanded}");
    expanded
}
