//! Runs of stand-ins for the tool: what it prints, and how it is ended.

use super::super::once::{Runner, TIME_MAX, Trouble};
use super::super::tool::Tool;
use core::time::Duration;
use std::path::{Path, PathBuf};

/// Long enough for a shell to start and short enough to wait for.
const SHORT: Duration = Duration::from_millis(300);

/// A folder in which one of the stand-ins is the tool.
pub(super) struct Stand {
    pub(super) folder: tempfile::TempDir,
}

impl Stand {
    /// A link and no copy: a file that was just written may be busy when it is started.
    pub(super) fn new(name: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let from: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests", "names", name].iter().collect();
        std::os::unix::fs::symlink(from, folder.path().join("bpftool")).unwrap();
        Self { folder }
    }

    pub(super) fn tool(&self) -> Tool {
        Tool::given(&self.folder.path().join("bpftool")).unwrap()
    }

    pub(super) fn put(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    fn run(&self, time_max: Duration) -> Result<Vec<u8>, Trouble> {
        Runner::new(self.tool(), time_max).run(&["-j", "link", "list"])
    }
}

#[test]
fn the_tool_runs_in_its_own_folder_and_its_output_is_taken_whole() {
    let stand = Stand::new("bpftool");
    let text = "x".repeat(1 << 19);
    stand.put("link.json", &text);
    assert_eq!(stand.run(TIME_MAX).unwrap(), text.as_bytes());
}

#[test]
fn a_tool_that_fails_is_told_by_its_own_words_or_its_number() {
    let stand = Stand::new("bpftool");
    stand.put("link.json", "[]");
    stand.put("exit", "255");
    assert!(
        matches!(stand.run(TIME_MAX), Err(Trouble::Ended(status)) if status.code() == Some(255))
    );
    stand.put("link.json", r#"[{"error":"can't get next link: Access denied"}]"#);
    let told = stand.run(TIME_MAX).unwrap_err().to_string();
    assert_eq!(told, "it says `can't get next link: Access denied`");
}

#[test]
fn a_tool_that_does_not_end_is_ended() {
    let outcome = Stand::new("bpftool-slow").run(SHORT);
    assert!(matches!(outcome, Err(Trouble::TooSlow)), "{outcome:?}");
}

#[test]
fn a_tool_that_prints_without_end_is_ended() {
    let outcome = Stand::new("bpftool-endless").run(TIME_MAX);
    assert!(matches!(outcome, Err(Trouble::TooMuch)), "{:?}", outcome.map(|it| it.len()));
}

#[test]
fn what_a_tool_leaves_behind_is_not_piled_up() {
    let stand = Stand::new("bpftool-leaves");
    let mut runner = Runner::new(stand.tool(), SHORT);
    let first = runner.run(&["-j", "link", "list"]);
    assert!(matches!(first, Err(Trouble::TooSlow)), "{first:?}");
    let second = runner.run(&["-j", "link", "list"]);
    assert!(matches!(second, Err(Trouble::Stuck)), "{second:?}");
}

#[test]
fn a_tool_that_is_no_program_or_went_away_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bpftool");
    std::fs::write(&path, "no program").unwrap();
    check_does_not_start(&path, || {});
    check_does_not_start(&path, || std::fs::remove_file(&path).unwrap());
}

fn check_does_not_start(path: &Path, before: impl FnOnce()) {
    let mut runner = Runner::new(Tool::given(path).unwrap(), TIME_MAX);
    before();
    let outcome = runner.run(&[]);
    assert!(matches!(outcome, Err(Trouble::Start(_))), "{outcome:?}");
}
