//! The network side of the simulated kernel, under small drivers written in Rust.
//!
//! `standin` and `provider` are the driver's side: callouts and providers that do what a test
//! says. The other modules are a part of Windows each, with the rules that the real driver will be
//! held to.
#![expect(unsafe_code, reason = "the tests are a driver: they call imports and are called back")]
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod contexts;
mod indications;
mod management;
mod programs;
mod provider;
mod registrar;
mod standin;
