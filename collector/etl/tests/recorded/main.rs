//! Files that Windows wrote give exactly what is known of them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stderr, reason = "says that nothing was tested")]

mod described;
mod expected;
mod given;
mod perfview;
mod tally;

use std::path::{Path, PathBuf};

/// Where recorded traces are, if they are.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/etl");
    if folder.join("EXPECTED.json").is_file() {
        return Some(folder);
    }
    eprintln!("skipped: recorded traces are not at ../shared/data/etl");
    None
}
