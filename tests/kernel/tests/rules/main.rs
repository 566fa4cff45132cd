//! The rules of the hook's semantics, against the image of `weir.sys` in the simulated kernel.
//!
//! Tests are named after rules; `table` lists every rule and says where it is tested. `scene` is
//! what they have in common: a machine with the driver loaded, and a log of what happened.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod associating;
mod attach;
mod blocked;
mod capture;
mod concurrency;
mod context;
mod counted;
mod data;
mod ends;
mod established;
mod failure;
mod indications;
mod layer;
mod life;
mod limits;
mod not_kept;
mod parameters;
mod random;
mod reading;
mod scene;
mod table;
mod telling;
mod unload;
