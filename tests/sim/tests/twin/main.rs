//! Events one for one: whatever the driver tells of its traffic, the hook of user mode tells of the
//! same traffic, but for the list in `weir_sim::differences`; and the counters are what the events
//! add up to.
//!
//! * `captures`: generated and recorded traffic with the sample programs.
//! * `patterns`: random answers, attachments, shapes and bounds from a seed.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod captures;
mod patterns;
