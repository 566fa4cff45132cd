//! The example for Alertmanager: it loads, and sends alerts where it says.

use super::files::{FOLDER, Rules};
use super::promtool::{has, run, words};
use std::path::PathBuf;
use weir_deploy::place::root;

pub(crate) fn example() -> PathBuf {
    root().join(FOLDER).join("alertmanager.yml")
}

#[test]
fn alertmanager_loads_the_example() {
    if has("amtool") {
        let output = run("amtool", &["check-config"], &[example()]);
        assert!(output.status.success(), "{}", words(&output));
    }
}

#[test]
fn every_alert_goes_where_its_severity_says() {
    if !has("amtool") {
        return;
    }
    let file = format!("--config.file={}", example().display());
    let routed = |labels: &[String], receiver: &str| {
        let verify = format!("--verify.receivers={receiver}");
        let mut arguments = vec!["config", "routes", "test", &file, &verify];
        arguments.extend(labels.iter().map(String::as_str));
        let output = run("amtool", &arguments, &[]);
        assert!(output.status.success(), "{labels:?} to {receiver}: {}", words(&output));
    };
    for rule in Rules::read().alerts() {
        let severity = &rule.labels["severity"];
        let receiver = match severity.as_str() {
            "critical" => "on-call",
            "warning" => "office",
            _ => "nobody",
        };
        let labels = [format!("alertname={}", rule.name()), format!("severity={severity}")];
        routed(&labels, receiver);
    }
    // What is not Weir's is not lost.
    routed(&["alertname=Other".to_owned(), "severity=critical".to_owned()], "office");
}
