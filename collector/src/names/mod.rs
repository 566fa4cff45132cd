//! The names of eBPF programs, asked of the eBPF runtime through its own tool.
//!
//! The driver knows attachments by number; which program is behind one, only the runtime can tell.
//! It is asked with `bpftool.exe`, which comes with it and is written for this, on a thread of its
//! own: whatever the tool does, events are taken in meanwhile.
//! The stages decide what its answer is good for ([`Aggregator::name_programs`]).
//!
//! * [`Namer`]: when to ask, and when an answer may be used.
//! * [`Tool`]: where the tool is. * `once`: one run of it, bounded. * `listing`: what it printed.
//!
//! [`Aggregator::name_programs`]: weir_stages::Aggregator::name_programs

mod listing;
mod namer;
mod once;
#[cfg(test)]
mod tests;
mod tool;

pub use namer::{Namer, NamerFacts};
pub use tool::Tool;
