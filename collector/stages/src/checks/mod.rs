//! The doctor's checks: what an expert looks at, in the order in which they would.
//!
//! * [`facts`]: what evidence says, in types.
//! * [`evidence`]: all that is known of a machine, and what is missing of it.
//!
//! Nothing here reads a file: parsers are in `weir-evidence`, collection is the collector's.

pub mod evidence;
pub mod facts;

pub use evidence::{Evidence, Gap, Kind, Piece};
