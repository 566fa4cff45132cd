//! Reads evidence: what Windows' and eBPF's tools print, on any machine, into the facts that the
//! doctor's checks judge.
//!
//! Input is from strangers: every parser has bounds, and what cannot be read is an error that says
//! where. Nothing here starts a tool or opens a file.
//!
//! * [`error`]: why something cannot be read.
//! * [`trace`]: diagnostic traces, text and `.etl`.
#![forbid(unsafe_code)]

pub mod error;
pub mod trace;

pub use error::ReadError;
