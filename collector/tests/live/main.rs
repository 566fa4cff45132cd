//! The program for Windows under Wine, but for `weir driver`, which `tests/driver` has: it prints
//! what the program for Linux prints, and reads events live.
//!
//! Wine has no event tracing: `etw` is a library in its place, which plays what a test says. Its
//! filtering engine is empty: `wfp` has what a test says.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails loudly")]

mod answers;
mod arrivals;
mod books;
mod collector;
mod failures;
mod feed;
mod filtering;
#[path = "../events/made.rs"]
#[expect(dead_code, reason = "the trace alone is of use here, not the runs on Linux")]
mod made;
mod parity;
mod run;
mod stage;
mod substitute;
#[path = "../replay/support.rs"]
#[expect(dead_code, reason = "captures are of use here, not the runs on Linux")]
mod support;
#[path = "../driver/tools.rs"]
mod tools;
mod wfp;
#[path = "../driver/windows.rs"]
#[expect(dead_code, reason = "no driver is installed here")]
mod windows;
