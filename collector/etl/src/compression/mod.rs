//! Decompression of a file's buffers, from bytes nobody vouches for.
//!
//! The three formats of [MS-XCA] are decoded by `compcol`, which writes into a slice that it is
//! given and so cannot be made to fill memory. What is ours is the loop that feeds it: it passes
//! small pieces in and takes small pieces out, because the decoders hold a copy of both.
//! docs/decisions/0004-compressed-buffers.md says why.

use compcol::{Decoder, Status, lznt1, xpress, xpress_huffman};
use core::{fmt, iter};

#[cfg(test)]
mod tests;

/// Compressed bytes handed to a decoder at once, decompressed bytes asked of it at once.
///
/// A decoder holds a few pieces of either: 1.2 MB was the most that a fuzzer and crafted streams
/// made it take. 16 KiB and 256 KiB are not faster.
const PIECE_BYTES: usize = 64 << 10;

/// How the buffers of a file are compressed.
///
/// The numbers are Windows' `COMPRESSION_FORMAT_*`, stored in the low 16 bits of the header
/// buffer's `State`. Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntifs
/// /nf-ntifs-rtldecompressbuffer (read 2026-11)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// LZNT1, [MS-XCA] 2.5; not seen in a real file.
    Lznt1 = 2,
    /// Plain LZ77, [MS-XCA] 2.4: what Windows writes.
    Xpress = 3,
    /// LZ77 and Huffman, [MS-XCA] 2.2; not seen in a real file.
    XpressHuffman = 4,
}

impl Format {
    /// The format of a number; `None` where it names none that is known.
    #[must_use]
    pub const fn from_raw(raw: u16) -> Option<Self> {
        match raw {
            2 => Some(Self::Lznt1),
            3 => Some(Self::Xpress),
            4 => Some(Self::XpressHuffman),
            _ => None,
        }
    }

    /// Its name as Windows has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lznt1 => "LZNT1",
            Self::Xpress => "XPRESS",
            Self::XpressHuffman => "XPRESS_HUFF",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why bytes could not be decompressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DecompressError {
    /// They break a rule of their format.
    #[error("decompress a buffer: its {format} bytes are damaged")]
    Damaged {
        /// What they were taken for.
        format: Format,
    },
    /// They end before as much came out as was asked for.
    #[error("decompress a buffer: its {format} bytes end after {bytes} bytes of {length}")]
    Short {
        /// What they were taken for.
        format: Format,
        /// What came out.
        bytes: usize,
        /// What was asked for.
        length: usize,
    },
}

/// Decompresses `source` to exactly `length` bytes, which replace what is in `out`.
///
/// The caller bounds `length`: as much is allocated, however short `source` is.
/// What would come after `length` bytes is not looked at.
///
/// # Errors
/// `source` is damaged or yields less; `out` then holds what came out before.
pub(crate) fn decompress(
    format: Format,
    source: &[u8],
    length: usize,
    out: &mut Vec<u8>,
) -> Result<(), DecompressError> {
    out.clear();
    out.reserve_exact(length);
    out.resize(length, 0);
    // The formats know no length; compcol frames two of them with one before the stream.
    let frame = (length as u64).to_le_bytes();
    let (bytes, sound) = match format {
        Format::Lznt1 => fill(lznt1::Decoder::new(), &[], source, out),
        Format::Xpress => fill(xpress::Decoder::new(), &frame, source, out),
        Format::XpressHuffman => fill(xpress_huffman::Decoder::new(), &frame[..4], source, out),
    };
    out.truncate(bytes);
    match bytes {
        _ if bytes == length => Ok(()),
        _ if sound => Err(DecompressError::Short { format, bytes, length }),
        _ => Err(DecompressError::Damaged { format }),
    }
}

/// Fills `out` from `frame` and then `source`: how many bytes, and whether all of them were sound.
///
/// Every turn takes a byte in or gives one out, so it ends.
/// `Decoder::finish` is never called: it lets the Huffman decoder go on with zeros where its
/// stream is cut off, and the others have given all by then.
fn fill(mut decoder: impl Decoder, frame: &[u8], source: &[u8], out: &mut [u8]) -> (usize, bool) {
    let mut bytes = 0;
    for mut piece in iter::once(frame).chain(source.chunks(PIECE_BYTES)) {
        while bytes < out.len() {
            let end = out.len().min(bytes + PIECE_BYTES);
            let Ok((progress, status)) = decoder.decode(piece, &mut out[bytes..end]) else {
                return (bytes, false);
            };
            piece = &piece[progress.consumed..];
            bytes += progress.written;
            if status == Status::StreamEnd {
                return (bytes, true);
            }
            if progress.consumed == 0 && progress.written == 0 {
                break;
            }
        }
    }
    (bytes, true)
}
