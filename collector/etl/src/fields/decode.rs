//! A payload read by its description.

use super::bytes::Bytes;
use super::{Count, Field, FieldType, Fields, InType, Length, Schema, Value, scalar};
use std::collections::BTreeMap;

/// Values of one event at most: arrays, structures and their elements all count.
///
/// An event has less than 65,536 bytes, so that every byte may be a value in a structure of its
/// own; all of them take about 7 MiB. Beyond it the field fails with
/// [`FieldFault::TooManyValues`]. A small payload has a smaller limit, nine values for each byte
/// and one for each field described, so that arrays of elements without bytes cannot make much of
/// little.
pub const VALUES_MAX: usize = 131_072;

/// Values an event may have for every byte of its payload, besides one for every field described:
/// elements of one byte in arrays of as many structures as nest.
const VALUES_PER_BYTE: usize = super::STRUCTURES_DEEP_MAX + 1;

/// The size of an address in the process that wrote the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PointerSize {
    /// A 32-bit process.
    Bytes4,
    /// A 64-bit process.
    Bytes8,
}

impl PointerSize {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::Bytes4 => 4,
            Self::Bytes8 => 8,
        }
    }
}

/// What a payload holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded<'a> {
    /// The fields, up to the first that could not be read whole.
    pub fields: Fields<'a>,
    /// What no field in `fields` is made of: bytes after the last, or from the first that could not
    /// be read.
    pub rest: &'a [u8],
    /// Why `fields` ends early.
    pub error: Option<FieldError>,
}

/// A field could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read field {field}: {fault}")]
pub struct FieldError {
    /// Where: `outer[3].inner`.
    pub field: String,
    /// Why.
    pub fault: FieldFault,
}

/// Why a field could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldFault {
    /// The payload ends within it.
    #[error("the payload ends too early")]
    Truncated,
    /// Nothing is known of this type, so neither of the value's length.
    #[error("in type {0} is unknown")]
    UnknownInType(u16),
    /// More values than an event may have.
    #[error("the event has too many values")]
    TooManyValues,
    /// Nothing says how long it is: the description does not, or names a field that is no integer
    /// or comes later.
    #[error("nothing says how long it is")]
    NoLength,
}

impl FieldFault {
    /// A label for counting.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::UnknownInType(_) => "unknown_in_type",
            Self::TooManyValues => "too_many_values",
            Self::NoLength => "no_length",
        }
    }
}

impl Schema {
    /// Reads a payload that this schema describes.
    #[must_use]
    pub fn decode<'a>(&'a self, payload: &'a [u8], pointer_size: PointerSize) -> Decoded<'a> {
        let values_left = payload.len().saturating_mul(VALUES_PER_BYTE);
        let values_left = values_left.saturating_add(self.fields_total()).min(VALUES_MAX);
        let mut walk = Walk {
            pointer_size,
            values_left,
            bytes: Bytes::new(payload),
            lengths: BTreeMap::new(),
        };
        let mut fields = Vec::with_capacity(self.fields().len().min(walk.values_left));
        for field in self.fields() {
            let start = walk.bytes.rest();
            match walk.field(field) {
                Ok(value) => fields.push(Field { name: &field.name, value }),
                Err(error) => {
                    let error = Some(error.within(&field.name));
                    return Decoded { fields: Fields(fields), rest: start, error };
                }
            }
        }
        Decoded { fields: Fields(fields), rest: walk.bytes.rest(), error: None }
    }
}

/// The way through a payload. It recurses as deep as structures nest, which `Schema` bounds.
struct Walk<'a> {
    pointer_size: PointerSize,
    values_left: usize,
    bytes: Bytes<'a>,
    /// Numbers of the fields that have a key; those of a structure's are its last element's.
    lengths: BTreeMap<u16, u64>,
}

impl<'a> Walk<'a> {
    fn field(&mut self, field: &'a FieldType) -> Result<Value<'a>, FieldError> {
        match &field.count {
            Count::One => self.element(field),
            Count::Fixed(length) => self.array(field, usize::from(*length)),
            Count::Counted => {
                let length = self.bytes.u16().ok_or(FieldFault::Truncated)?;
                self.array(field, usize::from(length))
            }
            Count::Field(key) => {
                let length = self.stated(*key)?;
                self.array(field, length)
            }
            Count::Custom(_) => {
                self.spend()?;
                let bytes = self.bytes.counted().ok_or(FieldFault::Truncated)?;
                Ok(Value::Binary(bytes))
            }
        }
    }

    fn array(&mut self, field: &'a FieldType, length: usize) -> Result<Value<'a>, FieldError> {
        self.spend()?;
        if let Some(text) =
            scalar::characters(field.in_type, field.out_type, length, &mut self.bytes)
        {
            return Ok(text?);
        }
        // Never more room than bytes: an array that claims much and has little fails cheaply.
        let mut elements = Vec::with_capacity(length.min(self.bytes.len()));
        for place in 0..length {
            let element = self.element(field);
            elements.push(element.map_err(|error| error.within(&format!("[{place}]")))?);
        }
        Ok(Value::Array(elements))
    }

    fn element(&mut self, field: &'a FieldType) -> Result<Value<'a>, FieldError> {
        self.spend()?;
        if field.is_structure() {
            return self.structure(field);
        }
        let length = match field.length {
            Length::Own => None,
            Length::Fixed(length) => Some(usize::from(length)),
            Length::Field(key) => Some(self.stated(key)?),
            Length::Unknown => return Err(FieldFault::NoLength.into()),
        };
        let number = self.number(field.in_type);
        let value = scalar::take(field, length, self.pointer_size, &mut self.bytes)?;
        if let (Some(key), Some((bits, _))) = (field.key, number) {
            self.lengths.insert(key, bits);
        }
        if let (Some(map), Some((bits, bytes))) = (&field.map, number)
            && let Some(name) = map.text(bits, bytes)
        {
            return Ok(Value::Text(name));
        }
        Ok(value)
    }

    /// The integer that comes next, if it is one, and its bytes. It is left where it is.
    fn number(&self, in_type: InType) -> Option<(u64, usize)> {
        let bytes = in_type.integer_bytes(self.pointer_size.bytes())?;
        let mut ahead = self.bytes;
        Some((ahead.unsigned(bytes)?, bytes))
    }

    /// The length that the field of a key states.
    fn stated(&self, key: u16) -> Result<usize, FieldFault> {
        let length = self.lengths.get(&key).ok_or(FieldFault::NoLength)?;
        // What does not fit is longer than any payload.
        Ok(usize::try_from(*length).unwrap_or(usize::MAX))
    }

    fn structure(&mut self, structure: &'a FieldType) -> Result<Value<'a>, FieldError> {
        let mut fields = Vec::with_capacity(structure.fields.len().min(self.values_left));
        for field in &structure.fields {
            let value = self.field(field).map_err(|error| error.within(&field.name))?;
            fields.push(Field { name: &field.name, value });
        }
        Ok(Value::Struct(Fields(fields)))
    }

    /// Counts a value about to be read.
    fn spend(&mut self) -> Result<(), FieldFault> {
        self.values_left = self.values_left.checked_sub(1).ok_or(FieldFault::TooManyValues)?;
        Ok(())
    }
}

impl FieldError {
    /// The same error, said from one level further out.
    fn within(self, outer: &str) -> Self {
        let joint = if self.field.is_empty() || self.field.starts_with('[') { "" } else { "." };
        Self { field: format!("{outer}{joint}{}", self.field), ..self }
    }
}

impl From<FieldFault> for FieldError {
    fn from(fault: FieldFault) -> Self {
        Self { field: String::new(), fault }
    }
}
