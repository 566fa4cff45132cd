//! The doctor's checks: what an expert looks at, in the order in which they would.
//!
//! * [`facts`]: what evidence says, in types.
//! * [`evidence`]: all that is known of a machine, and what is missing of it.
//! * [`table`]: every check: id, title, what it needs, what it follows from.
//! * [`verdict`]: what a check says.
//! * [`report`]: all checks on one machine's evidence.
//! * `components`, `host`, `hooks`, `objects`, `ebpf_objects`, `weir_objects`, `foreign`,
//!   `orphans`, `programs`, `attach_types`, `maps`, `traces`, `redirects`, `telemetry`: how they
//!   judge.
//! * [`docs`]: the generated page about checks.
//! * `remedies`, `windows_errors`: commands to type, numbers in words.
//!
//! Nothing here reads a file: parsers are in `weir-evidence`, collection is the collector's.

mod attach_types;
pub mod check;
mod components;
pub mod docs;
mod ebpf_objects;
pub mod evidence;
pub mod facts;
mod foreign;
mod hooks;
mod host;
mod maps;
mod objects;
mod orphans;
mod programs;
mod redirects;
mod remedies;
pub mod report;
pub mod table;
mod telemetry;
mod traces;
mod type_numbers;
pub mod verdict;
mod weir_objects;
mod windows_errors;

pub use check::{Check, Group, Privilege};
pub use evidence::{Evidence, Gap, Kind, Piece};
pub use report::{Outcome, Report};
pub use verdict::{Judgement, Step, Verdict};

#[cfg(test)]
mod tests;
