//! The buffers of one processor, one after the other, record by record.

use super::index::Place;
use crate::buffer::{HEADER_BYTES, HEADER_SIZE, UNUSED};
use crate::compression::{self, Format};
use crate::damage::{Damage, DamageKind, Damages};
use crate::record::Head;
use std::io::{self, Read, Seek, SeekFrom};

/// What reading a buffer needs beside it.
pub(super) struct Store<R> {
    pub(super) reader: R,
    /// Largest size of a decompressed buffer.
    pub(super) buffer_bytes_max: u32,
    pub(super) format: Option<Format>,
    /// Bytes of buffers that all streams may hold at once.
    pub(super) budget: u64,
    /// Bytes that they hold: what is allocated, not what is in use.
    pub(super) held: u64,
    /// Bytes that may still be decompressed.
    pub(super) expansion_left: u64,
    pub(super) damages: Damages,
    compressed: Vec<u8>,
}

impl<R> Store<R> {
    pub(super) const fn new(reader: R, damages: Damages) -> Self {
        Self {
            reader,
            buffer_bytes_max: 0,
            format: None,
            budget: 0,
            held: 0,
            expansion_left: 0,
            damages,
            compressed: Vec::new(),
        }
    }
}

/// Buffers of one processor in the order of their numbers.
pub(super) struct Stream {
    /// Places still to be read, the next one last.
    pub(super) places: Vec<Place>,
    pub(super) cpu: u16,
    /// Records of the current buffer.
    records: Vec<u8>,
    /// Where the current buffer begins in the file.
    buffer_at: u64,
    /// Where the current record begins.
    at: usize,
    head: Option<Head>,
    /// Time stamp of the last record that had one.
    stamp: i64,
}

impl Stream {
    pub(super) const fn new(cpu: u16, places: Vec<Place>) -> Self {
        Self { places, cpu, records: Vec::new(), buffer_at: 0, at: 0, head: None, stamp: i64::MIN }
    }

    /// Goes to the next record; its time stamp, or that of the last record which had one.
    ///
    /// `None` is the end of the stream.
    pub(super) fn advance<R: Read + Seek>(
        &mut self,
        store: &mut Store<R>,
    ) -> io::Result<Option<i64>> {
        if let Some(head) = self.head.take() {
            self.at = self.at.saturating_add(head.stride());
        }
        loop {
            match Head::parse(self.rest()) {
                Ok(Some(head)) => {
                    self.head = Some(head);
                    self.stamp = head.stamp.unwrap_or(self.stamp);
                    return Ok(Some(self.stamp));
                }
                // Behind the mark that ends a buffer there is nothing but more of it.
                Ok(None) if self.rest().iter().all(|byte| *byte == UNUSED) => {}
                Ok(None) => self.damage(store, DamageKind::Record, self.rest().len()),
                Err(_) => self.damage(store, DamageKind::Record, self.rest().len()),
            }
            let Some(place) = self.places.pop() else {
                self.release(store);
                return Ok(None);
            };
            self.load(&place, store)?;
        }
    }

    /// What was not read yet of the current buffer.
    fn rest(&self) -> &[u8] {
        self.records.get(self.at..).unwrap_or(&[])
    }

    /// The current record: its head, and the bytes it begins.
    pub(super) fn current(&self) -> Option<(&Head, &[u8])> {
        Some((self.head.as_ref()?, self.records.get(self.at..)?))
    }

    /// Says that something of the current buffer could not be read.
    pub(super) fn damage<R>(&self, store: &mut Store<R>, kind: DamageKind, skipped: usize) {
        store.damages.add(Damage {
            kind,
            buffer_at: self.buffer_at,
            within: u32::try_from(self.at + HEADER_BYTES).unwrap_or(u32::MAX),
            skipped_bytes: u64::try_from(skipped).unwrap_or(u64::MAX),
        });
    }

    /// Gives the memory back.
    fn release<R>(&mut self, store: &mut Store<R>) {
        store.held -= bytes_of(&self.records);
        self.records = Vec::new();
        self.at = 0;
    }

    fn load<R: Read + Seek>(&mut self, place: &Place, store: &mut Store<R>) -> io::Result<()> {
        store.held -= bytes_of(&self.records);
        self.records.clear();
        self.at = 0;
        self.buffer_at = place.at;
        let result = if place.header.is_compressed() {
            self.load_compressed(place, store)
        } else {
            self.load_plain(place, store)
        };
        store.held += bytes_of(&self.records);
        if result.is_err() {
            // What was there for the read to replace is nobody's records.
            self.records.clear();
        }
        result
    }

    /// Gives memory back that is too small or much too large for the next buffer, before other
    /// memory is asked for: what is held is never more than twice what the buffers take.
    fn make_room(&mut self, bytes: usize) {
        let held = self.records.capacity();
        if held < bytes || held / 2 > bytes {
            self.records = Vec::new();
        }
    }

    fn load_plain<R: Read + Seek>(
        &mut self,
        place: &Place,
        store: &mut Store<R>,
    ) -> io::Result<()> {
        // A buffer that the file cuts off says how full it was, not how much is left of it.
        let fill_max = place.header.stride.max(place.bytes);
        let fill = place.header.fill(fill_max);
        let fill = fill.filter(|_| !place.header.is_fill_doubtful(fill_max)).unwrap_or_else(|| {
            // The mark behind the last record will say.
            self.damage(store, DamageKind::Fill, 0);
            place.bytes
        });
        let bytes = fill.min(place.bytes).saturating_sub(HEADER_SIZE);
        self.make_room(bytes as usize);
        self.records.reserve_exact(bytes as usize);
        self.records.resize(bytes as usize, 0);
        read_at(&mut store.reader, place.at, &mut self.records)
    }

    fn load_compressed<R: Read + Seek>(
        &mut self,
        place: &Place,
        store: &mut Store<R>,
    ) -> io::Result<()> {
        let stored = place.bytes as usize - HEADER_BYTES;
        let Some(format) = store.format else {
            self.damage(store, DamageKind::CompressionFormat, stored);
            return Ok(());
        };
        let fill_max = store.buffer_bytes_max;
        let Some(fill) = place.header.fill(fill_max) else {
            self.damage(store, DamageKind::Fill, stored);
            return Ok(());
        };
        if place.header.is_fill_doubtful(fill_max) {
            self.damage(store, DamageKind::Fill, 0);
        }
        let bytes = fill - HEADER_SIZE;
        self.make_room(bytes as usize);
        let needed = bytes_of(&self.records).max(bytes.into());
        if store.held.saturating_add(needed) > store.budget {
            self.damage(store, DamageKind::Memory, stored);
            return Ok(());
        }
        let Some(left) = store.expansion_left.checked_sub(bytes.into()) else {
            self.damage(store, DamageKind::Expansion, stored);
            return Ok(());
        };
        store.expansion_left = left;
        let mut compressed = core::mem::take(&mut store.compressed);
        compressed.clear();
        compressed.reserve_exact(stored);
        compressed.resize(stored, 0);
        read_at(&mut store.reader, place.at, &mut compressed)?;
        let result =
            compression::decompress(format, &compressed, bytes as usize, &mut self.records);
        store.compressed = compressed;
        if result.is_err() {
            // What came out before the damage is read.
            let missing = (bytes as usize).saturating_sub(self.records.len());
            self.damage(store, DamageKind::Compression, missing);
        }
        Ok(())
    }
}

/// Bytes that they keep allocated.
fn bytes_of(records: &Vec<u8>) -> u64 {
    u64::try_from(records.capacity()).unwrap_or(u64::MAX)
}

/// Reads what follows the header of the buffer at `at`.
fn read_at(reader: &mut (impl Read + Seek), at: u64, records: &mut [u8]) -> io::Result<()> {
    reader.seek(SeekFrom::Start(at + HEADER_BYTES as u64))?;
    reader.read_exact(records)
}
