//! Programs, links and maps, and entries of a map, from JSON.

use super::objects::{Object, objects};
use super::row::{Content, Row};
use super::{Asked, LISTED_MAX, told};
use crate::ReadError;
use crate::text::kept;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{AttachedLink, ListedProgram, MapDump, MapFacts, Place};

/// What the objects of a text are.
pub(super) fn read(file: &str, text: &str, asked: Option<Asked>) -> Result<Vec<Piece>, ReadError> {
    let mut found = Found::default();
    for object in objects(file, text)? {
        found.take(file, &object, asked)?;
    }
    let pieces = found.pieces();
    if pieces.is_empty() {
        return empty(file, asked).map(|it| vec![it]);
    }
    Ok(pieces)
}

/// An empty list.
fn empty(file: &str, asked: Option<Asked>) -> Result<Piece, ReadError> {
    Ok(match asked {
        Some(Asked::Programs) => Piece::Programs(Vec::new()),
        Some(Asked::Links) => Piece::Links(Vec::new()),
        Some(Asked::Maps) => Piece::Maps(Vec::new()),
        Some(Asked::Dump(map_id)) => Piece::MapDump(no_entries(file, 1, map_id)),
        None => return Err(ReadError::damaged(file, 1, "an empty list, and nothing says of what")),
    })
}

fn no_entries(file: &str, line: u64, map_id: Option<u32>) -> MapDump {
    MapDump { map_id, entries: 0, first_entry_bytes: None, place: Place::new(file, line) }
}

#[derive(Default)]
struct Found {
    programs: Vec<ListedProgram>,
    links: Vec<AttachedLink>,
    maps: Vec<MapFacts>,
    dump: Option<MapDump>,
}

impl Found {
    /// Takes an object for what its fields say that it is.
    fn take(
        &mut self,
        file: &str,
        object: &Object<'_>,
        asked: Option<Asked>,
    ) -> Result<(), ReadError> {
        let row: Row = object.parse(file)?;
        if let Some(error) = row.error {
            return Err(told(file, object.line, &error));
        }
        if row.is_of_others() && self.is_empty() {
            return Err(ReadError::Unknown { file: file.to_owned() });
        }
        let place = Place::new(file, object.line);
        if row.id.is_none() && row.key.is_some() {
            let map_id = Asked::map_id(asked);
            let dump = self.dump.get_or_insert_with(|| no_entries(file, object.line, map_id));
            return add_entry(dump, &row, place);
        }
        if self.programs.len() + self.links.len() + self.maps.len() == LISTED_MAX {
            let what = format!("over {LISTED_MAX} programs, links and maps");
            return Err(ReadError::damaged(file, object.line, what));
        }
        if row.prog_id.is_some() {
            self.links.push(link(row, place)?);
        } else if row.bytes_key.is_some() || row.max_entries.is_some() {
            self.maps.push(map(row, place)?);
        } else {
            self.programs.push(program(row, place)?);
        }
        Ok(())
    }

    const fn is_empty(&self) -> bool {
        self.programs.is_empty()
            && self.links.is_empty()
            && self.maps.is_empty()
            && self.dump.is_none()
    }

    fn pieces(self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        if !self.programs.is_empty() {
            pieces.push(Piece::Programs(self.programs));
        }
        if !self.links.is_empty() {
            pieces.push(Piece::Links(self.links));
        }
        if !self.maps.is_empty() {
            pieces.push(Piece::Maps(self.maps));
        }
        pieces.extend(self.dump.map(Piece::MapDump));
        pieces
    }
}

fn add_entry(dump: &mut MapDump, row: &Row, place: Place) -> Result<(), ReadError> {
    let sizes = match (row.key, row.value) {
        // Bpftool does not count them either.
        (_, Some(Content::Error)) => return Ok(()),
        (Some(Content::Bytes(key)), Some(Content::Bytes(value))) => Some((key, value)),
        (_, None) if row.values.is_none() => return Err(missing(place, "an entry", "value")),
        _ => None,
    };
    if dump.entries == 0 {
        dump.first_entry_bytes = sizes;
    } else if dump.first_entry_bytes != sizes {
        let what = "this entry is not as large as the first".to_owned();
        return Err(ReadError::Damaged { place, what });
    }
    dump.entries += 1;
    Ok(())
}

fn program(row: Row, place: Place) -> Result<ListedProgram, ReadError> {
    let (Some(id), Some(kind)) = (row.id, row.r#type) else {
        return Err(missing(place, "a program", "id and type"));
    };
    let map_ids = row.map_ids.unwrap_or_default();
    let name = kept(row.name.as_deref().unwrap_or_default());
    Ok(ListedProgram { id, kind: kind.into_name(), name, map_ids, place })
}

fn link(row: Row, place: Place) -> Result<AttachedLink, ReadError> {
    let (Some(id), Some(program_id)) = (row.id, row.prog_id) else {
        return Err(missing(place, "a link", "id and prog_id"));
    };
    let attach_type = row.attach_type.map(super::row::Type::into_name);
    Ok(AttachedLink { id, program_id, attach_type, place })
}

fn map(row: Row, place: Place) -> Result<MapFacts, ReadError> {
    let (Some(id), Some(kind)) = (row.id, row.r#type) else {
        return Err(missing(place, "a map", "id and type"));
    };
    let sizes = (row.bytes_key, row.bytes_value, row.max_entries);
    let (Some(key_bytes), Some(value_bytes), Some(entries_max)) = sizes else {
        return Err(missing(place, "a map", "bytes_key, bytes_value and max_entries"));
    };
    let name = kept(row.name.as_deref().unwrap_or_default());
    Ok(MapFacts { id, kind: kind.into_name(), name, key_bytes, value_bytes, entries_max, place })
}

fn missing(place: Place, of: &str, fields: &str) -> ReadError {
    ReadError::Damaged { place, what: format!("{of} without {fields}") }
}
