//! Keys and values, whichever form they were written in.

use crate::ReadError;

/// The data of a value, as far as it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Data {
    /// `REG_DWORD`
    Number(u32),
    /// `REG_BINARY`; only the first [`BINARY_BYTES_MAX`] bytes.
    Binary(Vec<u8>),
    /// `REG_SZ`
    Text(String),
    /// Any other.
    Other,
}

/// Bytes that are kept of binary data: one more than a GUID has.
pub(super) const BINARY_BYTES_MAX: usize = 17;

/// Who takes keys and values.
pub(super) trait Entries {
    /// A key, with its whole path.
    fn key(&mut self, line: u64, path: &str) -> Result<(), ReadError>;
    /// A value of the last key.
    fn value(&mut self, line: u64, name: &str, data: &Data) -> Result<(), ReadError>;
}

/// The first bytes of digits, two for each.
pub(super) fn binary(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let byte = |pair: &[u8; 2]| {
        let text = core::str::from_utf8(pair).ok().filter(|it| !it.starts_with('+'))?;
        u8::from_str_radix(text, 16).ok()
    };
    let bytes: Option<Vec<u8>> = pairs.iter().take(BINARY_BYTES_MAX).map(byte).collect();
    bytes.filter(|_| rest.is_empty())
}
