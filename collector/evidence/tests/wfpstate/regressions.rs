//! Files that a fuzzer found fault with once, and those with which it begins.

use super::held::hold;
use super::written::seeds;
use std::path::Path;

#[test]
fn what_a_fuzzer_found_is_read_within_the_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/regressions");
    let files = folder.read_dir().unwrap().map(|it| std::fs::read(it.unwrap().path()).unwrap());
    let held = files.inspect(|it| drop(hold(it))).map(|it| it.len()).collect::<Vec<_>>();
    assert!(!held.is_empty(), "one keeps the folder in the repository");
}

#[test]
fn what_a_fuzzer_begins_with_is_sound_but_for_the_bomb() {
    let read: Vec<_> = seeds().iter().map(|it| hold(it).is_some()).collect();
    assert_eq!(read, [true, true, true, true, true, true, true, false]);
}
