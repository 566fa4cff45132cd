//! The rules of the house that text can show.

use crate::run::root;
use std::path::{Path, PathBuf};

/// Lines at which a source file is too long, tables and tests exempt.
const LINES_MAX: usize = 800;

/// Crates that may say `unsafe`.
const UNSAFE_FOLDERS: [&str; 6] = [
    // Event tracing.
    "collector/etw/src/live/",
    // The filtering engine.
    "collector/wfp/src/live/",
    "driver/nt/",
    "driver/usermode/src/vm/",
    "tests/kernel/",
    // An allocator that counts.
    "collector/etl/tests/hostile/memory.rs",
];

/// Crates that read no clock, environment or randomness.
const PURE_FOLDERS: [&str; 5] = [
    "driver/abi/src/",
    "driver/engine/src/",
    "collector/etl/src/",
    "collector/stages/src/",
    "driver/usermode/src/capture/",
];

fn files(ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if !matches!(name.as_str(), "target" | ".git" | "obj") {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push((shown(&path), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort_unstable();
    found
}

fn shown(path: &Path) -> String {
    let path: PathBuf = path.strip_prefix(root()).unwrap().to_path_buf();
    path.to_string_lossy().replace('\\', "/")
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.contains("/synthetic")
}

fn complain(rule: &str, places: &[String]) {
    assert!(places.is_empty(), "{rule}:\n  {}", places.join("\n  "));
}

#[test]
fn source_files_are_short_enough_to_read() {
    let long = files(".rs").into_iter().filter(|(path, _)| !is_test(path));
    let long: Vec<String> =
        long.filter(|(_, text)| text.lines().count() > LINES_MAX).map(|(path, _)| path).collect();
    complain("longer than 800 lines", &long);
}

#[test]
fn source_files_say_what_they_are() {
    let silent: Vec<String> = files(".rs")
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"))
        .map(|(path, _)| path)
        .collect();
    complain("no `//!` at the top", &silent);
}

#[test]
fn unsafe_stays_on_its_floor() {
    // Split so that this file does not name what it looks for.
    let word = ["unsafe", " {"].concat();
    let places: Vec<String> = files(".rs")
        .into_iter()
        .filter(|(path, text)| {
            !UNSAFE_FOLDERS.iter().any(|folder| path.starts_with(folder)) && text.contains(&word)
        })
        .map(|(path, _)| path)
        .collect();
    complain("unsafe outside its floor", &places);
}

#[test]
fn pure_crates_read_no_clock_environment_or_randomness() {
    let banned =
        ["Instant::now", "SystemTime::now", "std::env::var", "RandomState::new", "std::time"];
    let mut places = Vec::new();
    for (path, text) in files(".rs") {
        if is_test(&path) || !PURE_FOLDERS.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let is_comment = line.trim_start().starts_with("//");
            if !is_comment && banned.iter().any(|word| line.contains(word)) {
                places.push(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    complain("pure crates look outside", &places);
}

#[test]
fn crates_depend_in_one_direction() {
    let allowed: [(&str, &[&str]); 10] = [
        ("driver", &["weir-abi", "weir-engine", "weir-nt"]),
        ("driver/abi", &[]),
        ("driver/engine", &["weir-abi"]),
        ("driver/nt", &["weir-abi"]),
        ("driver/usermode", &["weir-abi", "weir-engine"]),
        ("collector/etl", &["weir-abi"]),
        ("collector/etw", &["weir-abi", "weir-stages"]),
        ("collector/evidence", &["weir-abi", "weir-etl", "weir-stages"]),
        ("collector/stages", &["weir-abi"]),
        ("collector/wfp", &["weir-abi", "weir-stages"]),
    ];
    let mut places = Vec::new();
    for (folder, names) in allowed {
        let manifest = std::fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or("");
        let dependencies = dependencies.split("\n[").next().unwrap_or("");
        for line in dependencies.lines().filter(|line| line.starts_with("weir")) {
            let name = line.split([' ', '.', '=']).next().unwrap_or("");
            if !names.contains(&name) {
                places.push(format!("{folder} depends on {name}"));
            }
        }
    }
    complain("dependencies against the direction of the house", &places);
}

#[test]
fn ring_0_code_is_the_same_wherever_it_is_compiled() {
    let folders = ["driver/src/", "driver/nt/", "driver/abi/src/", "driver/engine/src/"];
    // Tests, their leave to fail, and where imports come from on the one target that has them.
    let allowed = ["#[cfg(test)]", "#![cfg_attr(", "#[cfg_attr(windows, link("];
    let mut places = Vec::new();
    for (path, text) in files(".rs") {
        if !folders.iter().any(|folder| path.starts_with(folder)) {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_start();
            let is_cfg = ["cfg(", "cfg_attr(", "cfg!("].iter().any(|word| line.contains(word));
            // The time stamp counter is an instruction that one machine has.
            let is_machine = path == "driver/nt/src/tsc.rs" && line.contains("target_arch");
            let is_allowed = is_machine || allowed.iter().any(|start| line.starts_with(start));
            if is_cfg && !is_allowed && !line.starts_with("//") {
                places.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    complain("code that differs by configuration", &places);
}

#[test]
fn kernel_functions_name_their_source_and_level() {
    let says = |text: &str| text.contains("IRQL: ") && text.contains("Source: ");
    let mut places = Vec::new();
    let mut functions = 0;
    for (path, text) in files(".rs") {
        let head: Vec<&str> = text.lines().take_while(|line| line.starts_with("//!")).collect();
        if !path.starts_with("driver/nt/src/ffi/") || says(&head.join("\n")) {
            continue;
        }
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        for (number, line) in lines.iter().enumerate() {
            if !line.starts_with("fn ") && !line.starts_with("pub(crate) fn ") {
                continue;
            }
            functions += 1;
            let docs = lines[..number].iter().rev();
            let docs = docs.take_while(|line| line.starts_with("///") || line.starts_with("#["));
            if !says(&docs.copied().collect::<Vec<_>>().join("\n")) {
                places.push(format!("{path}:{}: {line}", number + 1));
            }
        }
    }
    assert!(functions > 0, "no kernel function was looked at");
    complain("kernel functions without `IRQL:` or `Source:`", &places);
}

#[test]
fn nothing_unfinished_or_local_is_left() {
    let words = ["todo!(", "unimplemented!(", "FIXME", "XXX:", "#[ignore"];
    let mut places = Vec::new();
    for ending in [".rs", ".c", ".h", ".sh", ".md", ".toml", ".html", ".js", ".css"] {
        for (path, text) in files(ending) {
            if path == "xtask/src/tidy.rs" {
                continue;
            }
            for (number, line) in text.lines().enumerate() {
                if words.iter().any(|word| line.contains(word)) {
                    places.push(format!("{path}:{}: {}", number + 1, line.trim()));
                }
            }
        }
    }
    complain("unfinished", &places);
}

#[test]
fn pages_that_people_read_first_stay_short() {
    for (page, lines_max) in [("README.md", 150), ("ARCHITECTURE.md", 200)] {
        let text = std::fs::read_to_string(root().join(page)).unwrap();
        let lines = text.lines().count();
        assert!(lines <= lines_max, "{page} has {lines} lines, at most {lines_max}");
    }
}
