//! Rundown protection: references that somebody can wait for, and refuse from then on.
//!
//! The 8 bytes hold twice the number of references, and 1 more once the rundown began; a driver
//! only knows that zero is the initial state.

use crate::calls::enter_import;
use crate::host;
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import};
use core::cell::Cell;

const ACTIVE: usize = 1;
const REFERENCE: usize = 2;

/// References of all rundown blocks together.
#[derive(Debug, Default)]
pub struct Rundown {
    held: Cell<i64>,
}

impl Rundown {
    /// References that were acquired and not released.
    #[must_use]
    pub const fn held(&self) -> i64 {
        self.held.get()
    }

    pub(crate) fn leftovers(&self) -> Vec<String> {
        let held = self.held.get();
        (held != 0).then(|| format!("{held} rundown references are held")).into_iter().collect()
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("ExAcquireRundownProtection", acquire as *const () as usize),
        import("ExReleaseRundownProtection", release as *const () as usize),
        import("ExWaitForRundownProtectionRelease", wait as *const () as usize),
    ]
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/
/// nf-wdm-exacquirerundownprotection (read 2026-11)
unsafe extern "win64" fn acquire(reference: *mut usize) -> u8 {
    let kernel = enter_import("ExAcquireRundownProtection", DISPATCH_LEVEL);
    // SAFETY: the caller passes a rundown block.
    let value = unsafe { reference.read() };
    if value & ACTIVE != 0 {
        return 0;
    }
    // SAFETY: as above.
    unsafe { reference.write(value + REFERENCE) };
    kernel.rundown.held.set(kernel.rundown.held.get() + 1);
    1
}

/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/
/// nf-wdm-exreleaserundownprotection (read 2026-11)
unsafe extern "win64" fn release(reference: *mut usize) {
    let kernel = enter_import("ExReleaseRundownProtection", DISPATCH_LEVEL);
    // SAFETY: the caller passes a rundown block.
    let value = unsafe { reference.read() };
    if value < REFERENCE {
        return kernel.violation("ExReleaseRundownProtection without a reference".to_owned());
    }
    // SAFETY: as above.
    unsafe { reference.write(value - REFERENCE) };
    kernel.rundown.held.set(kernel.rundown.held.get() - 1);
}

/// Waits while other work runs; where none is left that could release the rest, it would wait for
/// ever, and the process ends: there is nothing to return to.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/
/// nf-wdm-exwaitforrundownprotectionrelease (read 2026-11)
unsafe extern "win64" fn wait(reference: *mut usize) {
    const NAME: &str = "ExWaitForRundownProtectionRelease";
    let kernel = enter_import(NAME, APC_LEVEL);
    kernel.require_no_locks(NAME);
    // SAFETY: the caller passes a rundown block; read anew each time, as others release it.
    let value = || unsafe { reference.read_volatile() };
    // SAFETY: as above.
    unsafe { reference.write_volatile(value() | ACTIVE) };
    if !kernel.wait_for(NAME, || value() < REFERENCE) {
        host::die(&format!("{NAME} waits for ever: {} references are left", value() / REFERENCE));
    }
}
