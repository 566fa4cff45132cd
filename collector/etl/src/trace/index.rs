//! Where the buffers of a file are: one walk over their headers, before anything is decoded.
//!
//! It goes only forward, so its time is that of a few headers for each buffer and of one look at the
//! rest of the file.

use super::session::{self, SESSION_BYTES};
use super::window::Window;
use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader, HEADER_BYTES};
use crate::damage::{Damage, DamageKind, Damages};
use crate::header::{LogHeader, MODE_COMPRESSED};
use std::io::{self, Read, Seek, SeekFrom};

/// A buffer's place in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it begins.
    pub(crate) at: u64,
    /// Its bytes, header included, as far as the file has them.
    pub(crate) bytes: u32,
    pub(crate) header: BufferHeader,
}

/// Bytes of a header, as offsets in the file count them.
pub(super) const HEADER: u64 = HEADER_BYTES as u64;

/// Walks from buffer to buffer.
pub(crate) struct Walk<'a, R> {
    pub(super) reader: &'a mut R,
    pub(super) file_bytes: u64,
    /// Bytes of the file's first buffer, which those of an uncompressed file share.
    usual: u32,
    /// Bytes of the session's buffers, as its description has them.
    pub(super) session: u32,
    /// Number of the session.
    pub(super) logger: u16,
    is_compressed: bool,
    pub(super) window: Window,
    /// Bytes that may still be looked at to tell whether a place is what it looks like. As many as
    /// the file has are more than an undamaged file needs; after that, it is not.
    looks_left: u64,
    damages: &'a mut Damages,
}

/// From one buffer to the next.
pub(super) struct Step {
    /// Bytes of the buffer; `None` where it was none.
    pub(super) bytes: Option<u32>,
    pub(super) next: u64,
}

impl<'a, R: Read + Seek> Walk<'a, R> {
    pub(crate) fn new(
        reader: &'a mut R,
        file_bytes: u64,
        (first, description): (&BufferHeader, &LogHeader),
        damages: &'a mut Damages,
    ) -> Self {
        Self {
            reader,
            file_bytes,
            usual: first.stride,
            session: description.buffer_bytes,
            logger: first.logger,
            is_compressed: description.log_file_mode & MODE_COMPRESSED != 0,
            window: Window::default(),
            looks_left: file_bytes,
            damages,
        }
    }

    /// The places of all buffers, none where the first one's size cannot be told.
    ///
    /// An entry takes less memory than the header it stands for.
    pub(crate) fn run(mut self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        if !self.is_compressed {
            let Some(usual) = self.usual_bytes()? else { return Ok(places) };
            self.usual = usual;
        }
        let mut at = 0;
        while let Some(header) = self.header_at(at)? {
            if at > 0 && self.begins_session(at, &header)? {
                self.damage(DamageKind::Session, at, self.file_bytes - at);
                return Ok(places);
            }
            let step = if self.is_compressed {
                self.compressed_step(at, &header)?
            } else {
                self.step(at, &header)?
            };
            if let Some(bytes) = step.bytes {
                let left = u32::try_from(self.file_bytes - at).unwrap_or(u32::MAX);
                places.push(Place { at, bytes: left.min(bytes), header });
            }
            at = step.next;
        }
        if at < self.file_bytes {
            self.damage(DamageKind::CutOff, at, self.file_bytes - at);
        }
        Ok(places)
    }

    fn step(&mut self, at: u64, header: &BufferHeader) -> io::Result<Step> {
        let Some(bytes) = self.stride(at, header)? else {
            return Ok(Step { bytes: None, next: self.skip(at)? });
        };
        let next = at.saturating_add(bytes.into());
        if next > self.file_bytes {
            return Ok(self.cut_off(at, header));
        }
        Ok(Step { bytes: Some(bytes), next })
    }

    /// The last buffer, of which the file has only the beginning.
    pub(super) fn cut_off(&mut self, at: u64, header: &BufferHeader) -> Step {
        // The start of a compressed buffer is no use without its end.
        let left = self.file_bytes - at;
        self.damage(DamageKind::CutOff, at, if header.is_compressed() { left } else { 0 });
        let bytes = (!header.is_compressed()).then_some(u32::MAX);
        Step { bytes, next: self.file_bytes }
    }

    fn begins_session(&mut self, at: u64, header: &BufferHeader) -> io::Result<bool> {
        let mut bytes = [0; SESSION_BYTES];
        let length = SESSION_BYTES as u64;
        let is_within = self.file_bytes.saturating_sub(at) >= length;
        if !session::may_begin(header) || !is_within || !self.may_look_at(length) {
            return Ok(false);
        }
        self.reader.seek(SeekFrom::Start(at))?;
        self.reader.read_exact(&mut bytes)?;
        Ok(session::begins(&bytes))
    }

    /// Whether so many bytes may be looked at; each is counted.
    pub(super) fn may_look_at(&mut self, bytes: u64) -> bool {
        let left = self.looks_left.checked_sub(bytes);
        self.looks_left = left.unwrap_or(self.looks_left);
        left.is_some()
    }

    /// Bytes that the buffers of an uncompressed file share.
    ///
    /// Where the first buffer and the session's description differ, the one that a buffer of that
    /// size or the end of the file follows is believed, of two such the smaller: it hides none.
    /// `None` where the first buffer's cannot be and the session's leads nowhere.
    fn usual_bytes(&mut self) -> io::Result<Option<u32>> {
        let sizes = [self.usual.min(self.session), self.usual.max(self.session)];
        for bytes in sizes.into_iter().filter(|bytes| BufferHeader::is_possible_size(*bytes)) {
            let is_same = |it: BufferHeader| it.stride == bytes && it.fill(bytes).is_some();
            let at = u64::from(bytes);
            if at == self.file_bytes || self.header_at(at)?.is_some_and(is_same) {
                return Ok(Some(bytes));
            }
        }
        Ok(BufferHeader::is_possible_size(self.usual).then_some(self.usual))
    }

    pub(super) fn header_at(&mut self, at: u64) -> io::Result<Option<BufferHeader>> {
        if self.file_bytes.saturating_sub(at) < HEADER {
            return Ok(None);
        }
        let mut bytes = [0; HEADER_BYTES];
        self.reader.seek(SeekFrom::Start(at))?;
        self.reader.read_exact(&mut bytes)?;
        Ok(BufferHeader::parse(&bytes))
    }

    /// Bytes from this buffer to the next; `None` where this is no buffer.
    fn stride(&mut self, at: u64, header: &BufferHeader) -> io::Result<Option<u32>> {
        let stride = header.stride;
        if header.is_compressed() && BufferHeader::is_possible_size(stride) {
            return Ok(Some(stride));
        }
        let usual = self.usual;
        if stride == usual {
            return Ok(Some(stride));
        }
        // The usual size is believed where a buffer or the end of the file follows it, before
        // another size is: a size that became twice as large would hide the next buffer.
        let looks = header.fill(usual).is_some();
        if looks && self.is_buffer_or_end(at.saturating_add(usual.into()))? {
            self.damage(DamageKind::BufferSize, at, 0);
            return Ok(Some(usual));
        }
        if is_plausible(header) && self.is_buffer_or_end(at.saturating_add(stride.into()))? {
            return Ok(Some(stride));
        }
        Ok(None)
    }

    pub(super) fn is_buffer_or_end(&mut self, at: u64) -> io::Result<bool> {
        if at == self.file_bytes {
            return Ok(true);
        }
        Ok(self.header_at(at)?.is_some_and(|header| is_plausible(&header)))
    }

    /// Skips what is no buffer; where reading can go on, or the end of the file.
    fn skip(&mut self, from: u64) -> io::Result<u64> {
        let mut at = from.saturating_add(u64::from(self.usual));
        while let Some(header) = self.header_at(at)? {
            let is_buffer = header.stride == self.usual && header.fill(self.usual).is_some();
            if is_buffer || self.begins_session(at, &header)? {
                self.damage(DamageKind::NoBuffer, from, at - from);
                return Ok(at);
            }
            at = at.saturating_add(u64::from(self.usual));
        }
        self.rest(from)?;
        Ok(self.file_bytes)
    }

    /// Says what the file holds behind its last buffer.
    pub(super) fn rest(&mut self, from: u64) -> io::Result<()> {
        let kind = if self.is_zero(from)? { DamageKind::Unused } else { DamageKind::Trailing };
        self.damage(kind, from, self.file_bytes - from);
        Ok(())
    }

    /// Whether the file holds only zeros from here on.
    fn is_zero(&mut self, from: u64) -> io::Result<bool> {
        self.reader.seek(SeekFrom::Start(from))?;
        let mut left = self.file_bytes.saturating_sub(from);
        let mut chunk = [0; 4096];
        while left > 0 {
            let bytes = left.min(chunk.len() as u64);
            let (piece, _) = chunk.split_at_mut(usize::try_from(bytes).unwrap_or(0));
            self.reader.read_exact(piece)?;
            if piece.iter().any(|byte| *byte != 0) {
                return Ok(false);
            }
            left -= bytes;
        }
        Ok(true)
    }

    pub(super) fn damage(&mut self, kind: DamageKind, buffer_at: u64, skipped_bytes: u64) {
        self.damages.add(Damage { kind, buffer_at, within: 0, skipped_bytes });
    }
}

pub(super) fn is_plausible(header: &BufferHeader) -> bool {
    // A compressed buffer says how far it is filled once decompressed.
    let fill_max = if header.is_compressed() { BUFFER_BYTES_MAX } else { header.stride };
    BufferHeader::is_possible_size(header.stride) && header.fill(fill_max).is_some()
}
