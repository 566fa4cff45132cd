//! `weir.sys`: the flow-classify extension driver.
//!
//! * `driver`: the one value that everything hangs on; `start`, `stop`: what is registered, and the
//!   order in which it goes; `parameters`.
//! * `established` with `new_flow`, `stream`, `deleted`: what happens to a flow, from WFP's callouts;
//!   `after`: what follows every answer of the engine.
//! * `flow`: one flow context; `walk`: one walk over programs; `pairs`: pairs that end.
//! * `attach`, `detach`, `snapshot`, `slots`: attachments, and the order that walks read.
//! * `engine`: the filtering engine coming and going; `abort`: blocked flows that are aborted.
//! * `events`, `errors`, `flow_events`, `states`: the events; `totals`, `plan`, `telling`:
//!   counters; `capture`: capture state; `telemetry`: the worker of both.
//!
//! The rules are `weir-engine`'s, the bytes `weir-abi`'s, all `unsafe` is `weir-nt`'s.
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

mod abort;
mod admission;
mod after;
mod attach;
mod capture;
mod deleted;
mod detach;
mod driver;
mod engine;
mod errors;
mod established;
mod events;
mod flow;
mod flow_events;
mod new_flow;
mod pairs;
mod parameters;
mod plan;
mod slots;
mod snapshot;
mod start;
mod states;
mod stop;
mod stream;
mod telemetry;
mod telling;
mod totals;
mod walk;

weir_nt::driver_entry!(driver::Driver, RUNNING);
