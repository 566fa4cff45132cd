//! The beginning of a file: whether it is an event trace, and of which session.

use super::session;
use crate::buffer::{BufferHeader, HEADER_BYTES, kind};
use crate::header::LogHeader;
use crate::record::{Body, Head, Kind, Record};
use std::io::{self, Read, Seek, SeekFrom};

/// Bytes read to find the first record: more than the largest record takes.
const FIRST_BYTES: u64 = 128 * 1024;

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
    /// It does not begin as event trace files do.
    #[error("the file is no event trace: {reason}")]
    NotATrace {
        /// What is wrong.
        reason: &'static str,
    },
}

/// Why a file is no event trace that begins with another record, or none.
pub(super) const NO_SESSION: &str = "its first record does not describe a session";

/// Bytes that [`is_trace`] needs.
pub const PROBE_BYTES: usize = HEADER_BYTES + 8;

/// Whether a file that begins with these bytes is an event trace.
#[must_use]
pub fn is_trace(beginning: &[u8]) -> bool {
    // A size that is damaged may be found out from the rest of the file.
    let is_buffer = BufferHeader::parse(beginning)
        .is_some_and(|it| BufferHeader::is_possible_size(it.stride) || it.kind == kind::HEADER);
    is_buffer && beginning.get(HEADER_BYTES..).is_some_and(session::is_hook_0)
}

/// What a file begins with.
pub(super) struct First {
    pub(super) buffer: BufferHeader,
    /// What the first record says.
    pub(super) header: LogHeader,
    /// That record's time stamp.
    pub(super) stamp: i64,
}

impl First {
    pub(super) fn read(
        reader: &mut (impl Read + Seek),
        file_bytes: u64,
    ) -> Result<Self, OpenError> {
        if file_bytes == 0 {
            return Err(OpenError::Empty);
        }
        // The first record, its strings included, is far shorter than this.
        let mut bytes = Vec::new();
        reader.seek(SeekFrom::Start(0))?;
        reader.by_ref().take(FIRST_BYTES).read_to_end(&mut bytes)?;
        let buffer = BufferHeader::parse(&bytes)
            .ok_or(OpenError::NotATrace { reason: "it is shorter than a buffer's header" })?;
        let first = Self::parse(buffer, bytes.get(HEADER_BYTES..).unwrap_or(&[]));
        first.ok_or(OpenError::NotATrace { reason: NO_SESSION })
    }

    fn parse(buffer: BufferHeader, records: &[u8]) -> Option<Self> {
        let head = Head::parse(records).ok()??;
        let record = Record::parse(&head, records, 0, crate::FileTime)?;
        let (Kind::System32 | Kind::System64, Body::Kernel(kernel)) = (record.kind, record.body)
        else {
            return None;
        };
        let header = LogHeader::parse(kernel.payload).filter(|_| kernel.hook == 0)?;
        Some(Self { buffer, header, stamp: head.stamp.unwrap_or(0) })
    }
}
