//! `weir run` from outside, on any system: the built binary fed with traces.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

mod bad_input;
mod running;
mod sources;
