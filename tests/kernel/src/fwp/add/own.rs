//! What an object of a driver that is installed must say of itself, so that an administrator finds
//! whose it is and it goes away with the driver.
//!
//! Looked at on machines with an image: what a test adds by hand may be as poor as the platform
//! accepts.
//!
//! Source: learn.microsoft.com/windows/win32/fwp/object-management and
//! learn.microsoft.com/windows/win32/fwp/best-practices (read 2026-11)

use crate::fwp::store::ZERO;
use crate::kernel::Kernel;
use core::ffi::c_void;
use weir_abi::identifiers::Guid;

/// An object that is being added.
pub(super) struct Added {
    /// Which kind, for who reads of it.
    pub(super) what: &'static str,
    pub(super) key: Guid,
    pub(super) provider: Option<Guid>,
    pub(super) flags: u32,
    pub(super) security: *const c_void,
}

/// `FWPM_*_FLAG_PERSISTENT` of all kinds, and `FWPM_FILTER_FLAG_BOOTTIME`.
const OUTLIVES: u32 = 0x1 | 0x2 | 0x1_0000;

/// Tells what an object lacks. `is_dynamic` is its session.
pub(super) fn check(kernel: &Kernel, added: &Added, is_dynamic: bool) {
    if kernel.image().is_none() {
        return;
    }
    let Added { what, key, provider, flags, security } = *added;
    let tell = |lack: &str| kernel.violation(format!("{what} {key} {lack}"));
    if key == ZERO {
        tell("has no key of its own, so nobody finds it again");
    }
    if what != "provider" && provider.is_none() {
        tell("names no provider");
    }
    if flags & OUTLIVES != 0 {
        tell("would outlive the driver: persistent or boot-time");
    }
    if !security.is_null() {
        tell("has a security descriptor, where the engine's default is meant");
    }
    if !is_dynamic {
        tell("is not of a dynamic session: it would outlive the driver");
    }
}
