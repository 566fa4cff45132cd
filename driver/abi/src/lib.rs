//! The byte contract of Weir: what crosses between an eBPF program and the hook, and between
//! ring 0 and ring 3.
//!
//! * [`context`]: the structure that a flow-classify program is given, and its enumerations.
//! * [`event`]: the events of the provider `Weir.FlowClassify`, encode and decode side by side.
//! * [`counters`]: the series that a Counters event carries.
//! * [`attach`]: what a program is attached with.
//! * [`buckets`]: the one histogram scale that driver, exposition and OTLP share.
//! * [`metadata`]: what makes the events self-describing, from the same definitions.
//! * [`identifiers`]: GUIDs and names.
//! * [`program_type`]: what eBPF for Windows is told of the program type.
//!
//! Nobody else in the project repeats an offset.
//! A change of layout raises the event's version.
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
#![cfg_attr(
    test,
    allow(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::unwrap_used,
        clippy::panic,
        clippy::allow_attributes,
        reason = "tests may fail loudly"
    )
)]

#[cfg(test)]
extern crate std;

pub mod attach;
pub mod buckets;
pub mod context;
pub mod counters;
pub mod event;
pub mod identifiers;
pub mod layout;
pub mod metadata;
pub mod names;
pub mod program_type;
pub mod wire;

pub use context::{Action, Direction, FlowClassify, FlowState};
pub use event::{DecodeError, Event, EventHead, Record};
