//! A trace that is still being written, or that comes through a pipe: buffer after buffer, as they
//! stand.
//!
//! Nothing is known of what is still to come, so records are handed out in the order of buffers;
//! whoever needs the order of time sorts them.
//! A buffer is read once all of it is there.

use super::first::{First, OpenError, is_trace};
use super::index::is_plausible;
use super::{PROBE_BYTES, first};
use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader, HEADER_BYTES, HEADER_SIZE, UNUSED};
use crate::clock::Clock;
use crate::compression::{self, Format};
use crate::header::LogHeader;
use crate::record::{Head, Record};
use std::io::Cursor;

/// Times that a compressed buffer may grow at most; real ones grow 13 times, kilobytes of blanks
/// 120 times. What claims more is skipped.
const EXPANSION_MAX: u32 = 1_024;

/// What was taken out of the bytes that were there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Bytes that need not be shown again.
    pub bytes: usize,
    /// Bytes that have to be there before any more can be taken; 0 where that is not known.
    pub needed: usize,
}

/// A trace that grows.
#[derive(Debug, Default)]
pub struct Tail {
    session: Option<Session>,
    records: Vec<u8>,
    buffers: u64,
    skipped: u64,
}

#[derive(Debug)]
struct Session {
    header: LogHeader,
    clock: Clock,
    format: Option<Format>,
    /// Bytes of every buffer that is not compressed.
    stride: u32,
}

impl Tail {
    /// What the trace says of its session, once its beginning was seen.
    #[must_use]
    pub fn header(&self) -> Option<&LogHeader> {
        self.session.as_ref().map(|session| &session.header)
    }

    /// Buffers so far.
    #[must_use]
    pub const fn buffers(&self) -> u64 {
        self.buffers
    }

    /// Buffers that were damaged, in whole or in part.
    #[must_use]
    pub const fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many bytes of whole buffers `bytes` begins with that were made and never written: a file
    /// that grows may still fill them, a pipe will not.
    #[must_use]
    pub fn skip_unused(&self, bytes: &[u8]) -> usize {
        let Some(stride) = self.session.as_ref().map(|it| it.stride as usize) else { return 0 };
        let is_unused = |buffer: &&[u8]| buffer.iter().all(|byte| *byte == 0);
        bytes.chunks_exact(stride).take_while(is_unused).count() * stride
    }

    /// Reads what is whole of `bytes`, which begin where the last call's [`Taken::bytes`] ended.
    ///
    /// # Errors
    /// Where they do not begin as an event trace does.
    pub fn take(
        &mut self,
        bytes: &[u8],
        mut each: impl FnMut(&Record<'_>),
    ) -> Result<Taken, OpenError> {
        let mut taken = 0;
        loop {
            let rest = bytes.get(taken..).unwrap_or(&[]);
            let Some(length) = self.length(rest)? else {
                let needed = self.needed(rest);
                return Ok(Taken { bytes: taken, needed });
            };
            let Some(buffer) = rest.get(..length) else {
                return Ok(Taken { bytes: taken, needed: length });
            };
            self.buffers += 1;
            self.skipped += u64::from(!self.read(buffer, &mut each));
            taken += length;
        }
    }

    /// Bytes of the buffer that begins here; `None` where it cannot be told yet.
    fn length(&mut self, rest: &[u8]) -> Result<Option<usize>, OpenError> {
        let Some(header) = BufferHeader::parse(rest) else { return Ok(None) };
        if self.session.is_none() && !self.begin(rest, &header)? {
            return Ok(None);
        }
        let Some(session) = &self.session else { return Ok(None) };
        // A file may be made larger before it is written: nothing is there yet.
        if rest[..HEADER_BYTES].iter().all(|byte| *byte == 0) {
            return Ok(None);
        }
        let is_sized = header.is_compressed() && is_plausible(&header);
        let bytes = if is_sized { header.stride } else { session.stride };
        Ok(usize::try_from(bytes).ok())
    }

    /// Learns of the session; `false` where more of its first buffer has to be there.
    fn begin(&mut self, bytes: &[u8], header: &BufferHeader) -> Result<bool, OpenError> {
        if bytes.len() >= PROBE_BYTES && !is_trace(bytes) {
            return Err(OpenError::NotATrace { reason: first::NO_SESSION });
        }
        if !BufferHeader::is_possible_size(header.stride) {
            let reason = "its first buffer has no possible size";
            return Err(OpenError::NotATrace { reason });
        }
        if bytes.len() < header.stride as usize {
            return Ok(false);
        }
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let First { buffer, header, stamp } = First::read(&mut Cursor::new(bytes), length)?;
        let [low, high, ..] = buffer.state.to_le_bytes();
        let sized = if buffer.is_compressed() { header.buffer_bytes } else { buffer.stride };
        self.session = Some(Session {
            clock: Clock::new(&header, stamp),
            format: Format::from_raw(u16::from_le_bytes([low, high])),
            stride: sized.clamp(HEADER_SIZE, BUFFER_BYTES_MAX),
            header,
        });
        Ok(true)
    }

    fn needed(&self, rest: &[u8]) -> usize {
        match (&self.session, BufferHeader::parse(rest)) {
            (None, Some(header)) => header.stride.min(BUFFER_BYTES_MAX) as usize,
            _ => HEADER_BYTES,
        }
    }

    /// Reads a buffer; `false` where some of it could not be.
    fn read(&mut self, buffer: &[u8], each: &mut impl FnMut(&Record<'_>)) -> bool {
        let Self { session: Some(session), records, .. } = self else { return false };
        let Some(header) = BufferHeader::parse(buffer) else { return false };
        let stored = buffer.get(HEADER_BYTES..).unwrap_or(&[]);
        if !header.is_compressed() {
            let fill = header.fill(session.stride).map_or(buffer.len(), |it| it as usize);
            let filled = buffer.get(HEADER_BYTES..fill.min(buffer.len())).unwrap_or(&[]);
            return read_records(filled, header.cpu, session.clock, each);
        }
        let room = u32::try_from(stored.len()).unwrap_or(u32::MAX).saturating_mul(EXPANSION_MAX);
        let fill = header.fill(session.header.buffer_bytes.min(BUFFER_BYTES_MAX));
        let bytes = fill.map(|it| it.saturating_sub(HEADER_SIZE)).filter(|it| *it <= room);
        let (Some(format), Some(bytes)) = (session.format, bytes) else { return false };
        records.clear();
        let whole = compression::decompress(format, stored, bytes as usize, records).is_ok();
        read_records(records, header.cpu, session.clock, each) && whole
    }
}

/// Reads records up to the mark that ends them; `false` where something else does.
fn read_records(
    mut rest: &[u8],
    cpu: u16,
    clock: Clock,
    each: &mut impl FnMut(&Record<'_>),
) -> bool {
    while let Ok(Some(head)) = Head::parse(rest) {
        if let Some(record) = Record::parse(&head, rest, cpu, |stamp| clock.time(stamp)) {
            each(&record);
        }
        rest = rest.get(head.stride()..).unwrap_or(&[]);
    }
    rest.iter().all(|byte| *byte == UNUSED)
}
