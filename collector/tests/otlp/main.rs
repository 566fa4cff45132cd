//! The export as receivers see it.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "tests may fail loudly"
)]

mod failures;
mod interop;
#[path = "../../stages/tests/otlp/page.rs"]
#[allow(dead_code, reason = "the stages' tests use the rest")]
mod page;
mod receiver;
mod rotel;
#[path = "../../stages/tests/synthetic/mod.rs"]
mod synthetic;
mod tls;
mod world;
