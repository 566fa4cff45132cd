//! A machine's event tracing for one test: its feed, its sessions, the programs that run on it.

use crate::books::{self, Call, Session};
use crate::feed::Feed;
use crate::filtering;
use crate::tools::Tools;
use crate::windows::Windows;
use core::time::Duration;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Instant;
use tempfile::TempDir;

/// What a test waits for has happened within this time, even on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(40);

/// Between two looks at what a program does meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// The Windows that all tests of this program share, as long as one of them runs: making it takes
/// longer than most of them do.
pub(crate) fn windows(tools: &'static Tools) -> Arc<Windows> {
    static SHARED: Mutex<Weak<Windows>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let windows = Arc::new(Windows::new(tools));
        *shared = Arc::downgrade(&windows);
        windows
    })
}

/// One test at a time has collectors: they are alone on their machine, and tests share it.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) struct Stage {
    windows: Arc<Windows>,
    folder: TempDir,
}

impl Stage {
    pub(crate) fn new(windows: &Arc<Windows>, feed: &Feed) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::write(folder.path().join("feed"), feed.text()).unwrap();
        let stage = Self { windows: Arc::clone(windows), folder };
        stage.filtering(&filtering::of_the_driver());
        stage
    }

    /// Says what the filtering engine has.
    pub(crate) fn filtering(&self, lines: &[String]) {
        std::fs::write(self.folder.path().join("filtering"), lines.join("\n")).unwrap();
    }

    /// What sessions with the filtering engine did not give back, one a line.
    pub(crate) fn filtering_notes(&self) -> Vec<String> {
        let notes = std::fs::read_to_string(self.folder.path().join("filtering.notes"));
        notes.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Goes on with the feed.
    pub(crate) fn append(&self, feed: &Feed) {
        let path = self.folder.path().join("feed");
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        file.write_all(feed.text().as_bytes()).unwrap();
    }

    /// The sessions that run.
    pub(crate) fn sessions(&self) -> Vec<Session> {
        books::sessions(self.folder.path())
    }

    /// Their names.
    pub(crate) fn names(&self) -> Vec<String> {
        self.sessions().into_iter().map(|it| it.name).collect()
    }

    /// The calls that were made.
    pub(crate) fn calls(&self) -> Vec<Call> {
        books::calls(self.folder.path()).0
    }

    /// What a session could have better.
    pub(crate) fn notes(&self) -> Vec<String> {
        books::calls(self.folder.path()).1
    }

    /// Starts a program that was given the substitute.
    pub(crate) fn spawn(&self, program: &Path, words: &[&str], more: &[(&str, &str)]) -> Running {
        let mut all = vec![program.to_str().unwrap()];
        all.extend(words);
        let mut command = self.windows.command(&all);
        let folder = self.folder.path().to_str().unwrap().replace('/', "\\");
        command.env("WEIR_ETW", format!("Z:{folder}")).envs(more.iter().copied());
        // Wine's own has stubs; this one stands beside the program.
        command.env("WINEDLLOVERRIDES", "fwpuclnt=n");
        command.env("WEIR_WFP", format!(r"Z:{folder}\filtering"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running { child: command.spawn().unwrap() }
    }

    /// Waits until sessions of this name have got, or missed, all of the feed that is there.
    pub(crate) fn until_played(&self, session: &str) {
        let bytes = std::fs::metadata(self.folder.path().join("feed")).unwrap().len();
        let folder = self.folder.path();
        until(session, || books::played(folder, session) == bytes);
    }
}

/// Waits for something.
pub(crate) fn until(what: &str, is_so: impl Fn() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < DEADLINE, "waited for {what} in vain");
        std::thread::park_timeout(GLANCE);
    }
}

/// A program that runs, until its standard input ends or by itself.
pub(crate) struct Running {
    child: Child,
}

impl Running {
    /// The first line that it prints.
    pub(crate) fn first_line(&mut self) -> String {
        let out = self.child.stdout.as_mut().unwrap();
        let (mut line, mut byte) = (Vec::new(), [0]);
        // One by one: what follows is read by whoever waits for the end.
        while out.read(&mut byte).is_ok_and(|bytes| bytes == 1) && byte != *b"\n" {
            line.push(byte[0]);
        }
        String::from_utf8(line).unwrap()
    }

    /// Gives it a line.
    pub(crate) fn say(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Ends its input, and waits.
    pub(crate) fn end(mut self) -> Ended {
        drop(self.child.stdin.take());
        self.wait()
    }

    /// Waits until it ends by itself.
    pub(crate) fn wait(self) -> Ended {
        let Self { mut child } = self;
        let input = child.stdin.take();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        drop(input);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace('\r', "");
        Ended { code: status.code().unwrap(), out: text(&stdout), err: text(&stderr) }
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}
