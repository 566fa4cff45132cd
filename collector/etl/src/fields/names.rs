//! Every field of an object needs a name of its own, or a reader of the object loses values.

use super::FieldType;
use std::collections::{HashMap, HashSet};

/// What a field without a name is called.
const UNNAMED: &str = "unnamed";

/// Names are cut after so many bytes. Names are identifiers in somebody's source; a description of
/// 64 KiB with one name of its whole length would be written 65,535 times for an array of
/// structures.
const NAME_BYTES_MAX: usize = 256;

/// Gives fields the names that [`super::Schema::new`] promises.
///
/// Time is near linear even where all names are equal: the next suffix to try is kept by name.
pub(super) fn make_unique(fields: &mut [FieldType]) {
    for field in fields.iter_mut() {
        if field.name.is_empty() {
            field.name.push_str(UNNAMED);
        }
        field.name.truncate(field.name.floor_char_boundary(NAME_BYTES_MAX));
    }
    // First of all the names as written, so that a suffix never takes one of them away.
    let mut taken: HashSet<String> = fields.iter().map(|field| field.name.clone()).collect();
    if taken.len() == fields.len() {
        return;
    }
    let mut suffixes: HashMap<String, u32> = HashMap::new();
    for field in fields.iter_mut() {
        // Absent: this is the first of its name.
        let Some(suffix) = suffixes.get_mut(&field.name) else {
            suffixes.insert(field.name.clone(), 2);
            continue;
        };
        loop {
            let name = format!("{}_{suffix}", field.name);
            *suffix = suffix.saturating_add(1);
            if taken.insert(name.clone()) {
                field.name = name;
                break;
            }
        }
    }
}
