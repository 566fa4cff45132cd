//! Memory functions that the compiler calls by itself, and the end of a panic.
//!
//! The loader binds the memory functions without the change of stacks that other imports get:
//! they need little, and are called often.

use crate::host;
use crate::kernel::{Import, current};

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("memcpy", copy as *const () as usize),
        import("memmove", copy as *const () as usize),
        import("memset", set as *const () as usize),
        import("memcmp", compare as *const () as usize),
        import("KeBugCheckEx", bug_check as *const () as usize),
    ]
}

/// Names that are bound without a change of stacks.
pub(crate) const DIRECT: [&str; 4] = ["memcpy", "memmove", "memset", "memcmp"];

unsafe extern "win64" fn copy(to: *mut u8, from: *const u8, bytes: usize) -> *mut u8 {
    // SAFETY: the caller passes what `memmove` asks for, and `memcpy` asks for more.
    unsafe { to.copy_from(from, bytes) };
    to
}

unsafe extern "win64" fn set(to: *mut u8, byte: i32, bytes: usize) -> *mut u8 {
    let [byte, ..] = byte.to_le_bytes();
    // SAFETY: the caller passes room for so many bytes.
    unsafe { to.write_bytes(byte, bytes) };
    to
}

unsafe extern "win64" fn compare(left: *const u8, right: *const u8, bytes: usize) -> i32 {
    // SAFETY: the caller passes so many bytes.
    let left = unsafe { core::slice::from_raw_parts(left, bytes) };
    // SAFETY: as above.
    let right = unsafe { core::slice::from_raw_parts(right, bytes) };
    match left.cmp(right) {
        core::cmp::Ordering::Less => -1,
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Greater => 1,
    }
}

/// Says where and ends the process. A panic of the debug image comes here with the name of its
/// file, the name's length, line and column.
unsafe extern "win64" fn bug_check(code: u32, p1: usize, p2: usize, p3: usize, p4: usize) -> ! {
    let is_file = current().image().is_some_and(|image| image.contains(p1) && p2 < 1024);
    if is_file {
        // SAFETY: the parameters name a text within the image, as a panic of the driver does.
        let file = unsafe {
            core::slice::from_raw_parts(core::ptr::with_exposed_provenance::<u8>(p1), p2)
        };
        let file = String::from_utf8_lossy(file);
        host::die(&format!("bug check {code:#x}: panic at {file}:{p3}:{p4}"));
    }
    host::die(&format!("bug check {code:#x} ({p1:#x}, {p2:#x}, {p3:#x}, {p4:#x})"));
}
