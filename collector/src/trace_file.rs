//! Event trace files, opened with errors that say what to do.

use crate::failure::{ExitCode, Failure};
use crate::input;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use tempfile::SpooledTempFile;
use weir_etl::{DamageKind, OpenError, Trace};

/// A trace from standard input is kept in memory up to this size, then in a temporary file:
/// buffers are read in the order of processors, not of the file.
const SPOOL_MEMORY_BYTES: usize = 64 << 20;

/// What a trace is read from.
pub(crate) trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

/// A trace that is being read.
pub(crate) type OpenTrace = Trace<Box<dyn Source>>;

/// Opens a trace; `-` is standard input.
///
/// # Errors
/// It cannot be read, or is no event trace.
pub(crate) fn open(path: &Path) -> Result<OpenTrace, Failure> {
    if path.as_os_str() == "-" {
        let spooled = spool(io::stdin().lock()).map_err(|error| unreadable(path, &error))?;
        return open_source(path, Box::new(spooled));
    }
    open_file(path, &[], input::open(path)?.0)
}

/// Opens whatever may be a trace, text or not; `-` is standard input.
///
/// # Errors
/// It cannot be read.
pub(crate) fn open_any(path: &Path) -> Result<Box<dyn Source>, Failure> {
    let opened = if path.as_os_str() == "-" {
        spool(io::stdin().lock()).map(|spooled| -> Box<dyn Source> { Box::new(spooled) })
    } else {
        seekable(&[], input::open(path)?.0)
    };
    opened.map_err(|error| unreadable(path, &error))
}

/// Opens a file as a trace of which the beginning was read before.
///
/// # Errors
/// As [`open`].
pub(crate) fn open_file(path: &Path, beginning: &[u8], file: File) -> Result<OpenTrace, Failure> {
    open_source(path, seekable(beginning, file).map_err(|error| unreadable(path, &error))?)
}

fn open_source(path: &Path, source: Box<dyn Source>) -> Result<OpenTrace, Failure> {
    Trace::open(source).map_err(|error| match error {
        OpenError::Io(error) => unreadable(path, &error),
        OpenError::Empty | OpenError::NotATrace { .. } => Failure::new(
            ExitCode::InputDamaged,
            format!("read `{}`: {error}", path.display()),
            "name a file that Windows or weir wrote as .etl; a .zip has to be unpacked first",
        ),
    })
}

/// A pipe cannot be read twice; its bytes are kept.
fn seekable(beginning: &[u8], mut file: File) -> io::Result<Box<dyn Source>> {
    match file.seek(SeekFrom::Start(0)) {
        Ok(_) => Ok(Box::new(file)),
        Err(_) => Ok(Box::new(spool(beginning.chain(file))?)),
    }
}

fn spool(mut reader: impl Read) -> io::Result<SpooledTempFile> {
    let mut spooled = SpooledTempFile::new(SPOOL_MEMORY_BYTES);
    io::copy(&mut reader, &mut spooled)?;
    Ok(spooled)
}

/// A read that failed.
pub(crate) fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("read `{}`: {error}", path.display());
    Failure::new(ExitCode::InputUnreadable, message, "check that the file can be read")
}

/// What a reader of the output must know of the session: losses, and an end that was not orderly.
pub(crate) fn notes(trace: &OpenTrace) -> Vec<String> {
    let (header, mut notes) = (trace.header(), Vec::new());
    if header.events_lost > 0 {
        notes.push(format!("the session lost {} events", header.events_lost));
    }
    if header.buffers_lost > 0 {
        notes.push(format!("the session lost {} buffers", header.buffers_lost));
    }
    if !header.is_closed() {
        notes.push("the session was never stopped: its last events may be missing".to_owned());
    }
    if trace.damages().count(DamageKind::Unused) > 0 {
        notes.push("the file ends in zeros: it was written in advance and not filled".to_owned());
    }
    notes
}

/// What could not be read, in words; nothing where everything was.
pub(crate) fn damage(trace: &OpenTrace) -> Vec<String> {
    let damages = trace.damages();
    let kinds = damages.counts().filter(|(kind, _)| *kind != DamageKind::Unused);
    kinds
        .map(|(kind, count)| {
            let meaning = kind.meaning().trim();
            if let (DamageKind::Missing, Some(missing)) = (kind, damages.missing_buffers()) {
                let (found, written) = (missing.found, missing.written);
                return format!("missing, {found} of {written} buffers are there: {meaning}");
            }
            let skipped = match damages.skipped_bytes_of(kind) {
                0 => String::new(),
                bytes => format!(", {bytes} bytes skipped"),
            };
            let first = damages.first().iter().find(|damage| damage.kind == kind);
            let place = first.map_or_else(String::new, |damage| {
                format!(", first in the buffer at byte {}", damage.buffer_at)
            });
            format!("{count} x {}{skipped}{place}: {meaning}", kind.name())
        })
        .collect()
}
