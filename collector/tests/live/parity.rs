//! `weir replay` and `weir events` print the same on both systems, byte for byte.
//!
//! Files are named without a folder, because outputs name them, and folders are written otherwise
//! on Windows.

use crate::stage::windows;
use crate::support::{Folder, object, says, weir};
use crate::tools::{Tools, tools_or_skip};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use weir_usermode::traffic::{client_hello, http_get};

/// Runs of Wine at once; the machine of the gate has two processors.
const AT_ONCE: usize = 2;

/// What blocks one of the names of [`traffic`].
const ENTRY: &str = "blocked_names str:host3.example.com u32:1";

/// Recorded traces beyond this size are not printed event by event, but summed up: the three largest
/// take most of the time of all, and hold few kinds of events.
const PRINTED_BYTES_MAX: u64 = 3 << 20;

/// Files that are compared, in a folder of their own, and the runs over them.
struct Runs {
    folder: Folder,
    runs: Vec<Vec<String>>,
}

impl Runs {
    fn new() -> Self {
        Self { folder: Folder::new(), runs: Vec::new() }
    }

    fn add(&mut self, words: &[&str]) {
        self.runs.push(words.iter().map(|&word| word.to_owned()).collect());
    }

    /// Every way to print a trace.
    fn trace(&mut self, name: &str) {
        self.add(&["events", name]);
        self.add(&["events", "--summary", name]);
        for format in [&[][..], &["--json"], &["--flows"], &["--metrics", "-"]] {
            self.add(&[&["replay"], format, &[name]].concat());
        }
    }

    /// Every way to print a capture with these programs.
    fn capture(&mut self, name: &str, programs: &[&str]) {
        for format in [&["--json"][..], &["--flows"], &["--metrics", "-"], &["--top", "5"]] {
            self.add(&[&["replay", name], programs, format].concat());
        }
    }

    /// A link, so that a file elsewhere has a name without a folder.
    fn link(&self, path: &Path) -> String {
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        std::os::unix::fs::symlink(path, self.folder.path(&name)).unwrap();
        name
    }

    /// Runs all on both systems.
    fn compare(&self, tools: &'static Tools) {
        let windows = windows(tools);
        let folder = self.folder.path("");
        let next = AtomicUsize::new(0);
        let work = || {
            while let Some(words) = self.runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let here = Command::new(env!("CARGO_BIN_EXE_weir"));
                let there = [&[tools.weir.to_str().unwrap().to_owned()], &words[..]].concat();
                let here = output(here, words, &folder);
                let there = windows.command(&there).current_dir(&folder).output().unwrap();
                assert_same(words, &here, &there);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(work);
            }
        });
    }
}

fn output(mut command: Command, words: &[String], folder: &Path) -> Output {
    command.args(words).current_dir(folder).output().unwrap()
}

fn assert_same(words: &[String], here: &Output, there: &Output) {
    let text = |output: &Output| {
        let text = String::from_utf8_lossy(&output.stdout);
        format!("{}{text}{}", output.status, String::from_utf8_lossy(&output.stderr))
    };
    let is_said = !here.stdout.is_empty() || !here.stderr.is_empty();
    let is_traffic = words.iter().any(|it| it.contains("pcap"));
    assert!(is_said || is_traffic, "weir {}: {}", words.join(" "), here.status);
    if here == there {
        return;
    }
    let said = [here, there].map(|it| (it.status.code(), it.stdout.len(), it.stderr.len()));
    let (here, there) = (text(here), text(there));
    let differs = here.lines().zip(there.lines()).find(|(here, there)| here != there);
    panic!("weir {}: here and on Windows: {said:?}; first {differs:#?}", words.join(" "));
}

/// Conversations of all kinds: TLS in one and in two segments, HTTP, and silence.
fn traffic(folder: &Folder) -> &'static str {
    let talk = |number: u16| {
        let name = format!("host{}.example.com", number % 7);
        let hello = client_hello(&name);
        match number % 4 {
            0 => says(number, 443, &[&hello]),
            1 => says(number, 443, &[&hello[..50], &hello[50..]]),
            2 => says(number, 80, &[&http_get(&name)]),
            _ => says(number, 22, &[]),
        }
    };
    folder.capture("traffic.pcap", &(0..100).flat_map(talk).collect::<Vec<_>>());
    "traffic.pcap"
}

/// The events of that traffic as a replay writes them, with two programs.
pub(crate) fn trace() -> Vec<u8> {
    let folder = Folder::new();
    let (capture, trace) = (folder.path(traffic(&folder)), folder.path("replay.etl"));
    let (capture, file) = (capture.to_str().unwrap(), trace.to_str().unwrap());
    let objects = ["tls_sni_block", "http_host_block"].map(object);
    let programs = ["--program", &objects[0], "--program", &objects[1], "--map", ENTRY];
    weir(&[&["replay", capture, "--write-etl", file], &programs[..]].concat()).ok();
    std::fs::read(trace).unwrap()
}

#[test]
fn what_the_project_makes_itself_is_printed_the_same_on_windows() {
    let Some(tools) = tools_or_skip() else { return };
    let mut runs = Runs::new();
    let capture = traffic(&runs.folder);
    let objects = ["tls_sni_block", "http_host_block"].map(|it| runs.link(Path::new(&object(it))));
    let programs = ["--program", &objects[0], "--program", &objects[1], "--map", ENTRY];
    runs.capture(capture, &programs);
    runs.folder.write("replay.etl", &trace());
    runs.trace("replay.etl");
    runs.folder.write("made.etl", &crate::made::made());
    runs.trace("made.etl");
    runs.compare(tools);
}

/// Files with one of these endings beside this checkout, largest first, so that the two threads end
/// together.
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
fn recorded(folder: &str, endings: &[&str]) -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(folder);
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: recorded traces and captures are not here");
        return None;
    };
    let is_one = |path: &PathBuf| endings.iter().any(|it| path.extension() == Some(it.as_ref()));
    let mut paths: Vec<_> = files.map(|it| it.unwrap().path()).filter(is_one).collect();
    paths.sort_by_key(|path| core::cmp::Reverse(path.metadata().unwrap().len()));
    Some(paths)
}

#[test]
fn recorded_traces_are_printed_the_same_on_windows() {
    let Some(tools) = tools_or_skip() else { return };
    let Some(paths) = recorded("etl", &["etl"]) else { return };
    let mut runs = Runs::new();
    for path in paths {
        let name = runs.link(&path.canonicalize().unwrap());
        if path.metadata().unwrap().len() <= PRINTED_BYTES_MAX {
            runs.add(&["events", &name]);
        }
        runs.add(&["events", "--summary", &name]);
        runs.add(&["replay", "--json", &name]);
    }
    runs.compare(tools);
}

#[test]
fn recorded_captures_are_replayed_the_same_on_windows() {
    let Some(tools) = tools_or_skip() else { return };
    let Some(paths) = recorded("pcaps", &["pcap", "pcapng"]) else { return };
    let mut runs = Runs::new();
    let objects = ["tls_sni_block", "http_host_block"].map(|it| runs.link(Path::new(&object(it))));
    for path in paths {
        let name = runs.link(&path.canonicalize().unwrap());
        runs.add(&["replay", "--program", &objects[0], "--program", &objects[1], "--flows", &name]);
    }
    runs.compare(tools);
}
