//! Traffic through the real `weir.sys` in the simulated kernel, held against two accounts.
//!
//! The twin, which every event is compared with, is the hook of user mode: it shares `weir-engine`
//! and `weir-abi` with the driver. So it sees what the driver does wrong around them, not a mistake
//! that is in them. Independent of both are
//! * [`account`], which adds up counters from events;
//! * the reference model of `driver/engine/tests/model`, written from the text, with which
//!   `tests/sequences` holds decisions, though neither bytes nor tuples nor ages;
//! * the golden bytes of `driver/abi/tests`, which hold the codec.
//!
//! What is here:
//! * [`machine`]: the simulated kernel with the driver loaded, and a clock that follows traffic.
//! * [`sample`], [`pattern`]: programs that run alike in the kernel and in user mode.
//! * [`player`]: the streams of a capture, or of [`generate`], as connections of a machine.
//! * [`twin`]: the driver and the hook of user mode side by side; [`differences`] is the complete
//!   list of what may differ between their events.
//! * [`account`]: counters added up from events alone; [`sets`]: counters as the driver tells them;
//!   `flow_of`: which flow an event is about.
//! * [`recorded`]: recorded captures, where they are; [`repeat`]: the command that repeats a test
//!   that failed.
//! * [`stages`]: the driver's events through the collector's stages; [`simulate`]: `cargo xtask sim`.
//!
//! Below is `weir-sim-kernel`, which knows neither events nor rules of Weir.
#![forbid(unsafe_code)]

pub mod account;
pub mod differences;
mod flow_of;
pub mod generate;
pub mod machine;
pub mod pattern;
pub mod player;
pub mod recorded;
pub mod repeat;
pub mod sample;
pub mod sets;
pub mod simulate;
pub mod stages;
pub mod twin;
