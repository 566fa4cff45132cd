//! Files that a fuzzer found fault with once.

use super::made;
use super::read::{Outcome, read};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// The files of a folder, how many there are and which of them make the reader panic.
fn failing(folder: &Path, read: impl Fn(&[u8]) -> Outcome) -> (usize, Vec<PathBuf>) {
    let entries = folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    let all = paths.len();
    paths.retain(|path| {
        let file = std::fs::read(path).unwrap();
        catch_unwind(AssertUnwindSafe(|| read(&file))).is_err()
    });
    (all, paths)
}

#[test]
fn what_a_fuzzer_found_is_read_within_the_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/regressions");
    let (files, failing) = failing(&folder, read);
    // One keeps the folder in the repository.
    assert!(files >= 1 && failing.is_empty(), "{files} files, failing: {failing:?}");
}

#[test]
fn a_regression_would_be_noticed() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("regressions");
    std::fs::create_dir_all(&folder).unwrap();
    let seeds = made::seeds();
    for (place, seed) in seeds.iter().enumerate() {
        std::fs::write(folder.join(place.to_string()), seed).unwrap();
    }
    assert_eq!(failing(&folder, read), (seeds.len(), vec![]));
    let bad = |file: &[u8]| {
        assert_ne!(file, seeds[2], "one that cannot be read");
        read(file)
    };
    assert_eq!(failing(&folder, bad), (seeds.len(), vec![folder.join("2")]));
}
