//! Slots of a hash map: which key lives where.

use core::hash::BuildHasher as _;
use std::collections::BTreeMap;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Finds the slot of a key. A slot is a position in the map's values and keeps its number, and so
/// its address, while the entry lives; which number it gets depends only on the operations so far.
pub(super) struct Index {
    key_bytes: usize,
    entries_max: u32,
    hasher: DefaultHashBuilder,
    table: HashTable<u32>,
    /// Key of slot n at `n * key_bytes`.
    keys: Vec<u8>,
    /// Slots used before and free now, taken again from the end.
    free: Vec<u32>,
    /// First slot never used.
    unused: u32,
    recency: Option<Recency>,
}

/// Order of use, for maps that evict their least recently used entry.
#[derive(Default)]
struct Recency {
    clock: u64,
    /// Time of last use by slot, and the slots by time.
    used: Vec<u64>,
    order: BTreeMap<u64, u32>,
}

impl Index {
    pub(super) fn new(key_bytes: usize, entries_max: u32, evicts: bool) -> Self {
        Self {
            key_bytes,
            entries_max,
            hasher: DefaultHashBuilder::default(),
            table: HashTable::new(),
            keys: Vec::new(),
            free: Vec::new(),
            unused: 0,
            recency: evicts.then(Recency::default),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    pub(super) fn find(&self, key: &[u8]) -> Option<u32> {
        let hash = self.hasher.hash_one(key);
        self.table.find(hash, |&slot| self.key(slot) == key).copied()
    }

    /// Notes that the program used the entry.
    pub(super) fn touch(&mut self, slot: u32) {
        if let Some(recency) = &mut self.recency {
            recency.touch(slot);
        }
    }

    /// Gives a slot to a key that has none; `None` if the map is full and does not evict.
    pub(super) fn insert(&mut self, key: &[u8]) -> Option<u32> {
        if self.free.is_empty() && self.unused == self.entries_max {
            let oldest = self.recency.as_ref()?.order.values().next().copied()?;
            let key = self.key(oldest).to_vec();
            let _evicted = self.remove(&key);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.keys.resize(self.keys.len() + self.key_bytes, 0);
            self.unused += 1;
            self.unused - 1
        });
        let start = start(slot, self.key_bytes);
        self.keys[start..start + self.key_bytes].copy_from_slice(key);
        let Self { table, keys, hasher, key_bytes, .. } = self;
        table.insert_unique(hasher.hash_one(key), slot, |&other| {
            hasher.hash_one(key_in(keys, other, *key_bytes))
        });
        self.touch(slot);
        Some(slot)
    }

    /// Takes the slot of a key back.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<u32> {
        let Self { table, keys, hasher, key_bytes, .. } = self;
        let same = |&slot: &u32| key_in(keys, slot, *key_bytes) == key;
        let (slot, _) = table.find_entry(hasher.hash_one(key), same).ok()?.remove();
        self.free.push(slot);
        if let Some(recency) = &mut self.recency {
            recency.forget(slot);
        }
        Some(slot)
    }

    /// Keys and slots, sorted by key.
    pub(super) fn sorted(&self) -> Vec<(&[u8], u32)> {
        let mut entries: Vec<_> = self.table.iter().map(|&slot| (self.key(slot), slot)).collect();
        entries.sort_unstable();
        entries
    }

    fn key(&self, slot: u32) -> &[u8] {
        key_in(&self.keys, slot, self.key_bytes)
    }
}

impl Recency {
    fn touch(&mut self, slot: u32) {
        self.forget(slot);
        self.clock += 1;
        let position = start(slot, 1);
        if self.used.len() <= position {
            self.used.resize(position + 1, 0);
        }
        self.used[position] = self.clock;
        self.order.insert(self.clock, slot);
    }

    fn forget(&mut self, slot: u32) {
        if let Some(time) = self.used.get(start(slot, 1)) {
            self.order.remove(time);
        }
    }
}

fn key_in(keys: &[u8], slot: u32, key_bytes: usize) -> &[u8] {
    let start = start(slot, key_bytes);
    &keys[start..start + key_bytes]
}

/// Position of a slot's part; the loader bounds a map to 1 GiB, so it fits.
pub(super) fn start(slot: u32, part_bytes: usize) -> usize {
    usize::try_from(slot).map_or(usize::MAX, |slot| slot * part_bytes)
}
