//! Bytes taken from the front, where anything may be missing.

/// What is left of a byte string. `None` from any of its functions means that the bytes end
/// early; nothing is consumed then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(length)?;
        self.0 = tail;
        Some(head)
    }

    pub(crate) fn take_array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk()?;
        self.0 = tail;
        Some(*head)
    }

    /// All that is left.
    pub(crate) fn take_rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    pub(crate) fn byte(&mut self) -> Option<u8> {
        self.take_array().map(u8::from_le_bytes)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.take_array().map(u16::from_le_bytes)
    }

    /// An unsigned number of at most eight bytes.
    pub(crate) fn unsigned(&mut self, width: usize) -> Option<u64> {
        let digits = self.take(width)?;
        Some(digits.iter().rev().fold(0, |number, digit| number << 8 | u64::from(*digit)))
    }

    /// Bytes behind a 16-bit length.
    pub(crate) fn counted(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let length = ahead.u16()?;
        let counted = ahead.take(usize::from(length))?;
        *self = ahead;
        Some(counted)
    }

    /// The bytes before the next NUL, which is consumed too.
    pub(crate) fn until_nul(&mut self) -> Option<&'a [u8]> {
        let length = self.0.iter().position(|byte| *byte == 0)?;
        let before = self.take(length)?;
        self.byte()?;
        Some(before)
    }
}
