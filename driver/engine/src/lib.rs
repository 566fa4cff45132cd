//! The rules of the flow-classify hook that need no kernel: who is invoked, in which order, and
//! what the answers mean.
//!
//! * [`slots`]: masks of attachments.
//! * [`attachments`]: the attach order (S28 to S30).
//! * [`flow`]: one flow from NEW to its fate (S04 to S27, S31, S32).
//! * [`admission`]: the bounds of inspected and blocked flows (S33).
//!
//! Everything is total: no allocation, no panic, no clock.
//! The caller invokes programs through [`Host`] and serialises the calls for one flow (S38).
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

pub mod admission;
pub mod attachments;
pub mod flow;
pub mod slots;

pub use admission::Admission;
pub use attachments::{AttachError, Attachment, Attachments};
pub use flow::{Established, Flow, Host, NotKept, Outcome, Settled};
pub use slots::{Slot, Slots};
