//! How a value lies in the payload.

/// The encoding of a value. TraceLogging and manifests share these numbers up to 25.
///
/// Source: microsoft/tracelogging etw/rust/tracelogging/src/enums.rs `InType`;
/// learn.microsoft.com/windows/win32/api/tdh/ne-tdh-_tdh_in_type (read 2026-11)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InType {
    /// 0: no bytes.
    Null,
    /// 1: UTF-16, ends with a NUL.
    Utf16,
    /// 2: bytes of text, ends with a NUL.
    Ansi,
    /// 3: one byte, signed.
    I8,
    /// 4: one byte.
    U8,
    /// 5: two bytes, signed.
    I16,
    /// 6: two bytes.
    U16,
    /// 7: four bytes, signed.
    I32,
    /// 8: four bytes.
    U32,
    /// 9: eight bytes, signed.
    I64,
    /// 10: eight bytes.
    U64,
    /// 11: four bytes of floating point.
    F32,
    /// 12: eight bytes of floating point.
    F64,
    /// 13: four bytes, true unless 0.
    Bool32,
    /// 14: a 16-bit length and so many bytes.
    Binary,
    /// 15: sixteen bytes.
    Guid,
    /// 16: an address of the writing process; four or eight bytes.
    Pointer,
    /// 17: eight bytes, 100 ns since 1601.
    FileTime,
    /// 18: eight 16-bit numbers, year to milliseconds.
    SystemTime,
    /// 19: a security identifier, 8 to 1028 bytes.
    Sid,
    /// 20: four bytes, shown as hexadecimal.
    Hex32,
    /// 21: eight bytes, shown as hexadecimal.
    Hex64,
    /// 22: a 16-bit length in bytes and UTF-16.
    CountedUtf16,
    /// 23: a 16-bit length and bytes of text.
    CountedAnsi,
    /// 24: no bytes of its own; other fields belong to it.
    Struct,
    /// 25: as [`InType::Binary`], in a newer number that allows arrays.
    CountedBinary,
    /// 302: as [`InType::CountedUtf16`], its length high byte first.
    ReversedCountedUtf16,
    /// 303: as [`InType::CountedAnsi`], its length high byte first.
    ReversedCountedAnsi,
    /// 304: UTF-16 to the end of the payload.
    RestUtf16,
    /// 305: bytes of text to the end of the payload.
    RestAnsi,
    /// 309: a 32-bit length and so many bytes.
    HexDump,
    /// 310: a security identifier behind two pointers, or four zero bytes where there is none.
    TokenSid,
    /// A number without a meaning here.
    Other(u16),
}

/// From 0 by number.
const KNOWN: [InType; 26] = [
    InType::Null,
    InType::Utf16,
    InType::Ansi,
    InType::I8,
    InType::U8,
    InType::I16,
    InType::U16,
    InType::I32,
    InType::U32,
    InType::I64,
    InType::U64,
    InType::F32,
    InType::F64,
    InType::Bool32,
    InType::Binary,
    InType::Guid,
    InType::Pointer,
    InType::FileTime,
    InType::SystemTime,
    InType::Sid,
    InType::Hex32,
    InType::Hex64,
    InType::CountedUtf16,
    InType::CountedAnsi,
    InType::Struct,
    InType::CountedBinary,
];

/// Those of classic events; neither manifests nor TraceLogging can name them.
const CLASSIC: [(u16, InType); 6] = [
    (302, InType::ReversedCountedUtf16),
    (303, InType::ReversedCountedAnsi),
    (304, InType::RestUtf16),
    (305, InType::RestAnsi),
    (309, InType::HexDump),
    (310, InType::TokenSid),
];

impl InType {
    /// The type of this number.
    #[must_use]
    pub fn from_number(number: u16) -> Self {
        let classic = || CLASSIC.iter().find(|(known, _)| *known == number).map(|(_, it)| *it);
        let known = KNOWN.get(usize::from(number)).copied().or_else(classic);
        known.unwrap_or(Self::Other(number))
    }

    /// The number of this type.
    #[must_use]
    pub fn number(self) -> u16 {
        if let Self::Other(number) = self {
            return number;
        }
        if let Some((number, _)) = CLASSIC.iter().find(|(_, known)| *known == self) {
            return *number;
        }
        let place = KNOWN.iter().position(|known| *known == self);
        place.and_then(|place| u16::try_from(place).ok()).unwrap_or(u16::MAX)
    }

    /// Bytes of an integer of this type; `None` for what is no integer.
    pub(super) const fn integer_bytes(self, pointer_bytes: usize) -> Option<usize> {
        Some(match self {
            Self::I8 | Self::U8 => 1,
            Self::I16 | Self::U16 => 2,
            Self::I32 | Self::U32 | Self::Bool32 | Self::Hex32 => 4,
            Self::I64 | Self::U64 | Self::Hex64 => 8,
            Self::Pointer => pointer_bytes,
            Self::Null
            | Self::Utf16
            | Self::Ansi
            | Self::F32
            | Self::F64
            | Self::Binary
            | Self::Guid
            | Self::FileTime
            | Self::SystemTime
            | Self::Sid
            | Self::CountedUtf16
            | Self::CountedAnsi
            | Self::Struct
            | Self::CountedBinary
            | Self::ReversedCountedUtf16
            | Self::ReversedCountedAnsi
            | Self::RestUtf16
            | Self::RestAnsi
            | Self::HexDump
            | Self::TokenSid
            | Self::Other(_) => return None,
        })
    }
}
