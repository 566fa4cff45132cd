//! The tests in the simulated kernel: built once, run on one image after the other.

use super::table::{Bug, CaughtBy};
use crate::run::root;
use core::fmt;
use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

/// Where tests that run the driver under a scheduler look for their seeds.
const SEEDS: &str = "WEIR_SEEDS";

/// Exit code of a test binary of which a test failed.
const FAILED: i32 = 101;

/// How often a run is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// Binaries of tests.
#[derive(Debug)]
pub(super) struct Suite {
    binaries: BTreeMap<String, PathBuf>,
}

/// Tests of one binary that are to be run.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) binary: &'static str,
    package: &'static str,
    /// Parts of names; all tests where there is none.
    pub(super) tests: Vec<&'static str>,
    seeds: Option<&'static str>,
}

/// What a run of tests came to.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) end: End,
    /// Tests that passed, by module and name.
    passed: Vec<String>,
}

/// How a run of tests ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// All of them passed.
    Passed,
    /// These failed, by name.
    Failed(Vec<String>),
    /// The process died in a test: of what the driver did, where nothing can unwind.
    Died {
        /// The test.
        test: String,
        /// The last that was said.
        words: String,
    },
    /// A test did not end, and was ended.
    Hung {
        /// The test.
        test: String,
    },
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Passed => f.write_str("every test passed"),
            Self::Failed(tests) => write!(f, "failed: {}", tests.join(", ")),
            Self::Died { test, words } => write!(f, "{test} ({words})"),
            Self::Hung { test } => write!(f, "{test} (hung)"),
        }
    }
}

impl Asked {
    /// The tests that catch a bug.
    pub(super) fn of(by: &CaughtBy) -> Self {
        let (package, binary) = (by.package, by.binary);
        Self { binary, package, tests: by.tests.to_vec(), seeds: by.seeds }
    }

    /// The same tests with other seeds.
    pub(super) fn with_seeds(self, seeds: &'static str) -> Self {
        Self { seeds: Some(seeds), ..self }
    }

    /// Those of another bug besides.
    fn add(&mut self, by: &CaughtBy) {
        if self.tests.is_empty() || by.tests.is_empty() {
            self.tests.clear();
        } else {
            self.tests.extend(by.tests);
        }
    }
}

impl Suite {
    /// Builds the binaries that are to catch these bugs.
    pub(super) fn build(bugs: &[&Bug]) -> Result<Self, String> {
        let names: BTreeSet<(&str, &str)> =
            bugs.iter().map(|bug| (bug.caught_by.package, bug.caught_by.binary)).collect();
        let packages: BTreeSet<&str> = names.iter().map(|(package, _)| *package).collect();
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.args(["test", "--locked", "--no-run", "--quiet"]);
        cargo.arg("--message-format=json-render-diagnostics");
        cargo.args(packages.iter().flat_map(|package| ["--package", package]));
        cargo.args(names.iter().flat_map(|(_, binary)| ["--test", binary]));
        let output = cargo.current_dir(root()).stderr(Stdio::inherit()).output();
        let output = output.map_err(|error| format!("cargo cannot be run: {error}"))?;
        if !output.status.success() {
            return Err("the tests are not built".to_owned());
        }
        let binaries = binaries(&String::from_utf8_lossy(&output.stdout));
        match names.iter().find(|(_, name)| !binaries.contains_key(*name)) {
            Some((package, name)) => Err(format!("{package} has no tests `{name}`")),
            None => Ok(Self { binaries }),
        }
    }

    /// The tests that are to catch these bugs: all of a binary, and of the same seeds, in one.
    pub(super) fn together(bugs: &[&Bug]) -> Vec<Asked> {
        let mut all: BTreeMap<_, Asked> = BTreeMap::new();
        for by in bugs.iter().map(|bug| &bug.caught_by) {
            let asked = all.entry((by.binary, by.seeds));
            asked.and_modify(|asked| asked.add(by)).or_insert_with(|| Asked::of(by));
        }
        all.into_values().collect()
    }

    /// Runs tests on an image; one at a time, so that it is known in which one the process died.
    pub(super) fn run(
        &self,
        asked: &Asked,
        image: &Path,
        patience: Duration,
        log: &Path,
    ) -> Result<Ran, String> {
        let binary = self.binaries.get(asked.binary);
        let binary = binary.ok_or_else(|| format!("no tests `{}`", asked.binary))?;
        let told = |error: std::io::Error| format!("{}: {error}", log.display());
        let out = File::create(log).map_err(told)?;
        let mut command = Command::new(binary);
        command.args(&asked.tests).arg("--test-threads=1");
        command.env("WEIR_SYS", image).env("RUST_BACKTRACE", "0");
        command.env_remove(SEEDS).envs(asked.seeds.map(|seeds| (SEEDS, seeds)));
        // Where cargo runs them.
        command.current_dir(root().join(folder_of(asked.package)));
        command.stdin(Stdio::null()).stderr(out.try_clone().map_err(told)?).stdout(out);
        let name = binary.display();
        let mut child = command.spawn().map_err(|error| format!("{name}: {error}"))?;
        let status = wait(&mut child, patience).map_err(|error| format!("{name}: {error}"))?;
        let text = std::fs::read(log).map_err(told)?;
        read(&String::from_utf8_lossy(&text), status)
            .map_err(|why| format!("{name}: {why}\nhint: {} has what it said", log.display()))
    }
}

impl Ran {
    /// Why a run without a bug is no ground to stand on; `None` where each of the tests passed.
    pub(super) fn unfit(&self, tests: &[&str]) -> Option<String> {
        if self.end != End::Passed {
            return Some(self.end.to_string());
        }
        if self.passed.is_empty() {
            return Some("no test was run".to_owned());
        }
        let is_there = |test: &str| self.passed.iter().any(|it| last(it) == test);
        let missing = tests.iter().find(|test| !is_there(test))?;
        Some(format!("no test {missing}"))
    }
}

/// Where a package of tests lies.
pub(super) fn folder_of(package: &str) -> &'static str {
    if package == "weir-sim" { "tests/sim" } else { "tests/kernel" }
}

/// The name of a test without its modules.
fn last(name: &str) -> &str {
    name.rsplit("::").next().unwrap_or(name)
}

/// Waits for the end of a process, which is ended when that takes too long: `None` then.
fn wait(child: &mut Child, patience: Duration) -> std::io::Result<Option<ExitStatus>> {
    let begun = Instant::now();
    while begun.elapsed() < patience {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(LOOK);
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// What a test binary said, and how it ended; `None` where it was ended.
fn read(text: &str, status: Option<ExitStatus>) -> Result<Ran, String> {
    let (mut passed, mut failed, mut running) = (Vec::new(), Vec::new(), None);
    for line in text.lines() {
        let Some((name, result)) =
            line.strip_prefix("test ").and_then(|line| line.split_once(" ... "))
        else {
            continue;
        };
        running = None;
        match result {
            "ok" => passed.push(name.to_owned()),
            "FAILED" => failed.push(last(name).to_owned()),
            // Said before the result; the result, if there is one, ends a later line.
            _ => running = Some(name),
        }
    }
    let test = running.map_or_else(|| "between tests".to_owned(), |name| last(name).to_owned());
    let end = match status.map(|status| status.code()) {
        None => End::Hung { test },
        // No code: a signal.
        Some(None) => End::Died { test, words: words(text) },
        Some(Some(0)) => End::Passed,
        Some(Some(FAILED)) => End::Failed(failed),
        Some(Some(code)) => return Err(format!("ended with {code}")),
    };
    Ok(Ran { end, passed })
}

/// What the simulated kernel said last.
fn words(text: &str) -> String {
    let said = text.lines().rev().find_map(|line| line.strip_prefix("weir-sim-kernel: "));
    said.or_else(|| text.lines().rev().find(|line| !line.is_empty())).unwrap_or("").to_owned()
}

/// Name and file of each binary of tests that cargo says it built.
fn binaries(messages: &str) -> BTreeMap<String, PathBuf> {
    let messages = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let name = message.get("target")?.get("name")?.as_str()?;
        let file = message.get("executable")?.as_str()?;
        Some((name.to_owned(), PathBuf::from(file)))
    });
    messages.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt as _;

    fn ended(text: &str, raw: i32) -> Ran {
        read(text, Some(ExitStatus::from_raw(raw))).unwrap()
    }

    const SAID: &str = "\nrunning 3 tests\ntest a::one ... ok\ntest a::two ... FAILED\n\
                        test b::three ... FAILED\n\nfailures:\n";

    #[test]
    fn the_tests_that_failed_are_named() {
        let ran = ended(SAID, FAILED << 8);
        assert_eq!(ran.end, End::Failed(vec!["two".to_owned(), "three".to_owned()]));
        assert_eq!(ran.passed, ["a::one"]);
    }

    #[test]
    fn a_process_that_died_names_its_test_and_its_last_words() {
        let text =
            "test a::one ... ok\ntest a::two ... \nweir-sim-kernel: the driver touched 0x0\n";
        let died = End::Died { test: "two".into(), words: "the driver touched 0x0".into() };
        assert_eq!(ended(text, 6).end, died);
    }

    #[test]
    fn a_run_that_was_ended_names_its_test() {
        let ran = read("test a::one ... ok\ntest a::two ... ", None).unwrap();
        assert_eq!(ran.end, End::Hung { test: "two".into() });
    }

    #[test]
    fn an_end_that_is_no_tests_is_an_error() {
        assert!(read("", Some(ExitStatus::from_raw(1 << 8))).is_err());
    }

    #[test]
    fn a_run_is_no_ground_where_a_test_fails_is_missing_or_none_ran() {
        assert_eq!(ended("test a::one ... ok\n", 0).unfit(&["one"]), None);
        assert!(ended("test a::one ... ok\n", 0).unfit(&["ne"]).is_some());
        assert!(ended("running 0 tests\n", 0).unfit(&[]).is_some());
        assert!(ended(SAID, FAILED << 8).unfit(&["one"]).is_some());
    }

    #[test]
    fn cargo_says_where_the_binaries_are() {
        let text = r#"{"target":{"name":"rules"},"executable":"/x/rules-1"}
{"target":{"name":"weir_abi"},"executable":null}
{"reason":"build-finished","success":true}"#;
        let all = binaries(text);
        assert_eq!(all.into_iter().collect::<Vec<_>>(), [("rules".into(), "/x/rules-1".into())]);
    }
}
