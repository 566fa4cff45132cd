//! The program's address space: regions, and checked access for helpers.
#![expect(unsafe_code, reason = "the VM library maps host memory by raw pointer")]

use core::ptr;

use solana_sbpf::error::EbpfError;
use solana_sbpf::memory_region::{AccessType, HostBuffer, MemoryMapping, MemoryRegion};
use solana_sbpf::program::SBPFVersion;
use solana_sbpf::vm::Config;

use super::layout::{CONTEXT_START, FIRST_FREE_WINDOW, HANDLE_WINDOW, WINDOW_BYTES};
use super::layout::{DATA_START, DATA_WINDOW, STACK_START};

/// A pointer that a helper may not follow.
pub(super) const BAD_POINTER: &str = "a pointer does not lead to as many bytes of the program";

/// The mapping from VM addresses to host memory.
///
/// Every region but the segment's points into an arena of the state that owns this, and those
/// arenas live as long as it does. The segment is mapped only within a run.
pub(super) struct Memory {
    pub(super) mapping: MemoryMapping,
}

impl Memory {
    pub(super) fn new(mut regions: Vec<MemoryRegion>, config: &Config) -> Result<Self, EbpfError> {
        regions.push(MemoryRegion::new_empty(DATA_START));
        // SAFETY: the caller's regions point into arenas that outlive this mapping (see the
        // type), are initialised, and may hold any bytes.
        let mapping = unsafe { MemoryMapping::new(regions, config, SBPFVersion::V4) };
        mapping.map(|mapping| Self { mapping })
    }

    /// Maps the segment, read-only; `None` unmaps it.
    pub(super) fn set_data(&mut self, data: Option<&[u8]>) -> Result<(), EbpfError> {
        let region = match data {
            Some(data) => MemoryRegion::new(ptr::from_ref(data), DATA_START),
            None => MemoryRegion::new_empty(DATA_START),
        };
        // SAFETY: the run that maps a segment borrows it until it has unmapped it again, and
        // the mapping is dereferenced only within a run.
        unsafe { self.mapping.replace_region(usize::from(DATA_WINDOW), region) }
    }

    /// Copies the program's bytes at `address` into `out`.
    pub(super) fn read(&self, address: u64, out: &mut [u8]) -> Result<(), &'static str> {
        let from = self.pointer(AccessType::Load, address, out.len())?;
        // SAFETY: `from` leads to as many bytes of a mapped region; `out` is the host's own
        // memory, never mapped, so the two do not overlap.
        unsafe { ptr::copy_nonoverlapping(from, out.as_mut_ptr(), out.len()) };
        Ok(())
    }

    /// Checks that the program may access `bytes` bytes at `address`.
    pub(super) fn check(
        &self,
        access: AccessType,
        address: u64,
        bytes: usize,
    ) -> Result<(), &'static str> {
        self.pointer(access, address, bytes).map(|_pointer| ())
    }

    /// Copies within the program's memory; the ranges may overlap.
    pub(super) fn copy(&self, to: u64, from: u64, bytes: usize) -> Result<(), &'static str> {
        let from = self.pointer(AccessType::Load, from, bytes)?;
        let to = self.pointer(AccessType::Store, to, bytes)?.cast_mut();
        // SAFETY: both pointers lead to `bytes` bytes of mapped regions, `to` of a writable one,
        // and no reference to them exists.
        unsafe { ptr::copy(from, to, bytes) };
        Ok(())
    }

    /// Sets bytes of the program's memory.
    pub(super) fn fill(&self, to: u64, bytes: usize, value: u8) -> Result<(), &'static str> {
        let to = self.pointer(AccessType::Store, to, bytes)?.cast_mut();
        // SAFETY: `to` leads to `bytes` bytes of a writable region, to which no reference exists.
        unsafe { ptr::write_bytes(to, value, bytes) };
        Ok(())
    }

    /// Orders two ranges of the program's memory of the same length.
    pub(super) fn compare(
        &self,
        left: u64,
        right: u64,
        bytes: usize,
    ) -> Result<core::cmp::Ordering, &'static str> {
        let left = self.pointer(AccessType::Load, left, bytes)?;
        let right = self.pointer(AccessType::Load, right, bytes)?;
        // SAFETY: `left` leads to `bytes` bytes of a mapped region; nothing writes meanwhile.
        let left = unsafe { core::slice::from_raw_parts(left, bytes) };
        // SAFETY: the same holds for `right`.
        let right = unsafe { core::slice::from_raw_parts(right, bytes) };
        Ok(left.cmp(right))
    }

    /// Whether a range leaves the piece of a gapped region that its first byte lies in: the library
    /// looks only at the first byte.
    fn crosses_gap(&self, address: u64, bytes: u64) -> bool {
        let Some((_, region)) = self.mapping.find_region(address) else { return false };
        let offset = address.wrapping_sub(region.vm_addr_range().start);
        match offset.checked_rem(region.gap_size()) {
            Some(within) => within.saturating_add(bytes) > region.gap_size(),
            None => false,
        }
    }

    fn pointer(
        &self,
        access: AccessType,
        address: u64,
        bytes: usize,
    ) -> Result<*const u8, &'static str> {
        if bytes == 0 {
            return Ok(ptr::NonNull::dangling().as_ptr());
        }
        let length = u64::try_from(bytes).map_err(|_too_large| BAD_POINTER)?;
        if self.crosses_gap(address, length) {
            return Err(BAD_POINTER);
        }
        let buffer: Result<HostBuffer, EbpfError> =
            self.mapping.map(access, address, length).into();
        buffer.map(|buffer| buffer.ptr().cast::<u8>()).map_err(|_violation| BAD_POINTER)
    }
}

/// What lies in the window of an address.
pub(super) fn region_name(address: u64) -> &'static str {
    match address / WINDOW_BYTES {
        0 => "null",
        window if window == STACK_START / WINDOW_BYTES => "stack",
        window if window == CONTEXT_START / WINDOW_BYTES => "context",
        window if window == u64::from(DATA_WINDOW) => "segment data",
        FIRST_FREE_WINDOW..HANDLE_WINDOW => "map or global data, if anything",
        _ => "no memory",
    }
}

// SAFETY: the regions point into arenas of the state that owns this mapping, which move to another
// thread only together with it; the one handler it holds is the library's stateless default.
unsafe impl Send for Memory {}
