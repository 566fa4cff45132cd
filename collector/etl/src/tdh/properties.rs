//! The fields of an event: an array of `EVENT_PROPERTY_INFO`.
//!
//! ```text
//! u32 flags | u32 name | u16 in type | u16 out type | u32 map name | u16 count | u16 length
//!           | u32 tags; of a structure: ... name | u16 first member | u16 members | u32 nothing ...
//! ```
//!
//! Members of structures stand behind the fields of the event. Count and length may be places in
//! this array: of the property whose value says it.
//!
//! Source: learn.microsoft.com/windows/win32/api/tdh/ns-tdh-event_property_info and
//! .../ne-tdh-property_flags (read 2026-11)

use super::codes;
use super::event_info::{HEADER_BYTES, InfoError};
use super::strings;
use crate::fields::ValueMap;
use crate::fields::{Count, FieldType, InType, Length, OutType, STRUCTURES_DEEP_MAX, TooDeep};
use crate::little_endian::{u16_at, u32_at};
use std::sync::Arc;

/// Bytes of a property.
pub(super) const PROPERTY_BYTES: usize = 24;

/// Bytes of an IPv6 address, which a manifest need not say.
const IPV6_BYTES: u16 = 16;

/// `PROPERTY_FLAGS`.
mod flags {
    pub(super) const STRUCT: u32 = 0x1;
    pub(super) const PARAM_LENGTH: u32 = 0x2;
    pub(super) const PARAM_COUNT: u32 = 0x4;
    pub(super) const PARAM_FIXED_LENGTH: u32 = 0x10;
    pub(super) const PARAM_FIXED_COUNT: u32 = 0x20;
    /// A description of the writer's own stands where the map's name would.
    pub(super) const CUSTOM_SCHEMA: u32 = 0x80;
}

/// Gives the map of a name.
pub(super) type Maps<'a> = dyn FnMut(String) -> Option<Arc<ValueMap>> + 'a;

/// The properties of a description.
pub(super) struct Properties<'a> {
    blob: &'a [u8],
    all: &'a [[u8; PROPERTY_BYTES]],
    top_level: usize,
    /// By property: whether another takes its count or length from it.
    is_key: Vec<bool>,
    /// By property: whether it was read. Each belongs to the event or to one structure.
    is_read: Vec<bool>,
    maps: &'a mut Maps<'a>,
}

impl<'a> Properties<'a> {
    pub(super) fn new(blob: &'a [u8], maps: &'a mut Maps<'a>) -> Result<Self, InfoError> {
        let number = |at| usize::try_from(u32_at(blob, at)?).ok();
        let total = number(100).ok_or(InfoError::Truncated)?;
        let top_level = number(104).ok_or(InfoError::Truncated)?;
        let bytes = blob.get(HEADER_BYTES..).unwrap_or(&[]);
        let (all, _behind) = bytes.as_chunks();
        let all = all.get(..total).ok_or(InfoError::Truncated)?;
        if top_level > total {
            return Err(InfoError::Properties);
        }
        let mut is_key = vec![false; total];
        for property in all.iter().map(Property::parse) {
            for place in [property.length_of(), property.count_of()].into_iter().flatten() {
                if let Some(is_key) = is_key.get_mut(usize::from(place)) {
                    *is_key = true;
                }
            }
        }
        let is_read = vec![false; total];
        Ok(Self { blob, all, top_level, is_key, is_read, maps })
    }

    /// The fields of the event.
    pub(super) fn fields(mut self) -> Result<Vec<FieldType>, InfoError> {
        self.range(0, self.top_level, 0)
    }

    /// So many fields from a place; `depth` counts the structures they are in.
    fn range(
        &mut self,
        start: usize,
        count: usize,
        depth: usize,
    ) -> Result<Vec<FieldType>, InfoError> {
        let end = start.checked_add(count).ok_or(InfoError::Properties)?;
        // Structures that share members, or are members of themselves, could make much of little.
        let is_read = self.is_read.get_mut(start..end).ok_or(InfoError::Properties)?;
        if is_read.contains(&true) {
            return Err(InfoError::Properties);
        }
        is_read.fill(true);
        let range = self.all.get(start..end).ok_or(InfoError::Properties)?;
        let mut fields = Vec::with_capacity(count);
        for (place, bytes) in (start..).zip(range) {
            let property = Property::parse(bytes);
            let name = strings::name_at(self.blob, property.name).unwrap_or_default();
            let field = if property.has(flags::STRUCT) {
                if depth >= STRUCTURES_DEEP_MAX {
                    return Err(TooDeep.into());
                }
                let (start, members) = (property.in_type.into(), property.out_type.into());
                FieldType::structure(name, self.range(start, members, depth + 1)?)
            } else {
                self.value(name, &property)
            };
            let is_key = self.is_key.get(place).is_some_and(|is_key| *is_key);
            let key = if is_key { u16::try_from(place).ok() } else { None };
            fields.push(FieldType { key, tags: property.tags, ..field }.count(property.count()));
        }
        Ok(fields)
    }

    /// A field that is no structure.
    fn value(&mut self, name: String, property: &Property) -> FieldType {
        let (in_type, implied) = codes::in_type(property.in_type);
        let out_type = implied.unwrap_or_else(|| codes::out_type(property.out_type));
        let length = property.length(in_type, out_type);
        let field = FieldType::new(name, in_type).out(out_type).length(length);
        let map_name = if property.has(flags::CUSTOM_SCHEMA) { 0 } else { property.map };
        let map = strings::name_at(self.blob, map_name).and_then(|name| (self.maps)(name));
        FieldType { map, ..field }
    }
}

/// A property as found.
struct Property {
    flags: u32,
    name: u32,
    in_type: u16,
    out_type: u16,
    map: u32,
    count: u16,
    length: u16,
    tags: u32,
}

impl Property {
    fn parse(bytes: &[u8; PROPERTY_BYTES]) -> Self {
        // All of them are within the 24 bytes.
        let short = |at| u16_at(bytes, at).unwrap_or(0);
        let long = |at| u32_at(bytes, at).unwrap_or(0);
        Self {
            flags: long(0),
            name: long(4),
            in_type: short(8),
            out_type: short(10),
            map: long(12),
            count: short(16),
            length: short(18),
            tags: long(20),
        }
    }

    const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// The property that says how many there are.
    fn count_of(&self) -> Option<u16> {
        self.has(flags::PARAM_COUNT).then_some(self.count)
    }

    /// The property that says how long it is.
    fn length_of(&self) -> Option<u16> {
        self.has(flags::PARAM_LENGTH).then_some(self.length)
    }

    fn count(&self) -> Count {
        match self.count_of() {
            Some(place) => Count::Field(place),
            // One element is an array if it says so.
            None if self.count > 1 || self.has(flags::PARAM_FIXED_COUNT) => {
                Count::Fixed(self.count)
            }
            None => Count::One,
        }
    }

    fn length(&self, in_type: InType, out_type: OutType) -> Length {
        if let Some(place) = self.length_of() {
            return Length::Field(place);
        }
        if self.length != 0 || self.has(flags::PARAM_FIXED_LENGTH) {
            return Length::Fixed(self.length);
        }
        match (in_type, out_type) {
            (InType::Binary, OutType::Ipv6) => Length::Fixed(IPV6_BYTES),
            // Only TraceLogging has a length in the payload.
            (InType::Binary, _) => Length::Unknown,
            _ => Length::Own,
        }
    }
}
