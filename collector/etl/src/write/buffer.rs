//! One buffer of a file: a header of 72 bytes, then records.
//!
//! Sources: geoffchappell.com/studies/windows/km/ntoskrnl/inc/api/ntwmi/wmi_buffer_header (read
//! 2026-11). Fields that the source leaves open hold what files written by Windows hold: the state
//! is 3, the reference count and the clock's copy are 0, unused bytes at the end are 0xFF.

use crate::buffer::{HEADER_BYTES, UNUSED, flags};
use crate::record::head::ALIGNMENT;

/// What files written by Windows say once a buffer is on disk.
const STATE_ON_DISK: u32 = 3;

/// The session's number among those running; any will do, this one is seldom Windows' own.
const LOGGER_ID: u16 = 0x20;

/// What the header of a buffer says.
pub(super) struct BufferHeader {
    /// Bytes from this buffer to the next.
    pub(super) buffer_bytes: u32,
    /// Bytes in use, this header's among them.
    pub(super) fill: u32,
    /// Where the next record was to go when the buffer was closed; may lie behind its end.
    pub(super) next: u32,
    pub(super) stamp: i64,
    pub(super) sequence: i64,
    pub(super) cpu: u16,
    pub(super) flags: u16,
    pub(super) kind: u16,
}

impl BufferHeader {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.buffer_bytes.to_le_bytes());
        out.extend(self.fill.to_le_bytes());
        out.extend(self.next.to_le_bytes());
        out.extend(0_i32.to_le_bytes());
        out.extend(self.stamp.to_le_bytes());
        out.extend(self.sequence.to_le_bytes());
        out.extend(0_u64.to_le_bytes());
        out.extend(self.cpu.to_le_bytes());
        out.extend(LOGGER_ID.to_le_bytes());
        out.extend(STATE_ON_DISK.to_le_bytes());
        out.extend(self.fill.to_le_bytes());
        out.extend((self.flags | flags::PROCESSOR_INDEX).to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        out.extend([0; 16]);
    }
}

/// Records of one processor that are not in the file yet.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Whole padded records.
    records: Vec<u8>,
    /// The latest stamp among them.
    newest: i64,
}

impl Pending {
    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes the buffer would have in use with that many more.
    pub(super) fn fill_with(&self, bytes: usize) -> usize {
        HEADER_BYTES.saturating_add(self.records.len()).saturating_add(bytes)
    }

    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    pub(super) fn push(&mut self, stamp: i64, record: &[u8]) {
        self.newest = if self.is_empty() { stamp } else { self.newest.max(stamp) };
        self.records.extend_from_slice(record);
        self.records.resize(self.records.len().next_multiple_of(ALIGNMENT), 0);
    }

    /// The bytes for the file; the records are gone from here, their memory stays.
    pub(super) fn take(&mut self, header: &BufferHeader, out: &mut Vec<u8>) {
        out.clear();
        header.encode(out);
        out.append(&mut self.records);
        pad(out, header.buffer_bytes);
    }
}

/// Fills the rest of a buffer.
pub(super) fn pad(out: &mut Vec<u8>, buffer_bytes: u32) {
    let bytes = usize::try_from(buffer_bytes).unwrap_or(out.len());
    if out.len() < bytes {
        out.resize(bytes, UNUSED);
    }
}
