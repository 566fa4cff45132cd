//! Sessions and transactions, and what happens when one commits.
//!
//! Objects become visible, and callouts are notified (`notices`), at the commit; a change outside
//! a transaction is one of its own. The functions that a driver calls are in `sessions`, `add` and
//! `remove`.
//!
//! Source: learn.microsoft.com/windows/win32/fwp/object-management (read 2026-11)

mod in_use;

use super::layers::Layer;
use super::notices::{self, Notices};
use super::status;
use super::store::{Filter, Store};
use crate::kernel::Kernel;
use core::cell::{Cell, RefCell};
use in_use::{InUse, Using};
use std::collections::BTreeMap;
use std::rc::Rc;
use weir_abi::identifiers::Guid;

/// The base filtering engine's store and who may change it.
#[derive(Debug, Default)]
pub(super) struct Engine {
    sessions: RefCell<BTreeMap<u64, Opened>>,
    committed: RefCell<Store>,
    /// Filters in force by layer, in the order in which they decide.
    active: RefCell<BTreeMap<Layer, Rc<[Rc<Active>]>>>,
    transaction: RefCell<Option<Transaction>>,
    next: Cell<u64>,
    in_use: InUse,
    pub(super) notices: Notices,
}

/// A filter in force.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) filter: Filter,
    pub(super) sublayer_weight: u16,
    pub(super) callout_id: u32,
}

#[derive(Clone, Copy, Debug)]
struct Opened {
    is_dynamic: bool,
    /// The base filtering engine has stopped since: every call fails.
    is_stale: bool,
}

#[derive(Debug)]
struct Transaction {
    handle: u64,
    store: Store,
    is_read_only: bool,
    /// Its commit was asked for and failed: closing the session is the end of it.
    is_tried: bool,
}

impl Engine {
    /// A number that no object of this kernel had before.
    pub(super) fn fresh(&self) -> u64 {
        self.next.set(self.next.get() + 1);
        self.next.get()
    }

    /// Filters in force at a layer.
    pub(super) fn at(&self, layer: Layer) -> Option<Rc<[Rc<Active>]>> {
        self.active.borrow().get(&layer).map(Rc::clone)
    }

    /// The layer of a callout that is in force.
    pub(super) fn layer_of(&self, callout: Guid) -> Option<Layer> {
        self.committed.borrow().callouts.get(&callout).map(|callout| callout.layer)
    }

    /// Filters that are in force, in the order in which they were added.
    pub(super) fn filters(&self) -> Vec<Filter> {
        self.committed.borrow().filters.values().cloned().collect()
    }

    pub(super) fn filter_count(&self) -> usize {
        self.committed.borrow().filters.len()
    }

    pub(super) fn leftovers(&self) -> Vec<String> {
        let sessions = self.sessions.borrow();
        let mut left: Vec<_> =
            sessions.keys().map(|handle| format!("engine handle {handle:#x} is open")).collect();
        let store = self.committed.borrow();
        left.extend(store.filters.keys().map(|id| format!("filter {id} is in force")));
        left.extend(store.callouts.keys().map(|key| format!("callout object {key} exists")));
        left.extend(store.sublayers.keys().map(|key| format!("sublayer {key} exists")));
        left.extend(store.providers.keys().map(|key| format!("provider {key} exists")));
        left
    }

    fn session(&self, kernel: &Kernel, handle: u64) -> Result<Opened, i32> {
        match self.sessions.borrow().get(&handle) {
            None => {
                kernel.violation(format!("{handle:#x} is no open engine handle"));
                Err(status::INVALID_HANDLE)
            }
            Some(opened) if opened.is_stale => Err(stale(kernel)),
            Some(opened) => Ok(*opened),
        }
    }

    /// Somebody begins a call with a handle.
    pub(super) fn using(&self, kernel: &Kernel, handle: u64) -> Using<'_> {
        self.in_use.begin(kernel, handle)
    }

    /// Whether a handle's objects go with it.
    pub(super) fn is_dynamic(&self, handle: u64) -> bool {
        self.sessions.borrow().get(&handle).is_some_and(|it| it.is_dynamic)
    }

    /// A commit is asked for, whatever comes of it.
    pub(super) fn try_commit(&self, handle: u64) {
        if let Some(it) = self.transaction.borrow_mut().as_mut().filter(|it| it.handle == handle) {
            it.is_tried = true;
        }
    }

    /// Changes the store for a handle: within its transaction, or at once.
    pub(super) fn change<T>(
        &self,
        kernel: &Kernel,
        handle: u64,
        change: impl FnOnce(&mut Store, Option<u64>) -> Result<T, i32>,
    ) -> Result<T, i32> {
        let _using = self.using(kernel, handle);
        let owner = self.session(kernel, handle)?.is_dynamic.then_some(handle);
        if let Some(transaction) = self.transaction.borrow_mut().as_mut() {
            if transaction.handle != handle {
                return Err(status::TIMEOUT);
            }
            if transaction.is_read_only {
                return Err(status::INCOMPATIBLE_TXN);
            }
            return change(&mut transaction.store, owner);
        }
        let mut store = self.committed.borrow().clone();
        let outcome = change(&mut store, owner)?;
        self.commit(kernel, store)?;
        Ok(outcome)
    }

    /// Puts a store into force. A callout that refuses a filter makes all of it fail.
    pub(super) fn commit(&self, kernel: &Kernel, mut store: Store) -> Result<(), i32> {
        let (mut added, mut removed) = (Vec::new(), Vec::new());
        {
            let old = self.committed.borrow();
            let new = |id: &&u64| !old.filters.contains_key(*id);
            added.extend(store.filters.keys().filter(new).copied());
            let gone = old.filters.iter().filter(|(id, _)| !store.filters.contains_key(*id));
            removed.extend(gone.map(|(_, filter)| filter.clone()));
        }
        for (place, id) in added.iter().enumerate() {
            let Some(filter) = store.filters.get_mut(id) else { continue };
            if notices::added(kernel, filter) < 0 {
                for id in added.iter().take(place) {
                    if let Some(filter) = store.filters.get_mut(id) {
                        notices::gone(kernel, filter);
                    }
                }
                return Err(status::CALLOUT_NOTIFICATION_FAILED);
            }
        }
        self.put(kernel, store);
        for filter in removed {
            self.notices.removed(kernel, filter);
        }
        Ok(())
    }

    fn put(&self, kernel: &Kernel, store: Store) {
        let mut layers: BTreeMap<Layer, Vec<Rc<Active>>> = BTreeMap::new();
        for filter in store.filters.values() {
            let active = Active {
                filter: filter.clone(),
                sublayer_weight: store.sublayer_weight(filter.sublayer),
                callout_id: kernel.fwp.callouts.id_of(filter.callout),
            };
            layers.entry(filter.layer).or_default().push(Rc::new(active));
        }
        for filters in layers.values_mut() {
            let weight = |it: &Rc<Active>| (it.sublayer_weight, it.filter.sublayer);
            filters.sort_by_key(|it| core::cmp::Reverse((weight(it), it.filter.weight)));
        }
        let shared = layers.into_iter().map(|(layer, filters)| (layer, filters.into()));
        self.active.replace(shared.collect());
        self.committed.replace(store);
    }

    /// The base filtering engine stops: no filter of ours outlives it, since none is persistent,
    /// and every handle is stale.
    pub(super) fn stop(&self, kernel: &Kernel) {
        self.transaction.replace(None);
        for opened in self.sessions.borrow_mut().values_mut() {
            opened.is_stale = true;
        }
        let removed = self.committed.borrow().filters.clone();
        self.put(kernel, Store::default());
        for filter in removed.into_values() {
            self.notices.removed(kernel, filter);
        }
    }

    /// A new session; its handle was never used before.
    pub(super) fn open(&self, is_dynamic: bool) -> u64 {
        let handle = 0xe000_0000 + self.fresh() * 8;
        self.sessions.borrow_mut().insert(handle, Opened { is_dynamic, is_stale: false });
        handle
    }

    pub(super) fn close(&self, kernel: &Kernel, handle: u64) -> Result<(), i32> {
        if let Err(error) = self.session(kernel, handle) {
            self.sessions.borrow_mut().remove(&handle);
            return Err(error);
        }
        let is_ours = |it: &mut Transaction| it.handle == handle;
        let open = self.transaction.borrow_mut().take_if(is_ours);
        if open.is_some_and(|it| !it.is_tried) {
            kernel.violation(format!("{handle:#x} is closed with a transaction still open"));
        }
        self.sessions.borrow_mut().remove(&handle);
        let mut store = self.committed.borrow().clone();
        store.drop_sessions(|session| session == handle);
        self.commit(kernel, store)
    }

    pub(super) fn begin(
        &self,
        kernel: &Kernel,
        handle: u64,
        is_read_only: bool,
    ) -> Result<(), i32> {
        self.session(kernel, handle)?;
        if let Some(other) = self.transaction.borrow().as_ref() {
            let same = other.handle == handle;
            return Err(if same { status::TXN_IN_PROGRESS } else { status::TIMEOUT });
        }
        let store = self.committed.borrow().clone();
        let transaction = Transaction { handle, store, is_read_only, is_tried: false };
        self.transaction.replace(Some(transaction));
        Ok(())
    }

    pub(super) fn end(&self, kernel: &Kernel, handle: u64) -> Result<Store, i32> {
        self.session(kernel, handle)?;
        let is_ours = |it: &mut Transaction| it.handle == handle;
        let ended = self.transaction.borrow_mut().take_if(is_ours);
        ended.map(|it| it.store).ok_or(status::NO_TXN_IN_PROGRESS)
    }
}

fn stale(kernel: &Kernel) -> i32 {
    if kernel.bfe.is_running() {
        status::RPC_CONTEXT_MISMATCH
    } else {
        status::RPC_SERVER_UNAVAILABLE
    }
}
