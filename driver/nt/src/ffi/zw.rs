//! `Zw…`: system services as a driver calls them: the registry, read only.

use crate::NtStatus;
use crate::layout::layouts;
use crate::object::UnicodeString;
use core::ffi::c_void;

/// `HANDLE`.
///
/// Source: learn.microsoft.com/windows/win32/winprog/windows-data-types (read 2026-11)
pub(crate) type Handle = *mut c_void;

/// `OBJECT_ATTRIBUTES`: which object, and how it is opened.
///
/// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct ObjectAttributes {
    /// Bytes of this structure.
    pub(crate) length: u32,
    pub(crate) root_directory: Handle,
    pub(crate) object_name: *const UnicodeString,
    pub(crate) attributes: u32,
    pub(crate) security_descriptor: *mut c_void,
    pub(crate) security_quality_of_service: *mut c_void,
}

/// `KEY_VALUE_PARTIAL_INFORMATION` of a value of four bytes.
///
/// C declares one byte of data, for as many as there are; four fill the structure to the size that
/// C gives it.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_key_value_partial_information
/// (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct KeyValuePartialInformation {
    pub(crate) title_index: u32,
    /// `REG_…`.
    pub(crate) kind: u32,
    /// Bytes of the data.
    pub(crate) data_length: u32,
    pub(crate) data: [u8; 4],
}

layouts! {
    "OBJECT_ATTRIBUTES" = ObjectAttributes [48, 8] {
        "Length": length @ 0,
        "RootDirectory": root_directory @ 8,
        "ObjectName": object_name @ 16,
        "Attributes": attributes @ 24,
        "SecurityDescriptor": security_descriptor @ 32,
        "SecurityQualityOfService": security_quality_of_service @ 40,
    }
    "KEY_VALUE_PARTIAL_INFORMATION" = KeyValuePartialInformation [16, 4] {
        "TitleIndex": title_index @ 0,
        "Type": kind @ 4,
        "DataLength": data_length @ 8,
        "Data": data @ 12,
    }
}

// How an object is opened.
// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes (read 2026-11)

/// `OBJ_CASE_INSENSITIVE`.
pub(crate) const OBJ_CASE_INSENSITIVE: u32 = 0x40;
/// `OBJ_KERNEL_HANDLE`: user mode cannot use the handle.
pub(crate) const OBJ_KERNEL_HANDLE: u32 = 0x200;

/// `KEY_READ`: values and subkeys may be read.
///
/// Source: learn.microsoft.com/windows/win32/sysinfo/registry-key-security-and-access-rights (read
/// 2026-11)
pub(crate) const KEY_READ: u32 = 0x2_0019;

// Types of values.
// Source: learn.microsoft.com/windows/win32/sysinfo/registry-value-types (read 2026-11)

/// `REG_SZ`: UTF-16, with or without its terminating zero.
pub(crate) const REG_SZ: u32 = 1;
/// `REG_DWORD`: 32 bits, little-endian.
pub(crate) const REG_DWORD: u32 = 4;

/// `KeyValuePartialInformation` of `KEY_VALUE_INFORMATION_CLASS`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_key_value_information_class
/// (read 2026-11)
pub(crate) const KEY_VALUE_PARTIAL_INFORMATION_CLASS: i32 = 2;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Opens a registry key.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkey (read 2026-11)
    pub(crate) fn ZwOpenKey(
        key: *mut Handle,
        access: u32,
        attributes: *const ObjectAttributes,
    ) -> NtStatus;

    /// Reads a value of a key.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwqueryvaluekey (read
    /// 2026-11)
    pub(crate) fn ZwQueryValueKey(
        key: Handle,
        name: *const UnicodeString,
        class: i32,
        information: *mut c_void,
        bytes: u32,
        bytes_needed: *mut u32,
    ) -> NtStatus;

    /// Closes a handle.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwclose (read
    /// 2026-11)
    pub(crate) fn ZwClose(handle: Handle) -> NtStatus;
}
