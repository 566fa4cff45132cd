//! The simulated kernel without a driver: its imports, called as a driver would call them, and
//! that misuse is told.
#![expect(unsafe_code, reason = "calls functions of another ABI by their addresses")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "core/call.rs"]
#[macro_use]
mod call;
#[path = "core/clocks.rs"]
mod clocks;
#[path = "core/events.rs"]
mod events;
#[path = "core/images.rs"]
mod images;
#[path = "core/keys.rs"]
mod keys;
#[path = "core/levels.rs"]
mod levels;
#[path = "core/memory.rs"]
mod memory;
#[path = "core/objects.rs"]
mod objects;
#[path = "core/stacks.rs"]
mod stacks;
