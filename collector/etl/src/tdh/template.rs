//! The fields that a template of a manifest describes.
//!
//! Source: the manifests of PerfView, `TplEventSource` and `FrameworkEventSource` in a trace;
//! microsoft/perfview src/TraceEvent/DynamicTraceEventParser.cs `GetTypeForManifestTypeName`; out
//! types by their names in tdh.h of the Windows SDK, `_TDH_OUT_TYPE` (read 2026-11)

use super::codes;
use super::manifest::Attributes;
use crate::fields::{Count, FieldType, InType, Length, OutType, ValueMap};
use std::sync::Arc;

/// Fields of an event at most: a method of .NET that writes an event has a parameter for each.
/// Every name that is a length is looked up among all fields before it.
const FIELDS_MAX: usize = 1_024;

/// By place the names of in types, from 1.
const IN_TYPES: [&str; 21] = [
    "UnicodeString",
    "AnsiString",
    "Int8",
    "UInt8",
    "Int16",
    "UInt16",
    "Int32",
    "UInt32",
    "Int64",
    "UInt64",
    "Float",
    "Double",
    "Boolean",
    "Binary",
    "GUID",
    "Pointer",
    "FILETIME",
    "SYSTEMTIME",
    "SID",
    "HexInt32",
    "HexInt64",
];

/// Names of out types that change anything, with their numbers.
const OUT_TYPES: [(&str, u16); 18] = [
    ("xs:string", 1),
    ("xs:dateTime", 2),
    ("xs:boolean", 13),
    ("win:HexInt8", 16),
    ("win:HexInt16", 17),
    ("win:HexInt32", 18),
    ("win:HexInt64", 19),
    ("win:PID", 20),
    ("win:TID", 21),
    ("win:Port", 22),
    ("win:IPv4", 23),
    ("win:IPv6", 24),
    ("win:SocketAddress", 25),
    ("win:Xml", 28),
    ("win:ErrorCode", 29),
    ("win:Win32Error", 30),
    ("win:NTSTATUS", 31),
    ("win:HResult", 32),
];

/// The fields of a template; `None` for too many. Lengths and counts are numbers or names of fields
/// before.
pub(super) fn fields(
    data: &[Attributes],
    map: &mut dyn FnMut(String) -> Option<Arc<ValueMap>>,
) -> Option<Vec<FieldType>> {
    if data.len() > FIELDS_MAX {
        return None;
    }
    let mut fields: Vec<FieldType> = Vec::with_capacity(data.len());
    for data in data {
        let mut stated = |attribute| stated(data.get(attribute)?, &mut fields);
        let count = match stated("count") {
            None => Count::One,
            Some(Stated::Number(count)) => Count::Fixed(count),
            Some(Stated::Field(key)) => Count::Field(key),
        };
        let in_type = in_type(data.get("inType").unwrap_or(""));
        let length = match stated("length") {
            None if in_type == InType::Binary => Length::Unknown,
            None => Length::Own,
            Some(Stated::Number(length)) => Length::Fixed(length),
            Some(Stated::Field(key)) => Length::Field(key),
        };
        let out_type = out_type(data.get("outType").unwrap_or(""));
        let field = FieldType::new(data.get("name").unwrap_or(""), in_type).out(out_type);
        let map = data.text("map").and_then(&mut *map);
        fields.push(FieldType { map, count, length, ..field });
    }
    Some(fields)
}

/// What a length or count is stated by.
enum Stated {
    Number(u16),
    Field(u16),
}

/// A name of no field before is a field that does not exist, and what it states cannot be read.
fn stated(text: &str, fields: &mut [FieldType]) -> Option<Stated> {
    if let Ok(number) = text.parse() {
        return Some(Stated::Number(number));
    }
    let Some(place) = fields.iter().position(|field| field.name == text) else {
        return Some(Stated::Field(u16::MAX));
    };
    let key = u16::try_from(place).unwrap_or(u16::MAX);
    if let Some(field) = fields.get_mut(place) {
        field.key = Some(key);
    }
    Some(Stated::Field(key))
}

fn in_type(name: &str) -> InType {
    let plain = name.strip_prefix("win:").unwrap_or(name);
    let place = IN_TYPES.iter().position(|known| *known == plain);
    let number = place.and_then(|place| u16::try_from(place + 1).ok());
    number.map_or(InType::Other(u16::MAX), InType::from_number)
}

fn out_type(name: &str) -> OutType {
    let known = OUT_TYPES.iter().find(|(known, _)| *known == name);
    known.map_or(OutType::Default, |(_, number)| codes::out_type(*number))
}
