//! `cargo xtask layout`: structures that cross an interface of the driver, as JSON.
//!
//! Two tables: the one that eBPF programs compile against (`weir_abi`), and those that Windows and
//! eBPF for Windows share with the driver (`weir_nt`).

use serde_json::{Map, Value, json};
use weir_abi::layout::Layout;

/// Every structure, by name.
fn all() -> impl Iterator<Item = &'static Layout> {
    weir_abi::layout::LAYOUTS.iter().chain(weir_nt::layout::LAYOUTS)
}

/// `{"struct": {"size": N, "fields": {"name": offset}}}`, and `"prefix": true` where C's structure
/// goes on after what the driver looks at, whose size it is then.
pub(crate) fn json() -> String {
    let mut document = Map::new();
    for layout in all() {
        let fields: Map<String, Value> =
            layout.fields.iter().map(|(name, at)| ((*name).to_owned(), json!(at))).collect();
        let mut entry = json!({ "size": layout.size, "fields": fields });
        if !layout.is_whole {
            entry["prefix"] = json!(true);
        }
        document.insert(layout.name.to_owned(), entry);
    }
    format!("{:#}", Value::Object(document))
}

#[cfg(test)]
mod tests;
