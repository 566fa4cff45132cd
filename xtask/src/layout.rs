//! `cargo xtask layout`: C-visible structures as JSON.

use serde_json::{Map, Value, json};
use weir_abi::layout::LAYOUTS;

/// `{"struct": {"size": N, "fields": {"name": offset}}}`.
pub(crate) fn json() -> String {
    let mut document = Map::new();
    for layout in LAYOUTS {
        let fields: Map<String, Value> =
            layout.fields.iter().map(|(name, at)| ((*name).to_owned(), json!(at))).collect();
        document.insert(layout.name.to_owned(), json!({ "size": layout.size, "fields": fields }));
    }
    format!("{:#}", Value::Object(document))
}

#[cfg(test)]
mod tests {
    use crate::run;
    use weir_abi::layout::LAYOUTS;

    #[test]
    fn the_header_asserts_every_offset_of_the_layout() {
        let header = run::root().join("driver/include/weir_flow_classify.h");
        let header = std::fs::read_to_string(header).unwrap();
        let packed: String = header.split_whitespace().collect();
        for layout in LAYOUTS {
            let size = format!("sizeof({})=={}", layout.name, layout.size);
            assert!(packed.contains(&size), "the header does not assert {size}");
            for (field, offset) in layout.fields {
                let offset = format!("WEIR_ASSERT_OFFSET({field},{offset});");
                assert!(packed.contains(&offset), "the header does not assert offset {offset}");
            }
        }
    }

    #[test]
    fn layouts_are_those_of_the_x64_windows_abi() {
        let document: serde_json::Value = serde_json::from_str(&super::json()).unwrap();
        let context = &document["ebpf_flow_classify_t"];
        assert_eq!(context["size"], 104);
        for (field, offset) in [
            ("family", 0),
            ("local_port", 20),
            ("remote_ip4", 24),
            ("protocol", 44),
            ("interface_luid", 56),
            ("flow_id", 72),
            ("state", 80),
            ("data_start", 88),
            ("data_end", 96),
        ] {
            assert_eq!(context["fields"][field], offset, "{field}");
        }
    }
}
