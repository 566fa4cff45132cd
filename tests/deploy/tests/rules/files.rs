//! The rule files as they are written, and copies of them for promtool.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use weir_deploy::place::root;

/// Where rules, tests and the example for Alertmanager are.
pub(crate) const FOLDER: &str = "deploy/prometheus";

/// A file of rules.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleFile {
    pub(crate) groups: Vec<Group>,
}

/// Rules that are evaluated one after the other.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Group {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) interval: Option<String>,
    pub(crate) rules: Vec<Rule>,
}

/// A rule: `record` or `alert` is its name.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rule {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) alert: Option<String>,
    pub(crate) expr: String,
    #[serde(rename = "for", skip_serializing_if = "Option::is_none")]
    pub(crate) lasts: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Rule {
    pub(crate) fn name(&self) -> &str {
        self.record.as_deref().or(self.alert.as_deref()).expect("a rule has a name")
    }
}

/// Both files: what is recorded, and the alerts.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) recording: RuleFile,
    pub(crate) alerts: RuleFile,
}

impl Rules {
    pub(crate) fn read() -> Self {
        let read = |name: &str| parse(&text(&format!("{FOLDER}/rules/{name}")));
        Self { recording: read(RECORDING), alerts: read(ALERTS) }
    }

    /// Every alert, in the order of the file.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Rule> {
        self.alerts.groups.iter().flat_map(|group| &group.rules)
    }

    /// Every recording rule, with the name of its group.
    pub(crate) fn recorded(&self) -> impl Iterator<Item = (&str, &Rule)> {
        let groups = self.recording.groups.iter();
        groups.flat_map(|group| group.rules.iter().map(|rule| (group.name.as_str(), rule)))
    }

    /// Without the rules that none of these needs, directly or through others: promtool is then
    /// ten times as fast.
    pub(crate) fn only(mut self, wanted: impl Fn(&str, &Rule) -> bool) -> Self {
        let mut kept: Vec<Rule> = Vec::new();
        let groups = self.alerts.groups.iter().chain(self.recording.groups.iter().rev());
        for group in groups {
            for rule in group.rules.iter().rev() {
                let is_needed = kept.iter().any(|other| other.expr.contains(rule.name()));
                if is_needed || wanted(&group.name, rule) {
                    kept.push(rule.clone());
                }
            }
        }
        for group in self.alerts.groups.iter_mut().chain(&mut self.recording.groups) {
            group.rules.retain(|rule| kept.iter().any(|other| other.name() == rule.name()));
        }
        self
    }

    /// Replaces the rule of this name, and of these labels: one alert may have two severities.
    pub(crate) fn replace(&mut self, new: &Rule) {
        let groups = self.alerts.groups.iter_mut().chain(&mut self.recording.groups);
        for rule in groups.flat_map(|group| &mut group.rules) {
            if rule.name() == new.name() && rule.labels == new.labels {
                *rule = new.clone();
            }
        }
    }

    /// Writes both files where tests look for them, beside a copy of this test; returns its place.
    pub(crate) fn write(&self, folder: &Path, test: &str) -> PathBuf {
        for (name, file) in [(RECORDING, &self.recording), (ALERTS, &self.alerts)] {
            let path = folder.join("rules").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            // JSON is YAML.
            std::fs::write(path, serde_json::to_string(file).unwrap()).unwrap();
        }
        let path = folder.join("tests").join(test);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::copy(root().join(FOLDER).join("tests").join(test), &path).unwrap();
        path
    }
}

const RECORDING: &str = "weir.recording.yml";
const ALERTS: &str = "weir.alerts.yml";

/// A file of the repository.
pub(crate) fn text(path: &str) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("read {}: {error}", path.display()))
}

/// A document of YAML.
pub(crate) fn parse<T: for<'a> Deserialize<'a>>(text: &str) -> T {
    serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}"))
}
