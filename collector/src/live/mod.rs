//! What every live view is made of, whether events come from a session, a file or the demo's hook.
//!
//! * [`stages`]: events to published views.
//! * [`recent`], [`rates`]: what the page shows besides metrics.
//! * [`notes`]: what a demo client says it asks for.
//! * [`exports`]: what leaves by OTLP; [`web`]: what the server says of itself; [`process`]: what
//!   the system says of the collector.
//! * [`runtime`], [`stop`]: where it all runs; Ctrl-C, and what a service manager sends.

mod exports;
mod notes;
mod process;
mod rates;
mod recent;
mod runtime;
mod stages;
mod stop;
mod web;

pub(crate) use exports::Exports;
pub(crate) use notes::Notes;
pub(crate) use process::Process;
pub(crate) use runtime::{on_runtime, time_is_over, unexpected};
pub(crate) use stages::{LiveStages, snapshot_options};
pub(crate) use stop::Stop;
pub(crate) use web::watch_web;

use core::hash::{BuildHasher as _, Hasher as _};
use std::collections::hash_map::RandomState;

/// A random number without a library for it: the standard library's keys are.
pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}
