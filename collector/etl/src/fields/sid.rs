//! Security identifiers: whom Windows means by an account.

use super::bytes::Bytes;
use core::fmt;

/// A `SID` as it lies in memory: revision, number of sub-authorities, a six-byte authority and the
/// sub-authorities.
///
/// Windows allows 15 sub-authorities; a number above it is read too, as the length is clear.
///
/// Source: learn.microsoft.com/windows/win32/api/winnt/ns-winnt-sid and, for the text,
/// learn.microsoft.com/windows/win32/secauthz/sid-components (read 2026-11)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sid<'a> {
    revision: u8,
    authority: u64,
    sub_authorities: &'a [[u8; 4]],
}

impl<'a> Sid<'a> {
    pub(super) fn take(bytes: &mut Bytes<'a>) -> Option<Self> {
        let mut ahead = *bytes;
        let [revision, count, authority @ ..] = ahead.take_array::<8>()?;
        let authority = authority.iter().fold(0, |number, digit| number << 8 | u64::from(*digit));
        let (sub_authorities, _none) = ahead.take(usize::from(count) * 4)?.as_chunks();
        *bytes = ahead;
        Some(Self { revision, authority, sub_authorities })
    }
}

impl fmt::Display for Sid<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S-{}-", self.revision)?;
        if u32::try_from(self.authority).is_ok() {
            write!(f, "{}", self.authority)?;
        } else {
            write!(f, "0x{:012x}", self.authority)?;
        }
        self.sub_authorities.iter().try_for_each(|sub| write!(f, "-{}", u32::from_le_bytes(*sub)))
    }
}
