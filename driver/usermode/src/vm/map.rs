//! Maps: the state that outlives an invocation.
//!
//! Results follow ebpf-for-windows, libs/execution_context/ebpf_maps.c and
//! libs/runtime/ebpf_hash_table.c (commit 0be2d1c): helpers return the negative `ebpf_result_t`.

use super::arena::Arena;
use super::definition::Definition;
use super::error::LoadError;
use super::index::{Index, start};
use super::kind::{Condition, MapError, MapKind};

/// A map of a loaded program.
pub struct Map {
    definition: Definition,
    address: u64,
    /// Host bytes from one value to the next; in the VM they lie twice as far apart.
    stride: usize,
    values: Arena,
    /// `None` for arrays, whose key is the slot.
    index: Option<Index>,
}

impl Map {
    pub(super) fn new(definition: Definition, address: u64) -> Result<Self, LoadError> {
        let stride = stride(usize_of(definition.value_bytes));
        let bytes = start(definition.entries_max, stride);
        let values = Arena::zeroed(bytes)?;
        let evicts = definition.kind == MapKind::LruHash;
        let index = (!definition.kind.is_array())
            .then(|| Index::new(usize_of(definition.key_bytes), definition.entries_max, evicts));
        Ok(Self { definition, address, stride, values, index })
    }

    /// What kind of map it is.
    #[must_use]
    pub const fn kind(&self) -> MapKind {
        self.definition.kind
    }

    /// Its name in the object.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Bytes of a key.
    #[must_use]
    pub fn key_bytes(&self) -> usize {
        usize_of(self.definition.key_bytes)
    }

    /// Bytes of a value.
    #[must_use]
    pub fn value_bytes(&self) -> usize {
        usize_of(self.definition.value_bytes)
    }

    /// Most entries.
    #[must_use]
    pub fn entries_max(&self) -> usize {
        usize_of(self.definition.entries_max)
    }

    /// Entries now; an array always has all of them.
    #[must_use]
    pub fn len(&self) -> usize {
        self.index.as_ref().map_or_else(|| self.entries_max(), Index::len)
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value of a key.
    #[must_use]
    pub fn lookup(&self, key: &[u8]) -> Option<&[u8]> {
        self.slot(key).map(|slot| self.value(slot))
    }

    /// Creates or overwrites the entry of a key.
    ///
    /// # Errors
    /// If key or value have the wrong length, or the map is full.
    pub fn update(&mut self, key: &[u8], value: &[u8]) -> Result<(), MapError> {
        self.update_if(key, value, Condition::Any)
    }

    /// All entries, sorted by key (arrays by index, hash maps by the bytes of the key).
    #[must_use]
    pub fn entries(&self) -> Vec<(Vec<u8>, &[u8])> {
        match &self.index {
            Some(index) => {
                let sorted = index.sorted().into_iter();
                sorted.map(|(key, slot)| (key.to_vec(), self.value(slot))).collect()
            }
            None => (0..self.definition.entries_max)
                .map(|slot| (slot.to_le_bytes().to_vec(), self.value(slot)))
                .collect(),
        }
    }

    /// VM address of the value of a key, for the lookup helper.
    pub(super) fn address_of(&mut self, key: &[u8]) -> Option<u64> {
        let slot = self.slot(key)?;
        if let Some(index) = &mut self.index {
            index.touch(slot);
        }
        let piece = u64::try_from(start(slot, self.stride)).ok()?;
        let lead = u64::try_from(self.stride - self.value_bytes()).ok()?;
        Some(self.address + 2 * piece + lead)
    }

    pub(super) fn update_if(
        &mut self,
        key: &[u8],
        value: &[u8],
        option: Condition,
    ) -> Result<(), MapError> {
        if value.len() != self.value_bytes() || key.len() != self.key_bytes() {
            return Err(MapError::InvalidArgument);
        }
        let slot = match self.slot(key) {
            // `_update_entry_per_cpu` writes what it finds, whatever the option.
            Some(slot) if self.kind().is_per_processor() => slot,
            found => self.slot_to_write(key, found, option)?,
        };
        let start = self.place(slot);
        self.values.as_mut_slice()[start..start + value.len()].copy_from_slice(value);
        Ok(())
    }

    pub(super) fn delete(&mut self, key: &[u8]) -> Result<(), MapError> {
        if let Some(index) = &mut self.index {
            return index.remove(key).map(|_slot| ()).ok_or(MapError::KeyNotFound);
        }
        // An array's entry cannot go away: its value becomes zero.
        let slot = self.slot(key).ok_or(MapError::InvalidArgument)?;
        let (start, bytes) = (self.place(slot), self.value_bytes());
        self.values.as_mut_slice()[start..start + bytes].fill(0);
        Ok(())
    }

    pub(super) fn definition(&self) -> &Definition {
        &self.definition
    }

    pub(super) fn region(&self) -> solana_sbpf::memory_region::MemoryRegion {
        let gap_bytes = u64::try_from(self.stride).unwrap_or(u64::MAX);
        self.values.gapped_region(self.address, gap_bytes)
    }

    fn slot_to_write(
        &mut self,
        key: &[u8],
        found: Option<u32>,
        option: Condition,
    ) -> Result<u32, MapError> {
        let Some(index) = &mut self.index else {
            let is_refused = option == Condition::NoExist;
            return found.filter(|_| !is_refused).ok_or(MapError::InvalidArgument);
        };
        let slot = match (option, found) {
            (Condition::Unknown, _) => return Err(MapError::InvalidArgument),
            (Condition::NoExist, Some(_)) => return Err(MapError::AlreadyExists),
            (Condition::Exist, None) => return Err(MapError::KeyNotFound),
            (_, Some(slot)) => slot,
            (_, None) => return index.insert(key).ok_or(MapError::OutOfSpace),
        };
        index.touch(slot);
        Ok(slot)
    }

    fn slot(&self, key: &[u8]) -> Option<u32> {
        match &self.index {
            Some(index) => index.find(key),
            None => {
                let slot = key.try_into().ok().map(u32::from_le_bytes)?;
                (slot < self.definition.entries_max).then_some(slot)
            }
        }
    }

    /// Where a slot's value begins in host memory: it ends where its piece does.
    fn place(&self, slot: u32) -> usize {
        start(slot, self.stride) + self.stride - self.value_bytes()
    }

    fn value(&self, slot: u32) -> &[u8] {
        let start = self.place(slot);
        &self.values.as_slice()[start..start + self.value_bytes()]
    }
}

/// Bytes of the piece of memory that holds one value: a power of two, because the library's gaps
/// are, and at least 8 more than the value.
///
/// In the VM every piece is followed by as much that is not mapped, and the value ends where its
/// piece does, so an access that begins behind it faults, as the verifier would have refused it.
/// One that begins inside and reaches over the end gets host memory of the next piece's first
/// bytes: padding, never another value.
pub(super) const fn stride(value_bytes: usize) -> usize {
    (value_bytes + 8).next_power_of_two()
}

/// A `u32` as a length; exact on every host that can hold the map.
fn usize_of(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}
