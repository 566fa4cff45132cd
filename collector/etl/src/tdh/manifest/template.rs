//! The fields that a template of a manifest describes.
//!
//! Source: learn.microsoft.com/windows/win32/wes/eventmanifestschema-inputtype-complextype and
//! .../eventmanifestschema-dataelementtype-complextype; out types by their names in winmeta.xml and
//! tdh.h of the Windows SDK, `_TDH_OUT_TYPE` (read 2026-11)

use super::attributes::Attributes;
use crate::fields::{Count, FieldType, InType, Length, OutType, ValueMap};
use crate::tdh::codes;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Fields of an event at most, with those of structures: a method of .NET that writes an event has
/// a parameter for each. Events that share a template have a copy each.
const FIELDS_MAX: usize = 1_024;

/// Bytes of an IPv6 address, which a manifest need not say.
const IPV6_BYTES: u16 = 16;

/// By place the names of in types, from 1.
const IN_TYPES: [&str; 23] = [
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
    "CountedUnicodeString",
    "CountedAnsiString",
];

/// The number of an in type after those.
const COUNTED_BINARY: u16 = 25;

/// Names of out types that change anything, with their numbers.
const OUT_TYPES: [(&str, u16); 31] = [
    ("xs:string", 1),
    ("xs:dateTime", 2),
    ("xs:byte", 3),
    ("xs:unsignedByte", 4),
    ("xs:short", 5),
    ("xs:unsignedShort", 6),
    ("xs:int", 7),
    ("xs:unsignedInt", 8),
    ("xs:long", 9),
    ("xs:unsignedLong", 10),
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
    ("win:DateTimeCultureInsensitive", 33),
    ("win:Json", 34),
    ("win:Utf8", 35),
    ("win:Pkcs7WithTypeInfo", 36),
    ("win:CodePointer", 37),
];

/// A field as the manifest has it.
#[derive(Debug)]
pub(super) struct Data {
    pub(super) attributes: Attributes,
    /// Of a structure: what it is made of.
    pub(super) members: Option<Vec<Self>>,
}

/// The fields of a template; `None` for too many.
pub(super) fn fields(
    data: &[Data],
    map: &mut dyn FnMut(String) -> Option<Arc<ValueMap>>,
) -> Option<Vec<FieldType>> {
    let mut stating = HashSet::new();
    if note(data, &mut stating) > FIELDS_MAX {
        return None;
    }
    let mut template = Template { stating, map, keys: HashMap::new(), hidden: Vec::new(), next: 0 };
    Some(template.fields(data))
}

/// Fields of all depths; and the names that state a length or a count. It recurses as deep as
/// elements nest.
fn note<'a>(data: &'a [Data], stating: &mut HashSet<&'a str>) -> usize {
    let mut total = data.len();
    for data in data {
        let stated = ["count", "length"].into_iter().filter_map(|name| data.attributes.get(name));
        stating.extend(stated.filter(|text| text.parse::<u16>().is_err()));
        total += data.members.as_deref().map_or(0, |members| note(members, stating));
    }
    total
}

/// A template that is being read.
struct Template<'a, 'b> {
    /// Fields whose values are lengths or counts.
    stating: HashSet<&'a str>,
    map: &'b mut dyn FnMut(String) -> Option<Arc<ValueMap>>,
    /// Those so far, by name.
    keys: HashMap<&'a str, u16>,
    /// Members of the structures at hand, and what their names meant before: names within a
    /// structure are not known outside.
    hidden: Vec<(&'a str, Option<u16>)>,
    next: u16,
}

/// What a length or count is stated by.
enum Stated {
    Number(u16),
    Field(u16),
}

impl<'a> Template<'a, '_> {
    fn fields(&mut self, data: &'a [Data]) -> Vec<FieldType> {
        data.iter().map(|data| self.field(data)).collect()
    }

    fn field(&mut self, data: &'a Data) -> FieldType {
        let name = data.attributes.get("name").unwrap_or("");
        let count = match self.stated(data.attributes.get("count")) {
            None => Count::One,
            Some(Stated::Number(count)) => Count::Fixed(count),
            Some(Stated::Field(key)) => Count::Field(key),
        };
        if let Some(members) = &data.members {
            let outside = self.hidden.len();
            let members = self.fields(members);
            self.leave(outside);
            return FieldType::structure(name, members).count(count);
        }
        let in_type = in_type(data.attributes.get("inType").unwrap_or(""));
        let out_type = out_type(data.attributes.get("outType").unwrap_or(""));
        let length = match (self.stated(data.attributes.get("length")), in_type, out_type) {
            (Some(Stated::Number(length)), ..) => Length::Fixed(length),
            (Some(Stated::Field(key)), ..) => Length::Field(key),
            (None, InType::Binary, OutType::Ipv6) => Length::Fixed(IPV6_BYTES),
            (None, InType::Binary, _) => Length::Unknown,
            (None, ..) => Length::Own,
        };
        let map = data.attributes.text("map").and_then(&mut *self.map);
        let key = self.key(name);
        let field = FieldType::new(name, in_type).out(out_type).count(count).length(length);
        FieldType { map, key, ..field }
    }

    /// A name of no field before is a field that does not exist, and what it states cannot be read.
    fn stated(&self, text: Option<&str>) -> Option<Stated> {
        let text = text?;
        Some(match text.parse() {
            Ok(number) => Stated::Number(number),
            Err(_) => Stated::Field(self.keys.get(text).copied().unwrap_or(u16::MAX)),
        })
    }

    /// The key of a field that others state their length or count by.
    fn key(&mut self, name: &'a str) -> Option<u16> {
        if !self.stating.contains(name) {
            return None;
        }
        let key = self.next;
        self.next = self.next.saturating_add(1);
        self.hidden.push((name, self.keys.insert(name, key)));
        Some(key)
    }

    fn leave(&mut self, outside: usize) {
        while self.hidden.len() > outside
            && let Some((name, before)) = self.hidden.pop()
        {
            match before {
                Some(key) => self.keys.insert(name, key),
                None => self.keys.remove(name),
            };
        }
    }
}

fn in_type(name: &str) -> InType {
    let plain = name.strip_prefix("win:").unwrap_or(name);
    if plain == "CountedBinary" {
        return InType::from_number(COUNTED_BINARY);
    }
    let place = IN_TYPES.iter().position(|known| *known == plain);
    let number = place.and_then(|place| u16::try_from(place + 1).ok());
    number.map_or(InType::Other(u16::MAX), InType::from_number)
}

fn out_type(name: &str) -> OutType {
    let known = OUT_TYPES.iter().find(|(known, _)| *known == name);
    known.map_or(OutType::Default, |(_, number)| codes::out_type(*number))
}
