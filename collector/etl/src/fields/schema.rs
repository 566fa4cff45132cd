//! The description of an event's payload.

use super::names;
use super::{InType, OutType, ValueMap};
use std::sync::Arc;

/// Structures in structures, so many at most.
///
/// It bounds the recursion here and in whoever walks a schema or its values. No format has a limit;
/// writers nest by hand, three levels are rare.
pub const STRUCTURES_DEEP_MAX: usize = 8;

/// An event's name and the fields of its payload, in their order.
///
/// Parse a description once and keep it: all events of one kind carry the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    name: String,
    tags: u32,
    /// No deeper than [`STRUCTURES_DEEP_MAX`]; names are unique among siblings.
    fields: Vec<FieldType>,
    /// With those of structures.
    fields_total: usize,
}

/// One field of an event or of a structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldType {
    /// Its name. In a [`Schema`], no other field beside it has the same.
    pub name: String,
    /// The encoding of the value or of each element.
    pub in_type: InType,
    /// What it means.
    pub out_type: OutType,
    /// Bits for the writer's own use; 28 of them.
    pub tags: u32,
    /// Whether there is one value or an array of them.
    pub count: Count,
    /// How long each value is, of text and bytes.
    pub length: Length,
    /// Names for its numbers.
    pub map: Option<Arc<ValueMap>>,
    /// Other fields state their length or count by this one's number: by which key.
    pub key: Option<u16>,
    /// Of a structure ([`InType::Struct`]): what it is made of.
    pub fields: Vec<Self>,
}

/// How many values a field has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Count {
    /// One, and no array.
    #[default]
    One,
    /// An array of this length.
    Fixed(u16),
    /// An array; its 16-bit length lies before the elements.
    Counted,
    /// One value in an encoding of the writer's (Bond, Protocol Buffers), with the description it
    /// gave. The payload has a 16-bit length and so many bytes, whatever the in type.
    ///
    /// Source: microsoft/tracelogging etw/cpp/traceloggingdynamic/TraceLoggingDynamic.h
    /// `AddFieldCustom` (read 2026-11)
    Custom(Vec<u8>),
    /// An array of as many as the last integer with this [`FieldType::key`] says.
    Field(u16),
}

/// How long a text or a string of bytes is; other types have their own length whatever this says.
///
/// UTF-16 is measured in units of two bytes, everything else in bytes. Text ends earlier at a NUL.
///
/// Source: tdh.h of the Windows SDK, comments of `_TDH_IN_TYPE` (read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Length {
    /// As the in type says: to a NUL, or behind a 16-bit length.
    #[default]
    Own,
    /// So long.
    Fixed(u16),
    /// As long as the last integer with this [`FieldType::key`] says.
    Field(u16),
    /// Nothing says it, and the value cannot be read.
    Unknown,
}

/// A description nests structures deeper than [`STRUCTURES_DEEP_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a description with structures more than {STRUCTURES_DEEP_MAX} deep")]
pub struct TooDeep;

impl Schema {
    /// Describes an event.
    ///
    /// Fields keep their names, except that among siblings (so in one JSON object) every name
    /// occurs once: the first field of a name keeps it, a later one becomes `name_2`, `name_3` and
    /// so on, skipping what is taken. A field without a name is called `unnamed`, and a name is cut
    /// after 256 bytes: it stands in the output once for every element of an array.
    ///
    /// # Errors
    /// Structures are nested too deep.
    pub fn new(
        name: impl Into<String>,
        tags: u32,
        mut fields: Vec<FieldType>,
    ) -> Result<Self, TooDeep> {
        let fields_total = prepare(&mut fields, 0)?;
        Ok(Self { name: name.into(), tags, fields, fields_total })
    }

    /// The event's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The event's tags: 28 bits for the writer's own use.
    #[must_use]
    pub fn tags(&self) -> u32 {
        self.tags
    }

    /// What the payload is made of.
    #[must_use]
    pub fn fields(&self) -> &[FieldType] {
        &self.fields
    }

    /// About how much memory it takes beside itself: whoever keeps schemas of strangers bounds them
    /// by it, because a description of a few bytes a field takes a hundred in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> usize {
        self.name.len() + memory_bytes(&self.fields)
    }

    /// The number of field types, with those of structures.
    pub(super) fn fields_total(&self) -> usize {
        self.fields_total
    }
}

/// It recurses as deep as structures nest.
fn memory_bytes(fields: &[FieldType]) -> usize {
    let field =
        |field: &FieldType| size_of::<FieldType>() + field.name.len() + memory_bytes(&field.fields);
    fields.iter().map(field).sum()
}

/// Makes names unique at every level and counts the fields.
fn prepare(fields: &mut [FieldType], depth: usize) -> Result<usize, TooDeep> {
    names::make_unique(fields);
    let mut total = fields.len();
    for field in fields.iter_mut().filter(|field| field.is_structure()) {
        if depth >= STRUCTURES_DEEP_MAX {
            return Err(TooDeep);
        }
        total = total.saturating_add(prepare(&mut field.fields, depth + 1)?);
    }
    Ok(total)
}

impl FieldType {
    /// One value of this type, shown as the type says.
    pub fn new(name: impl Into<String>, in_type: InType) -> Self {
        Self {
            name: name.into(),
            in_type,
            out_type: OutType::Default,
            tags: 0,
            count: Count::One,
            length: Length::Own,
            map: None,
            key: None,
            fields: Vec::new(),
        }
    }

    /// A structure of these fields.
    pub fn structure(name: impl Into<String>, fields: Vec<Self>) -> Self {
        Self { fields, ..Self::new(name, InType::Struct) }
    }

    /// Whether it has fields of its own, not a value; an encoding of the writer's is a value.
    pub(crate) fn is_structure(&self) -> bool {
        self.in_type == InType::Struct && !matches!(self.count, Count::Custom(_))
    }

    /// The same field with a meaning.
    #[must_use]
    pub fn out(self, out_type: OutType) -> Self {
        Self { out_type, ..self }
    }

    /// The same field with tags.
    #[must_use]
    pub fn tags(self, tags: u32) -> Self {
        Self { tags, ..self }
    }

    /// The same field as an array, or in an encoding of its own.
    #[must_use]
    pub fn count(self, count: Count) -> Self {
        Self { count, ..self }
    }

    /// The same field of this length.
    #[must_use]
    pub fn length(self, length: Length) -> Self {
        Self { length, ..self }
    }

    /// The same field with names for its numbers.
    #[must_use]
    pub fn map(self, map: Arc<ValueMap>) -> Self {
        Self { map: Some(map), ..self }
    }

    /// The same field, by whose number others state their length.
    #[must_use]
    pub fn key(self, key: u16) -> Self {
        Self { key: Some(key), ..self }
    }
}
