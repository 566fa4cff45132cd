//! What payloads hold, by their description.

mod compound;
mod scalars;

use super::{Decoded, FieldType, Fields, PointerSize, Schema, Value};

fn schema(fields: Vec<FieldType>) -> Schema {
    Schema::new("Event", 0, fields).unwrap()
}

fn decode<'a>(schema: &'a Schema, payload: &'a [u8]) -> Decoded<'a> {
    schema.decode(payload, PointerSize::Bytes8)
}

fn json(fields: &Fields<'_>) -> String {
    serde_json::to_string(fields).unwrap()
}

/// Checks that fields read all of a payload, and as what.
#[track_caller]
fn check(fields: Vec<FieldType>, payload: &[u8], expected: &str) {
    let schema = schema(fields);
    let decoded = decode(&schema, payload);
    assert_eq!(json(&decoded.fields), expected);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]), "{expected}");
}

/// Values, with those inside of others.
pub(crate) fn values_within(value: &Value<'_>) -> usize {
    let mut values = 1;
    if let Value::Array(elements) = value {
        values += elements.iter().map(values_within).sum::<usize>();
    } else if let Value::Struct(fields) = value {
        values += fields.iter().map(|field| values_within(&field.value)).sum::<usize>();
    }
    values
}
