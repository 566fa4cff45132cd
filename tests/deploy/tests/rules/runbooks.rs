//! Every alert has a page that says what to do, with queries and commands that exist.

use super::files::{Rules, text};
use super::names::known;
use std::collections::{BTreeMap, BTreeSet};
use weir_deploy::place;

const FOLDER: &str = "docs/runbooks";

/// Sections of every page, in this order.
const SECTIONS: [&str; 4] = ["What it means", "How to confirm", "What to do", "When it is noise"];

/// Programs that commands may run: Weir's, those of Windows, of eBPF for Windows, of Prometheus.
const TOOLS: [&str; 10] = [
    "weir",
    "sc.exe",
    "netsh",
    "logman",
    "reg",
    "tasklist",
    "netstat",
    "curl.exe",
    "bpftool.exe",
    "promtool",
];

fn pages() -> BTreeMap<String, String> {
    let names = place::files(FOLDER, ".md")
        .into_iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned());
    names
        .filter(|name| name != "README")
        .map(|name| (name.clone(), text(&format!("{FOLDER}/{name}.md"))))
        .collect()
}

/// Lines of the fenced blocks of one language; long lines of the shell are joined.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut is_inside = false;
    for line in page.lines().map(str::trim) {
        if let Some(fence) = line.strip_prefix("```") {
            is_inside = fence == language;
        } else if is_inside && !line.is_empty() {
            lines.push(line.to_owned());
        }
    }
    lines
}

#[test]
fn every_alert_has_a_page_and_every_page_an_alert() {
    let rules = Rules::read();
    let alerts: BTreeSet<&str> = rules.alerts().map(|rule| rule.name()).collect();
    let pages = pages();
    assert_eq!(pages.keys().map(String::as_str).collect::<BTreeSet<_>>(), alerts);
}

/// What an alert may be: one of a name may be more severe than another.
fn severities(name: &str) -> Vec<String> {
    let rules = Rules::read();
    let named = rules.alerts().filter(|rule| rule.name() == name);
    named.map(|rule| rule.labels["severity"].clone()).collect()
}

#[test]
fn every_page_begins_with_its_alert_and_has_the_sections() {
    let pages = pages();
    for rule in Rules::read().alerts() {
        let page = &pages[rule.name()];
        let severity = severities(rule.name()).join(" or ");
        let minutes = rule.lasts.as_deref().unwrap().trim_end_matches('m');
        let dashboard = rule.annotations["dashboard_uid"].trim_start_matches("weir-");
        let head = format!("{severity}, after {minutes} minutes; dashboard *{dashboard}*.");
        let begins = format!("# {}\n\n{head}\n\n", rule.name()).to_lowercase();
        assert!(page.to_lowercase().starts_with(&begins), "{}: {head}", rule.name());
        let sections: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, SECTIONS, "{}", rule.name());
        let empty = page.split("\n## ").any(|section| section.trim().lines().count() < 3);
        assert!(!empty, "{} has an empty section", rule.name());
    }
}

#[test]
fn the_index_has_every_alert_with_its_severity_and_summary() {
    let rules = Rules::read();
    let rows = rules.alerts().map(|rule| {
        let mut summary = rule.annotations["summary"].clone();
        for (from, to) in [("{{ $labels.", "`"), (" }}", "`")] {
            summary = summary.replace(from, to);
        }
        let (name, severity) = (rule.name(), &rule.labels["severity"]);
        format!("| [{name}]({name}.md) | {severity} | {summary} |")
    });
    let index = text(&format!("{FOLDER}/README.md"));
    let found: Vec<&str> = index.lines().filter(|line| line.starts_with("| [")).collect();
    assert_eq!(found, rows.collect::<Vec<_>>());
}

#[test]
fn queries_of_the_pages_name_what_exists() {
    let known = known(&Rules::read());
    for (name, page) in pages() {
        let queries = fenced(&page, "promql");
        assert!(!queries.is_empty(), "{name} has no query");
        for query in queries {
            known.check(&query).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

/// What is wrong with a command of Weir's own, by the page that its help is printed into.
fn refused(command: &str, help: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let is_path = |word: &&&str| word.chars().all(|it| it.is_ascii_lowercase());
    let path: Vec<&str> = words.iter().take_while(is_path).copied().collect();
    let title = format!("## {}\n", path.join(" "));
    let Some((_, rest)) = help.split_once(&title) else { return Some(title) };
    let section = rest.split("\n## ").next().unwrap_or_default();
    let flags = words.iter().filter(|word| word.starts_with("--"));
    let unknown = flags.copied().find(|flag| {
        !section.contains(&format!("{flag} ")) && !section.contains(&format!("{flag}\n"))
    });
    unknown.map(str::to_owned)
}

#[test]
fn commands_of_the_pages_exist() {
    let help = text("docs/cli.md");
    for (name, page) in pages() {
        for command in fenced(&page, "console") {
            let tool = command.split_whitespace().next().unwrap();
            assert!(TOOLS.contains(&tool), "{name}: {command}");
            if tool == "weir" {
                assert_eq!(refused(&command, &help), None, "{name}: {command}");
            }
        }
    }
    assert!(refused("weir drivers", &help).is_some());
    assert!(refused("weir replay --flow x.pcap", &help).is_some());
}

#[test]
fn pages_that_a_page_leads_to_are_there() {
    let pages = pages();
    for (name, page) in &pages {
        for link in page.split("](").skip(1).filter_map(|part| part.split_once(')')) {
            let target = link.0.trim_end_matches(".md");
            assert!(pages.contains_key(target), "{name} leads to {}", link.0);
        }
    }
}
