//! Slots for values that somebody outside names by number (S37).
//!
//! WFP keeps a number for each flow and hands it back in callbacks that may come late. The number is
//! a generation and an index, so a callback looks its flow up and gets a reference, or learns that
//! it is gone. Memory grows by chunks and is freed with the slab only.
//!
//! A slot's state is one word: generation, whether its value is `ALIVE`, whether it is
//! `LISTED`, and how many references there are. The value is dropped, and the slot is free for
//! the next generation, when all three are gone.

use crate::NtStatus;
use crate::lock::SpinLock;
use crate::pool::PoolSlice;
use core::cell::UnsafeCell;
use core::mem::MaybeUninit;
use core::num::NonZeroU64;
use core::ops::Deref;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

/// Slots of a chunk: one pool call for so many flows, and no more than so many unused.
const CHUNK: u32 = 32;

/// Free lists, each with a lock of its own: processors seldom wait for each other.
const SHARDS: usize = 8;

/// The value lives for the outside: it can be looked up.
const ALIVE: u64 = 1 << 31;
/// The value is on the slab's list.
const LISTED: u64 = 1 << 30;

/// End of a chain of slots.
const NONE: u32 = u32::MAX;

/// What names a value: never 0, never the same for two values of a slab's life, as generations of a
/// slot start over only after four billion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle(NonZeroU64);

impl Handle {
    /// The number that goes outside.
    #[must_use]
    pub const fn raw(self) -> u64 {
        self.0.get()
    }

    /// A number that came from outside.
    #[must_use]
    pub const fn from_raw(raw: u64) -> Option<Self> {
        match NonZeroU64::new(raw) {
            Some(raw) => Some(Self(raw)),
            None => None,
        }
    }

    const fn of(generation: u64, index: u32) -> Self {
        match NonZeroU64::new((generation << 32) | index as u64) {
            Some(raw) => Self(raw),
            // Cannot be: generations are never 0.
            None => Self(NonZeroU64::MIN),
        }
    }

    const fn index(self) -> u32 {
        (self.0.get() & 0xffff_ffff) as u32
    }

    const fn generation(self) -> u64 {
        self.0.get() >> 32
    }
}

#[derive(Debug)]
struct Slot<T> {
    /// Generation in the upper half, see the module.
    state: AtomicU64,
    /// Next on the free list, or on the list of [`Reference::list`].
    next: AtomicU32,
    /// Initialised while the state's lower half is not 0.
    value: UnsafeCell<MaybeUninit<T>>,
}

/// The slots.
#[derive(Debug)]
pub struct Slab<T> {
    /// First slots; null until they are needed, then slices of [`CHUNK`] that live as long as the
    /// slab.
    chunks: PoolSlice<AtomicPtr<Slot<T>>>,
    /// Chunks that were asked for.
    begun: AtomicU32,
    /// First free slot of each shard; slots return to the shard of their chunk.
    free: [SpinLock<u32>; SHARDS],
    /// First on the list.
    listed: AtomicU32,
}

// SAFETY: values are shared between processors by reference and dropped by whoever comes last.
unsafe impl<T: Send + Sync> Sync for Slab<T> {}
// SAFETY: the slab owns its values.
unsafe impl<T: Send + Sync> Send for Slab<T> {}

const fn chunk_of(index: u32) -> usize {
    (index / CHUNK) as usize
}

/// Places have 32 bits, so counts of them fit.
fn place(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl<T: Send + Sync> Slab<T> {
    /// A slab of at least `count` slots, of which none has memory yet.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(count: u32) -> Result<Self, NtStatus> {
        // A chunk more for each shard: a shard may have free slots that another lacks.
        let chunks = chunk_of(count).saturating_add(SHARDS).saturating_add(1);
        Ok(Self {
            chunks: PoolSlice::from_fn(chunks, |_| AtomicPtr::new(null_mut()))?,
            begun: AtomicU32::new(0),
            free: [const { SpinLock::new(NONE) }; SHARDS],
            listed: AtomicU32::new(NONE),
        })
    }

    fn slot(&self, index: u32) -> Option<&Slot<T>> {
        let chunk = self.chunks.get(chunk_of(index))?.load(Ordering::Acquire);
        let first = NonNull::new(chunk)?;
        // SAFETY: a chunk that is not null has CHUNK slots.
        let slot = unsafe { first.add((index % CHUNK) as usize) };
        // SAFETY: the slots live as long as the slab, and are shared only.
        Some(unsafe { slot.as_ref() })
    }

    fn shard(&self, number: u32) -> Option<&SpinLock<u32>> {
        self.free.get((number as usize) % SHARDS)
    }

    /// Puts a value into a slot: alive, and with the reference that is returned.
    ///
    /// Calls the pool once at most. `None` where it has nothing, or the slab is full.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn insert(&self, processor: u32, value: T) -> Option<Reference<'_, T>> {
        let index = self.take_free(processor).or_else(|| self.grow())?;
        let slot = self.slot(index)?;
        // SAFETY: the slot was free, so nobody else refers to its value.
        let place = unsafe { &mut *slot.value.get() };
        place.write(value);
        let generation = slot.state.load(Ordering::Relaxed) >> 32;
        slot.state.store((generation << 32) | ALIVE | 1, Ordering::Release);
        Some(Reference { slab: self, slot, index })
    }

    fn take_free(&self, processor: u32) -> Option<u32> {
        // Its own shard first, then the others.
        for offset in 0..SHARDS {
            let number = (processor as usize).wrapping_add(offset) % SHARDS;
            let mut first = self.free.get(number)?.lock();
            let index = *first;
            if index != NONE {
                *first = self.slot(index)?.next.load(Ordering::Relaxed);
                return Some(index);
            }
        }
        None
    }

    /// Makes a chunk, keeps its first slot and frees the others.
    ///
    /// Memory first, then a number for it: a machine that has no memory for a while must not run out
    /// of numbers.
    fn grow(&self) -> Option<u32> {
        let mut slots = PoolSlice::from_fn(CHUNK as usize, |_| Slot {
            state: AtomicU64::new(1 << 32),
            next: AtomicU32::new(NONE),
            value: UnsafeCell::new(MaybeUninit::uninit()),
        })
        .ok()?;
        let chunks = place(self.chunks.len());
        let more = |begun: u32| (begun < chunks).then(|| begun.saturating_add(1));
        let number = self.begun.try_update(Ordering::AcqRel, Ordering::Acquire, more).ok()?;
        let first = number.checked_mul(CHUNK)?;
        for (slot, index) in slots.iter_mut().zip(first..) {
            *slot.next.get_mut() = index.saturating_add(1);
        }
        self.chunks.get(number as usize)?.store(slots.into_raw().as_ptr(), Ordering::Release);
        let last = first.saturating_add(CHUNK).saturating_sub(1);
        let mut free = self.shard(number)?.lock();
        self.slot(last)?.next.store(*free, Ordering::Relaxed);
        *free = first.saturating_add(1);
        Some(first)
    }

    /// A reference to a value, if it is still alive.
    ///
    /// IRQL: any.
    #[must_use]
    pub fn get(&self, handle: Handle) -> Option<Reference<'_, T>> {
        self.reference(handle.index(), |state| {
            state & ALIVE != 0 && state >> 32 == handle.generation()
        })
    }

    /// A reference to the value at a place, if there is one that is alive.
    #[must_use]
    pub fn at(&self, index: u32) -> Option<Reference<'_, T>> {
        self.reference(index, |state| state & ALIVE != 0)
    }

    /// Places that ever had a value are below this.
    #[must_use]
    pub fn places(&self) -> u32 {
        let begun = self.begun.load(Ordering::Acquire);
        begun.min(place(self.chunks.len())).saturating_mul(CHUNK)
    }

    fn reference(&self, index: u32, wanted: impl Fn(u64) -> bool) -> Option<Reference<'_, T>> {
        let slot = self.slot(index)?;
        let add = |state| if wanted(state) { Some(state.saturating_add(1)) } else { None };
        let added = slot.state.try_update(Ordering::AcqRel, Ordering::Acquire, add);
        added.ok().map(|_| Reference { slab: self, slot, index })
    }

    /// Takes everything off the list.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn take_listed(&self) -> Listed<'_, T> {
        Listed { slab: self, next: self.listed.swap(NONE, Ordering::AcqRel) }
    }

    fn give_back(&self, index: u32, slot: &Slot<T>) {
        // SAFETY: the state says that nobody refers to the value, and that it is initialised.
        let value = unsafe { &mut *slot.value.get() };
        // SAFETY: initialised by `insert`, and not used after this.
        unsafe { value.assume_init_drop() };
        let generation = (slot.state.load(Ordering::Relaxed) >> 32).wrapping_add(1) & 0xffff_ffff;
        slot.state.store(generation.max(1) << 32, Ordering::Release);
        if let Some(shard) = self.shard(index / CHUNK) {
            let mut first = shard.lock();
            slot.next.store(*first, Ordering::Relaxed);
            *first = index;
        }
    }

    /// Takes bits or a reference away; whoever takes the last gives the slot back.
    fn take_away(&self, index: u32, slot: &Slot<T>, what: u64) {
        let before = slot.state.fetch_sub(what, Ordering::AcqRel);
        if before.wrapping_sub(what) & 0xffff_ffff == 0 {
            self.give_back(index, slot);
        }
    }
}

impl<T> Drop for Slab<T> {
    fn drop(&mut self) {
        for place in self.chunks.iter_mut() {
            let Some(first) = NonNull::new(*place.get_mut()) else { continue };
            // SAFETY: the slots came from a slice of CHUNK, and nobody refers to them.
            let slots = unsafe { PoolSlice::from_raw(first, CHUNK as usize) };
            for slot in slots.iter() {
                if slot.state.load(Ordering::Relaxed) & 0xffff_ffff != 0 {
                    // SAFETY: nobody refers to the value any more.
                    let value = unsafe { &mut *slot.value.get() };
                    // SAFETY: the state says that it is initialised.
                    unsafe { value.assume_init_drop() };
                }
            }
        }
    }
}

/// A reference to a value: it stays where it is as long as this lives.
#[derive(Debug)]
pub struct Reference<'a, T: Send + Sync> {
    slab: &'a Slab<T>,
    slot: &'a Slot<T>,
    index: u32,
}

impl<T: Send + Sync> Reference<'_, T> {
    /// The value's name.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle::of(self.slot.state.load(Ordering::Relaxed) >> 32, self.index)
    }

    /// The value is no longer alive: no look-up finds it, and it goes with its last reference.
    /// Returns whether this call did it.
    ///
    /// IRQL: any; of the drop of the last reference: ≤ `DISPATCH_LEVEL`.
    pub fn retire(&self) -> bool {
        // The reference that `self` is keeps the slot.
        self.slot.state.fetch_and(!ALIVE, Ordering::AcqRel) & ALIVE != 0
    }

    /// Puts the value on the list, which keeps it until it is taken off; once at a time.
    pub fn list(&self) {
        if self.slot.state.fetch_or(LISTED, Ordering::AcqRel) & LISTED != 0 {
            return;
        }
        let push = |first| {
            self.slot.next.store(first, Ordering::Relaxed);
            Some(self.index)
        };
        let _before = self.slab.listed.try_update(Ordering::AcqRel, Ordering::Acquire, push);
    }
}

impl<T: Send + Sync> Deref for Reference<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: a value with a reference is initialised, and nobody has it mutably.
        let value = unsafe { &*self.slot.value.get() };
        // SAFETY: as above.
        unsafe { value.assume_init_ref() }
    }
}

impl<T: Send + Sync> Drop for Reference<'_, T> {
    fn drop(&mut self) {
        self.slab.take_away(self.index, self.slot, 1);
    }
}

/// What was on the list, last put first.
#[derive(Debug)]
pub struct Listed<'a, T: Send + Sync> {
    slab: &'a Slab<T>,
    next: u32,
}

impl<'a, T: Send + Sync> Iterator for Listed<'a, T> {
    type Item = Reference<'a, T>;

    fn next(&mut self) -> Option<Reference<'a, T>> {
        let index = self.next;
        let reference = self.slab.reference(index, |state| state & LISTED != 0)?;
        self.next = reference.slot.next.load(Ordering::Acquire);
        self.slab.take_away(index, reference.slot, LISTED);
        Some(reference)
    }
}

impl<T: Send + Sync> Drop for Listed<'_, T> {
    fn drop(&mut self) {
        // What was not looked at is taken off all the same.
        while self.next().is_some() {}
    }
}
