//! The management structures of the filtering platform on x64, as the driver fills them in.
//!
//! Run-time structures are in `layout`; what is done with these in `add`.
//!
//! Source: learn.microsoft.com/windows/win32/api/fwpmtypes and fwptypes (read 2026-11); offsets
//! were computed with clang for `x86_64-pc-windows-msvc`.

use super::layout::Value;
use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use weir_abi::identifiers::Guid;

/// `FWPM_DISPLAY_DATA0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct DisplayData {
    /// The name, which every object must have.
    pub name: *const u16,
    /// More about it, or null.
    pub description: *const u16,
}

/// `FWP_BYTE_BLOB`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// Bytes.
    pub size: u32,
    /// Where they are.
    pub data: *const u8,
}

/// `FWPM_SESSION0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Session {
    /// The session's key; zero lets the engine choose.
    pub key: Guid,
    /// The session's name, which may be null here.
    pub display: DisplayData,
    /// [`SESSION_FLAG_DYNAMIC`].
    pub flags: u32,
    /// How long a transaction waits for another.
    pub wait_timeout_ms: u32,
    /// `processId`, `sid`, `username`: the engine fills them in.
    pub filled_in: [u64; 3],
    /// Whether the session is the kernel's.
    pub kernel_mode: i32,
}

/// `FWPM_SESSION_FLAG_DYNAMIC`.
pub const SESSION_FLAG_DYNAMIC: u32 = 1;

/// `FWPM_PROVIDER0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Provider {
    /// The key.
    pub key: Guid,
    /// The name.
    pub display: DisplayData,
    /// Flags.
    pub flags: u32,
    /// Data of the owner.
    pub data: Blob,
    /// `serviceName`.
    pub service: *const u16,
}

/// `FWPM_SUBLAYER0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SubLayer {
    /// The key.
    pub key: Guid,
    /// The name.
    pub display: DisplayData,
    /// Flags.
    pub flags: u32,
    /// The provider, or null.
    pub provider: *const Guid,
    /// Data of the provider.
    pub data: Blob,
    /// Sublayers of more weight decide first.
    pub weight: u16,
}

/// `FWPM_CALLOUT0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Callout {
    /// The key.
    pub key: Guid,
    /// The name.
    pub display: DisplayData,
    /// Flags.
    pub flags: u32,
    /// The provider, or null.
    pub provider: *const Guid,
    /// Data of the provider.
    pub data: Blob,
    /// `applicableLayer`.
    pub layer: Guid,
    /// Filled in by the engine.
    pub id: u32,
}

/// `FWPM_FILTER_CONDITION0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// The field.
    pub field: Guid,
    /// `FWP_MATCH_TYPE`.
    pub matching: u32,
    /// What the field is compared with.
    pub value: Value,
}

/// `FWPM_FILTER0`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Filter {
    /// The key; zero lets the engine choose.
    pub key: Guid,
    /// The name.
    pub display: DisplayData,
    /// Flags.
    pub flags: u32,
    /// The provider, or null.
    pub provider: *const Guid,
    /// Data of the provider.
    pub data: Blob,
    /// The layer.
    pub layer: Guid,
    /// The sublayer; zero is the default one.
    pub sublayer: Guid,
    /// The weight.
    pub weight: Value,
    /// Conditions behind the pointer.
    pub condition_count: u32,
    /// The conditions, all of which must hold.
    pub conditions: *const Condition,
    /// `FWP_ACTION_TYPE`.
    pub action: u32,
    /// The callout that the action names.
    pub callout: Guid,
    /// `rawContext`, the first word of a union with a GUID.
    pub context: u64,
    /// The rest of that union.
    pub context_rest: u64,
    /// Reserved.
    pub reserved: *const c_void,
    /// Filled in by the engine.
    pub id: u64,
    /// Filled in by the engine.
    pub effective_weight: Value,
}

const _: () = {
    assert!(size_of::<Session>() == 72 && offset_of!(Session, flags) == 32);
    assert!(offset_of!(Session, kernel_mode) == 64);
    assert!(size_of::<Provider>() == 64 && offset_of!(Provider, service) == 56);
    assert!(size_of::<SubLayer>() == 72 && offset_of!(SubLayer, weight) == 64);
    assert!(size_of::<Callout>() == 88 && offset_of!(Callout, layer) == 64);
    assert!(size_of::<Condition>() == 40 && offset_of!(Condition, value) == 24);
    assert!(size_of::<Filter>() == 200 && offset_of!(Filter, layer) == 64);
    assert!(offset_of!(Filter, weight) == 96 && offset_of!(Filter, conditions) == 120);
    assert!(offset_of!(Filter, action) == 128 && offset_of!(Filter, callout) == 132);
    assert!(offset_of!(Filter, context) == 152 && offset_of!(Filter, reserved) == 168);
    assert!(offset_of!(Filter, id) == 176 && offset_of!(Filter, effective_weight) == 184);
};
