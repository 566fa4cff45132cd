//! UTF-8 and UTF-16 of either order, with or without a byte order mark, as UTF-8.
//!
//! A well-kept crate decodes all of these, but puts U+FFFD where bytes mean nothing; here that is
//! an error, because a cut or mis-encoded file must not pass for a whole one. `quick-xml`'s own
//! `encoding` feature knows no UTF-16 at all.

use super::fault::Fault;
use std::io::{self, BufRead, ErrorKind, Read};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 << 10;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { is_big: bool },
}

/// Hands out UTF-8, whatever it reads.
#[derive(Debug)]
pub(super) struct Transcoder<R> {
    source: R,
    /// Bytes as read, of which the first `raw_bytes` are not decoded yet.
    raw: Box<[u8]>,
    raw_bytes: usize,
    has_ended: bool,
    encoding: Option<Encoding>,
    /// Decoded characters, of which the first `taken` bytes are taken.
    text: String,
    taken: usize,
    /// What is wrong right behind `text`.
    fault: Option<Fault>,
    read_bytes: u64,
}

impl<R: Read> Transcoder<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            raw: vec![0; CHUNK_BYTES].into_boxed_slice(),
            raw_bytes: 0,
            has_ended: false,
            encoding: None,
            text: String::new(),
            taken: 0,
            fault: None,
            read_bytes: 0,
        }
    }

    /// Bytes read so far, as they stand in the file.
    pub(super) const fn read_bytes(&self) -> u64 {
        self.read_bytes
    }

    /// Reads until there is text, a fault or the end.
    fn fill(&mut self) -> io::Result<()> {
        self.text.clear();
        self.taken = 0;
        while self.text.is_empty() && self.fault.is_none() && !self.is_done() {
            self.read_more()?;
            let Some(encoding) = self.encoding.or_else(|| self.detect()) else { continue };
            let raw = self.raw.get(..self.raw_bytes).unwrap_or_default();
            let decoded = match encoding {
                Encoding::Utf8 => utf8(raw, &mut self.text),
                Encoding::Utf16 { is_big } => utf16(raw, is_big, &mut self.text),
            };
            self.raw.copy_within(decoded.bytes..self.raw_bytes, 0);
            self.raw_bytes -= decoded.bytes;
            self.fault = decoded.fault;
            // Bytes that wait for others wait in vain; without this the loop would not end.
            if self.has_ended && self.raw_bytes > 0 && self.fault.is_none() {
                self.fault = Some(Fault::Encoding("a character is cut off"));
            }
            if let Some(place) = self.text.find('\0') {
                self.text.truncate(place);
                self.fault = Some(Fault::Nul);
            }
        }
        Ok(())
    }

    const fn is_done(&self) -> bool {
        self.has_ended && self.raw_bytes == 0
    }

    fn read_more(&mut self) -> io::Result<()> {
        let room = self.raw.get_mut(self.raw_bytes..).unwrap_or_default();
        loop {
            match self.source.read(room) {
                Ok(0) => self.has_ended = true,
                Ok(bytes) => {
                    self.raw_bytes += bytes;
                    self.read_bytes += bytes as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            return Ok(());
        }
    }

    /// The encoding by the first bytes, whose mark is taken away; `None` where more are needed.
    ///
    /// XML begins with `<` or white space, so that a zero among the first two bytes is half of a
    /// UTF-16 character.
    fn detect(&mut self) -> Option<Encoding> {
        let raw = self.raw.get(..self.raw_bytes).unwrap_or_default();
        let (encoding, mark_bytes) = match raw {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { is_big: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { is_big: true }, 2),
            [] | [_] | [0xef, 0xbb] if !self.has_ended => return None,
            [0, second, ..] if *second != 0 => (Encoding::Utf16 { is_big: true }, 0),
            [first, 0, ..] if *first != 0 => (Encoding::Utf16 { is_big: false }, 0),
            _ => (Encoding::Utf8, 0),
        };
        self.raw.copy_within(mark_bytes..self.raw_bytes, 0);
        self.raw_bytes -= mark_bytes;
        self.encoding = Some(encoding);
        self.encoding
    }
}

/// What became of some bytes.
struct Decoded {
    /// Bytes that are done with; the others need what follows them.
    bytes: usize,
    fault: Option<Fault>,
}

fn utf8(raw: &[u8], text: &mut String) -> Decoded {
    let (good, fault) = match core::str::from_utf8(raw) {
        Ok(good) => (good, None),
        Err(error) => {
            let good = raw.get(..error.valid_up_to()).unwrap_or_default();
            // No length: the character goes on behind these bytes.
            let fault = error.error_len().map(|_| Fault::Encoding("these bytes are no UTF-8"));
            (core::str::from_utf8(good).unwrap_or_default(), fault)
        }
    };
    text.push_str(good);
    Decoded { bytes: good.len(), fault }
}

fn utf16(raw: &[u8], is_big: bool, text: &mut String) -> Decoded {
    let (pairs, _odd) = raw.as_chunks::<2>();
    let unit = |pair: &[u8; 2]| match is_big {
        true => u16::from_be_bytes(*pair),
        false => u16::from_le_bytes(*pair),
    };
    let mut bytes = 0;
    for decoded in char::decode_utf16(pairs.iter().map(unit)) {
        match decoded {
            Ok(character) => {
                text.push(character);
                bytes += 2 * character.len_utf16();
            }
            // The first half of a pair, whose second half is not read yet.
            Err(half) if bytes + 2 == 2 * pairs.len() && is_first(half.unpaired_surrogate()) => {
                break;
            }
            Err(_) => {
                let fault = Fault::Encoding("half of a character of UTF-16 stands alone");
                return Decoded { bytes, fault: Some(fault) };
            }
        }
    }
    Decoded { bytes, fault: None }
}

/// The half of a pair that comes first.
const fn is_first(surrogate: u16) -> bool {
    matches!(surrogate, 0xd800..=0xdbff)
}

impl<R: Read> Read for Transcoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.fill_buf()?.read(out)?;
        self.consume(bytes);
        Ok(bytes)
    }
}

impl<R: Read> BufRead for Transcoder<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.text.len() {
            // The fault is right behind what was taken, and stays there.
            if let Some(fault) = self.fault {
                return Err(io::Error::other(fault));
            }
            self.fill()?;
            if let (true, Some(fault)) = (self.text.is_empty(), self.fault) {
                return Err(io::Error::other(fault));
            }
        }
        Ok(self.text.as_bytes().get(self.taken..).unwrap_or_default())
    }

    fn consume(&mut self, bytes: usize) {
        self.taken = self.taken.saturating_add(bytes).min(self.text.len());
    }
}
