//! What every live view is made of, whether events come from a session, a file or the demo's hook.
//!
//! * [`stages`]: events to published views.
//! * [`recent`], [`rates`]: what the page shows besides metrics.
//! * [`notes`]: what a demo client says it asks for.
//! * [`stop`]: Ctrl-C, and what a service manager sends.

mod notes;
mod rates;
mod recent;
mod stages;
mod stop;

pub(crate) use notes::Notes;
pub(crate) use stages::{LiveStages, snapshot_options};
pub(crate) use stop::Stop;

use core::hash::{BuildHasher as _, Hasher as _};
use std::collections::hash_map::RandomState;

/// A random number without a library for it: the standard library's keys are.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
