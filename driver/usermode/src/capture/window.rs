//! The part of the file that is in memory.
//!
//! `pcap-parser` has streaming readers of its own; they take one short read for the end of the
//! header, drop the I/O error and leave growth to the caller, so its parsers are used on this
//! window instead.

use std::io::{self, ErrorKind, Read};

/// Bytes asked of the source at once: large enough to make system calls rare, small enough to stay
/// in the processor's second-level cache.
const READ_BYTES: usize = 256 * 1024;

/// A record larger than this is refused. Packets end at 64 KiB, or 256 KiB in captures of USB
/// or D-Bus; pcapng blocks may hold TLS secrets or whole name tables.
pub(super) const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A window that moves over a byte source; holds [`READ_BYTES`] or the largest record.
pub(super) struct Window {
    source: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    /// Invariant: `start <= end <= bytes.len()`.
    start: usize,
    end: usize,
    offset: u64,
}

impl Window {
    /// A window at the start of `source`.
    pub(super) fn new(source: Box<dyn Read + Send>) -> Self {
        Self { source, bytes: vec![0; READ_BYTES], start: 0, end: 0, offset: 0 }
    }

    /// Reads until `wanted` bytes are available; false if the source ends before.
    #[inline]
    pub(super) fn fill(&mut self, wanted: usize) -> io::Result<bool> {
        if self.end - self.start >= wanted { Ok(true) } else { self.read(wanted) }
    }

    /// Everything read and not yet consumed.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Moves the start of the window on; `count` bytes must be available.
    #[inline]
    pub(super) fn consume(&mut self, count: usize) {
        assert!(count <= self.end - self.start, "only available bytes are consumed");
        self.start += count;
        self.offset += count as u64;
    }

    /// The start of the window, counted from the start of the source.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    #[cold]
    fn read(&mut self, wanted: usize) -> io::Result<bool> {
        assert!(wanted <= RECORD_BYTES_MAX, "callers refuse larger records");
        self.bytes.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        if self.bytes.len() < wanted {
            self.bytes.resize(wanted, 0);
        }
        while self.end < wanted {
            match self.source.read(&mut self.bytes[self.end..]) {
                Ok(0) => return Ok(false),
                Ok(count) => self.end += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}
