//! The description of an event, read.

use super::codes::{self, FORM, FORM_COUNTED, FORM_CUSTOM, FORM_FIXED, IN_TYPE, MORE, OUT_TYPE};
use crate::fields::bytes::Bytes;
use crate::fields::{Count, FieldType, InType, STRUCTURES_DEEP_MAX, Schema, TooDeep};

/// Why a description could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// Its size is none, or larger than the bytes there are.
    #[error("read an event's description: its size is wrong")]
    Size,
    /// It ends within the name or a field.
    #[error("read an event's description: it ends too early")]
    Truncated,
    /// A structure has more fields than follow.
    #[error("read an event's description: a structure has more fields than follow")]
    StructureBeyondEnd,
    /// Structures are nested too deep.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
}

impl SchemaError {
    /// A label for counting.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Size => "size",
            Self::Truncated => "truncated",
            Self::StructureBeyondEnd => "structure_beyond_end",
            Self::TooDeep(_) => "too_deep",
        }
    }
}

/// Reads the data of an event's extended item 11, `EVENT_HEADER_EXT_TYPE_EVENT_SCHEMA_TL`.
///
/// Every field takes two bytes at least, so the result is bounded by the data. Bytes after the size
/// it states are ignored. Types nobody knows are no error: what is before them can be decoded.
///
/// # Errors
/// The data are cut or not such a description.
pub fn parse_schema(blob: &[u8]) -> Result<Schema, SchemaError> {
    let mut bytes = sized(blob).ok_or(SchemaError::Size)?;
    let tags = codes::take_tags(&mut bytes).ok_or(SchemaError::Truncated)?;
    let name = name(&mut bytes)?;
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        fields.push(field(&mut bytes, 0)?);
    }
    Ok(Schema::new(name, tags, fields)?)
}

/// What follows a 16-bit size that counts itself.
pub(super) fn sized(blob: &[u8]) -> Option<Bytes<'_>> {
    let size = Bytes::new(blob).u16()?;
    blob.get(2..usize::from(size)).map(Bytes::new)
}

/// A name; what is not UTF-8 in it becomes U+FFFD.
fn name(bytes: &mut Bytes<'_>) -> Result<String, SchemaError> {
    let name = bytes.until_nul().ok_or(SchemaError::Truncated)?;
    Ok(String::from_utf8_lossy(name).into_owned())
}

/// A field and, if it is a structure, those that belong to it. `depth` counts the structures it is
/// in.
fn field(bytes: &mut Bytes<'_>, depth: usize) -> Result<FieldType, SchemaError> {
    let name = name(bytes)?;
    let head = Head::take(bytes).ok_or(SchemaError::Truncated)?;
    let mut field = FieldType::new(name, head.in_type).tags(head.tags).count(head.count);
    // A structure in an encoding of its own has no fields that could be read one by one.
    if !field.is_structure() {
        return Ok(field.out(codes::out_type(head.out)));
    }
    if depth >= STRUCTURES_DEEP_MAX {
        return Err(TooDeep.into());
    }
    for _ in 0..head.out {
        if bytes.is_empty() {
            return Err(SchemaError::StructureBeyondEnd);
        }
        field.fields.push(self::field(bytes, depth + 1)?);
    }
    Ok(field)
}

/// What stands behind a field's name.
struct Head {
    in_type: InType,
    out: u8,
    tags: u32,
    count: Count,
}

impl Head {
    fn take(bytes: &mut Bytes<'_>) -> Option<Self> {
        let first = bytes.byte()?;
        let second = if first & MORE == 0 { 0 } else { bytes.byte()? };
        let tags = if second & MORE == 0 { 0 } else { codes::take_tags(bytes)? };
        let count = match first & FORM {
            FORM_FIXED => Count::Fixed(bytes.u16()?),
            FORM_COUNTED => Count::Counted,
            FORM_CUSTOM => Count::Custom(bytes.counted()?.to_vec()),
            _ => Count::One,
        };
        let in_type = InType::from_number(u16::from(first & IN_TYPE));
        Some(Self { in_type, out: second & OUT_TYPE, tags, count })
    }
}
