//! Large files that Windows wrote, damaged as they are.
//!
//! A change at a time, some in every run. For more, on small files too:
//!
//! ```text
//! WEIR_HOSTILE_CHANGES=10000 cargo test --release -p weir-etl --test hostile whole
//! ```

use super::change::{Seed, some};
use super::recorded::{SMALL_BYTES, files, in_threads};
use super::rules::Case;
use std::path::Path;

/// Changes of a file in a usual run.
const CHANGES: usize = 100;

/// How many changes are asked for.
fn wanted() -> Option<usize> {
    let text = std::env::var("WEIR_HOSTILE_CHANGES").ok()?;
    Some(text.parse().expect("WEIR_HOSTILE_CHANGES is a number"))
}

fn check(path: &Path, changes: usize) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let case = Case::new(name.clone(), std::fs::read(path).unwrap());
    let changes = some(case.file(), &case.layout, changes, &mut Seed(4));
    let tally = case.check(&changes);
    eprintln!("{name}, whole: {tally:?}");
    assert_eq!(tally.changes, changes.len());
    assert!(tally.told * 10 > tally.changes, "{name}: {tally:?}");
}

#[test]
fn every_recorded_file_is_damaged_as_it_is() {
    let (mut files, wanted) = (files(), wanted());
    let is_large = |path: &Path| path.metadata().unwrap().len() >= SMALL_BYTES as u64;
    files.retain(|path| wanted.is_some() || is_large(path));
    in_threads(&files, |path| check(path, wanted.unwrap_or(CHANGES)));
}
