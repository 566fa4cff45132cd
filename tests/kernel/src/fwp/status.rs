//! Statuses that the filtering platform and its transport answer with.
//!
//! Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11); the kernel's
//! functions answer with `STATUS_FWP_*`, where user mode has `FWP_E_*`.

/// A constant of `ntstatus.h`, which writes them as unsigned numbers.
const fn status(value: u32) -> i32 {
    value.cast_signed()
}

/// `STATUS_SUCCESS`.
pub const SUCCESS: i32 = 0;
/// `STATUS_PENDING`.
pub const PENDING: i32 = 0x103;
/// `STATUS_OBJECT_NAME_EXISTS`, of the success class.
pub const OBJECT_NAME_EXISTS: i32 = 0x4000_0000;
/// `STATUS_DEVICE_BUSY`, of the warning class.
pub const DEVICE_BUSY: i32 = status(0x8000_0011);
/// `STATUS_UNSUCCESSFUL`.
pub const UNSUCCESSFUL: i32 = status(0xC000_0001);
/// `STATUS_INVALID_HANDLE`.
pub const INVALID_HANDLE: i32 = status(0xC000_0008);
/// `STATUS_INVALID_PARAMETER`.
pub const INVALID_PARAMETER: i32 = status(0xC000_000D);
/// `STATUS_NOT_FOUND`.
pub const NOT_FOUND: i32 = status(0xC000_0225);
/// `STATUS_NOINTERFACE`.
pub const NO_INTERFACE: i32 = status(0xC000_02B9);
/// `RPC_NT_SERVER_UNAVAILABLE`: the base filtering engine does not run.
pub const RPC_SERVER_UNAVAILABLE: i32 = status(0xC002_0017);
/// `RPC_NT_SS_CONTEXT_MISMATCH`: the handle is of a base filtering engine that runs no more.
pub const RPC_CONTEXT_MISMATCH: i32 = status(0xC003_0005);

/// `STATUS_FWP_CALLOUT_NOT_FOUND`.
pub const CALLOUT_NOT_FOUND: i32 = status(0xC022_0001);
/// `STATUS_FWP_CONDITION_NOT_FOUND`.
pub const CONDITION_NOT_FOUND: i32 = status(0xC022_0002);
/// `STATUS_FWP_FILTER_NOT_FOUND`.
pub const FILTER_NOT_FOUND: i32 = status(0xC022_0003);
/// `STATUS_FWP_LAYER_NOT_FOUND`.
pub const LAYER_NOT_FOUND: i32 = status(0xC022_0004);
/// `STATUS_FWP_PROVIDER_NOT_FOUND`.
pub const PROVIDER_NOT_FOUND: i32 = status(0xC022_0005);
/// `STATUS_FWP_SUBLAYER_NOT_FOUND`.
pub const SUBLAYER_NOT_FOUND: i32 = status(0xC022_0007);
/// `STATUS_FWP_ALREADY_EXISTS`.
pub const ALREADY_EXISTS: i32 = status(0xC022_0009);
/// `STATUS_FWP_IN_USE`.
pub const IN_USE: i32 = status(0xC022_000A);
/// `STATUS_FWP_WRONG_SESSION`.
pub const WRONG_SESSION: i32 = status(0xC022_000C);
/// `STATUS_FWP_NO_TXN_IN_PROGRESS`.
pub const NO_TXN_IN_PROGRESS: i32 = status(0xC022_000D);
/// `STATUS_FWP_TXN_IN_PROGRESS`.
pub const TXN_IN_PROGRESS: i32 = status(0xC022_000E);
/// `STATUS_FWP_TIMEOUT`: another session holds the transaction lock.
pub const TIMEOUT: i32 = status(0xC022_0012);
/// `STATUS_FWP_INCOMPATIBLE_LAYER`.
pub const INCOMPATIBLE_LAYER: i32 = status(0xC022_0014);
/// `STATUS_FWP_INCOMPATIBLE_TXN`: a change in a read-only transaction.
pub const INCOMPATIBLE_TXN: i32 = status(0xC022_0011);
/// `STATUS_FWP_NULL_POINTER`.
pub const NULL_POINTER: i32 = status(0xC022_001C);
/// `STATUS_FWP_INVALID_FLAGS`.
pub const INVALID_FLAGS: i32 = status(0xC022_001E);
/// `STATUS_FWP_NULL_DISPLAY_NAME`.
pub const NULL_DISPLAY_NAME: i32 = status(0xC022_0023);
/// `STATUS_FWP_INVALID_ACTION_TYPE`.
pub const INVALID_ACTION_TYPE: i32 = status(0xC022_0024);
/// `STATUS_FWP_TYPE_MISMATCH`.
pub const TYPE_MISMATCH: i32 = status(0xC022_0027);
/// `STATUS_FWP_CALLOUT_NOTIFICATION_FAILED`.
pub const CALLOUT_NOTIFICATION_FAILED: i32 = status(0xC022_0037);
