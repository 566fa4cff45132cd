//! The description of an event, written.

use super::codes::{
    self, FORM_COUNTED, FORM_CUSTOM, FORM_FIXED, IN_TYPE, MORE, OUT_TYPE, TAGS_MAX,
};
use crate::fields::{Count, FieldType, InType, Length, OutType, STRUCTURES_DEEP_MAX};

/// The description of an event, to be written as the data of its extended item 11.
///
/// ```
/// use weir_etl::fields::{InType, OutType};
/// use weir_etl::tracelogging::{Blob, parse_schema};
///
/// let blob = Blob::new("Connected")
///     .field("port", InType::U16, OutType::Port)
///     .field("host", InType::Utf16, OutType::Default)
///     .build()?;
/// assert_eq!(parse_schema(&blob)?.name(), "Connected");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Blob {
    name: String,
    tags: u32,
    fields: Vec<FieldType>,
}

/// Why a description cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// A name has a NUL in it, which would end it.
    #[error("write a name with a NUL in it")]
    NulInName,
    /// Tags have more than 28 bits.
    #[error("write tags of more than 28 bits")]
    Tags,
    /// The in type's number has more than five bits or the out type's more than seven, or another
    /// field states a length or a count.
    #[error("write a type that TraceLogging has no number for")]
    Type,
    /// A structure has more than 127 fields, or there are fields in what is no structure.
    #[error("write more fields of a structure than it can have")]
    Structure,
    /// Structures are nested deeper than a reader accepts.
    #[error("write structures nested too deep")]
    TooDeep,
    /// More than 65,535 bytes.
    #[error("write a description of more than 65,535 bytes")]
    TooLong,
}

impl Blob {
    /// An event without fields.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), tags: 0, fields: Vec::new() }
    }

    /// The same with tags.
    #[must_use]
    pub fn tags(self, tags: u32) -> Self {
        Self { tags, ..self }
    }

    /// The same with one more field of one value.
    #[must_use]
    pub fn field(self, name: &str, in_type: InType, out_type: OutType) -> Self {
        self.with(FieldType::new(name, in_type).out(out_type))
    }

    /// The same with one more field: an array, a structure, one with tags.
    #[must_use]
    pub fn with(mut self, field: FieldType) -> Self {
        self.fields.push(field);
        self
    }

    /// The bytes.
    ///
    /// # Errors
    /// Something cannot be expressed.
    pub fn build(&self) -> Result<Vec<u8>, BuildError> {
        let mut blob = vec![0, 0];
        put_tags(self.tags, &mut blob)?;
        put_name(&self.name, &mut blob)?;
        for field in &self.fields {
            put_field(field, 0, &mut blob)?;
        }
        put_size(&mut blob)?;
        Ok(blob)
    }
}

fn put_field(field: &FieldType, depth: usize, blob: &mut Vec<u8>) -> Result<(), BuildError> {
    put_name(&field.name, blob)?;
    put_head(field, blob)?;
    match &field.count {
        Count::One | Count::Counted => {}
        Count::Fixed(length) => blob.extend(length.to_le_bytes()),
        Count::Field(_) => return Err(BuildError::Type),
        Count::Custom(schema) => {
            let length = u16::try_from(schema.len()).map_err(|_| BuildError::TooLong)?;
            blob.extend(length.to_le_bytes());
            blob.extend(schema);
        }
    }
    if field.is_structure() && depth >= STRUCTURES_DEEP_MAX {
        return Err(BuildError::TooDeep);
    }
    field.fields.iter().try_for_each(|inner| put_field(inner, depth + 1, blob))
}

/// The in byte, the out byte and the tags; the latter two only where they say something.
fn put_head(field: &FieldType, blob: &mut Vec<u8>) -> Result<(), BuildError> {
    let in_type = u8::try_from(field.in_type.number()).ok().filter(|number| *number <= IN_TYPE);
    let in_type = in_type.ok_or(BuildError::Type)?;
    let form = match field.count {
        Count::One => 0,
        Count::Fixed(_) => FORM_FIXED,
        Count::Counted => FORM_COUNTED,
        Count::Custom(_) => FORM_CUSTOM,
        Count::Field(_) => return Err(BuildError::Type),
    };
    if field.length != Length::Own {
        return Err(BuildError::Type);
    }
    let out = out_byte(field)?;
    if field.tags != 0 {
        blob.extend([in_type | form | MORE, out | MORE]);
        return put_tags(field.tags, blob);
    }
    if out == 0 {
        blob.push(in_type | form);
    } else {
        blob.extend([in_type | form | MORE, out]);
    }
    Ok(())
}

/// The out type or, of a structure, the number of its fields.
fn out_byte(field: &FieldType) -> Result<u8, BuildError> {
    if field.is_structure() {
        let fields = u8::try_from(field.fields.len()).ok().filter(|fields| *fields <= OUT_TYPE);
        return fields.ok_or(BuildError::Structure);
    }
    if !field.fields.is_empty() {
        return Err(BuildError::Structure);
    }
    codes::out_number(field.out_type).ok_or(BuildError::Type)
}

fn put_tags(tags: u32, blob: &mut Vec<u8>) -> Result<(), BuildError> {
    if tags > TAGS_MAX {
        return Err(BuildError::Tags);
    }
    codes::put_tags(tags, blob);
    Ok(())
}

/// A name and its NUL.
pub(super) fn put_name(name: &str, blob: &mut Vec<u8>) -> Result<(), BuildError> {
    if name.contains('\0') {
        return Err(BuildError::NulInName);
    }
    blob.extend(name.bytes());
    blob.push(0);
    Ok(())
}

/// Fills in the size that the first two bytes are kept for.
pub(super) fn put_size(blob: &mut [u8]) -> Result<(), BuildError> {
    let size = u16::try_from(blob.len()).map_err(|_| BuildError::TooLong)?;
    if let Some(start) = blob.first_chunk_mut() {
        *start = size.to_le_bytes();
    }
    Ok(())
}
