//! Traces and their incidents: what one failed call says is one failure, with one cause.

mod loads;
mod made;
mod recorded;
mod samples;
