//! `weir.sys`: the flow-classify extension driver.
//!
//! * `start`: what the driver holds from its start to its unload, and in which order it goes.
//! * `events`: numbering and writing of events.
//!
//! So far it registers its event provider and says that it started and stopped; the hook is not in
//! it yet. All `unsafe` is in `weir-nt`.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic
)]

mod events;
mod start;

weir_nt::driver_entry!(start::Driver, start::Driver::start);
