//! Texts and registry keys, as imports take them.

use weir_sim_kernel::io::UnicodeString;

/// `OBJECT_ATTRIBUTES`.
///
/// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes (read 2026-11)
#[repr(C)]
struct Attributes {
    length: u32,
    root: usize,
    name: *const UnicodeString,
    attributes: u32,
    security: usize,
    quality: usize,
}

/// Calls with a text.
pub(crate) fn with_text<R>(text: &str, call: impl FnOnce(&UnicodeString) -> R) -> R {
    let units: Vec<u16> = text.encode_utf16().collect();
    let length = u16::try_from(units.len() * 2).unwrap();
    call(&UnicodeString { length, maximum_length: length, buffer: units.as_ptr() })
}

/// Opens a key below another, or by its whole path: its handle, or the status.
pub(crate) fn open_key(
    root: usize,
    path: &str,
    access: u32,
    attributes: u32,
) -> Result<usize, i32> {
    let open = import!("ZwOpenKey", (*mut usize, u32, *const Attributes) -> i32);
    let mut handle = 0;
    let status = with_text(path, |name| {
        let attributes = Attributes { length: 48, root, name, attributes, security: 0, quality: 0 };
        open((&raw mut handle, access, &raw const attributes))
    });
    if status == 0 { Ok(handle) } else { Err(status) }
}
