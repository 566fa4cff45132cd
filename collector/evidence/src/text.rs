//! Bytes of tools' output to text.
//!
//! Tools write in the console's code page, PowerShell's `>` in UTF-16, editors in UTF-8.
//! What matters to the parsers (numbers, GUIDs, names of services) is ASCII in all of them, so of a
//! code page only ASCII is kept: which one it was, nobody says.

use crate::ReadError;
use core::ops::RangeInclusive;
use std::borrow::Cow;
use weir_stages::checks::facts::TEXT_BYTES_MAX;

/// Most bytes of a tool's output: thousands of services or objects, a collector's page of metrics at
/// its bounds. A larger file is an error, not read in part.
pub const BYTES_MAX: usize = 16 << 20;

/// Bytes that are looked at to tell UTF-16 without a byte order mark.
const PATTERN_BYTES: usize = 1024;

/// Bytes of the input that an error quotes.
const QUOTE_BYTES_MAX: usize = 80;

/// The text of a whole file.
///
/// # Errors
/// It is larger than [`BYTES_MAX`], or is not in the encoding that its byte order mark says.
pub fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<Cow<'a, str>, ReadError> {
    if bytes.len() > BYTES_MAX {
        return Err(ReadError::TooLarge { file: file.to_owned(), bytes_max: BYTES_MAX as u64 });
    }
    match Encoding::of(bytes) {
        Encoding::Utf8 { bom } => {
            match core::str::from_utf8(bytes.get(bom..).unwrap_or_default()) {
                Ok(text) => Ok(Cow::Borrowed(text)),
                Err(error) if bom > 0 => {
                    let before = bytes.get(..error.valid_up_to() + bom).unwrap_or_default();
                    let line = 1 + newlines(before);
                    Err(ReadError::damaged(
                        file,
                        line,
                        "this is no UTF-8, which the file says it is",
                    ))
                }
                Err(_) => Ok(Cow::Owned(bytes.iter().map(|it| ascii(*it)).collect())),
            }
        }
        Encoding::Utf16 { bom, unit } => utf16(file, bytes.get(bom..).unwrap_or_default(), unit),
    }
}

/// The text of a file's beginning, which may end within a character; for telling what it is.
#[must_use]
pub fn decode_beginning(bytes: &[u8]) -> String {
    match Encoding::of(bytes) {
        Encoding::Utf8 { bom } => {
            String::from_utf8_lossy(bytes.get(bom..).unwrap_or_default()).into_owned()
        }
        Encoding::Utf16 { bom, unit } => {
            let pairs = bytes.get(bom..).unwrap_or_default().as_chunks().0;
            char::decode_utf16(pairs.iter().map(|it| unit(*it)))
                .map(|it| it.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
    }
}

/// How text is encoded, as far as its bytes tell; a code page looks like damaged UTF-8.
enum Encoding {
    Utf8 { bom: usize },
    Utf16 { bom: usize, unit: fn([u8; 2]) -> u16 },
}

impl Encoding {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => return Self::Utf8 { bom: 3 },
            [0xff, 0xfe, ..] => return Self::Utf16 { bom: 2, unit: u16::from_le_bytes },
            [0xfe, 0xff, ..] => return Self::Utf16 { bom: 2, unit: u16::from_be_bytes },
            _ => {}
        }
        // Text in any other encoding has no NUL bytes; in UTF-16 every ASCII character has one.
        let beginning = bytes.get(..PATTERN_BYTES).unwrap_or(bytes);
        let (pairs, _) = beginning.as_chunks::<2>();
        let (first, second) = pairs.iter().fold((0, 0), |(first, second), [a, b]| {
            (first + usize::from(*a == 0), second + usize::from(*b == 0))
        });
        if second * 4 >= pairs.len() && second > first * 8 {
            Self::Utf16 { bom: 0, unit: u16::from_le_bytes }
        } else if first * 4 >= pairs.len() && first > second * 8 {
            Self::Utf16 { bom: 0, unit: u16::from_be_bytes }
        } else {
            Self::Utf8 { bom: 0 }
        }
    }
}

fn utf16<'a>(
    file: &str,
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
) -> Result<Cow<'a, str>, ReadError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(bytes.len() / 2);
    for it in char::decode_utf16(pairs.iter().map(|it| unit(*it))) {
        let Ok(it) = it else {
            let line = 1 + newlines(text.as_bytes());
            return Err(ReadError::damaged(file, line, "half a character of UTF-16"));
        };
        text.push(it);
    }
    if !rest.is_empty() {
        let line = 1 + newlines(text.as_bytes());
        return Err(ReadError::damaged(file, line, "the file ends within a character of UTF-16"));
    }
    Ok(Cow::Owned(text))
}

fn ascii(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { '?' }
}

/// Newlines in bytes.
pub(crate) fn newlines(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|it| **it == b'\n').count() as u64
}

/// Lines with their numbers, from 1, without what ends them.
pub(crate) fn lines(text: &str) -> impl Iterator<Item = (u64, &str)> {
    (1..).zip(text.split('\n')).map(|(number, line)| (number, line.trim_end()))
}

/// A line without marks of writing direction, which Windows puts into Arabic and Hebrew.
pub(crate) fn undirected(line: &str) -> Cow<'_, str> {
    let is_mark = |it: char| DIRECTION_MARKS.iter().any(|marks| marks.contains(&it));
    if line.is_ascii() || !line.contains(is_mark) {
        Cow::Borrowed(line)
    } else {
        Cow::Owned(line.replace(is_mark, ""))
    }
}

/// Marks, embeddings and isolates of writing direction.
///
/// Source: unicode.org/reports/tr9, section 2 (read 2026-11)
const DIRECTION_MARKS: [RangeInclusive<char>; 3] =
    ['\u{200e}'..='\u{200f}', '\u{202a}'..='\u{202e}', '\u{2066}'..='\u{2069}'];

/// A label and what follows its colon. Some languages put a space before it, some a wide colon.
pub(crate) fn labelled(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once([':', '\u{ff1a}'])?;
    Some((label.trim(), value.trim()))
}

/// A text from outside, as facts keep it.
pub(crate) fn kept(text: &str) -> String {
    cut(text, TEXT_BYTES_MAX)
}

/// A text from outside, as errors quote it: short, and nothing in it that a terminal obeys.
pub(crate) fn quoted(text: &str) -> String {
    format!("`{}`", cut(text, QUOTE_BYTES_MAX).escape_debug())
}

/// What a library says of the input, which may quote it: bounded and escaped as [`quoted`] is.
pub(crate) fn reported(text: &str) -> String {
    cut(text, 2 * QUOTE_BYTES_MAX).escape_debug().to_string()
}

fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(bytes_max.saturating_sub('…'.len_utf8()));
    format!("{}…", text.get(..end).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn utf16be(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn text_is_the_same_in_every_encoding_of_unicode() {
        for text in ["TYPE : 1\r\n", "الحالة : 4  RUNNING\r\n", "状態\u{3000}: 4  RUNNING\r\n"]
        {
            let with_bom = format!("\u{feff}{text}");
            for bytes in [
                text.as_bytes().to_vec(),
                with_bom.as_bytes().to_vec(),
                utf16le(&with_bom),
                utf16be(&with_bom),
                utf16le(text),
                utf16be(text),
            ] {
                assert_eq!(decode("f", &bytes).unwrap(), text);
                assert_eq!(decode_beginning(&bytes), text);
            }
        }
    }

    #[test]
    fn of_a_code_page_ascii_is_kept() {
        let of_850 = b"[SC] EnumQueryServicesStatus:OpenService \x82chec(s) 1060\xff:";
        let text = decode("f", of_850).unwrap();
        assert_eq!(text, "[SC] EnumQueryServicesStatus:OpenService ?chec(s) 1060?:");
    }

    #[test]
    fn what_a_byte_order_mark_promises_is_held_or_an_error_with_its_line() {
        let halves = [&utf16le("\u{feff}a\nb\n")[..], &[0x00, 0xd8, 0x41, 0x00]].concat();
        let odd = [&utf16le("\u{feff}a\n")[..], b"x"].concat();
        for (bytes, line) in [(&halves[..], 3), (&odd, 2), (b"\xef\xbb\xbfa\n\xff", 2)] {
            let ReadError::Damaged { place, .. } = decode("f", bytes).unwrap_err() else {
                panic!("not damaged");
            };
            assert_eq!(place.line, line);
        }
    }

    #[test]
    fn more_than_the_bound_is_refused() {
        let error = decode("f", &vec![b' '; BYTES_MAX + 1]).unwrap_err();
        assert_eq!(error.kind(), "too_large");
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        let kept = kept(&"é".repeat(TEXT_BYTES_MAX));
        assert!(kept.len() <= TEXT_BYTES_MAX && kept.ends_with("é…"));
        assert_eq!(quoted("a\u{1b}[2J"), r"`a\u{1b}[2J`");
    }
}
