//! Where the buffers of a file are: one walk over their headers, before anything is decoded.

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
    pub(crate) is_compressed: bool,
    pub(crate) damages: &'a mut Damages,
}

impl<R: Read + Seek> Walk<'_, R> {
    /// The places of all buffers. An entry takes less memory than the header it stands for.
    pub(crate) fn run(mut self) -> io::Result<Vec<Place>> {
        let mut places = Vec::new();
        let mut at = 0;
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
        if self.is_compressed {
            let is_possible = (HEADER_BYTES as u32..=BUFFER_BYTES_MAX).contains(&stride);
            return Ok(is_possible.then_some(stride));
        }
        if stride == self.usual {
            return Ok(Some(stride));
        }
        // Another size is believed where a buffer or the end of the file follows it.
        if is_plausible(header) && self.is_buffer_or_end(at.saturating_add(stride.into()))? {
            return Ok(Some(stride));
        }
        // The usual size is believed where that is so, and this looks like a buffer but for it.
        let usual = self.usual;
        let looks = header.fill(usual).is_some();
        if looks && self.is_buffer_or_end(at.saturating_add(usual.into()))? {
            self.damage(DamageKind::BufferSize, at, 0);
            return Ok(Some(usual));
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
        let mut chunk = [0; 4096];
        loop {
            match self.reader.read(&mut chunk)? {
                0 => return Ok(true),
                count if chunk.iter().take(count).any(|byte| *byte != 0) => return Ok(false),
                _ => {}
            }
        }
    }

    fn damage(&mut self, kind: DamageKind, buffer_at: u64, skipped_bytes: u64) {
        self.damages.add(Damage { kind, buffer_at, within: 0, skipped_bytes });
    }
}

fn is_plausible(header: &BufferHeader) -> bool {
    let stride = header.stride;
    (HEADER_BYTES as u32..=BUFFER_BYTES_MAX).contains(&stride) && header.fill(stride).is_some()
}
