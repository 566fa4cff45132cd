//! The rules of `deploy/prometheus` are held to what they claim: they load, their tests pass and can
//! fail, and every alert has somebody who knows what to do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    clippy::allow_attributes,
    reason = "a test fails loudly, and says what it skips"
)]

mod alertmanager;
mod breaking;
mod files;
mod inhibition;
mod manifest;
mod mutants;
mod names;
mod promtool;
mod quiet;
mod runbooks;
mod sound;
mod texts;
