//! Weir's own events, written as an event trace file that Windows' tools open.
//!
//! As the driver does, every event but Invocation carries its metadata, so any reader shows names
//! and fields; Invocation is plain, because it is the one that comes in floods.

use crate::failure::{ExitCode, Failure};
use crate::output;
use std::fs::{File, TryLockError};
use std::io::{self, Seek, Write};
use std::path::{Path, PathBuf};
use weir_abi::event::{Event as _, EventHead, Invocation, kind_metadata};
use weir_abi::identifiers::{PROVIDER, PROVIDER_TRAITS};
use weir_abi::metadata::CHANNEL;
use weir_etl::write::{Clock, EventHeader, ExtendedItem, Options, TraceWriter};
use weir_etl::{FileTime, item_kind};

/// Processors of the hook without a kernel: it runs on one at a time and calls it 0.
const PROCESSORS: u32 = 1;

/// Events kept until one says when the recording began: those of start and of 64 attachments.
const EARLY_MAX: usize = 256;

/// A file that is being written.
pub(crate) struct Recording<W: Write + Seek> {
    path: PathBuf,
    process: u32,
    /// What comes before the first event with a time gets that event's.
    early: Vec<(EventHead, Vec<u8>)>,
    lost: u64,
    last_ns: u64,
    state: State<W>,
}

enum State<W: Write + Seek> {
    Waiting(W),
    Writing(Box<TraceWriter<W>>),
    /// Writing failed, and whoever records is about to end.
    Failed,
}

/// A recording that grows in its place: what a crash leaves behind can be read as far as it got.
pub(crate) fn create(path: &Path) -> Result<Recording<File>, Failure> {
    let open = || {
        // Not emptied before it is known that nobody else writes it.
        let file = File::options().write(true).create(true).truncate(false).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other(output::NO_FILE));
        }
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another program is recording to it"),
            TryLockError::Error(error) => error,
        })?;
        file.set_len(0)?;
        Ok(file)
    };
    let file = open().map_err(|error| unwritable(path, &error))?;
    Ok(Recording::new(path, file, std::process::id()))
}

impl<W: Write + Seek> Recording<W> {
    /// A file to be; `path` is named in it and in errors.
    pub(crate) fn new(path: &Path, out: W, process: u32) -> Self {
        Self {
            path: path.to_owned(),
            process,
            early: Vec::new(),
            lost: 0,
            last_ns: 0,
            state: State::Waiting(out),
        }
    }

    /// Writes an event.
    pub(crate) fn event(&mut self, head: &EventHead, payload: &[u8]) -> Result<(), Failure> {
        let is_waiting = matches!(self.state, State::Waiting(_));
        if is_waiting && head.time_ns == 0 && self.early.len() < EARLY_MAX {
            self.early.push((*head, payload.to_vec()));
            return Ok(());
        }
        self.begin(head.time_ns)?;
        self.write(head, payload)
    }

    /// Counts events that never got here.
    pub(crate) const fn lost(&mut self, events: u64) {
        self.lost = self.lost.saturating_add(events);
    }

    /// Closes the file.
    pub(crate) fn finish(mut self) -> Result<W, Failure> {
        self.begin(0)?;
        let State::Writing(mut writer) = self.state else {
            return Err(unwritable(&self.path, &io::Error::other("an earlier write failed")));
        };
        writer.lost(u32::try_from(self.lost).unwrap_or(u32::MAX));
        let end = FileTime::from_unix_nanos(self.last_ns);
        writer.finish(end).map_err(|error| unwritable(&self.path, &error))
    }

    /// Begins the file, if it has not begun.
    fn begin(&mut self, start_ns: u64) -> Result<(), Failure> {
        if !matches!(self.state, State::Waiting(_)) {
            return Ok(());
        }
        let State::Waiting(out) = core::mem::replace(&mut self.state, State::Failed) else {
            return Ok(());
        };
        let file_name = self.path.file_name().unwrap_or(self.path.as_os_str());
        let options = Options {
            session: "weir".to_owned(),
            file_name: file_name.to_string_lossy().into_owned(),
            processors: PROCESSORS,
            start: FileTime::from_unix_nanos(start_ns),
            // Captures hold any time, also one before the first; the system's clock has them all.
            clock: Clock::System,
            ..Options::default()
        };
        let writer = TraceWriter::new(out, options);
        let writer = writer.map_err(|error| unwritable(&self.path, &error))?;
        self.state = State::Writing(Box::new(writer));
        self.last_ns = start_ns;
        for (head, payload) in core::mem::take(&mut self.early) {
            self.write(&EventHead { time_ns: start_ns, ..head }, &payload)?;
        }
        Ok(())
    }

    fn write(&mut self, head: &EventHead, payload: &[u8]) -> Result<(), Failure> {
        let State::Writing(writer) = &mut self.state else { return Ok(()) };
        let metadata = kind_metadata(head.id, head.version).filter(|_| head.id != Invocation::ID);
        let header = EventHeader {
            id: head.id,
            version: head.version,
            channel: if metadata.is_some() { CHANNEL } else { 0 },
            level: head.level,
            keyword: head.keyword,
            process_id: self.process,
            ..EventHeader::new(PROVIDER)
        };
        let items = metadata.map(|metadata| {
            [
                ExtendedItem { kind: item_kind::PROVIDER_TRAITS, data: PROVIDER_TRAITS },
                ExtendedItem { kind: item_kind::SCHEMA, data: metadata },
            ]
        });
        let items = items.as_ref().map_or(&[][..], |items| items);
        // The processor stands behind `fixed_length`, and is the number the buffer goes by too.
        let cpu = payload.get(2..4).and_then(|it| it.try_into().ok()).map_or(0, u16::from_le_bytes);
        let time = FileTime::from_unix_nanos(head.time_ns);
        self.last_ns = self.last_ns.max(head.time_ns);
        let written = writer.event(cpu, time, &header, items, payload);
        written.map_err(|error| unwritable(&self.path, &error))
    }
}

/// A recording that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &dyn core::error::Error) -> Failure {
    let message = format!("write `{}`: {error}", path.display());
    Failure::new(ExitCode::OutputUnwritable, message, "check the folder, its permissions and space")
}
