//! Clocks.

use crate::ffi::ke::KeQuerySystemTimePrecise;

/// The time since 1601 UTC in units of 100 ns.
///
/// IRQL: any.
#[must_use]
pub fn system_100ns() -> u64 {
    let mut time = 0;
    // SAFETY: the function writes one 64-bit number, and `time` is one.
    unsafe { KeQuerySystemTimePrecise(&raw mut time) };
    // The kernel's clock does not stand before 1601.
    time.unsigned_abs()
}
