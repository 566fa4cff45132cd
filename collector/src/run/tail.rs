//! A trace file that a session still writes, and one that comes through standard input.

use super::pump::now_ns;
use super::source::{Polled, Source, ours};
use crate::failure::{ExitCode, Failure};
use crate::input;
use crate::live::LiveStages;
use crate::output;
use crate::trace_file::unreadable;
use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Instant;
use weir_etl::Tail;
use weir_stages::order::Reorder;
use weir_stages::snapshot::{Lag, SessionFacts};

/// Bytes read at once, and the least that are kept for a buffer that is not whole yet.
const CHUNK_BYTES: usize = 1 << 20;

/// What the bytes come from.
enum From {
    /// It grows; bytes that were not taken are read again, for they may change.
    File(File),
    /// It is read on a thread of its own, for reading it may wait for ever.
    Stdin(Pipe),
}

/// The trace.
pub(super) struct Growing {
    path: PathBuf,
    from: From,
    tail: Tail,
    order: Reorder,
    /// Bytes of the file that were taken.
    at: u64,
    bytes: Vec<u8>,
    lag: Lag,
    /// What was written before has no age that says anything of the session.
    started_ns: u64,
    is_over: bool,
    /// The clock that only goes forward.
    begun: Instant,
}

impl Growing {
    /// Follows a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn file(path: &Path) -> Result<Self, Failure> {
        let (file, _) = input::open(path)?;
        Ok(Self::new(path, From::File(file)))
    }

    /// Reads standard input.
    pub(super) fn stdin() -> Self {
        Self::new(Path::new("-"), From::Stdin(Pipe::start()))
    }

    fn new(path: &Path, from: From) -> Self {
        Self {
            path: path.to_owned(),
            from,
            tail: Tail::default(),
            order: Reorder::default(),
            at: 0,
            bytes: Vec::new(),
            lag: Lag::default(),
            started_ns: now_ns(),
            is_over: false,
            begun: Instant::now(),
        }
    }

    /// Reads more; whether there was any.
    fn read(&mut self) -> io::Result<bool> {
        match &mut self.from {
            From::File(file) => {
                if file.metadata()?.len() < self.at {
                    output::warn(&format!("{} was begun anew", self.path.display()));
                    (self.at, self.tail) = (0, Tail::default());
                }
                file.seek(SeekFrom::Start(self.at))?;
                let before = self.bytes.len();
                let wanted = u64::try_from(before.max(CHUNK_BYTES)).unwrap_or(u64::MAX);
                self.bytes.clear();
                file.take(wanted).read_to_end(&mut self.bytes)?;
                Ok(!self.bytes.is_empty())
            }
            From::Stdin(pipe) => Ok(match pipe.next()? {
                Some(more) => {
                    self.bytes.extend_from_slice(&more);
                    true
                }
                None => {
                    self.is_over = pipe.is_over;
                    false
                }
            }),
        }
    }

    /// Standard input has ended: whether that was the end of a trace.
    fn judge_end(&self) -> Result<(), Failure> {
        if self.tail.header().is_none() {
            let message = "read standard input: it ended before a trace had begun";
            let hint = "give it an event trace file, as in `weir run --from - < FILE`";
            return Err(Failure::new(ExitCode::InputDamaged, message, hint));
        }
        if !self.bytes.is_empty() {
            output::warn("standard input ended within a buffer of the trace");
        }
        if self.tail.skipped() > 0 {
            let skipped = self.tail.skipped();
            output::warn(&format!("{skipped} buffers of standard input could not be read whole"));
        }
        Ok(())
    }

    /// Takes out of the bytes what is whole; whether that was anything.
    fn take(&mut self, now_ns: u64, into: &mut LiveStages) -> Result<bool, Failure> {
        let Self { tail, order, lag, started_ns, .. } = self;
        let taken = tail.take(&self.bytes, |record| {
            let Some((head, payload)) = ours(record) else { return };
            if head.time_ns >= *started_ns {
                lag.record(now_ns.saturating_sub(head.time_ns), 1);
            }
            if order.push(&head, payload) {
                order.hurry(|head, payload| into.event(head, payload));
            }
        });
        let taken = taken.map_err(|error| {
            let message = format!("read `{}`: {error}", self.path.display());
            Failure::new(ExitCode::InputDamaged, message, "name a trace that Windows or weir wrote")
        })?;
        self.at += u64::try_from(taken.bytes).unwrap_or(0);
        if matches!(self.from, From::Stdin(_)) {
            self.bytes.drain(..taken.bytes);
            // In a pipe, room that was made and not written stays empty.
            self.bytes.drain(..self.tail.skip_unused(&self.bytes));
        } else if taken.bytes == 0 && taken.needed > self.bytes.len() {
            // Read that much the next time: a buffer may be larger than a chunk.
            self.bytes.resize(taken.needed, 0);
        } else {
            self.bytes.clear();
        }
        Ok(taken.bytes > 0)
    }
}

impl Source for Growing {
    fn flows(&self) -> &'static str {
        "those of a trace that grows"
    }

    fn poll(&mut self, now_ns: u64, into: &mut LiveStages) -> Result<Polled, Failure> {
        let has_read = self.read().map_err(|error| unreadable(&self.path, &error))?;
        let has_taken = has_read && self.take(now_ns, into)?;
        let since_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.order.release(since_ns, |head, payload| into.event(head, payload));
        if self.is_over {
            self.finish(into);
            self.judge_end()?;
            return Ok(Polled::End);
        }
        // Of a pipe there is more whenever something came; of a file, when a whole buffer did.
        let is_pipe = matches!(self.from, From::Stdin(_));
        Ok(if has_taken || (is_pipe && has_read) { Polled::More } else { Polled::Idle })
    }

    fn time_ns(&self, now_ns: u64) -> u64 {
        if self.is_over { self.order.newest_ns() } else { now_ns }
    }

    fn unready(&self) -> Option<String> {
        let is_begun = self.tail.header().is_some();
        (!is_begun).then(|| "the trace has not begun".to_owned())
    }

    fn facts(&mut self) -> Vec<SessionFacts> {
        let name = if matches!(self.from, From::File(_)) { "file" } else { "stdin" };
        vec![SessionFacts {
            session: name.to_owned(),
            is_up: !self.is_over,
            log_buffers_lost: self.tail.skipped(),
            late: self.order.late(),
            hurried: self.order.hurried(),
            lag: self.lag.clone(),
            ..SessionFacts::default()
        }]
    }

    fn finish(&mut self, into: &mut LiveStages) {
        self.order.finish(|head, payload| into.event(head, payload));
        self.is_over = true;
    }
}

/// Standard input, read by a thread.
struct Pipe {
    chunks: std::sync::mpsc::Receiver<io::Result<Vec<u8>>>,
    is_over: bool,
}

/// Chunks that wait between the thread and the stages; at the bound the writer of the pipe waits,
/// so nothing is lost and nothing counted.
const CHUNKS_MAX: usize = 8;

impl Pipe {
    fn start() -> Self {
        let (sender, chunks) = std::sync::mpsc::sync_channel(CHUNKS_MAX);
        // It ends with standard input, or with the process.
        let _reader = std::thread::spawn(move || {
            let mut input = io::stdin().lock();
            loop {
                let mut chunk = vec![0; CHUNK_BYTES];
                let read = input.read(&mut chunk).map(|bytes| {
                    chunk.truncate(bytes);
                    chunk
                });
                let is_last = read.as_ref().is_ok_and(Vec::is_empty) || read.is_err();
                if sender.send(read).is_err() || is_last {
                    return;
                }
            }
        });
        Self { chunks, is_over: false }
    }

    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.chunks.try_recv() {
            Ok(chunk) => {
                let chunk = chunk?;
                self.is_over = chunk.is_empty();
                Ok(Some(chunk).filter(|it| !it.is_empty()))
            }
            Err(std::sync::mpsc::TryRecvError::Empty) => Ok(None),
            Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                self.is_over = true;
                Ok(None)
            }
        }
    }
}
