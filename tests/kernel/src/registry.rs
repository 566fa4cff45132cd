//! Registry keys in memory, and the calls that read them.

use crate::calls::enter_import;
use crate::io::{REGISTRY_PATH, UnicodeString};
use crate::kernel::{Import, PASSIVE_LEVEL};
use crate::memory::{bytes_at, fetch, store};
use core::cell::{Cell, RefCell};
use core::ptr::with_exposed_provenance_mut;
use std::collections::BTreeMap;

const REG_SZ: u32 = 1;
const REG_DWORD: u32 = 4;

// Source of statuses: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const BUFFER_OVERFLOW: i32 = 0x8000_0005_u32.cast_signed();
const INVALID_HANDLE: i32 = 0xC000_0008_u32.cast_signed();
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();
const ACCESS_DENIED: i32 = 0xC000_0022_u32.cast_signed();
const BUFFER_TOO_SMALL: i32 = 0xC000_0023_u32.cast_signed();
const OBJECT_NAME_NOT_FOUND: i32 = 0xC000_0034_u32.cast_signed();

/// `KeyValuePartialInformation`, and the bytes of its structure before the data.
const PARTIAL_INFORMATION: i32 = 2;
const PARTIAL_HEAD_BYTES: usize = 12;

/// `OBJ_KERNEL_HANDLE`: user mode cannot use the handle.
const KERNEL_HANDLE: u32 = 0x200;

/// `KEY_QUERY_VALUE`, and the rights that change something: `KEY_SET_VALUE`, `KEY_CREATE_SUB_KEY`,
/// `DELETE`, `WRITE_DAC`, `WRITE_OWNER`, `GENERIC_WRITE`, `GENERIC_ALL`, `MAXIMUM_ALLOWED`.
///
/// Source: learn.microsoft.com/windows/win32/sysinfo/registry-key-security-and-access-rights (read
/// 2026-11)
const QUERY_VALUE: u32 = 0x1;
const CHANGES: u32 = 0x2 | 0x4 | 0x1_0000 | 0x4_0000 | 0x8_0000 | 0x5200_0000;

const HANDLE_FIRST: usize = 0xFFFF_FFFF_8000_0004;
const HANDLE_STEP: usize = 4;

/// The registry of a machine.
#[derive(Debug, Default)]
pub struct Registry {
    /// Keys by path, values by name, all in lower case.
    keys: RefCell<BTreeMap<String, BTreeMap<String, Value>>>,
    /// Open keys.
    handles: RefCell<BTreeMap<usize, Opened>>,
    opened: Cell<usize>,
}

/// An open key.
#[derive(Clone, Debug)]
struct Opened {
    path: String,
    can_query: bool,
}

#[derive(Clone, Debug)]
struct Value {
    kind: u32,
    data: Vec<u8>,
}

/// `OBJECT_ATTRIBUTES`.
///
/// Source: learn.microsoft.com/windows/win32/api/ntdef/ns-ntdef-_object_attributes (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct ObjectAttributes {
    length: u32,
    root: usize,
    name: *const UnicodeString,
    attributes: u32,
    security: usize,
    quality: usize,
}

impl Registry {
    /// Sets a number. A path without a leading `\` is below the driver's own key; an empty one is
    /// that key.
    pub fn set_dword(&self, path: &str, name: &str, value: u32) {
        self.set(path, name, REG_DWORD, value.to_le_bytes().to_vec());
    }

    /// Sets a text.
    pub fn set_string(&self, path: &str, name: &str, value: &str) {
        let data = value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        self.set(path, name, REG_SZ, data);
    }

    /// Sets a value of any type.
    pub fn set(&self, path: &str, name: &str, kind: u32, data: Vec<u8>) {
        let value = Value { kind, data };
        let mut keys = self.keys.borrow_mut();
        keys.entry(full(path)).or_default().insert(name.to_lowercase(), value);
    }

    /// Removes a value.
    pub fn remove(&self, path: &str, name: &str) {
        if let Some(values) = self.keys.borrow_mut().get_mut(&full(path)) {
            values.remove(&name.to_lowercase());
        }
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let open = self.handles.borrow().len();
        (open > 0).then(|| format!("{open} registry keys are open")).into_iter().collect()
    }

    /// The driver's own key is always there, and any that has a value below it.
    fn exists(&self, path: &str) -> bool {
        let below = format!("{path}\\");
        path == full("")
            || self.keys.borrow().keys().any(|key| key == path || key.starts_with(&below))
    }
}

fn full(path: &str) -> String {
    let path = match path {
        "" => REGISTRY_PATH.to_owned(),
        absolute if absolute.starts_with('\\') => absolute.to_owned(),
        relative => format!("{REGISTRY_PATH}\\{relative}"),
    };
    path.to_lowercase()
}

fn text(string: *const UnicodeString) -> Option<String> {
    let string = fetch(string)?;
    if string.length % 2 != 0 || string.length > string.maximum_length {
        return None;
    }
    let bytes = bytes_at(string.buffer.cast(), usize::from(string.length));
    let units: Vec<u16> =
        bytes.chunks_exact(2).map(|it| u16::from_le_bytes([it[0], it[1]])).collect();
    String::from_utf16(&units).ok()
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("ZwOpenKey", open_key as *const () as usize),
        import("ZwQueryValueKey", query_value as *const () as usize),
        import("ZwClose", close as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkey (read 2026-11)
extern "win64" fn open_key(
    handle: *mut usize,
    access: u32,
    attributes: *const ObjectAttributes,
) -> i32 {
    let kernel = enter_import("ZwOpenKey", PASSIVE_LEVEL);
    kernel.require_no_locks("ZwOpenKey");
    let attributes = fetch(attributes);
    let is_whole = |it: &ObjectAttributes| wide(it.length) == size_of::<ObjectAttributes>();
    let Some(attributes) = attributes.filter(is_whole).filter(|_| access != 0) else {
        kernel.violation("ZwOpenKey without access or attributes".to_owned());
        return INVALID_PARAMETER;
    };
    if attributes.attributes & KERNEL_HANDLE == 0 {
        kernel.violation("ZwOpenKey without OBJ_KERNEL_HANDLE".to_owned());
    }
    if access & CHANGES != 0 {
        kernel.violation(format!("ZwOpenKey for access {access:#x}: this driver only reads"));
    }
    let Some(name) = text(attributes.name) else {
        kernel.violation("ZwOpenKey with a name that is no text".to_owned());
        return INVALID_PARAMETER;
    };
    if let Some(status) = kernel.faults.take("ZwOpenKey") {
        return status;
    }
    let registry = &kernel.registry;
    let path = if attributes.root == 0 {
        name.to_lowercase()
    } else {
        let root = registry.handles.borrow().get(&attributes.root).map(|it| it.path.clone());
        let Some(root) = root else {
            kernel.violation("ZwOpenKey below a handle that is not open".to_owned());
            return INVALID_HANDLE;
        };
        format!("{root}\\{}", name.to_lowercase())
    };
    let path = path.trim_end_matches('\\').to_owned();
    if !registry.exists(&path) {
        return OBJECT_NAME_NOT_FOUND;
    }
    let number = HANDLE_FIRST + registry.opened.get() * HANDLE_STEP;
    registry.opened.set(registry.opened.get() + 1);
    let opened = Opened { path, can_query: access & QUERY_VALUE != 0 };
    registry.handles.borrow_mut().insert(number, opened);
    store(handle, number);
    0
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwqueryvaluekey and
/// ns-wdm-_key_value_partial_information (read 2026-11)
extern "win64" fn query_value(
    handle: usize,
    name: *const UnicodeString,
    class: i32,
    information: *mut u8,
    bytes: u32,
    result_bytes: *mut u32,
) -> i32 {
    let kernel = enter_import("ZwQueryValueKey", PASSIVE_LEVEL);
    kernel.require_no_locks("ZwQueryValueKey");
    let registry = &kernel.registry;
    let Some(Opened { path, can_query }) = registry.handles.borrow().get(&handle).cloned() else {
        kernel.violation(format!("ZwQueryValueKey with handle {handle:#x}, which is not open"));
        return INVALID_HANDLE;
    };
    if !can_query {
        kernel.violation("ZwQueryValueKey with a key that was not opened for it".to_owned());
        return ACCESS_DENIED;
    }
    // The structure begins with words; a test without a driver may pass bytes.
    if kernel.image().is_some() && !information.addr().is_multiple_of(align_of::<u32>()) {
        kernel.violation(format!("ZwQueryValueKey into {information:p}, which is not aligned"));
    }
    let Some(name) = text(name).filter(|_| class == PARTIAL_INFORMATION) else {
        kernel.violation(format!("ZwQueryValueKey with class {class} or a name that is no text"));
        return INVALID_PARAMETER;
    };
    if let Some(status) = kernel.faults.take("ZwQueryValueKey") {
        return status;
    }
    let keys = registry.keys.borrow();
    let value = keys.get(&path).and_then(|values| values.get(&name.to_lowercase()));
    let Some(value) = value else { return OBJECT_NAME_NOT_FOUND };
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let mut answer = Vec::new();
    for word in [0, value.kind, length(value.data.len())] {
        answer.extend(word.to_le_bytes());
    }
    answer.extend(&value.data);
    store(result_bytes, length(answer.len()));
    let room = wide(bytes);
    if room < PARTIAL_HEAD_BYTES {
        return BUFFER_TOO_SMALL;
    }
    let fits = answer.len().min(room);
    // SAFETY: the caller passes room for `bytes`.
    unsafe { information.copy_from(answer.as_ptr(), fits) };
    if fits < answer.len() { BUFFER_OVERFLOW } else { 0 }
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-ntclose (read 2026-11)
extern "win64" fn close(handle: usize) -> i32 {
    let kernel = enter_import("ZwClose", PASSIVE_LEVEL);
    if kernel.registry.handles.borrow_mut().remove(&handle).is_none() {
        let handle = with_exposed_provenance_mut::<u8>(handle);
        kernel.violation(format!("ZwClose of handle {handle:p}, which is not open"));
        return INVALID_HANDLE;
    }
    // A failure on demand is words only: the handle is gone.
    kernel.faults.take("ZwClose").unwrap_or(0)
}

fn wide(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
