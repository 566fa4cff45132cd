//! Programs, links and maps as bpftool prints them without `-p` and `-j`.
//!
//! A first line `ID: TYPE  …` and indented ones below it; what belongs together is a word, one
//! space, and its value, and two spaces or a tab are between.

use super::{LISTED_MAX, told};
use crate::ReadError;
use crate::text::{kept, lines, quoted};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{AttachedLink, ListedProgram, MapFacts, Place};

/// Programs, links and maps of a text.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Piece>, ReadError> {
    let mut found = Found::default();
    let mut open: Option<Listed<'_>> = None;
    for (number, line) in lines(text) {
        if line.is_empty() || crate::service::command(line).is_some() {
            continue;
        }
        if let Some(error) = line.strip_prefix("Error: ") {
            return Err(told(file, number, error));
        }
        if let Some(listed) = Listed::begin(number, line) {
            if let Some(done) = open.replace(listed) {
                found.add(file, &done)?;
            }
        } else if let Some(listed) = open.as_mut().filter(|_| line.starts_with(['\t', ' '])) {
            listed.take(line);
        } else {
            let what = format!("expected `ID: TYPE`, found {}", quoted(line));
            return Err(ReadError::damaged(file, number, what));
        }
    }
    if let Some(done) = open {
        found.add(file, &done)?;
    }
    found.pieces(file)
}

/// Whether a line is the first one of a program, link or map.
pub(super) fn is_telling(line: &str) -> bool {
    Listed::begin(0, line.trim_end()).is_some_and(|it| {
        ["name", "prog", "flags", "tag"].iter().any(|word| it.value(word).is_some())
    })
}

/// One of them, as it stands there.
struct Listed<'a> {
    line: u64,
    id: u32,
    kind: &'a str,
    /// Words and values.
    values: Vec<(&'a str, &'a str)>,
}

/// Most values that are kept of one object; it has ten at most.
const VALUES_MAX: usize = 32;

impl<'a> Listed<'a> {
    fn begin(number: u64, line: &'a str) -> Option<Self> {
        let (id, rest) = line.split_once(": ")?;
        let id = id.parse().ok()?;
        let (kind, rest) = rest.split_once("  ").unwrap_or((rest, ""));
        let kind = kind.trim().strip_prefix("type ").unwrap_or(kind).trim();
        if kind.is_empty() {
            return None;
        }
        let mut listed = Self { line: number, id, kind, values: Vec::new() };
        listed.take(rest);
        Some(listed)
    }

    fn take(&mut self, line: &'a str) {
        for part in line.split('\t').flat_map(|it| it.split("  ")) {
            if let Some(pair) = part.trim().split_once(' ')
                && self.values.len() < VALUES_MAX
            {
                self.values.push(pair);
            }
        }
    }

    fn value(&self, word: &str) -> Option<&'a str> {
        self.values.iter().find(|(it, _)| *it == word).map(|(_, value)| *value)
    }

    fn number(&self, file: &str, word: &str, unit: &str) -> Result<u32, ReadError> {
        let value = self.value(word).and_then(|it| it.strip_suffix(unit));
        value.and_then(|it| it.parse().ok()).ok_or_else(|| {
            let what = format!("the map {} has no number `{word}`", self.id);
            ReadError::damaged(file, self.line, what)
        })
    }
}

#[derive(Default)]
struct Found {
    programs: Vec<ListedProgram>,
    links: Vec<AttachedLink>,
    maps: Vec<MapFacts>,
}

impl Found {
    fn add(&mut self, file: &str, listed: &Listed<'_>) -> Result<(), ReadError> {
        if self.programs.len() + self.links.len() + self.maps.len() == LISTED_MAX {
            let what = format!("over {LISTED_MAX} programs, links and maps");
            return Err(ReadError::damaged(file, listed.line, what));
        }
        let (id, place) = (listed.id, Place::new(file, listed.line));
        let name = kept(listed.value("name").unwrap_or_default());
        if listed.value("prog").is_some() {
            let program_id = listed.number(file, "prog", "")?;
            let attach_type = listed.value("attach_type").map(kept);
            self.links.push(AttachedLink { id, program_id, attach_type, place });
        } else if listed.value("flags").is_some_and(|it| it.starts_with("0x")) {
            self.maps.push(MapFacts {
                id,
                kind: kept(listed.kind),
                name,
                key_bytes: listed.number(file, "key", "B")?,
                value_bytes: listed.number(file, "value", "B")?,
                entries_max: listed.number(file, "max_entries", "")?,
                place,
            });
        } else {
            let ids = listed.value("map_ids").map_or(Ok(Vec::new()), |it| {
                it.split(',').map(|it| it.trim().parse()).collect::<Result<_, _>>()
            });
            let Ok(map_ids) = ids else {
                let what = format!("map_ids of program {id} are no numbers");
                return Err(ReadError::damaged(file, listed.line, what));
            };
            self.programs.push(ListedProgram { id, kind: kept(listed.kind), name, map_ids, place });
        }
        Ok(())
    }

    fn pieces(self, file: &str) -> Result<Vec<Piece>, ReadError> {
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
        if pieces.is_empty() {
            return Err(ReadError::Unknown { file: file.to_owned() });
        }
        Ok(pieces)
    }
}
