//! JSON objects with their lines: one list, one object, or several one after another.

use crate::ReadError;
use crate::text::{newlines, reported};
use core::fmt;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Most objects of a file; a dump has one for each entry of a map.
pub(super) const OBJECTS_MAX: usize = 1 << 20;

/// An object as it stands there.
pub(super) struct Object<'a> {
    pub(super) line: u64,
    text: &'a str,
}

impl<'a> Object<'a> {
    /// Its fields.
    pub(super) fn parse<T: Deserialize<'a>>(&self, file: &str) -> Result<T, ReadError> {
        serde_json::from_str(self.text).map_err(|error| damaged(file, self.line, &error))
    }
}

/// Every object of a text.
pub(super) fn objects<'a>(file: &str, text: &'a str) -> Result<Vec<Object<'a>>, ReadError> {
    let mut places = Places { text, offset: 0, line: 1 };
    let mut objects = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| damaged(file, 1, &error))?.get();
        let line = places.line_of(value);
        if value.starts_with('[') {
            let rows: Rows<'a> =
                serde_json::from_str(value).map_err(|error| damaged(file, line, &error))?;
            for row in rows.0 {
                let text = row.get();
                objects.push(Object { line: places.line_of(text), text });
            }
        } else if value == "null" {
            // What it answers to a command that it does not know: its help, which JSON has no room
            // for. A list of nothing is `[]`.
            return Err(super::told(file, line, "null: it did not understand the command"));
        } else {
            objects.push(Object { line, text: value });
        }
        if objects.len() > OBJECTS_MAX {
            return Err(ReadError::damaged(file, line, format!("over {OBJECTS_MAX} objects")));
        }
    }
    Ok(objects)
}

/// An error of a part of the text that begins at a line.
fn damaged(file: &str, line: u64, error: &serde_json::Error) -> ReadError {
    let within = (error.line() as u64).saturating_sub(1);
    // Its own position counts from the part's beginning, and would contradict the place.
    let what = error.to_string();
    let what = what.rsplit_once(" at line ").map_or(what.as_str(), |(what, _)| what);
    ReadError::damaged(file, line + within, format!("JSON: {}", reported(what)))
}

/// Lines of parts of a text that come in its order.
struct Places<'a> {
    text: &'a str,
    offset: usize,
    line: u64,
}

impl Places<'_> {
    fn line_of(&mut self, part: &str) -> u64 {
        // The part is a slice of the text: where it begins is a matter of two addresses.
        let offset = part.as_ptr().addr().saturating_sub(self.text.as_ptr().addr());
        let between = self.text.as_bytes().get(self.offset..offset).unwrap_or_default();
        self.line += newlines(between);
        self.offset = self.offset.max(offset);
        self.line
    }
}

/// The rows of a list, up to a bound.
struct Rows<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Rows<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;
        impl<'de> Visitor<'de> for Bounded {
            type Value = Rows<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut rows = Vec::new();
                while let Some(row) = list.next_element()? {
                    if rows.len() == OBJECTS_MAX {
                        return Err(A::Error::custom(format_args!("over {OBJECTS_MAX} objects")));
                    }
                    rows.push(row);
                }
                Ok(Rows(rows))
            }
        }
        deserializer.deserialize_seq(Bounded)
    }
}
