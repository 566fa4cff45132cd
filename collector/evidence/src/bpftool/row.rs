//! An object of bpftool's JSON, whatever it is of.

use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Fields that any of them have; what is not needed may be there or not.
#[derive(Debug, Deserialize)]
pub(super) struct Row {
    pub(super) error: Option<String>,
    pub(super) id: Option<u32>,
    pub(super) r#type: Option<Type>,
    pub(super) name: Option<String>,
    pub(super) map_ids: Option<Vec<u32>>,
    pub(super) prog_id: Option<u32>,
    pub(super) attach_type: Option<Type>,
    pub(super) bytes_key: Option<u32>,
    pub(super) bytes_value: Option<u32>,
    pub(super) max_entries: Option<u32>,
    pub(super) key: Option<Content>,
    pub(super) value: Option<Content>,
    /// One value for each processor.
    pub(super) values: Option<IgnoredAny>,
}

impl Row {
    /// Whether it has nothing by which bpftool's objects are told.
    pub(super) const fn is_of_others(&self) -> bool {
        let is_listed = self.id.is_some() || self.r#type.is_some() || self.prog_id.is_some();
        !is_listed && self.bytes_key.is_none() && self.key.is_none()
    }
}

/// A type's name, or its number where nobody has registered one.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Type {
    Number(u32),
    Name(String),
}

impl Type {
    pub(super) fn into_name(self) -> String {
        match self {
            Self::Number(it) => it.to_string(),
            Self::Name(it) => crate::text::kept(&it),
        }
    }
}

/// A key or value of a map: how large it is, and nothing of what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// A list of so many bytes.
    Bytes(u32),
    /// Bpftool could not read it.
    Error,
    /// Something else, as a number where the map has type information.
    Other,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Measured)
    }
}

struct Measured;

impl<'de> Visitor<'de> for Measured {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key or value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut bytes: u32 = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            bytes = bytes.saturating_add(1);
        }
        Ok(Content::Bytes(bytes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Content, A::Error> {
        let mut content = Content::Other;
        while let Some((name, _)) = fields.next_entry::<String, IgnoredAny>()? {
            if name == "error" {
                content = Content::Error;
            }
        }
        Ok(content)
    }

    fn visit_str<E>(self, _: &str) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Content, E> {
        Ok(Content::Other)
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Other)
    }
}
