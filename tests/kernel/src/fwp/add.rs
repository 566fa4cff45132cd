//! Adding objects: what the base filtering engine checks of each.
//!
//! Source: learn.microsoft.com/windows/win32/api/fwpmu/nf-fwpmu-fwpmfilteradd0 and its siblings,
//! whose errors the kernel's functions share (read 2026-11)

mod own;

use super::layers::Layer;
use super::layout::{Value, action, kind};
use super::objects::{self, DisplayData};
use super::store::{Callout, Condition, Filter, Store, SubLayer, ZERO};
use super::{Export, begin, status, status_of};
use crate::fwp::text;
use crate::kernel::{Kernel, PASSIVE_LEVEL};
use crate::memory;
use core::ffi::c_void;
use own::Added;
use weir_abi::identifiers::Guid;

extern "win64" fn provider_add(
    handle: u64,
    provider: *const objects::Provider,
    security: *const c_void,
) -> i32 {
    status_of(begin("FwpmProviderAdd0", PASSIVE_LEVEL).and_then(|kernel| {
        let provider = memory::fetch(provider).ok_or(status::NULL_POINTER)?;
        let added = Added {
            what: "provider",
            key: provider.key,
            provider: None,
            flags: provider.flags,
            security,
        };
        own::check(kernel, &added, kernel.fwp.engine.is_dynamic(handle));
        check_display(provider.display)?;
        check_flags(provider.flags)?;
        kernel.fwp.engine.change(kernel, handle, |store, owner| {
            check_new(provider.key, store.providers.contains_key(&provider.key))?;
            store.providers.insert(provider.key, owner);
            Ok(())
        })
    }))
}

extern "win64" fn sublayer_add(
    handle: u64,
    sublayer: *const objects::SubLayer,
    security: *const c_void,
) -> i32 {
    status_of(begin("FwpmSubLayerAdd0", PASSIVE_LEVEL).and_then(|kernel| {
        let sublayer = memory::fetch(sublayer).ok_or(status::NULL_POINTER)?;
        let (provider, weight) = (memory::fetch(sublayer.provider), sublayer.weight);
        let added = Added {
            what: "sublayer",
            key: sublayer.key,
            provider,
            flags: sublayer.flags,
            security,
        };
        own::check(kernel, &added, kernel.fwp.engine.is_dynamic(handle));
        check_display(sublayer.display)?;
        check_flags(sublayer.flags)?;
        kernel.fwp.engine.change(kernel, handle, |store, owner| {
            check_new(sublayer.key, store.sublayers.contains_key(&sublayer.key))?;
            store.check_provider(provider)?;
            store.sublayers.insert(sublayer.key, SubLayer { owner, provider, weight });
            Ok(())
        })
    }))
}

extern "win64" fn callout_add(
    handle: u64,
    callout: *const objects::Callout,
    security: *const c_void,
    id: *mut u32,
) -> i32 {
    status_of(begin("FwpmCalloutAdd0", PASSIVE_LEVEL).and_then(|kernel| {
        let callout = memory::fetch(callout).ok_or(status::NULL_POINTER)?;
        let provider = memory::fetch(callout.provider);
        let added =
            Added { what: "callout", key: callout.key, provider, flags: callout.flags, security };
        own::check(kernel, &added, kernel.fwp.engine.is_dynamic(handle));
        check_display(callout.display)?;
        check_flags(callout.flags)?;
        let layer = Layer::of_key(callout.layer).ok_or(status::LAYER_NOT_FOUND)?;
        kernel.fwp.engine.change(kernel, handle, |store, owner| {
            check_new(callout.key, store.callouts.contains_key(&callout.key))?;
            store.check_provider(provider)?;
            store.callouts.insert(callout.key, Callout { owner, provider, layer });
            Ok(())
        })?;
        memory::store(id, kernel.fwp.callouts.id_of(callout.key));
        Ok(())
    }))
}

extern "win64" fn filter_add(
    handle: u64,
    filter: *const objects::Filter,
    security: *const c_void,
    id: *mut u64,
) -> i32 {
    status_of(begin("FwpmFilterAdd0", PASSIVE_LEVEL).and_then(|kernel| {
        let given = memory::fetch(filter).ok_or(status::NULL_POINTER)?;
        let provider = memory::fetch(given.provider);
        let added =
            Added { what: "filter", key: given.key, provider, flags: given.flags, security };
        own::check(kernel, &added, kernel.fwp.engine.is_dynamic(handle));
        let filter = read_filter(kernel, &given)?;
        if kernel.image().is_some() && filter.sublayer == ZERO {
            kernel.violation(format!("filter {} is in nobody's sublayer", filter.key));
        }
        let new = filter.id;
        kernel.fwp.engine.change(kernel, handle, |store, owner| {
            check_references(store, &filter)?;
            store.filters.insert(new, Filter { owner, ..filter });
            Ok(())
        })?;
        memory::store(id, new);
        Ok(())
    }))
}

/// What can be said of a filter without looking at other objects.
fn read_filter(kernel: &Kernel, given: &objects::Filter) -> Result<Filter, i32> {
    check_display(given.display)?;
    if given.flags & !FILTER_FLAGS != 0 {
        return Err(status::INVALID_FLAGS);
    }
    let layer = Layer::of_key(given.layer).ok_or(status::LAYER_NOT_FOUND)?;
    let callouts =
        [action::CALLOUT_TERMINATING, action::CALLOUT_INSPECTION, action::CALLOUT_UNKNOWN];
    let is_callout = callouts.contains(&given.action);
    if !is_callout && ![action::BLOCK, action::PERMIT].contains(&given.action) {
        return Err(status::INVALID_ACTION_TYPE);
    }
    let id = kernel.fwp.engine.fresh();
    let [a, b, c, d, e, f, g, h] = id.to_le_bytes();
    let chosen = Guid([a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 1]);
    Ok(Filter {
        owner: None,
        provider: memory::fetch(given.provider),
        id,
        key: if given.key == ZERO { chosen } else { given.key },
        layer,
        sublayer: given.sublayer,
        weight: weight(given.weight)?,
        flags: given.flags,
        conditions: conditions(layer, given)?,
        action: given.action,
        callout: if is_callout { given.callout } else { ZERO },
        context: given.context,
    })
}

/// `FWPM_FILTER_FLAG_*` that can be set by who adds a filter, without persistent and boot-time
/// ones, which a dynamic session cannot have and this driver has no use for.
const FILTER_FLAGS: u32 = 0x3c;

/// No flag of the other objects is of use here: persistence is the wrong thing for a driver that
/// cleans up after itself.
fn check_flags(flags: u32) -> Result<(), i32> {
    if flags == 0 { Ok(()) } else { Err(status::INVALID_FLAGS) }
}

fn check_display(display: DisplayData) -> Result<(), i32> {
    let name = text::wide_string(display.name);
    if name.is_some_and(|name| !name.is_empty()) { Ok(()) } else { Err(status::NULL_DISPLAY_NAME) }
}

fn check_new(key: Guid, exists: bool) -> Result<(), i32> {
    if key == ZERO {
        return Err(status::INVALID_PARAMETER);
    }
    if exists { Err(status::ALREADY_EXISTS) } else { Ok(()) }
}

fn check_references(store: &Store, filter: &Filter) -> Result<(), i32> {
    store.check_provider(filter.provider)?;
    if store.filters.values().any(|other| other.key == filter.key) {
        return Err(status::ALREADY_EXISTS);
    }
    if filter.sublayer != ZERO && !store.sublayers.contains_key(&filter.sublayer) {
        return Err(status::SUBLAYER_NOT_FOUND);
    }
    if filter.callout == ZERO {
        return Ok(());
    }
    match store.callouts.get(&filter.callout) {
        None => Err(status::CALLOUT_NOT_FOUND),
        Some(callout) if callout.layer != filter.layer => Err(status::INCOMPATIBLE_LAYER),
        Some(_) => Ok(()),
    }
}

/// A filter's weight: none, one of 16 ranges, or the number itself.
fn weight(given: Value) -> Result<u64, i32> {
    match (given.kind, given.data) {
        (kind::EMPTY, _) => Ok(0),
        (kind::UINT8, data) if data & 0xff <= 15 => Ok((data & 0xff) << 60),
        (kind::UINT64, data) => {
            let at = core::ptr::with_exposed_provenance(address(data));
            memory::fetch::<u64>(at).ok_or(status::NULL_POINTER)
        }
        _ => Err(status::TYPE_MISMATCH),
    }
}

/// The conditions, which must all be "equal to", of a field that the layer has, of its type.
fn conditions(layer: Layer, given: &objects::Filter) -> Result<Vec<Condition>, i32> {
    const MATCH_EQUAL: u32 = 0;
    let count = usize::try_from(given.condition_count).map_err(|_| status::INVALID_PARAMETER)?;
    let mut read = Vec::new();
    for place in 0..count {
        let at = given.conditions.wrapping_add(place);
        let condition = memory::fetch(at).ok_or(status::NULL_POINTER)?;
        let (index, kind) = layer.field(condition.field).ok_or(status::CONDITION_NOT_FOUND)?;
        if condition.value.kind != kind || condition.matching != MATCH_EQUAL {
            return Err(status::TYPE_MISMATCH);
        }
        read.push(Condition { index, kind, data: narrow(kind, condition.value.data) });
    }
    Ok(read)
}

/// The bytes of a union that its type says are used.
fn narrow(kind: u32, data: u64) -> u64 {
    match kind {
        kind::UINT8 => data & 0xff,
        kind::UINT16 => data & 0xffff,
        kind::UINT32 => data & 0xffff_ffff,
        _ => data,
    }
}

/// An address in a union of the driver.
fn address(data: u64) -> usize {
    usize::try_from(data).unwrap_or_default()
}

pub(super) fn imports() -> Vec<Export> {
    vec![
        export!("FwpmProviderAdd0", provider_add),
        export!("FwpmSubLayerAdd0", sublayer_add),
        export!("FwpmCalloutAdd0", callout_add),
        export!("FwpmFilterAdd0", filter_add),
    ]
}
