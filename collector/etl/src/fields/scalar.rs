//! One value that is neither array nor structure.

use super::bytes::Bytes;
use super::decode::{FieldFault, PointerSize};
use super::integer::{Integer, Style};
use super::{FieldType, InType, OutType, Sid, SystemTime, Value, socket_address, text};
use crate::{FileTime, Guid};
use core::net::{IpAddr, Ipv6Addr};
use std::borrow::Cow;

/// Takes a value off the payload; its length is what the in type says unless it is given.
pub(super) fn take<'a>(
    field: &FieldType,
    length: Option<usize>,
    pointer_size: PointerSize,
    bytes: &mut Bytes<'a>,
) -> Result<Value<'a>, FieldFault> {
    let (in_type, out_type) = (field.in_type, field.out_type);
    if let Some(length) = length
        && let Some(value) = measured(in_type, out_type, length, bytes)
    {
        return value.ok_or(FieldFault::Truncated);
    }
    let mut integer = |width, style| {
        let bits = bytes.unsigned(width)?;
        Some(Integer { bits, bytes: width, style }.value(out_type))
    };
    let value = match in_type {
        InType::I8 => integer(1, Style::Signed),
        InType::U8 => integer(1, Style::Unsigned),
        InType::I16 => integer(2, Style::Signed),
        InType::U16 => integer(2, Style::Unsigned),
        InType::I32 => integer(4, Style::Signed),
        InType::U32 => integer(4, Style::Unsigned),
        InType::I64 => integer(8, Style::Signed),
        InType::U64 => integer(8, Style::Unsigned),
        InType::Hex32 => integer(4, Style::Hex),
        InType::Hex64 => integer(8, Style::Hex),
        InType::Pointer => integer(pointer_size.bytes(), Style::Hex),
        InType::Null => Some(Value::Null),
        InType::F32 => bytes.take_array().map(f32::from_le_bytes).map(Value::F32),
        InType::F64 => bytes.take_array().map(f64::from_le_bytes).map(Value::F64),
        InType::Bool32 => bytes.take_array::<4>().map(|raw| Value::Bool(raw != [0; 4])),
        InType::Guid => bytes.take_array().map(Guid).map(Value::Guid),
        InType::FileTime => {
            bytes.take_array().map(|raw| Value::Time(FileTime(i64::from_le_bytes(raw))))
        }
        InType::SystemTime => bytes.take_array().map(SystemTime::from_bytes).map(Value::SystemTime),
        InType::Sid => Sid::take(bytes).map(Value::Sid),
        InType::Utf16 => text::utf16_until_nul(bytes).map(Cow::Owned).map(Value::Text),
        InType::CountedUtf16 => {
            bytes.counted().map(|units| Value::Text(Cow::Owned(text::utf16(units))))
        }
        InType::Ansi => text::ansi_until_nul(bytes).map(|raw| ansi(raw, out_type)),
        InType::CountedAnsi => bytes.counted().map(|raw| ansi(raw, out_type)),
        InType::Binary | InType::CountedBinary => bytes.counted().map(|raw| binary(raw, out_type)),
        InType::ReversedCountedUtf16
        | InType::ReversedCountedAnsi
        | InType::RestUtf16
        | InType::RestAnsi
        | InType::HexDump
        | InType::TokenSid => classic(in_type, out_type, pointer_size, bytes),
        // A structure is no scalar; the caller has taken it apart.
        InType::Struct => return Err(FieldFault::UnknownInType(InType::Struct.number())),
        InType::Other(number) => return Err(FieldFault::UnknownInType(number)),
    };
    value.ok_or(FieldFault::Truncated)
}

/// Takes text or bytes of a given length; `None` for other types, which have a length of their own.
fn measured<'a>(
    in_type: InType,
    out_type: OutType,
    length: usize,
    bytes: &mut Bytes<'a>,
) -> Option<Option<Value<'a>>> {
    let value = if in_type == InType::Utf16 {
        let units = bytes.take(length.saturating_mul(2));
        units.map(|units| Value::Text(Cow::Owned(text::utf16_to_nul(units))))
    } else if in_type == InType::Ansi {
        bytes.take(length).map(|raw| ansi(text::to_nul(raw), out_type))
    } else if matches!(in_type, InType::Binary | InType::CountedBinary) {
        bytes.take(length).map(|raw| binary(raw, out_type))
    } else {
        return None;
    };
    Some(value)
}

/// Takes a value of a type that only classic events have.
fn classic<'a>(
    in_type: InType,
    out_type: OutType,
    pointer_size: PointerSize,
    bytes: &mut Bytes<'a>,
) -> Option<Value<'a>> {
    let mut reversed = || {
        let mut ahead = *bytes;
        let length = ahead.take_array().map(u16::from_be_bytes)?;
        let raw = ahead.take(usize::from(length))?;
        *bytes = ahead;
        Some(raw)
    };
    if in_type == InType::ReversedCountedUtf16 {
        return reversed().map(|units| Value::Text(Cow::Owned(text::utf16(units))));
    }
    if in_type == InType::ReversedCountedAnsi {
        return reversed().map(|raw| ansi(raw, out_type));
    }
    if in_type == InType::RestUtf16 {
        return Some(Value::Text(Cow::Owned(text::utf16(bytes.take_rest()))));
    }
    if in_type == InType::RestAnsi {
        return Some(ansi(bytes.take_rest(), out_type));
    }
    let mut ahead = *bytes;
    let value = if in_type == InType::HexDump {
        let length = usize::try_from(ahead.unsigned(4)?).ok()?;
        Value::Binary(ahead.take(length)?)
    } else {
        token_sid(pointer_size, &mut ahead)?
    };
    *bytes = ahead;
    Some(value)
}

/// A `TOKEN_USER` and the identifier it points to; four zero bytes where there is none.
///
/// Source: microsoft/perfview src/TraceEvent/TraceEvent.cs `SkipSID` (read 2026-11)
fn token_sid<'a>(pointer_size: PointerSize, bytes: &mut Bytes<'a>) -> Option<Value<'a>> {
    let mut ahead = *bytes;
    if ahead.unsigned(4)? == 0 {
        *bytes = ahead;
        return Some(Value::Null);
    }
    bytes.take(2 * pointer_size.bytes())?;
    Sid::take(bytes).map(Value::Sid)
}

/// Takes an array of characters as the one text it is; `None` if the elements are none.
///
/// Microsoft's writers for other systems make text of such arrays too (microsoft/tracelogging
/// LTTng/include/tracelogging/TraceLoggingProvider.h `TraceLoggingCharArray`, read 2026-11), and one
/// by one, the halves of a surrogate pair would be lost.
pub(super) fn characters<'a>(
    in_type: InType,
    out_type: OutType,
    length: usize,
    bytes: &mut Bytes<'a>,
) -> Option<Result<Value<'a>, FieldFault>> {
    let is_narrow = matches!(in_type, InType::I8 | InType::U8);
    let is_wide = matches!(in_type, InType::I16 | InType::U16);
    if out_type != OutType::Text || !(is_narrow || is_wide) {
        return None;
    }
    let text = if is_wide {
        bytes.take(length.saturating_mul(2)).map(text::utf16).map(Cow::Owned)
    } else {
        bytes.take(length).map(text::ansi)
    };
    Some(text.map(Value::Text).ok_or(FieldFault::Truncated))
}

/// Text whose bytes are UTF-8 if its meaning says so.
fn ansi(bytes: &[u8], out_type: OutType) -> Value<'_> {
    let is_utf8 = matches!(out_type, OutType::Utf8 | OutType::Xml | OutType::Json);
    Value::Text(if is_utf8 { text::utf8(bytes) } else { text::ansi(bytes) })
}

/// Bytes, or the address they are.
fn binary(bytes: &[u8], out_type: OutType) -> Value<'_> {
    if out_type == OutType::Ipv6
        && let Ok(address) = <[u8; 16]>::try_from(bytes)
    {
        return Value::Ip(IpAddr::V6(Ipv6Addr::from(address)));
    }
    if out_type == OutType::SocketAddress
        && let Some(address) = socket_address::parse(bytes)
    {
        return Value::SocketAddress(address);
    }
    Value::Binary(bytes)
}
