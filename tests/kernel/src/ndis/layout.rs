//! What network data is made of on x64: lists of buffers of memory descriptors.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/nbl/ns-nbl-net_buffer_list,
//! ns-nbl-net_buffer and ddi/wdm/ns-wdm-_mdl (read 2026-11); offsets were computed with clang for
//! `x86_64-pc-windows-msvc`.

use core::mem::offset_of;

/// `NET_BUFFER_LIST`, as far as the stream layer looks.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct NetBufferList {
    pub(crate) next: *const Self,
    pub(crate) first: *const NetBuffer,
    pub(super) rest: [u8; 336],
}

/// `NET_BUFFER`, as far as the stream layer looks.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct NetBuffer {
    pub(crate) next: *const Self,
    pub(crate) current_mdl: *const Mdl,
    pub(crate) current_mdl_offset: u32,
    pub(super) gap: u32,
    pub(crate) length: u32,
    /// The other half of the union that `length` is in.
    pub(super) length_high: u32,
    pub(super) mdl_chain: *const Mdl,
    pub(super) data_offset: u32,
    pub(super) rest: [u8; 132],
}

/// `MDL`; the array of pages that follows it in Windows tells the simulated kernel here where the
/// bytes are, since a driver cannot know that of memory that is not mapped.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mdl {
    pub(crate) next: *const Self,
    pub(super) size: i16,
    pub(super) flags: u16,
    pub(super) process: u64,
    pub(super) mapped: *const u8,
    pub(super) start: *const u8,
    pub(crate) count: u32,
    pub(super) offset: u32,
    /// The first element of the array of pages.
    pub(crate) pages: *const u8,
}

const _: () = {
    assert!(offset_of!(NetBufferList, first) == 8);
    assert!(offset_of!(NetBuffer, current_mdl) == 8 && offset_of!(NetBuffer, mdl_chain) == 32);
    assert!(offset_of!(NetBuffer, length) == 24 && offset_of!(NetBuffer, data_offset) == 40);
    assert!(offset_of!(Mdl, flags) == 10 && offset_of!(Mdl, mapped) == 24);
    assert!(offset_of!(Mdl, count) == 40 && offset_of!(Mdl, pages) == 48);
};

/// `MDL_MAPPED_TO_SYSTEM_VA`.
pub(super) const MAPPED_TO_SYSTEM_VA: u16 = 1;
/// `MDL_SOURCE_IS_NONPAGED_POOL`.
pub(super) const SOURCE_IS_NONPAGED_POOL: u16 = 4;
