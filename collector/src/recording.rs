//! Weir's own events, written as an event trace file that Windows' tools open.
//!
//! As the driver does, every event but Invocation carries its metadata, so any reader shows names
//! and fields; Invocation is plain, because it is the one that comes in floods.

use crate::failure::{ExitCode, Failure};
use crate::output;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use weir_abi::event::{Event as _, EventHead, Invocation, kind_metadata};
use weir_abi::identifiers::{PROVIDER, PROVIDER_TRAITS};
use weir_etl::write::{Clock, EventHeader, ExtendedItem, Options, TraceWriter};
use weir_etl::{FileTime, item_kind};

/// Channel of self-describing events.
///
/// Source: learn.microsoft.com/windows/win32/tracelogging (`WINEVENT_CHANNEL_TRACELOGGING`; read
/// 2026-11).
const CHANNEL_TRACELOGGING: u8 = 11;

/// Processors of the hook without a kernel: it runs on one at a time and calls it 0.
const PROCESSORS: u32 = 1;

/// A file that is being written.
pub(crate) struct Recording<W: Write + Seek> {
    path: PathBuf,
    writer: TraceWriter<W>,
    process: u32,
    last_ns: u64,
}

/// A recording that grows in its place: what a crash leaves behind can be read as far as it got.
pub(crate) fn create(path: &Path, start_ns: u64) -> Result<Recording<File>, Failure> {
    if output::is_standard(path) {
        let error = "an event trace is written from both ends, which standard output cannot do";
        return Err(Failure::new(
            ExitCode::Usage,
            format!("record to `{}`: {error}", path.display()),
            "name a file",
        ));
    }
    let file = File::create(path).map_err(|error| unwritable(path, &error))?;
    Recording::new(path, file, start_ns, std::process::id())
}

impl<W: Write + Seek> Recording<W> {
    /// Begins a file; `path` is named in it and in errors.
    pub(crate) fn new(path: &Path, out: W, start_ns: u64, process: u32) -> Result<Self, Failure> {
        let file_name = path.file_name().unwrap_or(path.as_os_str());
        let options = Options {
            session: "weir".to_owned(),
            file_name: file_name.to_string_lossy().into_owned(),
            processors: PROCESSORS,
            start: FileTime::from_unix_nanos(start_ns),
            // Captures hold any time, also one before the first; the system's clock has them all.
            clock: Clock::System,
            ..Options::default()
        };
        let writer = TraceWriter::new(out, options).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), writer, process, last_ns: start_ns })
    }

    /// Writes an event.
    pub(crate) fn event(&mut self, head: &EventHead, payload: &[u8]) -> Result<(), Failure> {
        let metadata = kind_metadata(head.id, head.version).filter(|_| head.id != Invocation::ID);
        let header = EventHeader {
            id: head.id,
            version: head.version,
            channel: if metadata.is_some() { CHANNEL_TRACELOGGING } else { 0 },
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
        let written = self.writer.event(cpu, time, &header, items, payload);
        written.map_err(|error| unwritable(&self.path, &error))
    }

    /// Counts events that never got here.
    pub(crate) fn lost(&mut self, events: u64) {
        self.writer.lost(u32::try_from(events).unwrap_or(u32::MAX));
    }

    /// Closes the file.
    pub(crate) fn finish(self) -> Result<W, Failure> {
        let end = FileTime::from_unix_nanos(self.last_ns);
        self.writer.finish(end).map_err(|error| unwritable(&self.path, &error))
    }
}

/// A recording that cannot be written.
pub(crate) fn unwritable(path: &Path, error: &dyn core::error::Error) -> Failure {
    let message = format!("write `{}`: {error}", path.display());
    Failure::new(ExitCode::OutputUnwritable, message, "check the folder, its permissions and space")
}
