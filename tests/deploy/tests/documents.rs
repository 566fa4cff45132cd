//! Pages and examples name only metrics and labels that the catalogue has.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weir_deploy::names::Known;
use weir_deploy::place::root;
use weir_stages::catalogue::{METRICS, RESERVED};

/// Words that look like a metric and are none.
const OTHERS: [&str; 7] = [
    // The section of programs, and headers for their authors.
    "weir_flow_classify",
    "weir_attach",
    "weir_attach_parameters_t",
    // Crates and modules as Rust and Python write them.
    "weir_nt",
    "weir_sys",
    "weir_dashboards",
    // What the driver's link fails with where a panic is left.
    "weir_panic_path_survives",
];

/// Folders that hold what others wrote, or what was built.
const SKIPPED: [&str; 4] = ["target", "node_modules", ".git", "__pycache__"];

/// Pages, and files that are deployed.
fn pages() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let (path, name) = (entry.path(), entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                if !SKIPPED.iter().any(|it| *it == name) {
                    folders.push(path);
                }
            } else if is_page(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(found.len() > 50, "{} pages", found.len());
    found
}

fn is_page(path: &Path) -> bool {
    let is_deployed = path.starts_with(root().join("deploy"));
    let ending = path.extension().and_then(|it| it.to_str());
    ending == Some("md") || (is_deployed && matches!(ending, Some("yml" | "yaml" | "ps1")))
}

/// Words of a text that look like a metric, each with what follows it.
fn words(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.match_indices("weir_").filter_map(|(at, _)| {
        let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_';
        let before = text[..at].chars().next_back();
        // What a rule records, as `instance:weir_x:rate5m`, is held to its file elsewhere.
        if before.is_some_and(|it| is_part(it) || it == ':') {
            return None;
        }
        let rest = &text[at..];
        let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
        Some(rest.split_at(end))
    })
}

/// What a page says of metrics that is not so.
fn wrong(known: &Known, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (word, after) in words(text) {
        if OTHERS.contains(&word) {
            continue;
        }
        // `weir_wfp_*` and `weir_audit_…` are all metrics that begin so.
        if word.ends_with('_') {
            let mut names = METRICS.iter().chain(RESERVED).map(|metric| metric.name);
            if !names.any(|name| name.starts_with(word)) {
                wrong.push(format!("no metric begins with {word}"));
            }
            continue;
        }
        let is_histogram = known.check(&format!("{word}_count")).is_ok();
        let selector = after.starts_with('{').then(|| after.split_inclusive('}').next()).flatten();
        let selector = selector.filter(|it| it.contains('"')).unwrap_or_default();
        if let Err(error) = known.check(&format!("{word}{selector}"))
            && !(is_histogram && selector.is_empty())
        {
            wrong.push(error);
        }
    }
    wrong
}

#[test]
fn every_metric_and_label_that_a_page_names_is_in_the_catalogue() {
    let known = Known::catalogue();
    let mut wrong_ones = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).unwrap();
        let here = wrong(&known, &text);
        wrong_ones.extend(here.into_iter().map(|it| format!("{}: {it}", path.display())));
    }
    assert!(wrong_ones.is_empty(), "{}", wrong_ones.join("\n"));
}

#[test]
fn a_wrong_name_label_or_value_is_found() {
    let known = Known::catalogue();
    let finds = |text: &str| wrong(&known, text).len();
    assert_eq!(finds("see `weir_flow_stuck`, weir_program_run_seconds and weir_wfp_*."), 0);
    assert_eq!(finds("weir_flow_stuck{program=\"x\"} 3"), 0);
    assert_eq!(finds("see weir_flows_stuck"), 1);
    assert_eq!(finds("weir_nothing_*"), 1);
    assert_eq!(finds("weir_flow_stuck{state=\"new\"} 3"), 1);
    assert_eq!(finds("weir_flow_verdicts_total{verdict=\"blocked\"}"), 1);
}

#[test]
fn no_word_is_excused_that_nobody_writes() {
    let all: String = pages().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let written: BTreeSet<&str> = words(&all).map(|(word, _)| word).collect();
    let unused: Vec<_> = OTHERS.iter().filter(|word| !written.contains(**word)).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
