//! What the driver points to.
//!
//! Like a real kernel, this one follows a pointer of the driver; a wrong one ends the process. On a
//! machine whose pool is guarded it looks at the pointer first: memory that is freed, that ends
//! within what is read or written, or that is paged where nothing may be paged in, is told.

use crate::host;
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use crate::pool::Known;
use core::cell::Cell;

thread_local! {
    static WATCHED: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
}

/// Looks at pointers into the pool of this machine from now on.
pub(crate) fn watch(kernel: &'static Kernel) {
    WATCHED.set(Some(kernel));
}

/// Says what is wrong with `bytes` of the driver's that an import is about to touch.
fn look(at: usize, bytes: usize) {
    let Some(kernel) = WATCHED.get() else { return };
    match kernel.pool.known(at) {
        Known::Nothing => {}
        // There is nothing to return to: the caller believes that it has the memory.
        Known::Freed => host::die(&format!("an import was given {at:#x}, which is freed pool")),
        Known::Live { left, .. } if left < bytes => kernel
            .violation(format!("an import was given {bytes} bytes of which {left} are a block's")),
        Known::Live { is_paged: true, .. } if kernel.irql() >= DISPATCH_LEVEL => {
            kernel.violation("an import was given paged pool at DISPATCH_LEVEL".to_owned());
        }
        Known::Live { .. } => {}
    }
}

/// The value behind a pointer of the driver, unless it is null.
pub(crate) fn fetch<T: Copy>(from: *const T) -> Option<T> {
    if from.is_null() {
        return None;
    }
    look(from.addr(), size_of::<T>());
    // SAFETY: by the contract of the function that was called, this points to a `T`.
    Some(unsafe { from.read_unaligned() })
}

/// Writes where the driver wants a result, unless it wants none.
pub(crate) fn store<T>(to: *mut T, value: T) {
    if !to.is_null() {
        look(to.addr(), size_of::<T>());
        // SAFETY: by the contract of the function that was called, this is room for a `T`.
        unsafe { to.write_unaligned(value) };
    }
}

/// A copy of bytes of the driver.
pub(crate) fn bytes_at(from: *const u8, bytes: usize) -> Vec<u8> {
    if from.is_null() || bytes == 0 {
        return Vec::new();
    }
    look(from.addr(), bytes);
    // SAFETY: by the contract of the function that was called, so many bytes can be read.
    unsafe { core::slice::from_raw_parts(from, bytes) }.to_vec()
}
