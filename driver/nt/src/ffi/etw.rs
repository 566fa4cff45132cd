//! `Etw…`: event tracing.

use crate::NtStatus;
use core::ffi::c_void;
use core::mem::{offset_of, size_of};
use weir_abi::identifiers::Guid;

/// `REGHANDLE`.
pub(crate) type RegistrationHandle = u64;

/// `EVENT_DESCRIPTOR`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_descriptor
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

const _: () = {
    assert!(size_of::<EventDescriptor>() == 16);
    assert!(offset_of!(EventDescriptor, version) == 2);
    assert!(offset_of!(EventDescriptor, channel) == 3);
    assert!(offset_of!(EventDescriptor, level) == 4);
    assert!(offset_of!(EventDescriptor, opcode) == 5);
    assert!(offset_of!(EventDescriptor, task) == 6);
    assert!(offset_of!(EventDescriptor, keyword) == 8);
};

/// `EVENT_DATA_DESCRIPTOR`: one piece of an event.
///
/// Source: learn.microsoft.com/windows/win32/api/evntprov/ns-evntprov-event_data_descriptor
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EventDataDescriptor {
    /// The address, as a number.
    pub(crate) pointer: u64,
    pub(crate) bytes: u32,
    /// The union's `Type`, in its lowest byte; the three others are reserved and zero.
    pub(crate) kind: u32,
}

const _: () = {
    assert!(size_of::<EventDataDescriptor>() == 16);
    assert!(offset_of!(EventDataDescriptor, bytes) == 8);
    assert!(offset_of!(EventDataDescriptor, kind) == 12);
};

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
    /// Registers a provider; `callback` may be null and is then never called.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-etwregister (read
    /// 2026-11)
    pub(crate) fn EtwRegister(
        provider: *const Guid,
        callback: *const c_void,
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
