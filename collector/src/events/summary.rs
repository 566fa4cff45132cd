//! `--summary`: what files hold, by provider and event.

use super::describe::Description;
use crate::failure::one_line;
use crate::table::{number, table};
use comfy_table::Cell;
use core::fmt::Write as _;
use hashbrown::HashMap;
use serde::Serialize;
use weir_etl::{FileTime, Guid, Kind, Record};

/// Rows of a summary; a file can name an event anew in every record, and 4,096 rows are more than
/// anybody reads. What finds no row is counted in `events_in_no_row`.
const ROWS_MAX: usize = 4_096;

/// What tells rows apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Key {
    provider: Option<String>,
    provider_id: Option<[u8; 16]>,
    event: Option<String>,
    kind: Kind,
    id: u16,
    version: u16,
    level: Option<u8>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    events: u64,
    bytes: u64,
    first: Option<FileTime>,
    last: Option<FileTime>,
}

/// Counts by provider and event.
#[derive(Debug, Default)]
pub(super) struct Summary {
    rows: HashMap<Key, Count>,
    events: u64,
    events_in_no_row: u64,
}

/// A row as JSON has it.
#[derive(Debug, Serialize)]
struct Row<'a> {
    provider: Option<&'a str>,
    provider_id: Option<String>,
    event: Option<&'a str>,
    kind: &'static str,
    id: u16,
    version: u16,
    level: Option<u8>,
    events: u64,
    bytes: u64,
    first: Option<String>,
    last: Option<String>,
}

/// A file as JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct FileFacts {
    pub(super) file: String,
    pub(super) session: String,
    pub(super) start: Option<String>,
    pub(super) end: Option<String>,
    pub(super) closed: bool,
    pub(super) processors: u32,
    pub(super) windows_build: u32,
    pub(super) buffers: u64,
    pub(super) compressed_buffers: u64,
    pub(super) events_lost: u32,
    pub(super) buffers_lost: u32,
    pub(super) damage: Vec<DamageFacts>,
    pub(super) skipped_bytes: u64,
}

/// A kind of damage as JSON has it.
#[derive(Debug, Serialize)]
pub(super) struct DamageFacts {
    pub(super) kind: &'static str,
    pub(super) count: u64,
    pub(super) skipped_bytes: u64,
}

/// The whole document.
#[derive(Serialize)]
struct Document<'a> {
    files: &'a [FileFacts],
    events: u64,
    events_in_no_row: u64,
    rows: Vec<Row<'a>>,
}

impl Summary {
    pub(super) fn add(&mut self, record: &Record<'_>, described: &Description<'_>) {
        self.events += 1;
        let key = Key {
            provider: described.provider.map(ToOwned::to_owned),
            provider_id: described.provider_id.map(|guid| guid.0),
            event: described.event.map(ToOwned::to_owned),
            kind: record.kind,
            id: described.id,
            version: described.version,
            level: described.level,
        };
        if self.rows.len() >= ROWS_MAX && !self.rows.contains_key(&key) {
            self.events_in_no_row += 1;
            return;
        }
        let count = self.rows.entry(key).or_default();
        count.events += 1;
        count.bytes += u64::try_from(record.bytes).unwrap_or(0);
        count.first = count.first.into_iter().chain(record.time).min();
        count.last = count.last.max(record.time);
    }

    /// Rows with the busiest event of each provider first, providers by name.
    fn sorted(&self) -> Vec<(&Key, &Count)> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_by_cached_key(|(key, count)| {
            (
                key.provider.is_none(),
                key.provider.clone(),
                key.provider_id,
                u64::MAX - count.events,
                (*key).clone(),
            )
        });
        rows
    }

    pub(super) fn json(&self, files: &[FileFacts]) -> String {
        let rows = self.sorted().into_iter().map(|(key, count)| Row {
            provider: key.provider.as_deref(),
            provider_id: key.provider_id.map(|guid| Guid(guid).bare().to_string()),
            event: key.event.as_deref(),
            kind: key.kind.name(),
            id: key.id,
            version: key.version,
            level: key.level,
            events: count.events,
            bytes: count.bytes,
            first: count.first.and_then(FileTime::to_rfc3339),
            last: count.last.and_then(FileTime::to_rfc3339),
        });
        let document = Document {
            files,
            events: self.events,
            events_in_no_row: self.events_in_no_row,
            rows: rows.collect(),
        };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
        text.push('\n');
        text
    }

    pub(super) fn text(&self, files: &[FileFacts]) -> String {
        let mut out = String::new();
        append(&file_table(files), "files", &mut out);
        let header = ["provider", "event", "id", "ver", "level", "kind", "events", "bytes"];
        let mut rows = table(header);
        for (key, count) in self.sorted() {
            let id = key.provider_id.map(|guid| Guid(guid).bare().to_string());
            let provider = key.provider.as_deref().map(one_line).or(id);
            rows.add_row([
                Cell::new(provider.as_deref().unwrap_or("-")),
                Cell::new(key.event.as_deref().map_or_else(|| "-".to_owned(), one_line)),
                number(key.id.into()),
                number(key.version.into()),
                Cell::new(key.level.map_or_else(|| "-".to_owned(), |level| level.to_string())),
                Cell::new(key.kind.name()),
                number(count.events),
                number(count.bytes),
            ]);
        }
        append(&rows, "events", &mut out);
        if self.events_in_no_row > 0 {
            let left = self.events_in_no_row;
            let _infallible =
                writeln!(out, "{left} events are in no row: there are more than {ROWS_MAX}");
        }
        out
    }
}

fn file_table(files: &[FileFacts]) -> comfy_table::Table {
    let header =
        ["file", "session", "start", "end", "buffers", "events lost", "buffers lost", "damage"];
    let mut rows = table(header);
    for file in files {
        let damage = file.damage.iter().map(|it| match it.skipped_bytes {
            0 => format!("{} x {}", it.count, it.kind),
            bytes => format!("{} x {}, {bytes} bytes", it.count, it.kind),
        });
        let damage: Vec<_> = damage.collect();
        rows.add_row([
            Cell::new(one_line(&file.file)),
            Cell::new(one_line(&file.session)),
            Cell::new(file.start.as_deref().unwrap_or("-")),
            Cell::new(file.end.as_deref().unwrap_or("never stopped")),
            number(file.buffers),
            number(file.events_lost.into()),
            number(file.buffers_lost.into()),
            Cell::new(if damage.is_empty() { "-".to_owned() } else { damage.join("\n") }),
        ]);
    }
    rows
}

fn append(rows: &comfy_table::Table, title: &str, out: &mut String) {
    // Writing to a string cannot fail.
    let _infallible = writeln!(out, "{title}\n{rows}\n");
}
