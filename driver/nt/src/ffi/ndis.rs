//! How network data lies in memory, as far as the driver reads it: a list of lists of MDLs.
//!
//! All three are NDIS's or the protocol's; the driver reads them during a classify and makes none.
//! The functions of these structures (`NdisGetDataBuffer`, `MmMapLockedPagesSpecifyCache`) are not
//! used: what cannot be read in place is copied by the filtering engine.

use crate::layout::layouts;
use core::ffi::c_void;

/// `MDL`: pages of one buffer.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_mdl; fields in the order of
/// `Wdk_Foundation::MDL` in microsoft/windows-rs (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Mdl {
    pub(crate) next: *mut Self,
    pub(crate) size: i16,
    /// `MDL_…`.
    pub(crate) mdl_flags: i16,
    pub(crate) process: *mut c_void,
    /// Where the buffer begins in system space, if the flags say that it is mapped; `byte_offset`
    /// is in it already.
    pub(crate) mapped_system_va: *mut c_void,
    pub(crate) start_va: *mut c_void,
    pub(crate) byte_count: u32,
    pub(crate) byte_offset: u32,
}

/// `NET_BUFFER`, as far as it is read: never allocated.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/nbl/ns-nbl-net_buffer (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct NetBuffer {
    pub(crate) next: *mut Self,
    pub(crate) current_mdl: *mut Mdl,
    pub(crate) current_mdl_offset: u32,
    /// What follows is aligned as C's `SIZE_T` in the same union is.
    pub(crate) alignment: u32,
    pub(crate) data_length: u32,
    pub(crate) mdl_chain: *mut Mdl,
    pub(crate) data_offset: u32,
}

/// `NET_BUFFER_LIST`, as far as it is read: never allocated.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/nbl/ns-nbl-net_buffer_list (read
/// 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct NetBufferList {
    pub(crate) next: *mut Self,
    pub(crate) first_net_buffer: *mut NetBuffer,
}

layouts! {
    "MDL" = Mdl [48, 8] {
        "Next": next @ 0,
        "Size": size @ 8,
        "MdlFlags": mdl_flags @ 10,
        "Process": process @ 16,
        "MappedSystemVa": mapped_system_va @ 24,
        "StartVa": start_va @ 32,
        "ByteCount": byte_count @ 40,
        "ByteOffset": byte_offset @ 44,
    }
    "NET_BUFFER" = NetBuffer [48, 8] prefix {
        "Next": next @ 0,
        "CurrentMdl": current_mdl @ 8,
        "CurrentMdlOffset": current_mdl_offset @ 16,
        "DataLength": data_length @ 24,
        "MdlChain": mdl_chain @ 32,
        "DataOffset": data_offset @ 40,
    }
    "NET_BUFFER_LIST" = NetBufferList [16, 8] prefix {
        "Next": next @ 0,
        "FirstNetBuffer": first_net_buffer @ 8,
    }
}

/// `MDL_MAPPED_TO_SYSTEM_VA`: `mapped_system_va` is valid.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/using-mdls (read 2026-11); number:
/// reactos/reactos, sdk/include/xdk/mmtypes.h
pub(crate) const MDL_MAPPED_TO_SYSTEM_VA: i16 = 0x1;
/// `MDL_SOURCE_IS_NONPAGED_POOL`: so it is here.
pub(crate) const MDL_SOURCE_IS_NONPAGED_POOL: i16 = 0x4;
