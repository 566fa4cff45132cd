//! How often the driver called each import.
//!
//! Every import begins with `enter_import`, which counts here and checks the level; a benchmark
//! or a rule such as "one pool call a flow" takes the difference of two [`Snapshot`]s.

use crate::kernel::{Kernel, current};
use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Slots of the table: several times the number of imports, so that most are found at once.
const SLOTS: usize = 256;

/// Counts, by import.
#[derive(Debug)]
pub struct Calls {
    /// Open addressing by the address of the name: a count is taken on every import, and the
    /// harness is used for measuring.
    slots: Box<[Cell<Slot>]>,
    total: Cell<u64>,
    /// Names whose slot is in use; taken again when counts are read.
    names: RefCell<Vec<usize>>,
    /// Whether the order of calls is kept as well.
    keeps_order: Cell<bool>,
    order: RefCell<Vec<&'static str>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    name: Option<&'static str>,
    count: u64,
}

/// The counts at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<&'static str, u64>);

impl Snapshot {
    /// Calls of one import.
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// Calls of all imports.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.values().sum()
    }

    /// What was called since `earlier`, imports that were not left out.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let calls = self.0.iter().map(|(name, count)| (*name, count - earlier.of(name)));
        Self(calls.filter(|(_, count)| *count > 0).collect())
    }

    /// Imports with their counts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.0.iter().map(|(name, count)| (*name, *count))
    }
}

impl Default for Calls {
    fn default() -> Self {
        let slots = vec![Cell::new(Slot::default()); SLOTS].into_boxed_slice();
        Self {
            slots,
            total: Cell::new(0),
            names: RefCell::default(),
            keeps_order: Cell::new(false),
            order: RefCell::default(),
        }
    }
}

impl Calls {
    /// Calls of one import since the boot or the last [`Calls::reset`].
    #[must_use]
    pub fn of(&self, name: &str) -> u64 {
        self.snapshot().of(name)
    }

    /// Calls of all imports.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total.get()
    }

    /// Begins at zero again.
    pub fn reset(&self) {
        for index in self.names.take() {
            self.slots[index].set(Slot::default());
        }
        self.total.set(0);
    }

    /// Keeps the order of calls from now on.
    pub fn keep_order(&self) {
        self.keeps_order.set(true);
    }

    /// The calls since [`Calls::keep_order`], or since this was asked last, in their order.
    #[must_use]
    pub fn take_order(&self) -> Vec<&'static str> {
        self.order.take()
    }

    /// The counts now.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        let mut counts = BTreeMap::new();
        for index in self.names.borrow().iter() {
            let slot = self.slots[*index].get();
            if let Some(name) = slot.name {
                // One name may stand at several addresses.
                *counts.entry(name).or_insert(0) += slot.count;
            }
        }
        Snapshot(counts)
    }

    fn count(&self, name: &'static str) {
        let mut index = (name.as_ptr().addr().wrapping_mul(0x9E37_79B9) >> 8) % SLOTS;
        for _ in 0..SLOTS {
            let cell = &self.slots[index];
            let slot = cell.get();
            match slot.name {
                Some(known) if core::ptr::eq(known, name) => {
                    cell.set(Slot { count: slot.count + 1, ..slot });
                    break;
                }
                None => {
                    cell.set(Slot { name: Some(name), count: 1 });
                    self.names.borrow_mut().push(index);
                    break;
                }
                Some(_) => index = (index + 1) % SLOTS,
            }
        }
        self.total.set(self.total.get() + 1);
        if self.keeps_order.get() {
            self.order.borrow_mut().push(name);
        }
    }
}

/// A number for the point before an import: the same in every run.
///
/// Source: FNV-1a, datatracker.ietf.org/doc/draft-eastlake-fnv (read 2026-11)
fn site_of(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

/// What every import does first: counts the call and checks the level.
pub(crate) fn enter_import(name: &'static str, max_irql: u8) -> &'static Kernel {
    let kernel = current();
    kernel.calls.count(name);
    kernel.require_irql(name, max_irql);
    if kernel.threads.running().is_some() {
        kernel.point(site_of(name));
    }
    kernel
}
