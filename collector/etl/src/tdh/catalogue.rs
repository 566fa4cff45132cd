//! Descriptions, collected from records and manifests and found by event.

use super::chunks::{self, Chunks, Taken};
use super::event_info::{EventInfo, Key};
use super::map_info::MapInfo;
use crate::fields::{MapKind, ValueMap};
use crate::{Body, Classic, Event, Guid, Record};
use std::collections::HashMap;
use std::sync::Arc;

/// Class of the classic events that describe others.
///
/// Source: microsoft/perfview src/TraceEvent/Parsers/SymbolTraceEventParser.cs `MetaDataTaskGuid`
/// (read 2026-11)
const CLASS: Guid = Guid([
    0xc1, 0xf6, 0xcc, 0xbb, 0xd1, 0x6c, 0xc4, 0x48, 0x80, 0xff, 0x83, 0x94, 0x82, 0xe3, 0x76, 0x71,
]);

/// Type of an event that describes an event.
const EVENT_INFO: u8 = 32;

/// Type of an event that is a map.
const MAP_INFO: u8 = 33;

/// Descriptions and maps kept of a file, each kind.
///
/// A merge describes the events that occur in a file, some hundreds; all providers of Windows
/// together have some 50,000 events, of which no session records a third.
/// At the bound, further ones are left out and counted in [`Catalogue::left_out`]; their events are
/// shown as those that nothing describes.
pub const DESCRIPTIONS_MAX: usize = 16_384;

/// Memory of all descriptions and maps of a file, about.
///
/// One takes 1 to 4 KiB. A file that has more was made to use up memory; at the bound the same
/// happens as at [`DESCRIPTIONS_MAX`].
pub const BYTES_MAX: usize = 64 << 20;

/// The descriptions that a file carries, found by event.
///
/// Records are learnt from with [`Catalogue::learn`], files beside the trace with
/// [`Catalogue::learn_manifest`]. Of several descriptions for the same event, the first counts.
#[derive(Debug, Default)]
pub struct Catalogue {
    pub(super) events: HashMap<Key, EventInfo>,
    pub(super) maps: HashMap<(Guid, String), Arc<ValueMap>>,
    /// Names of the providers of `events`.
    providers: HashMap<Guid, String>,
    chunks: Chunks,
    pub(super) bytes: usize,
    pub(super) left_out: u64,
    pub(super) unreadable: u64,
}

impl Catalogue {
    /// Keeps what a record describes; most describe nothing, and cost a comparison.
    pub fn learn(&mut self, record: &Record<'_>) {
        if let Body::Event(event) = record.body
            && chunks::is_chunk(&event)
        {
            match self.chunks.take(&event, record.process_id) {
                Taken::Whole(text) => self.learn_source(&event, &text),
                Taken::Part => {}
                Taken::Unreadable => self.unreadable += 1,
                Taken::LeftOut => self.left_out += 1,
            }
        }
        let Body::Classic(classic) = record.body else { return };
        if classic.class != CLASS {
            return;
        }
        match classic.class_type {
            EVENT_INFO => self.learn_event(classic.payload),
            MAP_INFO => self.learn_map(classic.payload),
            _ => {}
        }
    }

    /// The description of an event.
    #[must_use]
    pub fn event(&self, event: &Event<'_>) -> Option<&EventInfo> {
        self.events.get(&Key::Manifest(event.provider, event.id, event.version))
    }

    /// The description of a classic event, which merges seldom carry.
    #[must_use]
    pub fn classic(&self, classic: &Classic<'_>) -> Option<&EventInfo> {
        self.events.get(&Key::Classic(classic.class, classic.class_type, classic.version))
    }

    /// The name of a provider of which at least one event is described.
    #[must_use]
    pub fn provider(&self, id: Guid) -> Option<&str> {
        self.providers.get(&id).map(String::as_str)
    }

    /// Events described.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether no event is described.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Memory of descriptions and maps, about; no more than [`BYTES_MAX`] by much.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Descriptions and maps left out because there was no room.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Descriptions and maps that could not be read.
    #[must_use]
    pub fn unreadable(&self) -> u64 {
        self.unreadable
    }

    fn learn_event(&mut self, blob: &[u8]) {
        let Some(key) = Key::of(blob) else {
            self.unreadable += 1;
            return;
        };
        if self.events.contains_key(&key) {
            return;
        }
        if !self.has_room() {
            self.left_out += 1;
            return;
        }
        let Self { maps, bytes, .. } = self;
        let mut map = |provider, name| named_map(maps, bytes, provider, name);
        match EventInfo::parse(blob, &mut map) {
            Ok(info) => self.keep(key, info),
            Err(_) => self.unreadable += 1,
        }
    }

    /// Whether one more event may be kept.
    pub(super) fn has_room(&self) -> bool {
        self.events.len() < DESCRIPTIONS_MAX && self.bytes < BYTES_MAX
    }

    pub(super) fn keep(&mut self, key: Key, info: EventInfo) {
        self.bytes += event_bytes(&info);
        if let Some(name) = &info.provider {
            self.providers.entry(info.provider_id).or_insert_with(|| name.clone());
        }
        self.events.insert(key, info);
    }

    fn learn_map(&mut self, record: &[u8]) {
        match MapInfo::parse(record) {
            Ok(map) => self.keep_map(map.provider, map.name, map.kind, map.entries),
            Err(_) => self.unreadable += 1,
        }
    }

    pub(super) fn keep_map(
        &mut self,
        provider: Guid,
        name: String,
        kind: MapKind,
        entries: Vec<(u32, String)>,
    ) {
        if self.bytes >= BYTES_MAX {
            self.left_out += 1;
            return;
        }
        match named_map(&mut self.maps, &mut self.bytes, provider, name) {
            Some(map) if !map.is_filled() => {
                self.bytes += fill(&map, kind, entries);
            }
            Some(_) => {}
            None => self.left_out += 1,
        }
    }
}

/// The map of a provider's name, with or without its entries; `None` where there is no room.
pub(super) fn named_map(
    maps: &mut HashMap<(Guid, String), Arc<ValueMap>>,
    bytes: &mut usize,
    provider: Guid,
    name: String,
) -> Option<Arc<ValueMap>> {
    let key = (provider, name);
    if let Some(map) = maps.get(&key) {
        return Some(Arc::clone(map));
    }
    if maps.len() >= DESCRIPTIONS_MAX {
        return None;
    }
    *bytes += MAP_BYTES + key.1.len();
    Some(Arc::clone(maps.entry(key).or_default()))
}

/// Bytes of a map without entries.
const MAP_BYTES: usize = size_of::<((Guid, String), Arc<ValueMap>)>() + size_of::<ValueMap>();

/// Gives a map its entries; their bytes.
fn fill(map: &ValueMap, kind: MapKind, entries: Vec<(u32, String)>) -> usize {
    let entry = |(_, name): &(u32, String)| size_of::<(u32, String)>() + name.len();
    let bytes = entries.iter().map(entry).sum();
    map.fill(kind, entries);
    bytes
}

fn event_bytes(info: &EventInfo) -> usize {
    let names = [&info.provider, &info.level, &info.channel, &info.task, &info.opcode_name];
    let names = names.into_iter().chain([&info.message]).flatten().chain(&info.keywords);
    let names: usize = names.map(|name| size_of::<String>() + name.len()).sum();
    size_of::<(Key, EventInfo)>() + names + info.schema.memory_bytes()
}
