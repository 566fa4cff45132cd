//! The numbers of TraceLogging's own: flags, tags and out types.
//!
//! Source: microsoft/tracelogging etw/rust/tracelogging/src/enums.rs (read 2026-11)

use crate::fields::OutType;
use crate::fields::bytes::Bytes;

/// In the in byte: an out byte follows. In the out byte and in tags: (more) tags follow.
pub(super) const MORE: u8 = 0x80;

/// The in byte's type.
pub(super) const IN_TYPE: u8 = 0x1F;

/// The in byte's form: 0, or one of the three below.
pub(super) const FORM: u8 = 0x60;

/// An array whose length is part of the description.
pub(super) const FORM_FIXED: u8 = 0x20;

/// An array whose length is in the payload.
pub(super) const FORM_COUNTED: u8 = 0x40;

/// An encoding of the writer's own.
pub(super) const FORM_CUSTOM: u8 = 0x60;

/// The out byte's type, or a structure's number of fields.
pub(super) const OUT_TYPE: u8 = 0x7F;

/// The largest tags there are: 28 bits.
pub(super) const TAGS_MAX: u32 = 0x0FFF_FFFF;

const OUT_TYPES: [(u8, OutType); 24] = [
    (0, OutType::Default),
    (1, OutType::NoPrint),
    (2, OutType::Text),
    (3, OutType::Boolean),
    (4, OutType::Hex),
    (5, OutType::ProcessId),
    (6, OutType::ThreadId),
    (7, OutType::Port),
    (8, OutType::Ipv4),
    (9, OutType::Ipv6),
    (10, OutType::SocketAddress),
    (11, OutType::Xml),
    (12, OutType::Json),
    (13, OutType::Win32Error),
    (14, OutType::NtStatus),
    (15, OutType::HResult),
    (16, OutType::DateTime),
    (17, OutType::Signed),
    (18, OutType::Unsigned),
    (33, OutType::DateTimeInvariant),
    (35, OutType::Utf8),
    (36, OutType::Pkcs7),
    (37, OutType::CodePointer),
    (38, OutType::DateTimeUtc),
];

pub(super) fn out_type(number: u8) -> OutType {
    let known = OUT_TYPES.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| OutType::Other(u16::from(number)), |(_, out_type)| *out_type)
}

/// `None` for one that seven bits cannot hold.
pub(super) fn out_number(out_type: OutType) -> Option<u8> {
    if let OutType::Other(number) = out_type {
        return u8::try_from(number).ok().filter(|number| *number <= OUT_TYPE);
    }
    OUT_TYPES.iter().find(|(_, known)| *known == out_type).map(|(number, _)| *number)
}

/// Takes tags. Bytes beyond the fourth have no place in 28 bits and are passed over.
pub(super) fn take_tags(bytes: &mut Bytes<'_>) -> Option<u32> {
    let mut tags = 0;
    let mut shifts = [21, 14, 7, 0].into_iter();
    loop {
        let byte = bytes.byte()?;
        if let Some(shift) = shifts.next() {
            tags |= u32::from(byte & !MORE) << shift;
        }
        if byte & MORE == 0 {
            return Some(tags);
        }
    }
}

/// Appends tags, which are no more than [`TAGS_MAX`].
pub(super) fn put_tags(mut tags: u32, blob: &mut Vec<u8>) {
    loop {
        let [_, _, _, high] = (tags << 4).to_le_bytes();
        tags = (tags << 7) & TAGS_MAX;
        let more = if tags == 0 { 0 } else { MORE };
        blob.push((high >> 1) | more);
        if tags == 0 {
            return;
        }
    }
}
