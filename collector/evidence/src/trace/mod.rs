//! Diagnostic traces of eBPF for Windows: text that `netsh trace convert` wrote, or `.etl`.
//!
//! [`read`] gives what the checks judge; [`TraceReader`] gives events one by one, for whoever shows
//! them. Both keep a bounded part of a trace in memory, whatever it holds.
//!
//! * [`TraceEvent`]: one event, of either kind of file.
//! * [`Incidents`]: failures with one cause each.
//! * [`Code`]: error codes with names.
//! * [`Loads`]: what belongs to one load.
//! * [`Step`]: where a call begins and ends.

mod calls;
mod code_of;
mod codes;
mod entry;
mod etl;
mod event;
mod facts;
mod incidents;
mod lines;
mod loads;
mod objects;
mod open;
mod reader;
mod redirects;
mod sign;
mod text;

#[cfg(test)]
mod tests;

pub use calls::Step;
pub use code_of::{CodeField, code};
pub use codes::{Code, Family};
pub use event::{FieldValue, Source, TraceEvent, TraceField, bounded};
pub use facts::{Counts, read};
pub use incidents::Incidents;
pub use loads::{Load, Loads, Outcome};
pub use reader::{Damage, TraceReader};
pub use redirects::{endpoint, redirect};
pub use sign::is_noise;
