//! A map's entries, counted, from bpftool's plain text. No byte of what is in the map is kept.
//!
//! `key:` and `value:` have their bytes on the same line or below it, whatever the sizes are; maps
//! with values for each processor have `value (CPU 00):` for each; `Found N elements` ends it.

use super::Asked;
use crate::ReadError;
use crate::text::{lines, quoted};
use weir_stages::checks::facts::{MapDump, Place};

/// The entries of a text.
pub(super) fn read(file: &str, text: &str, asked: Option<Asked>) -> Result<MapDump, ReadError> {
    let mut counter = Counter { file, ..Counter::default() };
    for (number, line) in lines(text) {
        let told = line.trim();
        if told.is_empty() || crate::service::command(told).is_some() {
            continue;
        }
        counter.line(number, told)?;
    }
    let Some(place) = counter.end else {
        return Err(ReadError::damaged(file, counter.at, "it ends before `Found … elements`"));
    };
    let map_id = Asked::map_id(asked);
    Ok(MapDump { map_id, entries: counter.entries, first_entry_bytes: counter.first, place })
}

/// Whether a line is one that only a dump has.
pub(super) fn is_telling(line: &str) -> bool {
    let line = line.trim();
    found(line).is_some() || ["key:", "value:"].iter().any(|it| line.starts_with(it))
}

fn found(line: &str) -> Option<u64> {
    let (count, word) = line.strip_prefix("Found ")?.split_once(' ')?;
    if word == "element" || word == "elements" { count.parse().ok() } else { None }
}

#[derive(Default)]
struct Counter<'a> {
    file: &'a str,
    at: u64,
    /// The entry that is being read: its key's bytes, then its value's.
    entry: Option<Entry>,
    first: Option<(u32, u32)>,
    entries: u64,
    /// Where `Found N elements` stands.
    end: Option<Place>,
}

#[derive(Default)]
struct Entry {
    key_bytes: u32,
    value_bytes: Option<u32>,
    /// Bpftool could not read the value, and does not count the entry.
    is_unread: bool,
}

impl Counter<'_> {
    fn line(&mut self, number: u64, line: &str) -> Result<(), ReadError> {
        self.at = number;
        if self.end.is_some() {
            return Err(self.unexpected(line, "nothing after the count"));
        }
        if let Some(count) = found(line) {
            self.close()?;
            self.end = Some(Place::new(self.file, number));
            if count != self.entries {
                let what = format!("`Found {count}`, and there are {} entries", self.entries);
                return Err(ReadError::damaged(self.file, number, what));
            }
            return Ok(());
        }
        if let Some(rest) = line.strip_prefix("key:") {
            self.close()?;
            self.entry = Some(Entry::default());
            let (key, value) =
                rest.split_once("value:").map_or((rest, None), |(k, v)| (k, Some(v)));
            self.bytes(key)?;
            return value.map_or(Ok(()), |value| self.value(value));
        }
        if let Some(rest) = line.strip_prefix("value:") {
            // Queues have no keys.
            if self.entry.as_ref().is_none_or(|it| it.value_bytes.is_some()) {
                self.close()?;
                self.entry = Some(Entry::default());
            }
            return self.value(rest);
        }
        if let Some((_, rest)) = line.strip_prefix("value (CPU ").and_then(|it| it.split_once("):"))
        {
            return self.value(rest);
        }
        self.bytes(line)
    }

    /// Begins a value, or the one of the next processor.
    fn value(&mut self, rest: &str) -> Result<(), ReadError> {
        match &mut self.entry {
            Some(entry) => entry.value_bytes = Some(0),
            None => return Err(self.unexpected(rest, "a key before it")),
        }
        self.bytes(rest)
    }

    /// Counts bytes as two digits each; anything else in place of a value is why there is none.
    fn bytes(&mut self, told: &str) -> Result<(), ReadError> {
        let is_byte = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_hexdigit());
        let is_bytes = told.split_whitespace().all(is_byte);
        let Some(entry) = &mut self.entry else {
            return Err(self.unexpected(told, "`key:`"));
        };
        // A line is 16 bytes; what is longer is long by spaces.
        let count = u32::try_from(told.split_whitespace().count()).unwrap_or(u32::MAX);
        match &mut entry.value_bytes {
            Some(bytes) if is_bytes => *bytes = bytes.saturating_add(count),
            Some(0) => entry.is_unread = true,
            None if is_bytes => entry.key_bytes = entry.key_bytes.saturating_add(count),
            Some(_) | None => return Err(self.unexpected(told, "bytes as `0a`")),
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let Some(entry) = self.entry.take() else { return Ok(()) };
        if entry.is_unread {
            return Ok(());
        }
        let Some(value_bytes) = entry.value_bytes else {
            return Err(ReadError::damaged(self.file, self.at, "a key without a value"));
        };
        let sizes = (entry.key_bytes, value_bytes);
        if *self.first.get_or_insert(sizes) != sizes {
            let what = "the entry above is not as large as the first";
            return Err(ReadError::damaged(self.file, self.at, what));
        }
        self.entries += 1;
        Ok(())
    }

    /// What stands there is not quoted: it may be a map's content.
    fn unexpected(&self, line: &str, expected: &str) -> ReadError {
        let word = line.split_whitespace().next().filter(|it| it.ends_with(':')).map(quoted);
        let found = word.unwrap_or_else(|| format!("{} bytes of text", line.len()));
        ReadError::damaged(self.file, self.at, format!("expected {expected}, found {found}"))
    }
}
