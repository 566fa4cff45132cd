//! Traffic through the real `weir.sys` in the simulated kernel, held against accounts that were
//! written without looking at the driver.
//!
//! * [`machine`]: the simulated kernel with the driver loaded, and a clock that follows traffic.
//! * [`sample`], [`pattern`]: programs that run alike in the kernel and in user mode.
//! * [`player`]: the streams of a capture, or of [`generate`], as connections of a machine.
//! * [`twin`]: the driver and the hook of user mode side by side; [`differences`] is the complete
//!   list of what may differ between their events.
//! * [`account`]: counters added up from events alone; [`sets`]: counters as the driver tells them;
//!   `flow_of`: which flow an event is about.
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
pub mod sample;
pub mod sets;
pub mod simulate;
pub mod stages;
pub mod twin;
