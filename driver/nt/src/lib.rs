//! The Windows kernel as the driver sees it: the only crate of the driver that says `unsafe`.
//!
//! * `ffi`: declarations, one file per export prefix, C names verbatim, each with its source and
//!   the IRQL at which it may be called; [`layout`]: every structure among them.
//! * [`entry`]: from the I/O manager's calls to a driver that starts and stops; `registration`:
//!   what the kernel can still call; [`device`], [`parameters`], [`object`].
//! * [`pool`], [`slab`]: memory; [`lock`], [`rundown`], [`published`], [`processors`]: who may touch
//!   what; [`work`], [`timer`], [`stack`], [`time`].
//! * [`etw`]: the event provider; [`wfp`]: callouts, streams, the filtering engine; [`ebpf`]: the
//!   extension interface.
//! * [`mod@panic`]: what a panic becomes; a release image has none. [`status`].
//!
//! Nothing here links against the WDK: imports are made from the declarations (raw-dylib), and
//! `cargo xtask driver` holds the image's imports against a list.
//! The `link` attributes are Windows only because the linkage is; the code is the same everywhere,
//! so every target checks it, and only the Windows target links it.
#![no_std]
#![expect(unsafe_code, reason = "the floor on which the driver meets the kernel")]
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

pub mod device;
pub mod ebpf;
pub mod entry;
pub mod etw;
mod ffi;
pub mod layout;
pub mod lock;
pub mod object;
pub mod panic;
pub mod parameters;
pub mod pool;
pub mod processors;
pub mod published;
mod registration;
pub mod rundown;
pub mod slab;
pub mod stack;
pub mod status;
pub mod time;
pub mod timer;
mod tsc;
pub mod wfp;
pub mod work;

pub use status::NtStatus;
