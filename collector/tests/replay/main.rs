//! `weir replay` as its users run it: the built binary, captures made by the project's own code.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod bad_input;
mod decisions;
mod outputs;
mod support;
mod traces;
mod truth;
