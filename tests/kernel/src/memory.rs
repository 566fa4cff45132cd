//! What the driver points to.
//!
//! Like a real kernel, this one follows a pointer of the driver; a wrong one ends the process.

/// The value behind a pointer of the driver, unless it is null.
pub(crate) fn fetch<T: Copy>(from: *const T) -> Option<T> {
    if from.is_null() {
        return None;
    }
    // SAFETY: by the contract of the function that was called, this points to a `T`.
    Some(unsafe { from.read_unaligned() })
}

/// Writes where the driver wants a result, unless it wants none.
pub(crate) fn store<T>(to: *mut T, value: T) {
    if !to.is_null() {
        // SAFETY: by the contract of the function that was called, this is room for a `T`.
        unsafe { to.write_unaligned(value) };
    }
}

/// A copy of bytes of the driver.
pub(crate) fn bytes_at(from: *const u8, bytes: usize) -> Vec<u8> {
    if from.is_null() || bytes == 0 {
        return Vec::new();
    }
    // SAFETY: by the contract of the function that was called, so many bytes can be read.
    unsafe { core::slice::from_raw_parts(from, bytes) }.to_vec()
}
