//! Host memory that a program may also write: zeroed, fixed in place, shared by raw pointer.
//!
//! The memory mapping keeps pointers into arenas while helpers and callers look at the same
//! bytes, so an arena never hands its memory to a `Box` or `Vec`, whose uniqueness would be a lie.
#![expect(unsafe_code, reason = "memory shared between the host and the VM's mapping")]

use core::alloc::Layout;
use core::ptr::{self, NonNull};
use std::alloc::{alloc_zeroed, dealloc};

use solana_sbpf::memory_region::MemoryRegion;

use super::error::LoadError;

/// Zeroed bytes at a fixed address. Large arenas cost host memory only where they are touched.
pub(super) struct Arena {
    /// Start of an allocation made with `layout`.
    base: NonNull<u8>,
    /// Never of size zero.
    layout: Layout,
    /// Bytes in use; at most the layout's.
    bytes: usize,
}

impl Arena {
    pub(super) fn zeroed(bytes: usize) -> Result<Self, LoadError> {
        let refused = LoadError::Memory { bytes };
        let Ok(layout) = Layout::from_size_align(bytes.max(1), 16) else {
            return Err(refused);
        };
        // SAFETY: `layout` has a size of at least 1.
        let base = unsafe { alloc_zeroed(layout) };
        NonNull::new(base).map(|base| Self { base, layout, bytes }).ok_or(refused)
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        // SAFETY: `bytes` bytes from `base` are allocated and initialised, and writes come only
        // through `&mut self` or from a run, which borrows the owner of the arena mutably.
        unsafe { core::slice::from_raw_parts(self.base.as_ptr(), self.bytes) }
    }

    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        // SAFETY: as for `as_slice`; `&mut self` rules out every other reference, and the
        // mapping dereferences its pointers only while a program runs.
        unsafe { core::slice::from_raw_parts_mut(self.base.as_ptr(), self.bytes) }
    }

    /// The arena as writable memory at `address`; it must outlive every mapping of it.
    pub(super) fn region(&self, address: u64) -> MemoryRegion {
        MemoryRegion::new(self.pointer(), address)
    }

    /// The arena as read-only memory at `address`; it must outlive every mapping of it.
    pub(super) fn read_only_region(&self, address: u64) -> MemoryRegion {
        MemoryRegion::new(self.pointer().cast_const(), address)
    }

    /// The arena as alternating mapped and unmapped pieces of `gap_bytes` from `address`.
    pub(super) fn gapped_region(&self, address: u64, gap_bytes: u64) -> MemoryRegion {
        MemoryRegion::new_gapped(self.pointer(), address, gap_bytes)
    }

    fn pointer(&self) -> *mut [u8] {
        ptr::slice_from_raw_parts_mut(self.base.as_ptr(), self.bytes)
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        // SAFETY: `base` was allocated with `layout` and is freed once.
        unsafe { dealloc(self.base.as_ptr(), self.layout) };
    }
}

// SAFETY: an arena owns its allocation and has no tie to the thread that made it; `&Arena` only
// reads, and writes need `&mut` (see `as_slice`).
unsafe impl Send for Arena {}
