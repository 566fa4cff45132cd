//! Deleting objects, each with the error that says what stands against it.
//!
//! Source: learn.microsoft.com/windows/win32/api/fwpmu/nf-fwpmu-fwpmfilterdeletebyid0 and its
//! siblings (read 2026-11)

use super::store::Store;
use super::{Export, begin, status, status_of};
use crate::kernel::PASSIVE_LEVEL;
use crate::memory;
use weir_abi::identifiers::Guid;

extern "win64" fn filter_delete(handle: u64, id: u64) -> i32 {
    status_of(begin("FwpmFilterDeleteById0", PASSIVE_LEVEL).and_then(|kernel| {
        let change = |store: &mut Store, _| store.remove_filter(id, handle);
        kernel.fwp.engine.change(kernel, handle, change)
    }))
}

extern "win64" fn callout_delete(handle: u64, key: *const Guid) -> i32 {
    delete("FwpmCalloutDeleteByKey0", handle, key, Store::remove_callout)
}

extern "win64" fn sublayer_delete(handle: u64, key: *const Guid) -> i32 {
    delete("FwpmSubLayerDeleteByKey0", handle, key, Store::remove_sublayer)
}

extern "win64" fn provider_delete(handle: u64, key: *const Guid) -> i32 {
    delete("FwpmProviderDeleteByKey0", handle, key, Store::remove_provider)
}

fn delete(
    name: &'static str,
    handle: u64,
    key: *const Guid,
    remove: fn(&mut Store, Guid, u64) -> Result<(), i32>,
) -> i32 {
    status_of(begin(name, PASSIVE_LEVEL).and_then(|kernel| {
        let key = memory::fetch(key).ok_or(status::NULL_POINTER)?;
        kernel.fwp.engine.change(kernel, handle, |store, _| remove(store, key, handle))
    }))
}

pub(super) fn imports() -> Vec<Export> {
    vec![
        export!("FwpmFilterDeleteById0", filter_delete),
        export!("FwpmCalloutDeleteByKey0", callout_delete),
        export!("FwpmSubLayerDeleteByKey0", sublayer_delete),
        export!("FwpmProviderDeleteByKey0", provider_delete),
    ]
}
