//! The manifest for the Prometheus operator has the same rules.

use super::files::{RuleFile, Rules, parse, text};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    api_version: String,
    kind: String,
    spec: RuleFile,
}

#[test]
fn the_manifest_has_every_rule_and_no_other() {
    let manifest: Manifest = parse(&text("deploy/kubernetes/prometheusrule.yaml"));
    assert_eq!(manifest.api_version, "monitoring.coreos.com/v1");
    assert_eq!(manifest.kind, "PrometheusRule");
    let Rules { recording, alerts } = Rules::read();
    assert_eq!(manifest.spec.groups, [recording.groups, alerts.groups].concat());
}
