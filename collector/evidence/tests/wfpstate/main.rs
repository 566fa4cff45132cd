//! `wfpstate.xml`: what is read of it, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "says that nothing was tested")]

mod bounds;
mod damaged;
mod encodings;
mod guide;
mod held;
#[path = "../../../etl/tests/hostile/memory.rs"]
#[expect(dead_code, reason = "the tests of event trace files use all of it")]
mod memory;
mod objects;
mod regressions;
mod roots;
mod written;

use weir_evidence::{ReadError, wfpstate};
use weir_stages::checks::facts::WfpState;

/// Reads a text under a name.
fn read(text: &str) -> Result<WfpState, ReadError> {
    wfpstate::read("state.xml", text.as_bytes())
}

/// The line and the words of what is damaged.
fn damage(error: &ReadError) -> (u64, &str) {
    match error {
        ReadError::Damaged { place, what } => {
            assert_eq!(place.file, "state.xml");
            (place.line, what)
        }
        ReadError::Io { .. } | ReadError::TooLarge { .. } | ReadError::Unknown { .. } => {
            panic!("{error}")
        }
    }
}
