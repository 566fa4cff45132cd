//! Contexts of flows at the stream layer.

use super::callouts::stream_callout;
use crate::NtStatus;
use crate::ffi::fwps::{FwpsFlowAbort0, FwpsFlowAssociateContext0, FwpsFlowRemoveContext0};
use crate::slab::Handle;

/// Gives a flow a context. From then on the stream callout runs for it, and its deletion is told,
/// both possibly before this returns.
///
/// IRQL: ≤ `DISPATCH_LEVEL`; no lock held.
///
/// # Errors
/// Every status but `STATUS_SUCCESS`: `STATUS_OBJECT_NAME_EXISTS` passes for success elsewhere, but
/// the context is not this one then (S08).
pub fn associate(flow_id: u64, is_v6: bool, context: Handle) -> Result<(), NtStatus> {
    let (layer, callout) = stream_callout(is_v6);
    // SAFETY: takes numbers only.
    let status = unsafe { FwpsFlowAssociateContext0(flow_id, layer, callout, context.raw()) };
    if status == NtStatus::SUCCESS { Ok(()) } else { Err(status) }
}

/// Takes a flow's context away; its deletion is told on this stack, or later, always later while a
/// stream callout of the flow runs.
///
/// IRQL: ≤ `DISPATCH_LEVEL`; no lock held; not inside the telling of a deletion.
pub fn remove(flow_id: u64, is_v6: bool) -> NtStatus {
    let (layer, callout) = stream_callout(is_v6);
    // SAFETY: takes numbers only.
    unsafe { FwpsFlowRemoveContext0(flow_id, layer, callout) }
}

/// Ends a connection.
///
/// IRQL: ≤ `DISPATCH_LEVEL`; no lock held, not inside a callout of the flow.
///
/// # Errors
/// What the engine says.
pub fn abort(flow_id: u64) -> Result<(), NtStatus> {
    // SAFETY: takes a number only.
    unsafe { FwpsFlowAbort0(flow_id) }.ok()
}
