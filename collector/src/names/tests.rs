//! The tool's answers, its failures, and names from end to end with a stand-in for the tool.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod answers;
#[cfg(unix)]
mod end_to_end;
mod pace;
#[cfg(unix)]
mod runs;
mod tools;
