//! The filtering platform: what `fwpkclnt.sys` exports, and the classification behind it.
//!
//! Management side: `engine` (sessions, transactions), `store` (the objects), `notices` (what
//! callouts are told of filters), and the functions in `sessions`, `add` and `remove`.
//! Run time: `callouts`, `flows`, `contexts`, `classify`, the two kinds of layers in
//! [`established`] and [`stream`], and `copy`, the stream copy.
//! `forged` and `meanwhile` are what only a test does, `shown` what only a test sees.
//! What goes over the border lies in [`layout`], [`objects`], [`layers`] and [`status`]; `values`
//! and `guarded` are memory that is shown to the driver, `text` reads its strings.
//!
//! The driver is called through [`Kernel::enter`] only, and never with a cell borrowed: it may
//! call back.

/// Name and address of a function, as it is bound into the image.
macro_rules! export {
    ($name:literal, $function:path) => {
        ($name, ($function as *const ()).addr())
    };
}

mod add;
mod callouts;
mod classify;
mod contexts;
mod copy;
mod engine;
pub mod established;
pub mod flows;
mod forged;
pub(crate) mod guarded;
pub mod layers;
pub mod layout;
mod meanwhile;
mod notices;
pub mod objects;
mod remove;
mod sessions;
mod shown;
pub mod status;
mod store;
pub mod stream;
pub(crate) mod text;
mod values;

use crate::calls::enter_import;
use crate::kernel::{Import, Kernel};
use callouts::Callouts;
use contexts::Contexts;
use core::cell::Cell;
use engine::Engine;
use flows::Flows;
use meanwhile::Meanwhile;
use values::Arenas;

pub use contexts::{Aborts, Deletes};
pub use notices::Notifications;
pub use shown::{ShownCondition, ShownFilter};

/// The filtering platform of one kernel.
#[derive(Debug, Default)]
pub struct Fwp {
    callouts: Callouts,
    engine: Engine,
    flows: Flows,
    contexts: Contexts,
    meanwhile: Meanwhile,
    arenas: Arenas,
    /// Classifications on this stack, one within the other.
    depth: Cell<u32>,
}

impl Fwp {
    /// What is left after the driver was unloaded, a sentence each.
    pub(crate) fn leftovers(&self) -> Vec<String> {
        let mut left = self.callouts.leftovers();
        left.extend(self.contexts.leftovers());
        left.extend(self.engine.leftovers());
        left
    }

    /// Takes what belongs to the thread that runs: how deep it is in classifications and deletions.
    pub(crate) fn put_away(&self) -> (u32, u32) {
        (self.depth.replace(0), self.contexts.deleting.replace(0))
    }

    /// Gives it back.
    pub(crate) fn take_out(&self, classifications: u32, deletions: u32) {
        self.depth.set(classifications);
        self.contexts.deleting.set(deletions);
    }

    /// Callouts that are registered.
    #[must_use]
    pub fn callout_count(&self) -> usize {
        self.callouts.count()
    }

    /// Filters that are in force.
    #[must_use]
    pub fn filter_count(&self) -> usize {
        self.engine.filter_count()
    }
}

/// What every function here but the stream copy begins with: counts, checks the level and that no
/// spin lock is held, since the platform may call the driver back at once (S37); then asks for a
/// failure.
fn begin(name: &'static str, max_irql: u8) -> Result<&'static Kernel, i32> {
    let kernel = enter_unlocked(name, max_irql);
    match kernel.faults.take(name) {
        Some(status) => Err(status),
        None => Ok(kernel),
    }
}

/// [`begin`] for functions that undo something: a failure on demand would leave the driver nothing
/// that it could do.
pub(crate) fn enter_unlocked(name: &'static str, max_irql: u8) -> &'static Kernel {
    let kernel = enter_import(name, max_irql);
    if kernel.locks_held() > 0 && shares_lock(kernel) {
        kernel.violation(format!("{name} was called with a spin lock held"));
    }
    kernel
}

/// Whether one of the locks that the running thread holds is where others can find it: in pool, or
/// in the image. A lock on the driver's own stack only raises the level, and nobody can wait for it.
fn shares_lock(kernel: &Kernel) -> bool {
    let image = kernel.image().map_or(0..0, |it| it.base()..it.base() + it.bytes());
    let held = kernel.locks.of_thread(kernel.threads.running());
    held.into_iter().any(|lock| kernel.pool.contains(lock) || image.contains(&lock))
}

/// The status of an outcome.
fn status_of(outcome: Result<(), i32>) -> i32 {
    outcome.err().unwrap_or(status::SUCCESS)
}

pub(crate) fn imports() -> Vec<Import> {
    [callouts::imports(), contexts::imports(), copy::imports(), sessions::imports()]
        .into_iter()
        .chain([add::imports(), remove::imports()])
        .flatten()
        .map(|(name, address)| Import { module: "fwpkclnt.sys", name, address })
        .collect()
}

/// Name and address of a function that the driver imports.
type Export = (&'static str, usize);
