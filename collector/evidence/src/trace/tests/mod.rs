//! Traces and their incidents: what one failed call says is one failure, with one cause.

mod etl;
mod loads;
mod made;
mod reasons;
mod recorded;
mod samples;
