//! Opening and closing the engine, beginning and ending transactions.
//!
//! Source: learn.microsoft.com/windows/win32/api/fwpmu/nf-fwpmu-fwpmengineopen0 and
//! nf-fwpmu-fwpmtransactionbegin0 (read 2026-11)

use super::objects::{SESSION_FLAG_DYNAMIC, Session};
use super::{Export, begin, enter_unlocked, status, status_of};
use crate::kernel::PASSIVE_LEVEL;
use crate::memory;
use core::ffi::c_void;

/// `RPC_C_AUTHN_WINNT` and `RPC_C_AUTHN_DEFAULT`, which the kernel may name.
const AUTHENTICATION: [u32; 2] = [10, u32::MAX];

extern "win64" fn engine_open(
    server: *const u16,
    authentication: u32,
    _identity: *const c_void,
    session: *const Session,
    handle: *mut u64,
) -> i32 {
    status_of(begin("FwpmEngineOpen0", PASSIVE_LEVEL).and_then(|kernel| {
        if !kernel.bfe.is_running() {
            return Err(status::RPC_SERVER_UNAVAILABLE);
        }
        if !server.is_null() || !AUTHENTICATION.contains(&authentication) {
            return Err(status::INVALID_PARAMETER);
        }
        let flags = memory::fetch(session).map_or(0, |session| session.flags);
        if flags & !SESSION_FLAG_DYNAMIC != 0 {
            return Err(status::INVALID_FLAGS);
        }
        if handle.is_null() {
            return Err(status::NULL_POINTER);
        }
        let is_dynamic = flags & SESSION_FLAG_DYNAMIC != 0;
        if !is_dynamic && kernel.image().is_some() {
            kernel.violation("a session that is not dynamic: its objects stay".to_owned());
        }
        memory::store(handle, kernel.fwp.engine.open(is_dynamic));
        Ok(())
    }))
}

extern "win64" fn engine_close(handle: u64) -> i32 {
    const NAME: &str = "FwpmEngineClose0";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    let _using = kernel.fwp.engine.using(kernel, handle);
    let closed = status_of(kernel.fwp.engine.close(kernel, handle));
    // A failure on demand is words only: the session is gone.
    kernel.faults.take(NAME).unwrap_or(closed)
}

const TXN_READ_ONLY: u32 = 1;

extern "win64" fn transaction_begin(handle: u64, flags: u32) -> i32 {
    status_of(begin("FwpmTransactionBegin0", PASSIVE_LEVEL).and_then(|kernel| {
        if flags & !TXN_READ_ONLY != 0 {
            return Err(status::INVALID_FLAGS);
        }
        let _using = kernel.fwp.engine.using(kernel, handle);
        kernel.fwp.engine.begin(kernel, handle, flags & TXN_READ_ONLY != 0)
    }))
}

extern "win64" fn transaction_commit(handle: u64) -> i32 {
    const NAME: &str = "FwpmTransactionCommit0";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    kernel.fwp.engine.try_commit(handle);
    status_of(kernel.faults.take(NAME).map_or(Ok(()), Err).and_then(|()| {
        let _using = kernel.fwp.engine.using(kernel, handle);
        let store = kernel.fwp.engine.end(kernel, handle)?;
        kernel.fwp.engine.commit(kernel, store)
    }))
}

extern "win64" fn transaction_abort(handle: u64) -> i32 {
    const NAME: &str = "FwpmTransactionAbort0";
    let kernel = enter_unlocked(NAME, PASSIVE_LEVEL);
    let _using = kernel.fwp.engine.using(kernel, handle);
    let ended = status_of(kernel.fwp.engine.end(kernel, handle).map(drop));
    // A failure on demand is words only: the transaction is gone.
    kernel.faults.take(NAME).unwrap_or(ended)
}

pub(super) fn imports() -> Vec<Export> {
    vec![
        export!("FwpmEngineOpen0", engine_open),
        export!("FwpmEngineClose0", engine_close),
        export!("FwpmTransactionBegin0", transaction_begin),
        export!("FwpmTransactionCommit0", transaction_commit),
        export!("FwpmTransactionAbort0", transaction_abort),
    ]
}
