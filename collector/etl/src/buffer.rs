//! The header of a buffer: how long it is, whose events it holds, how it is stored.

use crate::little_endian::{i64_at, u16_at, u32_at};

/// Bytes of a buffer's header.
pub(crate) const HEADER_BYTES: usize = HEADER_SIZE as usize;

/// The same, as sizes in a file are written.
pub(crate) const HEADER_SIZE: u32 = 0x48;

/// What fills a buffer behind its last record.
pub(crate) const UNUSED: u8 = 0xff;

/// Largest buffer that a session can have.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-event_trace_properties,
/// `BufferSize` (read 2026-11).
pub const BUFFER_BYTES_MAX: u32 = 16 << 20;

/// Buffer flags.
pub(crate) mod flags {
    /// It was written before it was full.
    pub(crate) const FLUSHED: u16 = 0x1;
    /// Events were lost before this buffer was written.
    pub(crate) const EVENTS_LOST: u16 = 0x2;
    /// A buffer was lost before this one.
    pub(crate) const BUFFER_LOST: u16 = 0x4;
    /// The processor's number has 11 bits.
    pub(crate) const PROCESSOR_INDEX: u16 = 0x20;
    /// What follows the header is compressed.
    pub(crate) const COMPRESSED: u16 = 0x40;
}

/// What a buffer is for.
pub(crate) mod kind {
    /// Records of a processor.
    pub(crate) const GENERIC: u16 = 0;
    /// The session's description; the first of a file.
    pub(crate) const HEADER: u16 = 4;
}

/// Bits of a processor's index.
pub(crate) const PROCESSOR_MASK: u16 = 0x7ff;

/// A `WMI_BUFFER_HEADER`.
///
/// Source: geoffchappell.com/studies/windows/km/ntoskrnl/inc/api/ntwmi/wmi_buffer_header (read
/// 2026-11).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BufferHeader {
    /// Bytes in the file, header included.
    pub(crate) stride: u32,
    /// Bytes used when the buffer was saved.
    pub(crate) saved: u32,
    /// Bytes used, records that were appended later included.
    pub(crate) offset: u32,
    /// Number within the session.
    pub(crate) sequence: i64,
    /// Processor whose events it holds.
    pub(crate) cpu: u16,
    /// Number of the session among those that ran; 0 in files that were merged.
    pub(crate) logger: u16,
    /// In the first buffer of a compressed file, the format.
    pub(crate) state: u32,
    /// See [`flags`].
    pub(crate) flags: u16,
    /// What it is for: 0 events, others rare; see [`kind`].
    pub(crate) kind: u16,
}

impl BufferHeader {
    /// Reads a header; `None` where there are fewer than [`HEADER_BYTES`].
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let flags = u16_at(bytes, 0x34)?;
        let processor = u16_at(bytes, 0x28)?;
        let mask = if flags & flags::PROCESSOR_INDEX == 0 { 0xff } else { PROCESSOR_MASK };
        bytes.get(..HEADER_BYTES)?;
        Some(Self {
            stride: u32_at(bytes, 0)?,
            saved: u32_at(bytes, 4)?,
            offset: u32_at(bytes, 0x30)?,
            sequence: i64_at(bytes, 0x18)?,
            cpu: processor & mask,
            logger: u16_at(bytes, 0x2a)?,
            state: u32_at(bytes, 0x2c)?,
            flags,
            kind: u16_at(bytes, 0x36)?,
        })
    }

    /// Whether records have to be decompressed.
    pub(crate) const fn is_compressed(&self) -> bool {
        self.flags & flags::COMPRESSED != 0
    }

    /// Bytes used of a buffer of `bytes_max` bytes, header included.
    ///
    /// `offset` and `saved` say so. They are equal but in a header buffer, where `offset` is larger
    /// because records are appended when the session stops. The larger of those that make sense
    /// counts: behind the last record, a buffer's end is marked.
    pub(crate) fn fill(&self, bytes_max: u32) -> Option<u32> {
        let is_possible = |fill: &u32| (HEADER_SIZE..=bytes_max).contains(fill);
        [self.offset, self.saved].into_iter().filter(is_possible).max()
    }

    /// Whether [`Self::fill`] is in doubt: `offset` says something that cannot be.
    pub(crate) fn is_fill_doubtful(&self, bytes_max: u32) -> bool {
        let is_less = self.offset < self.saved && self.saved <= bytes_max;
        self.offset != 0 && (is_less || self.offset > bytes_max)
    }

    /// Whether a buffer can have this many bytes.
    pub(crate) fn is_possible_size(bytes: u32) -> bool {
        (HEADER_SIZE..=BUFFER_BYTES_MAX).contains(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fill_is_the_larger_that_makes_sense() {
        let check = |offset, saved, expect, is_doubtful| {
            let header = BufferHeader { offset, saved, ..BufferHeader::default() };
            assert_eq!(header.fill(4096), expect, "offset {offset}, saved {saved}");
            assert_eq!(
                header.is_fill_doubtful(4096),
                is_doubtful,
                "offset {offset}, saved {saved}"
            );
        };
        check(0x400, 0x400, Some(0x400), false);
        check(0x400, 0x300, Some(0x400), false);
        check(0x300, 0x400, Some(0x400), true);
        check(0, 0x300, Some(0x300), false);
        check(0x47, 0x300, Some(0x300), true);
        check(4097, 0x300, Some(0x300), true);
        check(0x300, 4097, Some(0x300), false);
        check(4096, 0, Some(4096), false);
        check(0, 5000, None, false);
    }

    #[test]
    fn a_processor_has_8_or_11_bits() {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0x28..0x2a].copy_from_slice(&[0x34, 0xfa]);
        assert_eq!(BufferHeader::parse(&bytes).unwrap().cpu, 0x34);
        bytes[0x34] = 0x20;
        assert_eq!(BufferHeader::parse(&bytes).unwrap().cpu, 0x234);
        assert_eq!(BufferHeader::parse(&bytes[..HEADER_BYTES - 1]), None);
    }
}
