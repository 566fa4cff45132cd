//! Text in the encodings of Windows.
//!
//! Strings that end with a NUL may miss it at the end of a payload; they take the rest then, and
//! that is no error: `EventSource` writes such strings and Windows' own reader accepts them. A
//! string of which not a single byte is there is missing, though.

use super::bytes::Bytes;
use std::borrow::Cow;

/// UTF-16 up to its NUL.
pub(super) fn utf16_until_nul(bytes: &mut Bytes<'_>) -> Option<String> {
    let (units, _odd) = bytes.rest().as_chunks::<2>();
    if let Some(length) = units.iter().position(|unit| *unit == [0, 0]) {
        let text = bytes.take(length * 2)?;
        bytes.u16()?;
        return Some(utf16(text));
    }
    if bytes.is_empty() { None } else { Some(utf16(bytes.take_rest())) }
}

/// 8-bit text up to its NUL.
pub(super) fn ansi_until_nul<'a>(bytes: &mut Bytes<'a>) -> Option<&'a [u8]> {
    match bytes.until_nul() {
        Some(text) => Some(text),
        None if bytes.is_empty() => None,
        None => Some(bytes.take_rest()),
    }
}

/// UTF-16 up to its first NUL, if it has one.
pub(super) fn utf16_to_nul(bytes: &[u8]) -> String {
    let (units, _odd) = bytes.as_chunks::<2>();
    let end = units.iter().position(|unit| *unit == [0, 0]);
    utf16(end.and_then(|end| bytes.get(..end * 2)).unwrap_or(bytes))
}

/// Bytes up to the first NUL, if there is one.
pub(super) fn to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or(bytes)
}

/// UTF-16, little-endian. Half a surrogate pair and half a unit at the end become U+FFFD.
pub(super) fn utf16(bytes: &[u8]) -> String {
    let (units, odd) = bytes.as_chunks();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    let mut text: String =
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    if !odd.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text
}

/// 8-bit text said to be UTF-8. What is not becomes U+FFFD.
pub(super) fn utf8(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// 8-bit text of which nothing is said: by the header Windows-1252, in fact often UTF-8.
///
/// Valid UTF-8 is taken as such, since other text almost never is valid; anything else is
/// Windows-1252.
pub(super) fn ansi(bytes: &[u8]) -> Cow<'_, str> {
    match core::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(bytes.iter().copied().map(windows_1252).collect()),
    }
}

/// Where Windows-1252 is not Latin-1: 0x80 to 0x9F. Five are undefined and stay what they are.
///
/// Source: unicode.org/Public/MAPPINGS/VENDORS/MICSFT/WindowsBestFit/bestfit1252.txt (read 2026-11)
const C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// One byte as Windows-1252, the code page the header assumes.
pub(super) fn windows_1252(byte: u8) -> char {
    let place = usize::from(byte).checked_sub(0x80);
    place.and_then(|place| C1.get(place)).copied().unwrap_or_else(|| char::from(byte))
}
