//! More kernel stack for one call (S39).

use crate::NtStatus;
use crate::ffi::ke::KeExpandKernelStackAndCalloutEx;
use core::ffi::c_void;

/// Bytes of stack that a walk over programs gets.
///
/// Source: microsoft/ebpf-for-windows, netebpfext (commit 2d20b264d uses the same for the same
/// purpose; read 2026-11)
pub const WALK_STACK_BYTES: usize = 16 * 1024;

struct Call<F, T> {
    run: Option<F>,
    result: Option<T>,
}

unsafe extern "system" fn trampoline<F: FnOnce() -> T, T>(parameter: *mut c_void) {
    // SAFETY: the parameter is the call of `with_stack`, which waits for this function.
    let call = unsafe { &mut *parameter.cast::<Call<F, T>>() };
    if let Some(run) = call.run.take() {
        call.result = Some(run());
    }
}

/// Runs code with at least [`WALK_STACK_BYTES`] of stack left.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
///
/// # Errors
/// What the kernel says; the code has not run then.
pub fn with_stack<T, F: FnOnce() -> T>(run: F) -> Result<T, NtStatus> {
    let mut call = Call { run: Some(run), result: None };
    // SAFETY: the function expects this very parameter, which lives until the call returns; without
    // waiting it may be called at DISPATCH_LEVEL.
    let status = unsafe {
        KeExpandKernelStackAndCalloutEx(
            trampoline::<F, T>,
            (&raw mut call).cast(),
            WALK_STACK_BYTES,
            0,
            core::ptr::null_mut(),
        )
    };
    status.ok()?;
    call.result.ok_or(NtStatus::UNSUCCESSFUL)
}
