//! Registered callouts: run-time ids and the driver's three functions.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpscalloutregister1
//! and nf-fwpsk-fwpscalloutunregisterbyid0 (read 2026-11)

use super::layout::{self, CALLOUT_FLAG_CONDITIONAL_ON_FLOW, CALLOUT_FLAGS};
use super::{Export, begin, status, status_of};
use crate::kernel::{Kernel, PASSIVE_LEVEL};
use crate::memory;
use core::cell::RefCell;
use core::ffi::c_void;
use std::collections::{BTreeMap, BTreeSet};
use weir_abi::identifiers::Guid;

/// First run-time id; the built-in callouts have the numbers below.
const FIRST_ID: u32 = 260;

/// Callouts by run-time id, and the ids that keys have.
#[derive(Debug, Default)]
pub(super) struct Callouts {
    /// A key keeps its id: registering and adding the management object give the same one.
    ids: RefCell<BTreeMap<Guid, u32>>,
    registered: RefCell<BTreeMap<u32, layout::Callout>>,
    /// Calls that are inside each.
    active: RefCell<BTreeMap<u32, u32>>,
    /// Ids whose callout was unregistered and not registered again.
    gone: RefCell<BTreeSet<u32>>,
}

impl Callouts {
    /// The id of a key, a new one if it has none yet.
    pub(super) fn id_of(&self, key: Guid) -> u32 {
        let mut ids = self.ids.borrow_mut();
        let next = FIRST_ID + u32::try_from(ids.len()).unwrap_or(u32::MAX);
        *ids.entry(key).or_insert(next)
    }

    /// The key of an id.
    pub(super) fn key_of(&self, id: u32) -> Option<Guid> {
        self.ids.borrow().iter().find(|(_, known)| **known == id).map(|(key, _)| *key)
    }

    /// A registered callout.
    pub(super) fn of_id(&self, id: u32) -> Option<layout::Callout> {
        self.registered.borrow().get(&id).copied()
    }

    /// A call enters (1) or leaves (-1) the callout.
    pub(super) fn active(&self, id: u32, change: i32) {
        let mut active = self.active.borrow_mut();
        let calls = active.entry(id).or_insert(0);
        *calls = calls.saturating_add_signed(change);
    }

    fn is_active(&self, id: u32) -> bool {
        self.active.borrow().get(&id).is_some_and(|calls| *calls > 0)
    }

    pub(super) fn count(&self) -> usize {
        self.registered.borrow().len()
    }

    pub(super) fn leftovers(&self) -> Vec<String> {
        let registered = self.registered.borrow();
        let left = registered.iter();
        left.map(|(id, it)| format!("callout {id} ({}) is registered", it.key)).collect()
    }

    fn register(&self, callout: layout::Callout) -> Result<u32, i32> {
        let id = self.id_of(callout.key);
        let mut registered = self.registered.borrow_mut();
        if registered.contains_key(&id) {
            return Err(status::ALREADY_EXISTS);
        }
        registered.insert(id, callout);
        self.gone.borrow_mut().remove(&id);
        Ok(id)
    }

    /// With calls inside, the callout is in use; or it is waited for them (`waits`): what happens is
    /// not documented.
    fn unregister(&self, id: u32, has_contexts: bool, waits: bool) -> Result<(), i32> {
        let mut registered = self.registered.borrow_mut();
        if !registered.contains_key(&id) {
            return Err(status::CALLOUT_NOT_FOUND);
        }
        if has_contexts {
            return Err(status::DEVICE_BUSY);
        }
        if self.is_active(id) && !waits {
            return Err(status::IN_USE);
        }
        registered.remove(&id);
        self.gone.borrow_mut().insert(id);
        Ok(())
    }
}

extern "win64" fn callout_register(
    device: *mut c_void,
    callout: *const layout::Callout,
    id: *mut u32,
) -> i32 {
    status_of(begin("FwpsCalloutRegister1", PASSIVE_LEVEL).and_then(|kernel| {
        let registered = register(kernel, device, callout)?;
        memory::store(id, registered);
        Ok(())
    }))
}

fn register(
    kernel: &Kernel,
    device: *mut c_void,
    callout: *const layout::Callout,
) -> Result<u32, i32> {
    if !kernel.io.is_device(device) {
        kernel.violation(format!("FwpsCalloutRegister1: {device:p} is no device object"));
        return Err(status::INVALID_PARAMETER);
    }
    let callout = memory::fetch(callout).ok_or(status::INVALID_PARAMETER)?;
    if callout.classify.is_none() || callout.notify.is_none() {
        return Err(status::INVALID_PARAMETER);
    }
    if callout.flags & CALLOUT_FLAG_CONDITIONAL_ON_FLOW != 0 && callout.flow_delete.is_none() {
        kernel.violation("a callout is called with contexts and not told of their end".to_owned());
    }
    if callout.flags & !CALLOUT_FLAGS != 0 {
        return Err(status::INVALID_FLAGS);
    }
    kernel.fwp.callouts.register(callout)
}

extern "win64" fn callout_unregister(id: u32) -> i32 {
    status_of(begin("FwpsCalloutUnregisterById0", PASSIVE_LEVEL).and_then(|kernel| {
        if kernel.fwp.callouts.gone.borrow().contains(&id) {
            kernel.violation(format!("callout {id} is unregistered twice"));
        }
        let has_contexts = kernel.fwp.contexts.any_of(id);
        {
            let waits = kernel.threads.chance(2);
            kernel.fwp.callouts.unregister(id, has_contexts, waits)?;
            kernel.wait_for("calls of a callout", || !kernel.fwp.callouts.is_active(id));
            Ok(())
        }
    }))
}

pub(super) fn imports() -> Vec<Export> {
    vec![
        export!("FwpsCalloutRegister1", callout_register),
        export!("FwpsCalloutUnregisterById0", callout_unregister),
    ]
}
