//! `Etw…`: event tracing.

use crate::NtStatus;
use crate::layout::layouts;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

/// `REGHANDLE`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwregister (read 2026-11)
pub(crate) type RegistrationHandle = u64;

/// `EVENT_DESCRIPTOR`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_descriptor (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EventDescriptor {
    pub(crate) id: u16,
    pub(crate) version: u8,
    pub(crate) channel: u8,
    pub(crate) level: u8,
    pub(crate) opcode: u8,
    pub(crate) task: u16,
    pub(crate) keyword: u64,
}

/// `EVENT_DATA_DESCRIPTOR`: one piece of an event.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_data_descriptor
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EventDataDescriptor {
    /// The address, as a number.
    pub(crate) pointer: u64,
    pub(crate) bytes: u32,
    /// The union's `Type`, in its lowest byte; the three others are reserved and zero.
    pub(crate) kind: u32,
}

/// `EVENT_FILTER_DESCRIPTOR`: what a session asks of a provider beyond keywords and level.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_filter_descriptor (read
/// 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EventFilterDescriptor {
    /// The address, as a number.
    pub(crate) pointer: u64,
    pub(crate) bytes: u32,
    pub(crate) kind: u32,
}

layouts! {
    "EVENT_DESCRIPTOR" = EventDescriptor [16, 8] {
        "Id": id @ 0,
        "Version": version @ 2,
        "Channel": channel @ 3,
        "Level": level @ 4,
        "Opcode": opcode @ 5,
        "Task": task @ 6,
        "Keyword": keyword @ 8,
    }
    "EVENT_DATA_DESCRIPTOR" = EventDataDescriptor [16, 8] {
        "Ptr": pointer @ 0,
        "Size": bytes @ 8,
        "Type": kind @ 12,
    }
    "EVENT_FILTER_DESCRIPTOR" = EventFilterDescriptor [16, 8] {
        "Ptr": pointer @ 0,
        "Size": bytes @ 8,
        "Type": kind @ 12,
    }
}

/// `ETWENABLECALLBACK`: what sessions want has changed. `level` and `any` are what all of them
/// together want.
///
/// IRQL: `PASSIVE_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-etwenablecallback (read
/// 2026-11)
pub(crate) type EnableCallbackFn = unsafe extern "system" fn(
    source: *const Guid,
    control_code: u32,
    level: u8,
    any: u64,
    all: u64,
    filter: *const EventFilterDescriptor,
    context: *mut c_void,
);

// What a callback is told.
// Source: learn.microsoft.com/windows/win32/api/evntprov/nc-evntprov-penablecallback (read 2026-11)

/// `EVENT_CONTROL_CODE_DISABLE_PROVIDER`: nobody listens any more.
pub(crate) const CONTROL_CODE_DISABLE: u32 = 0;
/// `EVENT_CONTROL_CODE_ENABLE_PROVIDER`.
pub(crate) const CONTROL_CODE_ENABLE: u32 = 1;
/// `EVENT_CONTROL_CODE_CAPTURE_STATE`: a session wants to know how things stand.
pub(crate) const CONTROL_CODE_CAPTURE_STATE: u32 = 2;

// Pieces of an event, and what a provider can say of itself.
// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_data_descriptor and
// ne-evntprov-event_info_class (read 2026-11)

/// `EVENT_DATA_DESCRIPTOR_TYPE_NONE`: payload.
pub(crate) const DATA_PAYLOAD: u32 = 0;
/// `EVENT_DATA_DESCRIPTOR_TYPE_EVENT_METADATA`.
pub(crate) const DATA_EVENT_METADATA: u32 = 1;
/// `EVENT_DATA_DESCRIPTOR_TYPE_PROVIDER_METADATA`.
pub(crate) const DATA_PROVIDER_METADATA: u32 = 2;

/// `EventProviderSetTraits` of `EVENT_INFO_CLASS`.
pub(crate) const INFORMATION_TRAITS: u32 = 2;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Registers a provider; `callback` may be none, and may be called before this returns.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwregister (read
    /// 2026-11)
    pub(crate) fn EtwRegister(
        provider: *const Guid,
        callback: Option<EnableCallbackFn>,
        context: *mut c_void,
        handle: *mut RegistrationHandle,
    ) -> NtStatus;

    /// Ends a registration; waits for callbacks that run.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwunregister (read
    /// 2026-11)
    pub(crate) fn EtwUnregister(handle: RegistrationHandle) -> NtStatus;

    /// Tells ETW something of a provider, here its traits.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwsetinformation (read
    /// 2026-11)
    pub(crate) fn EtwSetInformation(
        handle: RegistrationHandle,
        class: u32,
        information: *const c_void,
        bytes: u32,
    ) -> NtStatus;

    /// Writes an event of at most 128 pieces; succeeds where nobody listens.
    ///
    /// IRQL: any; above `APC_LEVEL` all that is pointed to is resident.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwwritetransfer (read
    /// 2026-11)
    pub(crate) fn EtwWriteTransfer(
        handle: RegistrationHandle,
        descriptor: *const EventDescriptor,
        activity: *const Guid,
        related_activity: *const Guid,
        pieces: u32,
        data: *const EventDataDescriptor,
    ) -> NtStatus;
}
