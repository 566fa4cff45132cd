//! Prometheus' own tool, run over files.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Whether a tool is there; says so where it is not.
pub(crate) fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--version").output().is_ok();
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

/// Runs a tool to its end.
pub(crate) fn run(tool: &str, arguments: &[&str], files: &[PathBuf]) -> Output {
    Command::new(tool)
        .args(arguments)
        .args(files)
        .output()
        .unwrap_or_else(|error| panic!("run {tool}: {error}"))
}

/// What it printed.
pub(crate) fn words(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Which of these tests pass, in their order. Two run at once: the tool itself uses one processor.
pub(crate) fn passing(tests: &[PathBuf]) -> Vec<bool> {
    let halves = tests.split_at(tests.len() / 2);
    let (one, other) = std::thread::scope(|scope| {
        let one = scope.spawn(|| passing_in_turn(halves.0));
        (passing_in_turn(halves.1), one.join().unwrap())
    });
    [other, one].concat()
}

fn passing_in_turn(tests: &[PathBuf]) -> Vec<bool> {
    if tests.is_empty() {
        return Vec::new();
    }
    let output = run("promtool", &["test", "rules"], tests);
    // On standard output each test's name is followed by a line of its own where it passes.
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let parts: Vec<&str> = said.split("Unit Testing:").skip(1).collect();
    assert_eq!(parts.len(), tests.len(), "one answer a test: {}", words(&output));
    let judge = |(part, test): (&&str, &PathBuf)| {
        assert!(part.contains(&*test.to_string_lossy()), "{part} is not {}", test.display());
        part.contains("SUCCESS")
    };
    parts.iter().zip(tests).map(judge).collect()
}

/// Fails unless every file is one that Prometheus loads.
pub(crate) fn assert_loads(files: &[PathBuf]) {
    let output = run("promtool", &["check", "rules"], files);
    assert!(output.status.success(), "{}", words(&output));
}

/// Files of a folder with this ending, in the order of their names.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<PathBuf> =
        entries.filter(|path| path.to_string_lossy().ends_with(ending)).collect();
    found.sort();
    found
}
