//! `Io…`: the I/O manager: the device, work items.
//!
//! `DEVICE_OBJECT` and `IO_WORKITEM` are the I/O manager's own, hence addresses only.

use crate::NtStatus;
use crate::object::{DriverObject, UnicodeString};
use core::ffi::c_void;

/// `IO_WORKITEM_ROUTINE`: what a worker thread of the system calls.
///
/// IRQL: `PASSIVE_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-io_workitem_routine (read
/// 2026-11)
pub(crate) type IoWorkItemRoutine =
    unsafe extern "system" fn(device: *mut c_void, context: *mut c_void);

/// `FILE_DEVICE_NETWORK`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/specifying-device-types (read
/// 2026-11)
pub(crate) const FILE_DEVICE_NETWORK: u32 = 0x12;

/// `FILE_DEVICE_SECURE_OPEN`: the device's security applies to every open under its name.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/specifying-device-characteristics
/// (read 2026-11)
pub(crate) const FILE_DEVICE_SECURE_OPEN: u32 = 0x100;

/// `DelayedWorkQueue` of `WORK_QUEUE_TYPE`: the only one that drivers shall use.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_work_queue_type (read
/// 2026-11)
pub(crate) const DELAYED_WORK_QUEUE: i32 = 1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Makes a device; a null name makes one that user mode cannot open by name.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocreatedevice (read
    /// 2026-11)
    pub(crate) fn IoCreateDevice(
        driver: *mut DriverObject,
        extension_bytes: u32,
        name: *const UnicodeString,
        device_type: u32,
        characteristics: u32,
        exclusive: u8,
        device: *mut *mut c_void,
    ) -> NtStatus;

    /// Deletes a device that nobody refers to any more.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iodeletedevice (read
    /// 2026-11)
    pub(crate) fn IoDeleteDevice(device: *mut c_void);

    /// A work item, or null.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioallocateworkitem (read
    /// 2026-11)
    pub(crate) fn IoAllocateWorkItem(device: *mut c_void) -> *mut c_void;

    /// Frees a work item that is not queued; its own routine may do so.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofreeworkitem (read
    /// 2026-11)
    pub(crate) fn IoFreeWorkItem(item: *mut c_void);

    /// Has a worker thread call a routine once. The item must not be queued already; it may be
    /// queued again from its own routine. The device, and with it the driver, stays until the
    /// routine has returned.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioqueueworkitem (read
    /// 2026-11)
    pub(crate) fn IoQueueWorkItem(
        item: *mut c_void,
        routine: IoWorkItemRoutine,
        queue: i32,
        context: *mut c_void,
    );
}
