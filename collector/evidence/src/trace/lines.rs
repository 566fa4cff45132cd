//! Lines of text in the encodings that Windows' tools write, one at a time.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

/// Bytes kept of a line, in UTF-8. An event has less than 64 KiB; text of it with every byte escaped
/// is longer, and wrapped by whoever prints it. The rest of a longer line is dropped and said.
pub(super) const LINE_BYTES_MAX: usize = 256 << 10;

/// How characters are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf8,
    Utf16 { is_big_endian: bool },
}

/// A line without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// From 1.
    pub(super) number: u64,
    pub(super) text: String,
    /// It has more than [`LINE_BYTES_MAX`].
    pub(super) is_cut: bool,
}

/// Lines of a source.
pub(super) struct Lines<R> {
    reader: BufReader<Chain<Cursor<Vec<u8>>, R>>,
    encoding: Encoding,
    number: u64,
}

impl<R: Read> Lines<R> {
    /// Lines from the beginning of a source. A byte order mark tells the encoding, and without one
    /// the zeros of UTF-16 do.
    pub(super) fn new(mut source: R) -> io::Result<Self> {
        // A pipe may give less at once than a mark has.
        let mut start = Vec::new();
        source.by_ref().take(3).read_to_end(&mut start)?;
        let (encoding, mark_bytes) = match start.as_slice() {
            [0xef, 0xbb, 0xbf, ..] => (Encoding::Utf8, 3),
            [0xff, 0xfe, ..] => (Encoding::Utf16 { is_big_endian: false }, 2),
            [0xfe, 0xff, ..] => (Encoding::Utf16 { is_big_endian: true }, 2),
            [1..=u8::MAX, 0, ..] => (Encoding::Utf16 { is_big_endian: false }, 0),
            [0, 1..=u8::MAX, ..] => (Encoding::Utf16 { is_big_endian: true }, 0),
            _ => (Encoding::Utf8, 0),
        };
        start.drain(..mark_bytes);
        let reader = BufReader::new(Cursor::new(start).chain(source));
        Ok(Self { reader, encoding, number: 0 })
    }

    /// The next line; `None` at the end.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line>> {
        let found = match self.encoding {
            Encoding::Utf8 => self.utf8()?,
            Encoding::Utf16 { is_big_endian } => self.utf16(is_big_endian)?,
        };
        let Some((mut text, is_cut)) = found else { return Ok(None) };
        if text.ends_with('\r') {
            text.pop();
        }
        self.number += 1;
        Ok(Some(Line { number: self.number, text, is_cut }))
    }

    /// What lines were read from.
    pub(super) fn into_source(self) -> R {
        self.reader.into_inner().into_inner().1
    }

    fn utf8(&mut self) -> io::Result<Option<(String, bool)>> {
        let (mut bytes, mut is_any, mut is_cut) = (Vec::new(), false, false);
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            is_any = true;
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            let room = LINE_BYTES_MAX - bytes.len();
            is_cut |= part.len() > room;
            bytes.extend_from_slice(part.get(..room).unwrap_or(part));
            let used = part.len() + usize::from(end.is_some());
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        Ok(is_any.then(|| (String::from_utf8_lossy(&bytes).into_owned(), is_cut)))
    }

    fn utf16(&mut self, is_big_endian: bool) -> io::Result<Option<(String, bool)>> {
        let (mut units, mut is_any, mut is_cut) = (Vec::new(), false, false);
        while let Some(pair) = self.pair()? {
            is_any = true;
            let unit =
                if is_big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) };
            if unit == u16::from(b'\n') {
                break;
            }
            // A unit is three bytes of UTF-8 at most.
            is_cut |= units.len() >= LINE_BYTES_MAX / 3;
            if !is_cut {
                units.push(unit);
            }
        }
        Ok(is_any.then(|| (String::from_utf16_lossy(&units), is_cut)))
    }

    /// Two bytes; half a unit at the end is none.
    fn pair(&mut self) -> io::Result<Option<[u8; 2]>> {
        let mut pair = [0; 2];
        for byte in &mut pair {
            let Some(first) = self.reader.fill_buf()?.first() else { return Ok(None) };
            *byte = *first;
            self.reader.consume(1);
        }
        Ok(Some(pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &[u8]) -> Vec<(u64, String)> {
        let mut lines = Lines::new(bytes).unwrap();
        core::iter::from_fn(|| lines.next_line().unwrap()).map(|it| (it.number, it.text)).collect()
    }

    #[test]
    fn every_encoding_gives_the_same_lines() {
        let text = "[0]1.2::\r\n\r\nüß𝄞";
        let utf16 = |to: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to).collect::<Vec<u8>>();
        let (little, big) = (utf16(u16::to_le_bytes), utf16(u16::to_be_bytes));
        let expected = [(1, "[0]1.2::".to_owned()), (2, String::new()), (3, "üß𝄞".to_owned())];
        for bytes in [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".to_vec(), little.clone()].concat(),
            [b"\xfe\xff".to_vec(), big.clone()].concat(),
            little,
            big,
        ] {
            assert_eq!(lines(&bytes), expected, "{:?}", bytes.get(..4));
        }
    }

    #[test]
    fn a_line_without_end_is_cut_and_the_next_one_is_read() {
        let long = [&b"x".repeat(LINE_BYTES_MAX + 9)[..], b"\nnext"].concat();
        let mut lines = Lines::new(long.as_slice()).unwrap();
        let first = lines.next_line().unwrap().unwrap();
        assert_eq!((first.text.len(), first.is_cut), (LINE_BYTES_MAX, true));
        assert_eq!(lines.next_line().unwrap().unwrap().text, "next");
        assert_eq!(lines.next_line().unwrap(), None);
    }

    #[test]
    fn bytes_that_are_no_characters_are_replaced() {
        assert_eq!(lines(b"a\xffb\n"), [(1, "a\u{fffd}b".to_owned())]);
        assert_eq!(lines(b"\xff\xfe\x00\xd8\n\0x"), [(1, "\u{fffd}".to_owned())]);
    }
}
