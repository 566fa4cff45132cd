//! `weir events` as its users run it: the built binary, traces made by the project's own code.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod bad_input;
mod filters;
mod lines;
mod made;
mod manifests;
mod names;
mod summaries;
