//! Input that nobody meant: cut, changed, and made to cost.

use super::super::{ProviderTraits, parse_schema, provider_traits};
use super::{GROUP, RICH_PAYLOAD, rich_blob};
use crate::fields::tests::values_within;
use crate::fields::{PointerSize, Schema, VALUES_MAX};

/// Decodes and writes; checks the limit and that no byte is lost.
fn read_all(schema: &Schema, payload: &[u8]) -> usize {
    let decoded = schema.decode(payload, PointerSize::Bytes4);
    let values = decoded.fields.iter().map(|field| values_within(&field.value)).sum();
    assert!(values <= VALUES_MAX, "{values}");
    assert!(payload.ends_with(decoded.rest));
    assert_eq!(decoded.error.is_none(), decoded.fields.len() == schema.fields().len());
    assert!(serde_json::to_string(&decoded.fields).is_ok());
    values
}

/// All that come of a byte string by cutting it and by changing one byte of it.
fn damaged(whole: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let cut = (0..whole.len()).map(|length| whole.iter().copied().take(length).collect());
    let changed = (0..whole.len()).flat_map(move |place| {
        (0..=u8::MAX).map(move |byte| {
            let mut changed = whole.to_vec();
            changed.get_mut(place).into_iter().for_each(|old| *old = byte);
            changed
        })
    });
    cut.chain(changed)
}

#[test]
fn damaged_descriptions_are_read_or_refused() {
    let whole = rich_blob();
    let (mut read, mut refused) = (0, 0);
    for blob in damaged(&whole) {
        match parse_schema(&blob) {
            Ok(schema) => {
                read += 1;
                read_all(&schema, RICH_PAYLOAD);
                read_all(&schema, &[0xFF; 100]);
            }
            Err(error) => {
                refused += 1;
                assert!(!error.kind().is_empty());
            }
        }
    }
    assert!(read > whole.len() && refused > whole.len(), "{read} read, {refused} refused");
}

#[test]
fn a_description_cut_with_its_size_keeping_step_never_reads_past_the_cut() {
    let whole = rich_blob();
    for length in 2..whole.len() {
        let mut blob = whole.get(..length).unwrap().to_vec();
        blob[0] = u8::try_from(length).unwrap();
        if let Ok(schema) = parse_schema(&blob) {
            assert!(schema.fields().len() < 7);
            read_all(&schema, RICH_PAYLOAD);
        }
    }
}

#[test]
fn damaged_payloads_give_the_fields_before_the_damage() {
    let schema = parse_schema(&rich_blob()).unwrap();
    for length in 0..RICH_PAYLOAD.len() {
        let payload = RICH_PAYLOAD.get(..length).unwrap();
        let decoded = schema.decode(payload, PointerSize::Bytes8);
        let error = decoded.error.unwrap();
        assert_eq!(error.fault.kind(), "truncated", "{length} bytes");
    }
    for payload in damaged(RICH_PAYLOAD) {
        read_all(&schema, &payload);
    }
}

#[test]
fn damaged_traits_are_read_or_refused() {
    for blob in damaged(&provider_traits("Weir", Some(GROUP)).unwrap()) {
        if let Ok(traits) = ProviderTraits::parse(&blob) {
            assert!(traits.name.len() <= blob.len() * 3);
        }
    }
}

#[test]
fn arrays_of_arrays_of_nothing_end_soon() {
    // Eight structures, each an array of 65,535, and a type without bytes as the innermost.
    let mut blob = b"\0\0\0e\0".to_vec();
    (0..8).for_each(|_| blob.extend(b"s\0\xB8\x01\xFF\xFF"));
    blob.extend(b"n\0\x20\xFF\xFF");
    blob[0] = u8::try_from(blob.len()).unwrap();
    let schema = parse_schema(&blob).unwrap();
    for payload in [&[][..], &[0; 60_000]] {
        let decoded = schema.decode(payload, PointerSize::Bytes8);
        assert_eq!(decoded.error.unwrap().fault.kind(), "too_many_values");
    }
}

#[test]
fn structures_nested_thousands_deep_do_not_exhaust_the_stack() {
    let mut blob = b"\0\0\0e\0".to_vec();
    (0..21_000).for_each(|_| blob.extend(b"\0\x98\x01"));
    let size = u16::try_from(blob.len()).unwrap();
    blob[..2].copy_from_slice(&size.to_le_bytes());
    assert_eq!(parse_schema(&blob).map_err(super::SchemaError::kind), Err("too_deep"));
}

#[test]
fn the_largest_description_is_read() {
    let mut blob = vec![0xFF, 0xFF, 0, 0];
    // Fields without a name, of the type without bytes.
    blob.resize(65_534, 0);
    blob.push(0);
    assert_eq!(parse_schema(&blob).map_err(super::SchemaError::kind), Err("truncated"));
    blob[0] = 0xFE;
    let schema = parse_schema(&blob).unwrap();
    assert_eq!(schema.fields().len(), 32_765);
    assert_eq!(read_all(&schema, b""), 32_765);
}
