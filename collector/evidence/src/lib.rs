//! Reads evidence: what Windows' and eBPF's tools print, on any machine, into the facts that the
//! doctor's checks judge.
//!
//! Input is from strangers: every parser has bounds, and what cannot be read is an error that says
//! where. Nothing here starts a tool or opens a file.
//!
//! * [`error`]: why something cannot be read.
//! * [`wfpstate`]: `wfpstate.xml`, what `netsh wfp show state` writes.
//! * [`read()`]: any file, by its content; [`sniff`] tells what it is.
//! * [`text`]: bytes in any encoding to text.
//! * [`service`], [`bpftool`], [`sessions`], [`ports`], [`boot`], [`registry`], [`telemetry`]: what
//!   one tool prints, in any display language.
//! * [`system`]: the bundle's own `system.json`, read and written.
//! * [`trace`]: diagnostic traces, text and `.etl`.
#![forbid(unsafe_code)]

pub mod boot;
pub mod bpftool;
pub mod error;
pub mod ports;
pub mod read;
pub mod registry;
pub mod service;
pub mod sessions;
pub mod sniff;
pub mod system;
pub mod telemetry;
pub mod text;
pub mod trace;
pub mod wfpstate;

pub use error::ReadError;
pub use read::read;
