//! One run of the tool: bounded in time and output, killed where it passes a bound.

use super::tool::Tool;
use crate::failure::one_line;
use core::fmt;
use core::time::Duration;
use std::io::{self, Read as _};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

/// How much one run may print.
///
/// A link is about 120 bytes, so this is 8,000 of them, where 64 can be ours. What prints more is
/// killed and counted as a failure.
pub(super) const OUTPUT_BYTES_MAX: u64 = 1 << 20;

/// How long one run may take: it is some hundred calls of the kernel. What takes longer is killed
/// and counted as a failure.
pub(super) const TIME_MAX: Duration = Duration::from_secs(10);

/// Between two looks at whether a tool that closed its output has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// Bytes that are kept of an error of the tool.
const TOLD_BYTES_MAX: usize = 200;

/// Windows: the tool gets no window, which a service's child would open on nobody's screen.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// Why a run told nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It did not start.
    Start(io::Error),
    /// Its output broke off.
    Read(io::Error),
    /// It passed the bound of time.
    TooSlow,
    /// It passed the bound of output.
    TooMuch,
    /// It ended as one that failed.
    Ended(ExitStatus),
    /// It printed an error.
    Told(String),
    /// What it printed is no such list.
    Unread(String),
    /// The thread that runs it has not come back.
    Stuck,
}

impl Trouble {
    /// An error in the tool's own words.
    pub(super) fn told(text: &str) -> Self {
        let mut text = one_line(text);
        text.truncate(text.floor_char_boundary(TOLD_BYTES_MAX));
        Self::Told(text)
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => write!(f, "it does not start: {error}"),
            Self::Read(error) => write!(f, "its output broke off: {error}"),
            Self::TooSlow => write!(f, "it took more than {} s", TIME_MAX.as_secs()),
            Self::TooMuch => write!(f, "it printed more than {OUTPUT_BYTES_MAX} bytes"),
            Self::Ended(status) => write!(f, "it ended with {status}"),
            Self::Told(text) => write!(f, "it says `{text}`"),
            Self::Unread(why) => write!(f, "its output is no list: {}", one_line(why)),
            Self::Stuck => f.write_str("it has not come back"),
        }
    }
}

/// Runs the tool again and again, one run at a time.
pub(super) struct Runner {
    tool: Tool,
    time_max: Duration,
    /// Who still reads the output of a run that was too slow: a process that the tool started may
    /// hold it open for longer.
    reader: Option<JoinHandle<()>>,
}

impl Runner {
    pub(super) const fn new(tool: Tool, time_max: Duration) -> Self {
        Self { tool, time_max, reader: None }
    }

    /// What it prints for these words.
    pub(super) fn run(&mut self, words: &[&str]) -> Result<Vec<u8>, Trouble> {
        if self.reader.as_ref().is_some_and(|reader| !reader.is_finished()) {
            return Err(Trouble::Stuck);
        }
        let deadline = Instant::now() + self.time_max;
        let mut child = self.command(words).spawn().map_err(Trouble::Start)?;
        let outcome = self.finish(&mut child, deadline);
        if outcome.is_err() {
            // It may have ended by itself; either way nobody is left behind unwaited.
            let _may_be_gone = child.kill();
            let _status = child.wait();
        }
        outcome
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.tool.path());
        command.args(words).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // Libraries are not looked for in whatever folder the collector was started from.
        if let Some(folder) = self.tool.path().parent() {
            command.current_dir(folder);
        }
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, CREATE_NO_WINDOW);
        command
    }

    fn finish(&mut self, child: &mut Child, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        let no_pipe = || Trouble::Start(io::Error::other("there is no pipe to it"));
        let pipe = child.stdout.take().ok_or_else(no_pipe)?;
        let (output, reader) = read_aside(pipe)?;
        let left = deadline.saturating_duration_since(Instant::now());
        let read = match output.recv_timeout(left) {
            Ok(read) => read,
            Err(RecvTimeoutError::Timeout) => {
                self.reader = Some(reader);
                return Err(Trouble::TooSlow);
            }
            Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Stuck),
        };
        // It has told all, so it is about to end.
        let _ended = reader.join();
        let bytes = read.map_err(Trouble::Read)?;
        if bytes.len() as u64 > OUTPUT_BYTES_MAX {
            return Err(Trouble::TooMuch);
        }
        let status = wait(child, deadline)?;
        if status.success() {
            return Ok(bytes);
        }
        // The tool's own words say more than its number.
        match super::listing::links(&bytes) {
            Err(Trouble::Told(text)) => Err(Trouble::Told(text)),
            _ => Err(Trouble::Ended(status)),
        }
    }
}

type Output = Receiver<io::Result<Vec<u8>>>;

/// Reads the output on a thread, because a pipe cannot be read with a deadline.
fn read_aside(pipe: ChildStdout) -> Result<(Output, JoinHandle<()>), Trouble> {
    let (tell, output) = sync_channel(1);
    let thread = std::thread::Builder::new().name("weir-names-pipe".to_owned());
    let reader = thread.spawn(move || {
        let mut bytes = Vec::new();
        let read = pipe.take(OUTPUT_BYTES_MAX + 1).read_to_end(&mut bytes);
        // Nobody listens after the deadline.
        let _told = tell.send(read.map(|_| bytes));
    });
    Ok((output, reader.map_err(Trouble::Start)?))
}

fn wait(child: &mut Child, deadline: Instant) -> Result<ExitStatus, Trouble> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Ok(status),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(PAUSE),
            Ok(None) => return Err(Trouble::TooSlow),
            Err(error) => return Err(Trouble::Read(error)),
        }
    }
}
