//! `weir traces` as its users run it: the built binary, traces made here, and a recorded one.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod bad_input;
mod lines;
mod made;
mod recorded;
mod summaries;
