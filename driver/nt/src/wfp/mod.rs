//! The Windows Filtering Platform.
//!
//! * [`callouts`]: the four callouts, and what the engine calls.
//! * [`values`]: what it says when a connection is established.
//! * [`indication`]: a piece of a stream, and reading it.
//! * [`flows`]: contexts of flows.
//! * [`engine`]: the filtering engine: sessions, transactions, objects.
//! * [`state`]: whether the engine runs.

pub mod callouts;
pub mod engine;
pub mod flows;
pub mod indication;
pub mod state;
pub mod values;

pub use callouts::Callouts;
pub use indication::{Indication, Part, Place};
pub use values::EstablishedValues;
