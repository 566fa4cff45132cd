//! What imports fail with beside want of memory, as their documents have it.
//!
//! Source: the function's page below learn.microsoft.com/windows-hardware/drivers/ddi; for the
//! filtering platform learn.microsoft.com/windows/win32/fwp/wfp-error-codes (read 2026-11)

use weir_sim_kernel::faults::INSUFFICIENT_RESOURCES;
use weir_sim_kernel::fwp::status;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();
const ACCESS_DENIED: i32 = 0xC000_0022_u32.cast_signed();
pub(crate) const OBJECT_NAME_NOT_FOUND: i32 = 0xC000_0034_u32.cast_signed();
const OBJECT_NAME_COLLISION: i32 = 0xC000_0035_u32.cast_signed();
const BUFFER_OVERFLOW: i32 = 0x8000_0005_u32.cast_signed();
const DELETE_PENDING: i32 = 0xC000_0056_u32.cast_signed();

/// Every status that an import is failed with. For the stream copy a status is the number of bytes
/// that were copied before it ended.
pub(crate) fn all(import: &str) -> Vec<i32> {
    let others: &[i32] = match import {
        "FwpsFlowAssociateContext0" => &[
            status::OBJECT_NAME_EXISTS,
            status::INVALID_PARAMETER,
            status::NOT_FOUND,
            status::PENDING,
        ],
        "FwpsCalloutUnregisterById0" => &[status::DEVICE_BUSY, status::IN_USE],
        "FwpsCalloutRegister1" => &[status::ALREADY_EXISTS, status::INVALID_PARAMETER],
        "FwpsFlowAbort0" => &[status::NOT_FOUND, status::UNSUCCESSFUL],
        "FwpsFlowRemoveContext0" => &[status::INVALID_PARAMETER],
        "FwpsCopyStreamDataToBuffer0" => &[1, 39],
        "FwpmEngineOpen0" => &[status::RPC_SERVER_UNAVAILABLE, ACCESS_DENIED],
        "FwpmTransactionBegin0" | "FwpmTransactionCommit0" => {
            &[status::TIMEOUT, status::RPC_CONTEXT_MISMATCH]
        }
        "FwpmProviderAdd0" | "FwpmSubLayerAdd0" | "FwpmCalloutAdd0" | "FwpmFilterAdd0" => {
            &[status::ALREADY_EXISTS, status::TIMEOUT]
        }
        "FwpmFilterDeleteById0" => &[status::FILTER_NOT_FOUND, status::TIMEOUT],
        "FwpmBfeStateSubscribeChanges0" | "NmrRegisterProvider" => &[status::INVALID_PARAMETER],
        "KeExpandKernelStackAndCalloutEx" => &[NO_MEMORY],
        "EtwRegister" | "EtwWriteTransfer" => &[NO_MEMORY],
        "IoCreateDevice" => &[OBJECT_NAME_COLLISION],
        "ZwOpenKey" => &[OBJECT_NAME_NOT_FOUND, ACCESS_DENIED],
        "ZwQueryValueKey" => &[OBJECT_NAME_NOT_FOUND, BUFFER_OVERFLOW],
        "KeGetProcessorNumberFromIndex" => &[status::INVALID_PARAMETER],
        "NmrDeregisterProvider" => &[DELETE_PENDING],
        _ => &[],
    };
    [&[INSUFFICIENT_RESOURCES], others].concat()
}
