//! Flow contexts: what a callout keeps with a flow, and when it is told that it is gone.
//!
//! Every association ends with exactly one `flowDeleteFn`: within `FwpsFlowRemoveContext0`, after
//! the classification that was using the context, or when the flow ends.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpsflowassociatecontext0
//! and nf-fwpsk-fwpsflowremovecontext0, nf-fwpsk-fwpsflowabort0 (read 2026-11)

use super::layers::Layer;
use super::{Export, begin, enter_unlocked, status, status_of};
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use core::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};

/// When a deletion that need not happen at once happens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Deletes {
    /// As soon as no classification uses the context.
    #[default]
    AtOnce,
    /// When the test calls [`super::Fwp::deliver_deletes`], as from the transport's own DPC.
    Later,
    /// One each time that somebody waits, the driver included.
    WithTime,
}

/// What `FwpsFlowAbort0` does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Aborts {
    /// The flow ends before the call returns.
    AtOnce,
    /// The flow ends with the next [`super::Fwp::deliver_deletes`].
    #[default]
    Later,
    /// It fails with this status.
    Fail(i32),
}

/// All associations of a kernel.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    associated: RefCell<BTreeMap<Key, Association>>,
    queue: RefCell<VecDeque<Pending>>,
    deletes: Cell<Deletes>,
    aborts: Cell<Aborts>,
    /// Whether deletions come while a classification uses the context.
    is_hostile: Cell<bool>,
    /// `flowDeleteFn` runs on this stack.
    pub(super) deleting: Cell<u32>,
    delivered: Cell<u64>,
}

/// There is one context for each of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) flow: u64,
    pub(super) layer: u16,
    pub(super) callout: u32,
}

/// All keys of a flow.
const fn keys_of(flow: u64) -> core::ops::RangeInclusive<Key> {
    let first = Key { flow, layer: 0, callout: 0 };
    first..=Key { flow, layer: u16::MAX, callout: u32::MAX }
}

#[derive(Clone, Copy, Debug)]
struct Association {
    context: u64,
    /// Classifications that were called with it.
    active: u32,
    phase: Phase,
    /// The driver has asked for its removal.
    is_asked: bool,
}

impl Association {
    fn told(&self) -> String {
        format!("{:?} and {} calls with it", self.phase, self.active)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Live,
    /// Removed, `flowDeleteFn` to come.
    Removed,
    /// In `flowDeleteFn`.
    Deleting,
}

#[derive(Clone, Copy, Debug)]
enum Pending {
    Delete(Key),
    Close(u64),
}

impl Contexts {
    /// Whether a callout has contexts, told deleted or not.
    pub(super) fn any_of(&self, callout: u32) -> bool {
        self.associated.borrow().keys().any(|key| key.callout == callout)
    }

    pub(super) fn leftovers(&self) -> Vec<String> {
        let associated = self.associated.borrow();
        let left = associated.iter();
        left.map(|(key, it)| {
            let (flow, callout) = (key.flow, key.callout);
            format!("flow {flow:#x} has a context of callout {callout}, {}", it.told())
        })
        .collect()
    }

    /// Looks at the context number of a flow, or changes it.
    pub(super) fn with_context<T>(&self, flow: u64, f: impl FnOnce(&mut u64) -> T) -> Option<T> {
        let mut associated = self.associated.borrow_mut();
        let found = associated.range_mut(keys_of(flow)).next();
        found.map(|(_, association)| f(&mut association.context))
    }

    /// A classification begins: the context that it is called with.
    pub(super) fn acquire(&self, key: Key) -> Option<u64> {
        let mut associated = self.associated.borrow_mut();
        let it = associated.get_mut(&key).filter(|it| it.phase == Phase::Live)?;
        it.active += 1;
        Some(it.context)
    }

    /// It ends: a removal that waited for it goes on.
    pub(super) fn release(&self, kernel: &Kernel, key: Key) {
        let is_due = {
            let mut associated = self.associated.borrow_mut();
            let Some(it) = associated.get_mut(&key) else { return };
            // Another one may be there by now.
            it.active = it.active.saturating_sub(1);
            it.active == 0 && it.phase == Phase::Removed
        };
        if is_due {
            self.schedule(kernel, key);
        }
    }

    /// The flow has ended: what it has goes.
    pub(super) fn flow_ended(&self, kernel: &Kernel, flow: u64) {
        let mut due = Vec::new();
        for (key, it) in self.associated.borrow_mut().range_mut(keys_of(flow)) {
            if it.phase == Phase::Live {
                it.phase = Phase::Removed;
                if it.active == 0 || self.is_hostile.get() {
                    due.push(*key);
                }
            }
        }
        for key in due {
            self.schedule(kernel, key);
        }
    }

    fn schedule(&self, kernel: &Kernel, key: Key) {
        match self.deletes.get() {
            Deletes::AtOnce => self.delete(kernel, key),
            Deletes::Later | Deletes::WithTime => {
                self.queue.borrow_mut().push_back(Pending::Delete(key))
            }
        }
    }

    /// Calls `flowDeleteFn`; the association is there until it has returned.
    fn delete(&self, kernel: &Kernel, key: Key) {
        let Some(context) = self.begin_delete(key) else { return };
        let callout = kernel.fwp.callouts.of_id(key.callout);
        if let Some(function) = callout.and_then(|callout| callout.flow_delete) {
            self.deleting.set(self.deleting.get() + 1);
            kernel.fwp.callouts.active(key.callout, 1);
            kernel.at_irql(DISPATCH_LEVEL, || {
                kernel.enter("flowDeleteFn", || {
                    // SAFETY: a callout cannot be unregistered while it has contexts, so its
                    // function is there.
                    unsafe { function(key.layer, key.callout, context) }
                });
            });
            kernel.fwp.callouts.active(key.callout, -1);
            self.deleting.set(self.deleting.get() - 1);
        }
        self.delivered.set(self.delivered.get() + 1);
        self.associated.borrow_mut().remove(&key);
    }

    fn begin_delete(&self, key: Key) -> Option<u64> {
        let mut associated = self.associated.borrow_mut();
        let it = associated.get_mut(&key).filter(|it| it.phase == Phase::Removed)?;
        it.phase = Phase::Deleting;
        Some(it.context)
    }

    fn associate(&self, kernel: &Kernel, key: Key, context: u64) -> Result<(), i32> {
        let spec = kernel.fwp.flows.spec(key.flow).ok_or(status::NOT_FOUND)?;
        let callout = kernel.fwp.callouts.of_id(key.callout);
        let has_delete = callout.is_some_and(|callout| callout.flow_delete.is_some());
        let fits = Layer::of_id(key.layer)
            .is_some_and(|layer| layer == spec.stream_layer() || layer == spec.established_layer());
        let applies = kernel.fwp.callouts.key_of(key.callout);
        let applies = applies.and_then(|callout| kernel.fwp.engine.layer_of(callout));
        let is_elsewhere = applies.is_some_and(|layer| layer.id() != key.layer);
        if context == 0 || !has_delete || !fits || is_elsewhere {
            return Err(status::INVALID_PARAMETER);
        }
        let mut associated = self.associated.borrow_mut();
        if associated.contains_key(&key) {
            return Err(status::OBJECT_NAME_EXISTS);
        }
        associated
            .insert(key, Association { context, active: 0, phase: Phase::Live, is_asked: false });
        Ok(())
    }

    fn remove(&self, kernel: &Kernel, key: Key) -> Result<(), i32> {
        if self.deleting.get() > 0 {
            kernel.violation("FwpsFlowRemoveContext0 was called from flowDeleteFn".to_owned());
        }
        {
            let mut associated = self.associated.borrow_mut();
            // Whoever asks again has not kept who asked first.
            let again = |it: &mut Association| core::mem::replace(&mut it.is_asked, true);
            if associated.get_mut(&key).is_some_and(again) {
                kernel.violation("FwpsFlowRemoveContext0 was asked twice for a context".to_owned());
            }
            let live = associated.get_mut(&key).filter(|it| it.phase == Phase::Live);
            let it = live.ok_or(status::UNSUCCESSFUL)?;
            it.phase = Phase::Removed;
            if it.active > 0 {
                return Err(status::PENDING);
            }
        }
        self.delete(kernel, key);
        Ok(())
    }
}

impl super::Fwp {
    /// Chooses when deletions happen that need not happen at once.
    pub fn set_deletes(&self, when: Deletes) {
        self.contexts.deletes.set(when);
    }

    /// Lets a flow's deletion come while its data is classified, which nothing rules out.
    pub fn delete_while_classifying(&self) {
        self.contexts.is_hostile.set(true);
    }

    /// Chooses what `FwpsFlowAbort0` does.
    pub fn set_aborts(&self, what: Aborts) {
        self.contexts.aborts.set(what);
    }

    /// Whether deletions, or ends of flows, were kept back.
    pub(crate) fn has_kept_back(&self) -> bool {
        !self.contexts.queue.borrow().is_empty()
    }

    /// Delivers one deletion that was kept back; whether there was one.
    pub fn deliver_delete(&self, kernel: &Kernel) -> bool {
        let next = self.contexts.queue.borrow_mut().pop_front();
        match next {
            None => return false,
            Some(Pending::Delete(key)) => self.contexts.delete(kernel, key),
            Some(Pending::Close(flow)) => self.close(kernel, flow),
        }
        true
    }

    /// Delivers all deletions that were kept back, and those that come of them.
    pub fn deliver_deletes(&self, kernel: &Kernel) {
        while self.deliver_delete(kernel) {}
    }

    /// Somebody waits, so the transport gets to run.
    pub(crate) fn time_passes(&self, kernel: &Kernel) {
        if self.contexts.deletes.get() == Deletes::WithTime {
            self.deliver_delete(kernel);
        }
    }

    /// Contexts that are associated, `flowDeleteFn` not yet returned.
    #[must_use]
    pub fn context_count(&self) -> usize {
        self.contexts.associated.borrow().len()
    }

    /// Whether the flow has a context that classifications are called with.
    #[must_use]
    pub fn has_context(&self, flow: u64) -> bool {
        let associated = self.contexts.associated.borrow();
        associated.range(keys_of(flow)).any(|(_, it)| it.phase == Phase::Live)
    }

    /// How often `flowDeleteFn` was called.
    #[must_use]
    pub const fn deletes_delivered(&self) -> u64 {
        self.contexts.delivered.get()
    }
}

extern "win64" fn associate(flow: u64, layer: u16, callout: u32, context: u64) -> i32 {
    const NAME: &str = "FwpsFlowAssociateContext0";
    let kernel = enter_unlocked(NAME, DISPATCH_LEVEL);
    let outcome = match kernel.faults.take(NAME) {
        Some(status) => Err(status),
        None => kernel.fwp.contexts.associate(kernel, Key { flow, layer, callout }, context),
    };
    kernel.fwp.meanwhile.happen(flow);
    status_of(outcome)
}

extern "win64" fn remove(flow: u64, layer: u16, callout: u32) -> i32 {
    const NAME: &str = "FwpsFlowRemoveContext0";
    let kernel = enter_unlocked(NAME, DISPATCH_LEVEL);
    if let Some(status) = kernel.faults.take(NAME) {
        return status;
    }
    status_of(kernel.fwp.contexts.remove(kernel, Key { flow, layer, callout }))
}

extern "win64" fn abort(flow: u64) -> i32 {
    status_of(begin("FwpsFlowAbort0", DISPATCH_LEVEL).and_then(|kernel| {
        if kernel.fwp.depth.get() > 0 {
            kernel.violation("FwpsFlowAbort0 was called from within a classification".to_owned());
        }
        let contexts = &kernel.fwp.contexts;
        if let Aborts::Fail(status) = contexts.aborts.get() {
            return Err(status);
        }
        if !kernel.fwp.flows.abort(flow) {
            return Err(status::NOT_FOUND);
        }
        if contexts.aborts.get() == Aborts::AtOnce {
            kernel.fwp.close(kernel, flow);
        } else {
            contexts.queue.borrow_mut().push_back(Pending::Close(flow));
        }
        Ok(())
    }))
}

pub(super) fn imports() -> Vec<Export> {
    vec![
        export!("FwpsFlowAssociateContext0", associate),
        export!("FwpsFlowRemoveContext0", remove),
        export!("FwpsFlowAbort0", abort),
    ]
}
