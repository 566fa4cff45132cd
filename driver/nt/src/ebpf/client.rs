//! An attached program: the core's client of the hook provider.

use super::context::ProgramContext;
use crate::ffi::ebpf::{EbpfExtensionProgramDispatchTable, ProgramInvokeFn};
use crate::ffi::nmr::NmrProviderDetachClientComplete;
use core::ffi::c_void;
use core::mem::offset_of;

/// `EBPF_FAILED`, of an invocation that the core let end without a result.
pub const RESULT_FAILED: u32 = 17;

/// An attached program. Whoever has it may invoke it: the core keeps what it points to until the
/// client is given to [`Client::detached`], which is why it cannot be copied.
#[derive(Debug)]
pub struct Client {
    invoke: ProgramInvokeFn,
    /// The core's own, passed back in every invocation.
    binding: *const c_void,
    /// The registrar's name for this attachment.
    handle: *mut c_void,
}

// SAFETY: the core lets any processor invoke, several at once.
unsafe impl Send for Client {}
// SAFETY: as above.
unsafe impl Sync for Client {}

impl Client {
    /// A client by its dispatch table; `None` where the table is not one that this driver knows.
    ///
    /// # Safety
    /// The pointers are those of the registrar's attach callback, which runs: the table, if there is
    /// one, is readable and of the type that the hook's interface says.
    pub(super) unsafe fn of(
        handle: *mut c_void,
        binding: *const c_void,
        dispatch: *const c_void,
    ) -> Option<Self> {
        let table = dispatch.cast::<EbpfExtensionProgramDispatchTable>();
        // SAFETY: the caller's promise.
        let table = unsafe { table.as_ref() }?;
        let is_known = table.version == 1 && table.count >= 1;
        let invoke = table.ebpf_program_invoke_function.filter(|_| is_known)?;
        Some(Self { invoke, binding, handle })
    }

    /// Invokes the program: its answer.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// The `ebpf_result_t`. The core sets the answer to 0 then, which would be ALLOW: hence the
    /// result is looked at first (S31).
    pub fn invoke(&self, context: &mut ProgramContext) -> Result<u32, u32> {
        let mut answer = u32::MAX;
        // From the whole: the core writes before the context, and a helper reads behind it.
        let whole = (&raw mut *context).cast::<c_void>();
        let program_context = whole.wrapping_byte_add(offset_of!(ProgramContext, context));
        // SAFETY: the core keeps the client until it is detached, which takes `self`; the context
        // has its header before it and lives during the call, on this processor alone.
        let result = unsafe { (self.invoke)(self.binding, program_context, &raw mut answer) };
        match result {
            0 => Ok(answer),
            failed => Err(u32::try_from(failed).unwrap_or(RESULT_FAILED)),
        }
    }

    /// The detach is complete: nobody will invoke it again, as nobody has it.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    pub fn detached(self) {
        // SAFETY: the detach callback returned pending for this handle, and this comes once.
        unsafe { NmrProviderDetachClientComplete(self.handle) };
    }
}
