//! Recorded captures, where this checkout has them beside it; several tests run them.

use std::path::{Path, PathBuf};

/// Every recorded capture of less than so many bytes, by name; `None`, and a word on why, where
/// there are none.
///
/// # Panics
/// If the folder is there and cannot be read.
#[must_use]
#[expect(clippy::print_stderr, reason = "a test that does nothing has to say so")]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
pub fn captures(bytes_max: u64) -> Option<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/pcaps");
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("skipped: recorded traffic is not at ../shared/data/pcaps");
        return None;
    };
    let is_capture = |path: &PathBuf| {
        path.extension().is_some_and(|ending| ending == "pcap" || ending == "pcapng")
            && path.metadata().unwrap().len() < bytes_max
    };
    let mut paths: Vec<_> = files.map(|it| it.unwrap().path()).filter(is_capture).collect();
    paths.sort();
    Some(paths)
}
