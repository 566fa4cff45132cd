//! The Windows kernel as the driver sees it: the only crate of the driver that says `unsafe`.
//!
//! * `ffi`: declarations, one file per export prefix, C names verbatim, each with its source and
//!   the IRQL at which it may be called.
//! * [`entry`]: from the I/O manager's calls to a driver that starts and is dropped.
//! * [`etw`]: a registered event provider.
//! * [`irql`]: code that stays on one processor.
//! * [`mod@panic`]: what a panic becomes; a release image has none.
//! * [`status`], [`time`].
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

pub mod entry;
pub mod etw;
mod ffi;
pub mod irql;
pub mod object;
pub mod panic;
pub mod status;
pub mod time;

pub use status::NtStatus;
