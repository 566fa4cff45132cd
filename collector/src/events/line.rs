//! One event as a line of JSON.

use super::describe::Description;
use super::header_fields::HeaderFields;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use weir_etl::{Body, FileTime, Guid, LogHeader, Record};

/// What is written for an event, keys in this order.
pub(super) struct Line<'a> {
    pub(super) record: &'a Record<'a>,
    pub(super) described: &'a Description<'a>,
}

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl Serialize for Hex<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digits = |byte: &u8| {
            [byte >> 4, byte & 0xf].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0'))
        };
        serializer.serialize_str(&self.0.iter().flat_map(digits).collect::<String>())
    }
}

/// A GUID without braces.
struct Id(Guid);

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.bare())
    }
}

/// Keyword bits in hexadecimal: 64 bits are more than a JSON number is sure to hold.
struct Bits(u64);

impl Serialize for Bits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:#x}", self.0))
    }
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (record, described) = (self.record, self.described);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &record.time.and_then(FileTime::to_rfc3339))?;
        map.serialize_entry("cpu", &record.cpu)?;
        map.serialize_entry("pid", &record.process_id)?;
        map.serialize_entry("tid", &record.thread_id)?;
        map.serialize_entry("provider", &described.provider)?;
        map.serialize_entry("provider_id", &described.provider_id.map(Id))?;
        map.serialize_entry("event", &described.event)?;
        map.serialize_entry("id", &described.id)?;
        map.serialize_entry("version", &described.version)?;
        map.serialize_entry("level", &described.level)?;
        map.serialize_entry("keyword", &described.keyword.map(Bits))?;
        self.fields(&mut map)?;
        map.serialize_entry("kind", record.kind.name())?;
        map.serialize_entry("opcode", &described.opcode)?;
        if let Body::Event(event) = record.body {
            if event.activity_id != Guid([0; 16]) {
                map.serialize_entry("activity_id", &Id(event.activity_id))?;
            }
            let related = event.items.into_iter().find_map(|item| item.related_activity());
            if let Some(related) = related {
                map.serialize_entry("related_activity_id", &Id(related))?;
            }
        }
        map.end()
    }
}

impl Line<'_> {
    /// `fields`, and what no field says: a payload that nothing describes, the rest behind a field
    /// that could not be read, and why.
    fn fields<M: serde::ser::SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        if let Body::Kernel(kernel) = self.record.body
            && kernel.hook == 0
            // The record's own: a merged file may hold those of its parts.
            && let Some(header) = LogHeader::parse(kernel.payload)
        {
            return map.serialize_entry("fields", &HeaderFields(&header));
        }
        let Some(decoded) = self.described.decode() else {
            map.serialize_entry("fields", &())?;
            return map.serialize_entry("payload", &Hex(self.described.payload));
        };
        map.serialize_entry("fields", &decoded.fields)?;
        if let Some(error) = &decoded.error {
            map.serialize_entry("error", &error.to_string())?;
        }
        if !decoded.rest.is_empty() {
            map.serialize_entry("payload_rest", &Hex(decoded.rest))?;
        }
        Ok(())
    }
}
