//! What clients say they ask for, by their port: events never carry it, and the page would be
//! hard to follow without.

use hashbrown::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Notes of clients; clones share them. Ports bound them: 65,536 at most.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<HashMap<u16, &'static str>>>);

impl Notes {
    fn lock(&self) -> MutexGuard<'_, HashMap<u16, &'static str>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client on this port asks for this.
    pub(crate) fn write(&self, port: u16, note: &'static str) {
        self.lock().insert(port, note);
    }

    /// What the newest client on this port asked for.
    pub(crate) fn read(&self, port: u16) -> Option<&'static str> {
        self.lock().get(&port).copied()
    }
}
