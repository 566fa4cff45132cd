//! Non-paged pool: values, slices and shared values that free themselves.
//!
//! Nothing here is built on the stack first and moved: kernel stacks are small, so slices are
//! filled element by element where they lie.

use crate::NtStatus;
use crate::ffi::ex::{ExAllocatePool2, ExFreePoolWithTag, POOL_FLAG_NON_PAGED};
use core::mem::size_of;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering};

/// The tag of every allocation, "Weir" as a memory dump shows it.
const TAG: u32 = u32::from_le_bytes(*b"Weir");

/// Allocates zeroed memory, aligned to 16 bytes.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
fn allocate(bytes: usize) -> Result<NonNull<u8>, NtStatus> {
    // SAFETY: the flags are valid and the tag is not zero; a size of 0 is never asked for.
    let memory = unsafe { ExAllocatePool2(POOL_FLAG_NON_PAGED, bytes.max(1), TAG) };
    NonNull::new(memory.cast()).ok_or(NtStatus::INSUFFICIENT_RESOURCES)
}

/// # Safety
/// `memory` came from [`allocate`] and is not used again.
unsafe fn free(memory: NonNull<u8>) {
    // SAFETY: the caller's promise; the tag is that of the allocation.
    unsafe { ExFreePoolWithTag(memory.as_ptr().cast(), TAG) };
}

/// A value in the pool.
#[derive(Debug)]
pub struct PoolBox<T> {
    /// Owned: from [`allocate`], initialised.
    value: NonNull<T>,
}

// SAFETY: the box owns its value as a value on the stack would be owned.
unsafe impl<T: Send> Send for PoolBox<T> {}
// SAFETY: a shared box gives shared references only.
unsafe impl<T: Sync> Sync for PoolBox<T> {}

impl<T> PoolBox<T> {
    /// Moves a value into the pool.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(value: T) -> Result<Self, NtStatus> {
        const { assert!(align_of::<T>() <= 16) };
        let memory = allocate(size_of::<T>())?.cast::<T>();
        // SAFETY: the memory is large enough, aligned to 16 bytes and nobody else's.
        unsafe { memory.write(value) };
        Ok(Self { value: memory })
    }

    /// Gives the value up as a pointer; [`Self::from_raw`] takes it back.
    pub(crate) fn into_raw(self) -> NonNull<T> {
        let value = self.value;
        let _kept = core::mem::ManuallyDrop::new(self);
        value
    }

    /// # Safety
    /// `value` came from [`Self::into_raw`], and nobody refers to it any more.
    pub(crate) unsafe fn from_raw(value: NonNull<T>) -> Self {
        Self { value }
    }
}

impl<T> Deref for PoolBox<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: initialised by `new`, and borrowed as the box is.
        unsafe { self.value.as_ref() }
    }
}

impl<T> DerefMut for PoolBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: initialised by `new`, and borrowed mutably as the box is.
        unsafe { self.value.as_mut() }
    }
}

impl<T> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: the value is initialised and is not used after this.
        unsafe { self.value.drop_in_place() };
        // SAFETY: the memory came from `allocate`.
        unsafe { free(self.value.cast()) };
    }
}

/// A slice in the pool.
#[derive(Debug)]
pub struct PoolSlice<T> {
    /// Owned: from [`allocate`], `count` initialised values.
    first: NonNull<T>,
    count: usize,
}

// SAFETY: the slice owns its values.
unsafe impl<T: Send> Send for PoolSlice<T> {}
// SAFETY: a shared slice gives shared references only.
unsafe impl<T: Sync> Sync for PoolSlice<T> {}

impl<T> PoolSlice<T> {
    /// A slice of `count` values, made in their place.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn from_fn(count: usize, mut value: impl FnMut(usize) -> T) -> Result<Self, NtStatus> {
        let made = Self::try_from_fn(count, |index| Ok(value(index)));
        made.map_err(|_| NtStatus::INSUFFICIENT_RESOURCES)
    }

    /// Gives the slice up as a pointer to its first value; [`Self::from_raw`] takes it back.
    pub(crate) fn into_raw(self) -> NonNull<T> {
        let first = self.first;
        let _kept = core::mem::ManuallyDrop::new(self);
        first
    }

    /// # Safety
    /// `first` came from [`Self::into_raw`] of a slice of `count` values, and nobody refers to them
    /// any more.
    pub(crate) unsafe fn from_raw(first: NonNull<T>, count: usize) -> Self {
        Self { first, count }
    }

    /// A slice of `count` values each of which may fail to be made.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`, if `value` allows it.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what `value` says; what was made is dropped.
    pub fn try_from_fn(
        count: usize,
        mut value: impl FnMut(usize) -> Result<T, NtStatus>,
    ) -> Result<Self, NtStatus> {
        const { assert!(align_of::<T>() <= 16) };
        let bytes = count.checked_mul(size_of::<T>()).ok_or(NtStatus::INSUFFICIENT_RESOURCES)?;
        let mut slice = Self { first: allocate(bytes)?.cast(), count: 0 };
        for index in 0..count {
            let value = value(index)?;
            // SAFETY: `index` is below `count`, for which the memory was allocated.
            let place = unsafe { slice.first.add(index) };
            // SAFETY: the place lies in the allocation, is aligned and nobody else's.
            unsafe { place.write(value) };
            slice.count = index.saturating_add(1);
        }
        Ok(slice)
    }
}

impl<T> Deref for PoolSlice<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        // SAFETY: `count` values are initialised, and borrowed as the slice is.
        unsafe { core::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T> DerefMut for PoolSlice<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: `count` values are initialised, and borrowed mutably as the slice is.
        unsafe { core::slice::from_raw_parts_mut(self.first.as_ptr(), self.count) }
    }
}

impl<T> Drop for PoolSlice<T> {
    fn drop(&mut self) {
        let values: *mut [T] = &raw mut **self;
        // SAFETY: the values are initialised and not used after this.
        unsafe { values.drop_in_place() };
        // SAFETY: the memory came from `allocate`.
        unsafe { free(self.first.cast()) };
    }
}

#[derive(Debug)]
struct Counted<T> {
    holders: AtomicU32,
    value: T,
}

/// A value in the pool that several hold; the last one frees it.
#[derive(Debug)]
pub struct Shared<T> {
    /// Valid as long as one holder lives.
    counted: NonNull<Counted<T>>,
}

// SAFETY: holders share the value, and the last of them may be anywhere.
unsafe impl<T: Send + Sync> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// Moves a value into the pool, for one holder so far.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(value: T) -> Result<Self, NtStatus> {
        let counted = PoolBox::new(Counted { holders: AtomicU32::new(1), value })?;
        Ok(Self { counted: counted.into_raw() })
    }

    fn counted(&self) -> &Counted<T> {
        // SAFETY: this holder lives.
        unsafe { self.counted.as_ref() }
    }

    /// The value itself, if this is its only holder.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// This holder, where there are others.
    pub fn try_unwrap(self) -> Result<T, Self> {
        if self.counted().holders.load(Ordering::Acquire) != 1 {
            return Err(self);
        }
        let this = core::mem::ManuallyDrop::new(self);
        // SAFETY: this is the only holder and it is not used again; the memory came from a box.
        let boxed = unsafe { PoolBox::from_raw(this.counted) };
        let memory = boxed.into_raw();
        // SAFETY: the value is initialised, and this read moves it out: it is not dropped in place.
        let counted = unsafe { memory.read() };
        // SAFETY: the memory came from `allocate`, and the value has left it.
        unsafe { free(memory.cast()) };
        Ok(counted.value)
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        // Holders are attachments and snapshots: far below four billion.
        self.counted().holders.fetch_add(1, Ordering::Relaxed);
        Self { counted: self.counted }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.counted().value
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        if self.counted().holders.fetch_sub(1, Ordering::AcqRel) == 1 {
            // SAFETY: that was the last holder; the memory came from a box.
            drop(unsafe { PoolBox::from_raw(self.counted) });
        }
    }
}
