//! Values as text, for tables and messages.

use super::{Fields, Value};
use core::fmt;

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::I64(value) => value.fmt(f),
            Self::U64(value) => value.fmt(f),
            Self::Hex { value, digits } => {
                write!(f, "0x{value:0width$x}", width = usize::from(*digits))
            }
            Self::F32(value) => value.fmt(f),
            Self::F64(value) => value.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::Binary(bytes) => bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}")),
            Self::Guid(guid) => f.write_str(guid.to_string().trim_matches(['{', '}'])),
            Self::Time(time) => match time.to_rfc3339() {
                Some(text) => f.write_str(&text),
                None => time.0.fmt(f),
            },
            Self::SystemTime(time) => time.fmt(f),
            Self::Sid(sid) => sid.fmt(f),
            Self::Ip(address) => address.fmt(f),
            Self::Port(port) => port.fmt(f),
            Self::SocketAddress(address) => address.fmt(f),
            Self::Array(elements) => {
                f.write_str("[")?;
                separated(f, elements, |f, element| element.fmt(f))?;
                f.write_str("]")
            }
            Self::Struct(fields) => {
                f.write_str("{")?;
                fields.fmt(f)?;
                f.write_str("}")
            }
        }
    }
}

/// `name: value, name: value`.
impl fmt::Display for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        separated(f, self, |f, field| write!(f, "{}: {}", field.name, field.value))
    }
}

fn separated<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    mut write: impl FnMut(&mut fmt::Formatter<'_>, &T) -> fmt::Result,
) -> fmt::Result {
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            f.write_str(", ")?;
        }
        write(f, item)?;
    }
    Ok(())
}
