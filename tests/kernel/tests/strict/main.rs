//! How strict the simulated kernel is: misuse that it must tell, a test for each check, and the
//! image of `weir.sys` under all of them at once.
//!
//! `table` lists what Driver Verifier and its rules ask of the functions that the driver imports,
//! and the test that shows the check; many are in `core` and `network`. `memory`, `objects` and
//! `platform` misuse imports by hand; `image` looks at sections; `scribbles` lets the core and
//! programs write all over contexts (S02); `whole` is the driver's life with everything in it.
#![expect(unsafe_code, reason = "calls functions of another ABI by their addresses")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../core/call.rs"]
#[macro_use]
mod call;
mod image;
#[path = "../core/keys.rs"]
mod keys;
mod memory;
mod objects;
mod platform;
#[path = "../rules/scene.rs"]
#[expect(dead_code, reason = "`rules` uses the rest")]
mod scene;
mod scribbles;
#[path = "../network/standin.rs"]
#[expect(dead_code, reason = "`network` uses the rest")]
mod standin;
mod table;
mod whole;
