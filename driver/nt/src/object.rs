//! Structures that the I/O manager hands to a driver, as far as this driver looks into them.

use crate::layout::layouts;
use core::ffi::c_void;

/// A routine that the I/O manager calls before it unmaps the driver.
///
/// IRQL: `PASSIVE_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-driver_unload
pub type DriverUnload = unsafe extern "system" fn(driver: *mut DriverObject);

/// `UNICODE_STRING`: UTF-16 with its length, not terminated.
///
/// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_unicode_string
#[derive(Debug)]
#[repr(C)]
pub struct UnicodeString {
    /// Bytes of the text.
    pub length: u16,
    /// Bytes of the buffer.
    pub maximum_length: u16,
    /// The text.
    pub buffer: *mut u16,
}

/// Entries of [`DriverObject::major_function`]: `IRP_MJ_MAXIMUM_FUNCTION` + 1.
const MAJOR_FUNCTIONS: usize = 0x1b + 1;

/// `DRIVER_OBJECT`, 64-bit. The I/O manager allocates it; a driver never does.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_driver_object and the
/// field order of `Wdk_Foundation::DRIVER_OBJECT` in microsoft/windows-rs
#[derive(Debug)]
#[repr(C)]
pub struct DriverObject {
    kind: i16,
    size: i16,
    device_object: *mut c_void,
    flags: u32,
    driver_start: *mut c_void,
    driver_size: u32,
    driver_section: *mut c_void,
    driver_extension: *mut c_void,
    driver_name: UnicodeString,
    hardware_database: *mut UnicodeString,
    fast_io_dispatch: *mut c_void,
    driver_init: *mut c_void,
    driver_start_io: *mut c_void,
    /// Called before the driver is unmapped; a driver without one is never unloaded.
    pub driver_unload: Option<DriverUnload>,
    major_function: [*mut c_void; MAJOR_FUNCTIONS],
}

layouts! {
    "UNICODE_STRING" = UnicodeString [16, 8] {
        "Length": length @ 0,
        "MaximumLength": maximum_length @ 2,
        "Buffer": buffer @ 8,
    }
    "DRIVER_OBJECT" = DriverObject [336, 8] {
        "Type": kind @ 0,
        "Size": size @ 2,
        "DeviceObject": device_object @ 8,
        "Flags": flags @ 16,
        "DriverStart": driver_start @ 24,
        "DriverSize": driver_size @ 32,
        "DriverSection": driver_section @ 40,
        "DriverExtension": driver_extension @ 48,
        "DriverName": driver_name @ 56,
        "HardwareDatabase": hardware_database @ 72,
        "FastIoDispatch": fast_io_dispatch @ 80,
        "DriverInit": driver_init @ 88,
        "DriverStartIo": driver_start_io @ 96,
        "DriverUnload": driver_unload @ 104,
        "MajorFunction": major_function @ 112,
    }
}
