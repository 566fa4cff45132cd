//! The hook from outside: scripted programs in, event bytes out.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails loudly"
)]

mod account;
mod record;
mod rules;
mod told;
