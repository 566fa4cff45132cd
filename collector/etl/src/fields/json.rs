//! Values as JSON, or in any other form `serde` knows.
//!
//! - Numbers are numbers; so are process and thread numbers, ports and Win32 errors.
//! - Hex types, addresses, `NTSTATUS` and `HRESULT` are text: `0x1f`, the latter two with 8 digits.
//! - Times are RFC 3339; a `FILETIME` outside the years 0 to 9999 is its number, a `SYSTEMTIME`
//!   that is no time its bytes in hexadecimal.
//! - Bytes are hexadecimal, a GUID has no braces, a SID is `S-1-…`, addresses are as usual.
//! - Floats that JSON has no number for are `NaN`, `inf`, `-inf`, as text.
//! - Structures are objects, arrays arrays (of characters: text), the value without bytes is `null`.

use super::{Fields, Value};
use serde::ser::{Serialize, SerializeMap, Serializer};

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::I64(value) => serializer.serialize_i64(*value),
            Self::U64(value) => serializer.serialize_u64(*value),
            Self::F32(value) if value.is_finite() => serializer.serialize_f32(*value),
            Self::F64(value) if value.is_finite() => serializer.serialize_f64(*value),
            Self::Port(port) => serializer.serialize_u16(*port),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Time(time) => match time.to_rfc3339() {
                Some(text) => serializer.serialize_str(&text),
                None => serializer.serialize_i64(time.0),
            },
            Self::Array(elements) => serializer.collect_seq(elements),
            Self::Struct(fields) => fields.serialize(serializer),
            Self::F32(_)
            | Self::F64(_)
            | Self::Hex { .. }
            | Self::Binary(_)
            | Self::Guid(_)
            | Self::SystemTime(_)
            | Self::Sid(_)
            | Self::Ip(_)
            | Self::SocketAddress(_) => serializer.collect_str(self),
        }
    }
}

/// One object, in the order of the fields.
impl Serialize for Fields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.len()))?;
        for field in self.iter() {
            object.serialize_entry(field.name, &field.value)?;
        }
        object.end()
    }
}
