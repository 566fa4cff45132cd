//! What Linux does for the machine: memory with protections, and words before an abort.
//!
//! Declared by hand, as the standard library links the C library anyway.

use core::ffi::{c_int, c_void};
use std::io::Write as _;

/// No access.
pub(crate) const PROT_NONE: c_int = 0;
/// Reading.
pub(crate) const PROT_READ: c_int = 1;
/// Writing.
pub(crate) const PROT_WRITE: c_int = 2;
/// Executing.
pub(crate) const PROT_EXEC: c_int = 4;
const MAP_PRIVATE: c_int = 0x02;
const MAP_ANONYMOUS: c_int = 0x20;
const MAP_NORESERVE: c_int = 0x4000;

// Source: man7.org/linux/man-pages/man2/mmap.2.html and mprotect.2.html, constants of x86-64,
// sched_setaffinity.2.html, man3/sched_getcpu.3.html (read 2026-11)
unsafe extern "C" {
    fn mmap(
        at: *mut c_void,
        bytes: usize,
        protection: c_int,
        flags: c_int,
        file: c_int,
        offset: i64,
    ) -> *mut c_void;
    fn munmap(at: *mut c_void, bytes: usize) -> c_int;
    fn mprotect(at: *mut c_void, bytes: usize, protection: c_int) -> c_int;
    fn sched_getcpu() -> c_int;
    fn sched_setaffinity(thread: c_int, bytes: usize, processors: *const u64) -> c_int;
}

/// Pages of this process, given back when dropped.
#[derive(Debug)]
pub(crate) struct Pages {
    /// What `mmap` gave, `bytes` long; nobody else unmaps it.
    base: *mut u8,
    bytes: usize,
}

impl Pages {
    /// New pages, all zero.
    pub(crate) fn new(bytes: usize, protection: c_int) -> Self {
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
        // SAFETY: new private memory at an address that the system chooses.
        let base = unsafe { mmap(core::ptr::null_mut(), bytes, protection, flags, -1, 0) };
        if base.addr() == usize::MAX {
            die("mmap failed: no memory");
        }
        Self { base: base.cast(), bytes }
    }

    pub(crate) const fn base(&self) -> *mut u8 {
        self.base
    }

    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Sets what may be done to a part, in whole pages.
    pub(crate) fn protect(&self, offset: usize, bytes: usize, protection: c_int) {
        assert!(
            offset.checked_add(bytes).is_some_and(|end| end <= self.bytes),
            "outside the pages"
        );
        let at = self.base.wrapping_add(offset);
        // SAFETY: the range lies within pages that belong to `self`.
        let result = unsafe { mprotect(at.cast(), bytes, protection) };
        assert_eq!(result, 0, "mprotect of {bytes} bytes");
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: the pages belong to `self`, and nothing refers to them after it.
        let _cannot_fail_for_whole_mappings = unsafe { munmap(self.base.cast(), self.bytes) };
    }
}

/// Binds this thread to the processor that it is on; whether that succeeded.
pub(crate) fn stay_on_this_processor() -> bool {
    // SAFETY: no arguments.
    let Ok(processor) = usize::try_from(unsafe { sched_getcpu() }) else { return false };
    let mut mask = [0_u64; 16];
    let Some(word) = mask.get_mut(processor / 64) else { return false };
    *word = 1 << (processor % 64);
    // SAFETY: the mask is as long as said; 0 is this thread.
    unsafe { sched_setaffinity(0, size_of_val(&mask), mask.as_ptr()) == 0 }
}

/// Says why and ends the process, where nothing can unwind.
pub(crate) fn die(why: &str) -> ! {
    // The message is all that can still be done.
    let _unwritable = writeln!(std::io::stderr(), "\nweir-sim-kernel: {why}");
    std::process::abort()
}
