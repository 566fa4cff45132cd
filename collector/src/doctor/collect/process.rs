//! One run of a tool: bounded in time and output, and ended with all that it started.
//!
//! Neither a pipe that a grandchild holds nor a process that cannot be killed, as one that waits
//! for a driver, is waited for longer than a moment.

use super::interrupt::Interrupt;
use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use process_wrap::std::{ChildWrapper, CommandWrap};
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tempfile::SpooledTempFile;

/// Between two looks at a tool that runs.
const PAUSE: Duration = Duration::from_millis(10);
/// How long pipes may stay open after a tool ended: what it started is ended then.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long a tool that was killed may take to be gone.
const DEATH: Duration = Duration::from_secs(2);
/// Bytes of output that are kept in memory; more goes to a temporary file without a name.
const MEMORY_BYTES_MAX: usize = 1 << 20;
/// Bytes of standard error that are kept.
const ERRORS_BYTES_MAX: u64 = 2 << 10;
/// Pipes that may be held open by processes that got away from their ends, before no more tools are
/// started: a collector that looks now and then for months must not pile up threads.
const PIPES_MAX: usize = 200;
static PIPES: AtomicUsize = AtomicUsize::new(0);

/// Windows: the tool gets no window, and no Ctrl-C of ours.
#[cfg(windows)]
const CREATE_NO_WINDOW: u32 = 0x0800_0000;

/// What to run, and how far.
pub(super) struct Run<'a> {
    pub(super) program: &'a Path,
    pub(super) arguments: &'a [String],
    pub(super) folder: &'a Path,
    pub(super) environment: &'a [(&'static str, PathBuf)],
    pub(super) deadline: Instant,
    pub(super) bytes_max: u64,
    /// A file that the tool writes, and how large it may be.
    pub(super) written: Option<(&'a Path, u64)>,
}

/// What came of it, as far as it came.
pub(super) struct Answer {
    /// Standard output, from its beginning.
    pub(super) output: SpooledTempFile,
    pub(super) bytes: u64,
    /// The beginning of standard error.
    pub(super) errors: Vec<u8>,
    /// `None` where a signal ended it, or this runner.
    pub(super) exit_code: Option<i32>,
    pub(super) trouble: Option<Trouble>,
}

/// Why an answer is not whole.
#[derive(Debug)]
pub(super) enum Trouble {
    TooSlow,
    TooMuch,
    Interrupted,
    Broke(io::Error),
    /// One of the first three, and the process is still there.
    Stays(Box<Self>),
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooSlow => f.write_str("it took too long"),
            Self::TooMuch => f.write_str("it printed too much"),
            Self::Interrupted => f.write_str("Ctrl-C came first"),
            Self::Broke(error) => write!(f, "its output broke off ({error})"),
            Self::Stays(why) => write!(f, "{why}, and it cannot be ended"),
        }
    }
}

/// Runs a tool to its end, or to one of its bounds.
///
/// # Errors
/// It does not start.
pub(super) fn run(run: &Run<'_>, interrupt: &Interrupt) -> io::Result<Answer> {
    if PIPES.load(Ordering::Relaxed) >= PIPES_MAX {
        return Err(io::Error::other("what earlier tools started still holds their output"));
    }
    let mut child = spawn(run)?;
    let output = Pipe::drain(child.stdout().take(), run.bytes_max, run.bytes_max);
    let errors = Pipe::drain(child.stderr().take(), ERRORS_BYTES_MAX, run.bytes_max);
    let (output, errors) = match (output, errors) {
        (Ok(output), Ok(errors)) => (output, errors),
        (Err(error), _) | (_, Err(error)) => {
            // There is no thread to be had; nobody would hear it.
            let _may_be_gone = child.start_kill();
            let _is_gone = child.try_wait();
            return Err(error);
        }
    };
    let (exit_code, trouble) = attend(run, child.as_mut(), [&output, &errors], interrupt);
    let (output, bytes) = output.take()?;
    let mut error_bytes = Vec::new();
    errors.take()?.0.read_to_end(&mut error_bytes)?;
    Ok(Answer { output, bytes, errors: error_bytes, exit_code, trouble })
}

fn spawn(run: &Run<'_>) -> io::Result<Box<dyn ChildWrapper>> {
    let mut command = CommandWrap::with_new(run.program, |command| {
        command.args(run.arguments).current_dir(run.folder);
        command.env_clear().envs(run.environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    });
    #[cfg(unix)]
    command.wrap(process_wrap::std::ProcessGroup::leader());
    #[cfg(windows)]
    {
        let mut flags = process_wrap::std::CreationFlags(Default::default());
        flags.0.0 = CREATE_NO_WINDOW;
        command.wrap(flags).wrap(process_wrap::std::JobObject);
    }
    command.spawn()
}

/// Waits for its end or a bound; nothing of it runs afterwards, if that can be had.
fn attend(
    run: &Run<'_>,
    child: &mut dyn ChildWrapper,
    pipes: [&Pipe; 2],
    interrupt: &Interrupt,
) -> (Option<i32>, Option<Trouble>) {
    let trouble = loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let trouble = said_farewell(run, child, pipes);
                return (status.code(), trouble);
            }
            Ok(None) => {}
            Err(error) => break Trouble::Broke(error),
        }
        if let Some(trouble) = bound(run, pipes) {
            break trouble;
        }
        if Instant::now() >= run.deadline {
            break Trouble::TooSlow;
        }
        if interrupt.is_pressed() {
            break Trouble::Interrupted;
        }
        std::thread::sleep(PAUSE);
    };
    // It may have ended by itself just now.
    let _may_be_gone = child.start_kill();
    let killed = Instant::now();
    while killed.elapsed() < DEATH {
        if matches!(child.try_wait(), Ok(Some(_))) {
            return (None, Some(trouble));
        }
        std::thread::sleep(PAUSE);
    }
    (None, Some(Trouble::Stays(Box::new(trouble))))
}

/// Takes what is still in the pipes of a tool that ended, then ends what it left behind.
fn said_farewell(
    run: &Run<'_>,
    child: &mut dyn ChildWrapper,
    pipes: [&Pipe; 2],
) -> Option<Trouble> {
    let ended = Instant::now();
    while ended.elapsed() < FAREWELL && pipes.iter().any(|it| it.is_open()) {
        std::thread::sleep(PAUSE);
    }
    // Usually there is nobody.
    let _may_be_gone = child.start_kill();
    bound(run, pipes)
}

fn bound(run: &Run<'_>, pipes: [&Pipe; 2]) -> Option<Trouble> {
    if let Some((file, bytes_max)) = run.written
        && file.metadata().is_ok_and(|it| it.len() > bytes_max)
    {
        return Some(Trouble::TooMuch);
    }
    pipes.into_iter().find_map(Pipe::trouble)
}

/// A pipe that a thread of its own empties, because it cannot be read with a deadline.
struct Pipe(Arc<Mutex<Kept>>);

/// One of [`PIPES`].
struct Held;

impl Drop for Held {
    fn drop(&mut self) {
        PIPES.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Kept {
    file: SpooledTempFile,
    bytes: u64,
    state: State,
}

enum State {
    Open,
    /// Its end was read.
    Ended,
    /// There was more than may be.
    Over,
    Failed(io::Error),
    /// Nobody wants more of it.
    Left,
}

impl Pipe {
    /// Keeps a beginning of it, and reads on up to a bound.
    fn drain(
        pipe: Option<impl Read + Send + 'static>,
        kept_max: u64,
        read_max: u64,
    ) -> io::Result<Self> {
        let mut pipe = pipe.ok_or_else(|| io::Error::other("there is no pipe to it"))?;
        let file = SpooledTempFile::new(MEMORY_BYTES_MAX);
        let kept = Arc::new(Mutex::new(Kept { file, bytes: 0, state: State::Open }));
        let it = Self(Arc::clone(&kept));
        PIPES.fetch_add(1, Ordering::Relaxed);
        let held = Held;
        let drain = move || {
            let _held = held;
            let (mut buffer, mut read) = (vec![0; 1 << 16], 0);
            while matches!(lock(&kept).state, State::Open) {
                let bytes = pipe.read(&mut buffer);
                let mut kept = lock(&kept);
                if !matches!(kept.state, State::Open) {
                    return;
                }
                read += bytes.as_ref().map_or(0, |it| *it as u64);
                kept.state = match bytes {
                    Ok(0) => State::Ended,
                    Ok(bytes) => {
                        match kept.keep(buffer.get(..bytes).unwrap_or_default(), kept_max) {
                            Ok(()) if read > read_max => State::Over,
                            Ok(()) => State::Open,
                            Err(error) => State::Failed(error),
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => State::Open,
                    Err(error) => State::Failed(error),
                };
            }
        };
        std::thread::Builder::new().name("weir-doctor-pipe".to_owned()).spawn(drain)?;
        Ok(it)
    }

    fn is_open(&self) -> bool {
        matches!(lock(&self.0).state, State::Open)
    }

    fn trouble(&self) -> Option<Trouble> {
        match &lock(&self.0).state {
            State::Over => Some(Trouble::TooMuch),
            State::Failed(error) => {
                Some(Trouble::Broke(io::Error::new(error.kind(), error.to_string())))
            }
            State::Open | State::Ended | State::Left => None,
        }
    }

    /// What was kept, from its beginning. A thread that still reads keeps no more.
    fn take(&self) -> io::Result<(SpooledTempFile, u64)> {
        let mut kept = lock(&self.0);
        kept.state = State::Left;
        let mut file = core::mem::replace(&mut kept.file, SpooledTempFile::new(0));
        file.seek(SeekFrom::Start(0))?;
        Ok((file, kept.bytes))
    }
}

impl Kept {
    fn keep(&mut self, bytes: &[u8], kept_max: u64) -> io::Result<()> {
        let room = usize::try_from(kept_max - self.bytes).unwrap_or(usize::MAX);
        let bytes = bytes.get(..room).unwrap_or(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }
}

fn lock(kept: &Mutex<Kept>) -> std::sync::MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
