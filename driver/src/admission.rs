//! The bounds of flow contexts (S33), counted by processors at once.
//!
//! `weir_engine::Admission` has the rule for whoever serialises its calls; here a place is taken
//! before the programs run and given back if none is needed, so that the bound holds exactly.

use core::sync::atomic::{AtomicU32, Ordering};

/// Contexts of each kind, and their bound.
#[derive(Debug)]
pub(crate) struct Admission {
    flows_max: u32,
    classifying: AtomicU32,
    blocked: AtomicU32,
}

impl Admission {
    pub(crate) const fn new(flows_max: u32) -> Self {
        Self { flows_max, classifying: AtomicU32::new(0), blocked: AtomicU32::new(0) }
    }

    /// Takes a place for a flow that is about to be inspected; whether there was one.
    pub(crate) fn take(&self) -> bool {
        if self.blocked.load(Ordering::Relaxed) >= self.flows_max {
            return false;
        }
        let more = |count: u32| (count < self.flows_max).then(|| count.saturating_add(1));
        self.classifying.try_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// An inspected flow turned into a blocked one.
    pub(crate) fn turned_blocked(&self) {
        self.blocked.fetch_add(1, Ordering::AcqRel);
        self.classifying.fetch_sub(1, Ordering::AcqRel);
    }

    /// A context was released, or a place was not needed.
    pub(crate) fn released(&self, is_blocked: bool) {
        let count = if is_blocked { &self.blocked } else { &self.classifying };
        count.fetch_sub(1, Ordering::AcqRel);
    }

    /// Contexts that live: classifying, blocked.
    pub(crate) fn contexts(&self) -> [u64; 2] {
        [&self.classifying, &self.blocked].map(|count| u64::from(count.load(Ordering::Acquire)))
    }
}
