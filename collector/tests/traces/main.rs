//! `weir traces` as its users run it: the built binary, traces made here, and a recorded one.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "a test fails loudly, and says what it skips"
)]

mod bad_input;
mod lines;
mod made;
mod recorded;
mod summaries;
