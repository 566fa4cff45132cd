//! Where the buffers of a file are: one walk over their headers, before anything is decoded.
//!
//! It goes only forward, so its time is that of a few headers for each buffer and of one look at the
//! rest of the file.

use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader, HEADER_BYTES};
use crate::damage::{Damage, DamageKind, Damages};
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
const HEADER: u64 = HEADER_BYTES as u64;

/// Walks from buffer to buffer.
pub(crate) struct Walk<'a, R> {
    pub(crate) reader: &'a mut R,
    pub(crate) file_bytes: u64,
    /// Bytes of the file's first buffer, which those of an uncompressed file share.
    pub(crate) usual: u32,
    /// Bytes of the session's buffers, as its description has them.
    pub(crate) session: u32,
    pub(crate) is_compressed: bool,
    pub(crate) damages: &'a mut Damages,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The places of all buffers. An entry takes less memory than the header it stands for.
    pub(crate) fn run(mut self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        let mut at = 0;
        self.usual = self.usual_bytes()?;
        while let Some(header) = self.header_at(at)? {
            let left = self.file_bytes - at;
            let Some(bytes) = self.stride(at, &header)? else {
                at = self.skip(at, left)?;
                continue;
            };
            if u64::from(bytes) > left {
                self.damage(DamageKind::CutOff, at, if header.is_compressed() { left } else { 0 });
                // The start of a compressed buffer is no use without its end.
                if header.is_compressed() {
                    return Ok(places);
                }
            }
            let here = u32::try_from(left).unwrap_or(u32::MAX).min(bytes);
            places.push(Place { at, bytes: here, header });
            at = at.saturating_add(u64::from(bytes));
        }
        if at < self.file_bytes {
            self.damage(DamageKind::CutOff, at, self.file_bytes - at);
        }
        Ok(places)
    }

    /// Bytes that the buffers of an uncompressed file share.
    ///
    /// Where the first buffer and the session's description differ, the one that a buffer of that
    /// size or the end of the file follows is believed, of two such the smaller: it hides none.
    fn usual_bytes(&mut self) -> io::Result<u32> {
        let sizes = [self.usual.min(self.session), self.usual.max(self.session)];
        for bytes in sizes.into_iter().filter(|bytes| BufferHeader::is_possible_size(*bytes)) {
            let is_same = |it: BufferHeader| it.stride == bytes && it.fill(bytes).is_some();
            let at = u64::from(bytes);
            if at == self.file_bytes || self.header_at(at)?.is_some_and(is_same) {
                return Ok(bytes);
            }
        }
        Ok(self.usual)
    }

    fn header_at(&mut self, at: u64) -> io::Result<Option<BufferHeader>> {
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
        if self.is_compressed || header.is_compressed() {
            return Ok(BufferHeader::is_possible_size(stride).then_some(stride));
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

    fn is_buffer_or_end(&mut self, at: u64) -> io::Result<bool> {
        if at == self.file_bytes {
            return Ok(true);
        }
        Ok(self.header_at(at)?.is_some_and(|header| is_plausible(&header)))
    }

    /// Skips what is no buffer; where reading can go on, or the end of the file.
    fn skip(&mut self, from: u64, left: u64) -> io::Result<u64> {
        if !self.is_compressed {
            let mut at = from.saturating_add(u64::from(self.usual));
            while let Some(header) = self.header_at(at)? {
                if header.stride == self.usual && header.fill(self.usual).is_some() {
                    self.damage(DamageKind::NoBuffer, from, at - from);
                    return Ok(at);
                }
                at = at.saturating_add(u64::from(self.usual));
            }
        }
        let kind = if self.is_zero(from)? { DamageKind::Unused } else { DamageKind::NoBuffer };
        self.damage(kind, from, left);
        Ok(self.file_bytes)
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

    fn damage(&mut self, kind: DamageKind, buffer_at: u64, skipped_bytes: u64) {
        self.damages.add(Damage { kind, buffer_at, within: 0, skipped_bytes });
    }
}

fn is_plausible(header: &BufferHeader) -> bool {
    // A compressed buffer says how far it is filled once decompressed.
    let fill_max = if header.is_compressed() { BUFFER_BYTES_MAX } else { header.stride };
    BufferHeader::is_possible_size(header.stride) && header.fill(fill_max).is_some()
}
