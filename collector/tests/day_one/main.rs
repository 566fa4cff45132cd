//! The first day with Prometheus: the quickstart as it stands, every query of the dashboards and
//! every expression of the rules, on a real Prometheus that scrapes `weir demo`.
#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod panels;
mod planted;
mod quickstart;
mod rules;
mod server;
mod troubles;

use core::time::Duration;
use quickstart::Quickstart;
use server::Prometheus;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Instant, SystemTime};
use troubles::WORST;

/// How long Prometheus scrapes before anybody asks.
const SCRAPED: Duration = Duration::from_secs(120);

/// The quickstart takes three minutes on a machine that does nothing else.
const QUICKSTART_MAX: Duration = Duration::from_secs(480);

/// Nobody listens there: the export has something to say, and `up` has a host that is down.
const NOWHERE: &str = "127.0.0.1:1";

/// The demo's own address, as the quickstart has it.
const DEMO: &str = "127.0.0.1:10061";

#[test]
fn the_quickstart_ends_in_an_alert_and_no_panel_or_rule_is_without_data() {
    let missing = ["prometheus", "promtool", "curl"].into_iter().find(|tool| !is_there(tool));
    if let Some(tool) = missing {
        println!("SKIPPED: {tool} is not installed");
        return;
    }
    let root = weir_deploy::place::root();
    let mut quickstart = Quickstart::start(&root, &format!("http://{NOWHERE}"));
    quickstart.until("weir_flow_verdicts_total", QUICKSTART_MAX);

    let folder = tempfile::tempdir().unwrap();
    let begun = seconds();
    let planted = planted::serve(troubles::troubles());
    let config = config(&root, &planted.to_string(), folder.path());
    let prometheus = Prometheus::start(&config, &folder.path().join("tsdb"));
    let started = Instant::now();

    let said = quickstart.until_done(QUICKSTART_MAX);
    assert!(said.contains("alertname=\"WeirFlowsStuck\", alertstate=\"firing\""), "{said}");
    std::thread::sleep(SCRAPED.saturating_sub(started.elapsed()));

    let mut silent = silent_panels(&root, &prometheus, begun);
    silent.extend(silent_rules(&root, &prometheus, begun));
    silent.extend(prometheus.rule_failures());
    quickstart.finish();
    assert!(silent.is_empty(), "without data:\n{}", silent.join("\n"));
}

/// Queries of panels that the demo gives nothing to draw; those about what only Windows or the
/// audit trail has are asked of the planted host.
fn silent_panels(root: &Path, prometheus: &Prometheus, begun: u64) -> Vec<String> {
    let mut silent = Vec::new();
    let windows = panels::queries(root, WORST).into_iter().filter(panels::Query::needs_more);
    let demo = panels::queries(root, DEMO).into_iter().filter(|query| !query.needs_more());
    for query in demo.chain(windows) {
        let rows = prometheus.range(&query.expression, begun, seconds());
        if !rows.as_ref().is_ok_and(|rows| !rows.is_empty()) {
            silent.push(format!("{}: {} ({rows:?})", query.place, query.expression));
        }
    }
    silent
}

/// Rules whose expression finds nothing, not even on the planted host.
fn silent_rules(root: &Path, prometheus: &Prometheus, begun: u64) -> Vec<String> {
    let mut silent = Vec::new();
    for rule in rules::rules(root) {
        let rows = prometheus.instant(&rule.expression, when(&rule, begun));
        if !rows.as_ref().is_ok_and(|rows| !rows.is_empty()) {
            silent.push(format!("{}: {} ({rows:?})", rule.name, rule.expression));
        }
    }
    silent
}

/// When to ask: that nothing is there, before anything was; what leaves out the last hour, in an
/// hour.
fn when(rule: &rules::Rule, begun: u64) -> Option<u64> {
    let expression = &rule.expression;
    let before = expression.contains("absent(").then_some(begun - 86_400);
    before.or_else(|| expression.contains("offset 1h").then_some(begun + 3_700))
}

/// The configuration of the quickstart, with a host that is down beside the demo, and those where
/// everything goes wrong.
fn config(root: &Path, planted: &str, folder: &Path) -> PathBuf {
    let prometheus = root.join("deploy/prometheus").canonicalize().unwrap();
    let text = std::fs::read_to_string(prometheus.join("scrape.yml")).unwrap();
    let target = format!("['{DEMO}']");
    assert!(text.contains(&target) && text.contains("- rules/"));
    let mut text = text
        .replace(&target, &format!("['{DEMO}', '{NOWHERE}']"))
        .replace("- rules/", &format!("- {}/rules/", prometheus.display()));
    text.push_str(&format!(
        "\n  - job_name: planted\n    honor_labels: true\n    static_configs:\n      \
         - targets: ['{planted}']\n"
    ));
    let path = folder.join("prometheus.yml");
    std::fs::write(&path, text).unwrap();
    path
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn is_there(tool: &str) -> bool {
    let mut command = Command::new(tool);
    let tried = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}
