//! Counts lines, and stops before one tag or text fills the memory.

use super::encoding::Transcoder;
use super::fault::Fault;
use std::io::{self, BufRead, Read};

/// Longest tag, text or comment: the reader has one of them in memory. The longest that Windows
/// writes are blobs in hexadecimal, some kilobytes of them. Beyond it reading ends with an error.
pub const EVENT_BYTES_MAX: usize = 4 << 20;

/// Longest file. Those of machines with very many filters have tens of megabytes; this bounds how
/// long a stranger's file can keep the reader busy. Beyond it reading ends with an error.
pub const FILE_BYTES_MAX: u64 = 1 << 30;

/// What the XML reader reads from.
#[derive(Debug)]
pub(super) struct Source<R> {
    text: Transcoder<R>,
    /// Line ends that were taken.
    line_ends: u64,
    /// Bytes taken since the current tag or text began.
    event_bytes: usize,
}

impl<R: Read> Source<R> {
    pub(super) const fn new(text: Transcoder<R>) -> Self {
        Self { text, line_ends: 0, event_bytes: 0 }
    }

    /// A tag or text begins here, on this line.
    pub(super) const fn begin(&mut self) -> u64 {
        self.event_bytes = 0;
        self.line()
    }

    /// The line, from 1, of what is taken next.
    pub(super) const fn line(&self) -> u64 {
        self.line_ends + 1
    }
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(out)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

impl<R: Read> BufRead for Source<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.event_bytes > EVENT_BYTES_MAX {
            return Err(io::Error::other(Fault::LongEvent));
        }
        if self.text.read_bytes() > FILE_BYTES_MAX {
            return Err(io::Error::other(Fault::LongFile));
        }
        self.text.fill_buf()
    }

    fn consume(&mut self, bytes: usize) {
        if bytes == 0 {
            return;
        }
        // Nothing is read here: what is not taken yet is there.
        if let Ok(text) = self.text.fill_buf() {
            let taken = text.get(..bytes).unwrap_or(text);
            self.line_ends += taken.iter().map(|it| u64::from(*it == b'\n')).sum::<u64>();
        }
        self.event_bytes = self.event_bytes.saturating_add(bytes);
        self.text.consume(bytes);
    }
}
