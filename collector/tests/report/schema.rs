//! The published schema says what the document is.

use super::bundle::{files, folder};
use super::json;
use serde_json::Value as Json;

const SCHEMA: &str = include_str!("../../../docs/doctor-report.schema.json");

/// Follows a reference, or the one of two that is not null.
fn resolved<'a>(root: &'a Json, mut schema: &'a Json) -> &'a Json {
    loop {
        if let Some(name) = schema["$ref"].as_str() {
            schema = root.pointer(name.trim_start_matches('#')).unwrap();
        } else if let Some(several) = schema["anyOf"].as_array() {
            schema = several.iter().find(|it| it["type"] != "null").unwrap();
        } else {
            return schema;
        }
    }
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}

/// Where a document is not as the schema says.
fn differences(root: &Json, schema: &Json, value: &Json, at: &str, found: &mut Vec<String>) {
    let schema = resolved(root, schema);
    let types = &schema["type"];
    let several = types.as_array().map_or_else(|| core::slice::from_ref(types), Vec::as_slice);
    let allowed: Vec<&str> = several.iter().filter_map(Json::as_str).collect();
    if !allowed.contains(&kind(value)) {
        found.push(format!("{at} is {}, not {allowed:?}", kind(value)));
    }
    if let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object())
    {
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => differences(root, schema, field, &format!("{at}.{name}"), found),
                None => found.push(format!("{at}.{name} is in no schema")),
            }
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if !fields.contains_key(name.as_str().unwrap()) {
                found.push(format!("{at} lacks {name}"));
            }
        }
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        differences(root, &schema["items"], item, &format!("{at}[{place}]"), found);
    }
}

#[test]
fn the_document_is_as_the_published_schema_says() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    let (report, _) = json(folder(&files()).path(), &[]);
    let mut found = Vec::new();
    differences(&schema, &schema, &report, "report", &mut found);
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_document_that_differs_is_seen_to_differ() {
    let schema: Json = serde_json::from_str(SCHEMA).unwrap();
    let (report, _) = json(folder(&files()).path(), &[]);
    let changes: [fn(&mut Json); 3] = [
        |it| it["checks"][0]["verdict"] = 1.into(),
        |it| drop(it["checks"][1].as_object_mut().unwrap().remove("found")),
        |it| it["source"]["surprise"] = true.into(),
    ];
    for change in changes {
        let (mut report, mut found) = (report.clone(), Vec::new());
        change(&mut report);
        differences(&schema, &schema, &report, "report", &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
