//! The collector's live sessions on a stage: the program that tells, in JSON lines, what it read.

use crate::feed::Feed;
use crate::stage::{Ended, Running, Stage, alone, windows};
use crate::substitute;
use crate::tools::Tools;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::{MutexGuard, OnceLock};

/// A stage for collectors. Only one test has it at a time: a collector is alone on its machine.
pub(crate) struct Machine {
    pub(crate) stage: Stage,
    program: PathBuf,
    _alone: MutexGuard<'static, ()>,
}

/// A machine with this feed; `None`, and a word on why, where the program is missing.
pub(crate) fn machine(tools: &'static Tools, feed: &Feed) -> Option<Machine> {
    static PROGRAM: OnceLock<Option<PathBuf>> = OnceLock::new();
    let program = PROGRAM.get_or_init(|| Some(substitute::copy(tools, &program(tools)?)));
    let alone = alone();
    let stage = Stage::new(&windows(tools), feed);
    Some(Machine { stage, program: program.clone()?, _alone: alone })
}

/// The example of `weir-etw`: that of `WEIR_LIVE_EXE`, else the one built beside `weir.exe`.
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
fn program(tools: &Tools) -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("WEIR_LIVE_EXE").map(PathBuf::from) {
        assert!(path.exists(), "WEIR_LIVE_EXE: {} is not there", path.display());
        return Some(path);
    }
    let beside = tools.weir.parent().unwrap_or_else(|| Path::new("")).join("examples/live.exe");
    if !beside.exists() {
        eprintln!("skipped: {} is not built, and WEIR_LIVE_EXE names no other", beside.display());
        return None;
    }
    Some(beside)
}

impl Machine {
    pub(crate) fn spawn(&self, words: &[&str], more: &[(&str, &str)]) -> Running {
        self.stage.spawn(&self.program, words, more)
    }

    /// Runs a collector until these sessions have been played the feed that there is.
    pub(crate) fn run(&self, words: &[&str], more: &[(&str, &str)], sessions: &[&str]) -> Told {
        let running = self.spawn(words, more);
        sessions.iter().for_each(|it| self.stage.until_played(it));
        Told::of(running.end())
    }
}

/// What a collector told.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) code: i32,
    pub(crate) lines: Vec<Value>,
    pub(crate) err: String,
}

impl Told {
    pub(crate) fn of(ended: Ended) -> Self {
        let line = |it: &str| serde_json::from_str(it).unwrap_or_else(|_| panic!("{it}"));
        let lines = ended.out.lines().map(line).collect();
        Self { code: ended.code, lines, err: ended.err }
    }

    /// The last that was said of a session, of a run that must have succeeded.
    pub(crate) fn last(&self, session: &str) -> &Value {
        assert_eq!(self.code, 0, "{self:#?}");
        let last = self.lines.iter().rfind(|it| it["session"] == session && it["final"] == true);
        last.unwrap_or_else(|| panic!("no end of {session}: {self:#?}"))
    }

    /// The changes that were told.
    pub(crate) fn changes(&self) -> Vec<&str> {
        self.lines.iter().filter_map(|it| it["change"].as_str()).collect()
    }

    /// The error of a run that must have failed.
    pub(crate) fn error(&self) -> &str {
        assert_eq!(self.code, 1, "{self:#?}");
        assert!(self.err.contains("hint: "), "{self:#?}");
        self.lines.last().and_then(|it| it["error"].as_str()).unwrap()
    }
}
