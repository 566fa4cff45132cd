//! Files that a fuzzer found fault with once.

use super::read::read;
use std::path::Path;

#[test]
fn what_a_fuzzer_found_is_read_within_the_bounds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/regressions");
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let found = std::panic::catch_unwind(|| read(&std::fs::read(&path).unwrap()));
        assert!(found.is_ok(), "{}", path.display());
    }
}
