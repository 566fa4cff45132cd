//! That a release image has no panic path, seen in the linker's map.
//!
//! The link itself fails where one survives (`weir_nt::panic`); this looks for what would be left
//! if that proof were broken. The debug image is the control: there the same search must find some.

use super::Flavor;
use std::path::Path;

/// Parts of symbols that only panics have.
const MARKS: [&str; 3] = ["panicking", "weir_panic_path_survives", "rust_begin_unwind"];

/// What the map says against the image.
pub(super) fn broken(map: &Path, flavor: Flavor) -> Result<Vec<String>, String> {
    let map =
        std::fs::read_to_string(map).map_err(|error| format!("{}: {error}", map.display()))?;
    Ok(judge(&map, flavor))
}

/// [`broken`] of a map's text.
pub(super) fn judge(map: &str, flavor: Flavor) -> Vec<String> {
    if !map.contains("DriverEntry") {
        return vec!["the linker's map does not name DriverEntry: no map of this image".to_owned()];
    }
    let marked = map.lines().filter(|line| MARKS.iter().any(|mark| line.contains(mark)));
    let marked: Vec<String> = marked.map(|line| line.trim().to_owned()).collect();
    match flavor {
        Flavor::Release => {
            marked.iter().map(|line| format!("a panic path survives: {line}")).collect()
        }
        Flavor::Debug if marked.is_empty() => {
            vec!["no panic in the debug image: the search for them is blind".to_owned()]
        }
        Flavor::Debug => Vec::new(),
    }
}
