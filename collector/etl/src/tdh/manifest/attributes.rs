//! The attributes of an element, as far as anything is made of them.

use super::NAME_BYTES_MAX;
use quick_xml::events::BytesStart;
use quick_xml::{Error, XmlVersion};

/// All others are passed over.
const KNOWN: [&str; 19] = [
    "channel", "count", "guid", "id", "inType", "keywords", "length", "level", "map", "message",
    "name", "opcode", "outType", "symbol", "task", "template", "tid", "value", "version",
];

/// The attributes of an element.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<(&'static str, String)>);

impl Attributes {
    /// Those of an element; of one name the first.
    pub(super) fn of(element: &BytesStart<'_>) -> Result<Self, Error> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        // Looking for duplicates takes quadratic time.
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute?;
            let known = KNOWN.iter().find(|name| **name == attribute.key.as_ref());
            if let Some(name) = known.filter(|name| all.iter().all(|(it, _)| it != *name)) {
                // No entity but the five of XML is replaced; any other is an error.
                let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
                all.push((name, value.into_owned()));
            }
        }
        Ok(Self(all))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }

    /// A name that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|text| !text.is_empty()).map(|text| cut(text, NAME_BYTES_MAX))
    }

    /// A number, decimal or hexadecimal.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let text = self.get(name)?.trim();
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        hex.map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
    }
}

/// The beginning of a text, so many bytes at most.
pub(super) fn cut(text: &str, bytes_max: usize) -> String {
    text.get(..text.floor_char_boundary(bytes_max)).unwrap_or(text).to_owned()
}
