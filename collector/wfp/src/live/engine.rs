//! A session with the filtering engine, and what is asked in it.
//!
//! What Windows hands out is given back when it is dropped.
//!
//! Source of the calls: learn.microsoft.com/windows/win32/api/fwpmu/ (per function:
//! `nf-fwpmu-` and its name in small letters; read 2026-11)

use super::numbers::{guid, key};
use crate::error::{Step, WfpError, code};
use crate::layer::Layer;
use crate::survey::{ActionKind, Call, Callout, Filter};
use core::ffi::c_void;
use core::ptr::null_mut;
use weir_abi::identifiers::{SUBLAYER, WFP_PROVIDER};
use windows::Win32::Foundation::HANDLE;
use windows::Win32::NetworkManagement::WindowsFilteringPlatform::{
    FWP_FILTER_ENUM_OVERLAPPING, FWPM_FILTER_ENUM_TEMPLATE0, FWPM_FILTER0, FwpmCalloutGetByKey0,
    FwpmEngineClose0, FwpmEngineOpen0, FwpmFilterCreateEnumHandle0, FwpmFilterDestroyEnumHandle0,
    FwpmFilterEnum0, FwpmFilterGetByKey0, FwpmFreeMemory0, FwpmProviderGetByKey0,
    FwpmSubLayerGetByKey0,
};
use windows::Win32::System::Rpc::RPC_C_AUTHN_WINNT;
use windows::core::{GUID, PCWSTR};

/// Filters that Windows is asked for at a time.
const PAGE: u32 = 256;

/// Pages that are read of one layer: 16,384 filters, for which nobody has a use at these layers. At
/// that the look fails, which `weir_wfp_survey_failures_total` counts.
const PAGES_MAX: usize = 64;

/// Every action, of which the callouts' are picked here: a mask for those alone wants a callout's
/// key with it.
///
/// Source: learn.microsoft.com/windows/win32/api/fwpmtypes/ns-fwpmtypes-fwpm_filter_enum_template0
/// (read 2026-11)
const ANY_ACTION: u32 = u32::MAX;

/// A session.
pub(super) struct Engine(HANDLE);

impl Engine {
    /// Opens one of default properties.
    pub(super) fn open() -> Result<Self, WfpError> {
        let mut handle = HANDLE::default();
        // SAFETY: no server, identity or session is named; `handle` has room.
        let answer = unsafe {
            FwpmEngineOpen0(PCWSTR::null(), RPC_C_AUTHN_WINNT, None, None, &raw mut handle)
        };
        done(Step::Open, answer)?;
        Ok(Self(handle))
    }

    /// Whether there is the driver's provider.
    pub(super) fn has_provider(&self) -> Result<bool, WfpError> {
        let found = find(Step::Provider, WFP_PROVIDER, |key, out| {
            // SAFETY: the session is open, the key outlives the call, `out` has room.
            unsafe { FwpmProviderGetByKey0(self.0, key, out) }
        });
        Ok(found?.is_some())
    }

    /// Whether there is the driver's sublayer.
    pub(super) fn has_sublayer(&self) -> Result<bool, WfpError> {
        let found = find(Step::Sublayer, SUBLAYER, |key, out| {
            // SAFETY: the session is open, the key outlives the call, `out` has room.
            unsafe { FwpmSubLayerGetByKey0(self.0, key, out) }
        });
        Ok(found?.is_some())
    }

    /// The driver's callout of a layer.
    pub(super) fn callout(&self, layer: &Layer) -> Result<Option<Callout>, WfpError> {
        let found = find(Step::Callout, layer.callout, |key, out| {
            // SAFETY: the session is open, the key outlives the call, `out` has room.
            unsafe { FwpmCalloutGetByKey0(self.0, key, out) }
        });
        Ok(found?.map(|memory| {
            // SAFETY: Windows answered with success and this pointer, which is freed after this.
            let it = unsafe { &*memory.0 };
            Callout { layer: key(it.applicableLayer), flags: it.flags }
        }))
    }

    /// The driver's filter of a layer.
    pub(super) fn filter(&self, layer: &Layer) -> Result<Option<Filter>, WfpError> {
        let found = find(Step::Filter, layer.filter, |key, out| {
            // SAFETY: the session is open, the key outlives the call, `out` has room.
            unsafe { FwpmFilterGetByKey0(self.0, key, out) }
        });
        Ok(found?.map(|memory| {
            // SAFETY: Windows answered with success and this pointer, which is freed after this.
            let it = unsafe { &*memory.0 };
            Filter {
                layer: key(it.layerKey),
                sublayer: key(it.subLayerKey),
                flags: it.flags.0,
                call: call(it),
            }
        }))
    }

    /// What filters of a layer call. Disabled ones and those for the time of booting are not listed.
    pub(super) fn calls(&self, layer: &Layer) -> Result<Vec<Call>, WfpError> {
        let list = List::begin(self, layer)?;
        let mut calls = Vec::new();
        for _ in 0..PAGES_MAX {
            if list.next(&mut calls)? < PAGE {
                return Ok(calls);
            }
        }
        Err(WfpError::TooMany { max: PAGES_MAX * PAGE as usize })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: the session is open and not used after this; one that was cancelled is refused.
        let _gone_either_way = unsafe { FwpmEngineClose0(self.0) };
    }
}

/// The filters of a layer at one moment.
struct List<'a> {
    engine: &'a Engine,
    handle: HANDLE,
}

impl<'a> List<'a> {
    fn begin(engine: &'a Engine, layer: &Layer) -> Result<Self, WfpError> {
        let template = FWPM_FILTER_ENUM_TEMPLATE0 {
            layerKey: guid(layer.key),
            // No condition is given, so all overlap.
            enumType: FWP_FILTER_ENUM_OVERLAPPING,
            actionMask: ANY_ACTION,
            ..Default::default()
        };
        let mut handle = HANDLE::default();
        // SAFETY: the session is open, the template outlives the call, `handle` has room.
        let answer = unsafe {
            FwpmFilterCreateEnumHandle0(engine.0, Some(&raw const template), &raw mut handle)
        };
        done(Step::List, answer)?;
        Ok(Self { engine, handle })
    }

    /// Adds what the next page's filters call; how many filters the page has. Fewer than were
    /// asked for are the last.
    fn next(&self, calls: &mut Vec<Call>) -> Result<u32, WfpError> {
        let (mut entries, mut count) = (null_mut::<*mut FWPM_FILTER0>(), 0);
        // SAFETY: session and list are open; `entries` and `count` have room.
        let answer = unsafe {
            FwpmFilterEnum0(self.engine.0, self.handle, PAGE, &raw mut entries, &raw mut count)
        };
        done(Step::List, answer)?;
        let page = Memory(entries);
        if page.0.is_null() {
            return Ok(0);
        }
        for place in 0..count as usize {
            // SAFETY: Windows says that so many pointers stand there.
            let entry = unsafe { page.0.add(place) };
            // SAFETY: as above; the page is freed after this.
            let filter = unsafe { *entry };
            // SAFETY: each points to a filter in the page's memory.
            calls.extend(call(unsafe { &*filter }));
        }
        Ok(count)
    }
}

impl Drop for List<'_> {
    fn drop(&mut self) {
        // SAFETY: session and list are open, and the list is not used after this.
        let _gone_either_way = unsafe { FwpmFilterDestroyEnumHandle0(self.engine.0, self.handle) };
    }
}

/// Memory that Windows answered in.
struct Memory<T>(*mut T);

impl<T> Drop for Memory<T> {
    fn drop(&mut self) {
        let mut memory = self.0.cast::<c_void>();
        // SAFETY: it came from a call of this library, which frees it once; null is let be.
        unsafe { FwpmFreeMemory0(&raw mut memory) };
    }
}

/// What a filter calls.
fn call(filter: &FWPM_FILTER0) -> Option<Call> {
    let kind = ActionKind::of(filter.action.r#type.0)?;
    // SAFETY: both members of the union are GUIDs; of an action that calls, it is the callout's.
    let callout = unsafe { filter.action.Anonymous.calloutKey };
    Some(Call { kind, callout: key(callout) })
}

/// Asks for an object by its key; `None` where there is none.
fn find<T>(
    step: Step,
    key: weir_abi::identifiers::Guid,
    ask: impl FnOnce(*const GUID, *mut *mut T) -> u32,
) -> Result<Option<Memory<T>>, WfpError> {
    let key = guid(key);
    let mut object = null_mut();
    let answer = ask(&raw const key, &raw mut object);
    if code::NOT_FOUND.contains(&answer) {
        return Ok(None);
    }
    done(step, answer)?;
    let object = Memory(object);
    Ok((!object.0.is_null()).then_some(object))
}

fn done(step: Step, answer: u32) -> Result<(), WfpError> {
    if answer == 0 { Ok(()) } else { Err(WfpError::of(step, answer)) }
}
