//! Arrays, structures, names, and payloads that do not fit.

use super::super::{
    Count, FieldFault, FieldType, InType, OutType, STRUCTURES_DEEP_MAX, Schema, TooDeep, VALUES_MAX,
};
use super::{check, decode, json, schema, values_within};

fn byte(name: &str) -> FieldType {
    FieldType::new(name, InType::U8)
}

/// A field within so many structures.
fn nested(levels: usize) -> FieldType {
    (0..levels).fold(byte("leaf"), |inner, _| FieldType::structure("s", vec![inner]))
}

#[test]
fn arrays_take_their_length_from_description_or_payload() {
    check(vec![byte("f").count(Count::Fixed(3))], &[1, 2, 3], r#"{"f":[1,2,3]}"#);
    check(vec![byte("c").count(Count::Counted)], &[2, 0, 1, 2], r#"{"c":[1,2]}"#);
    check(vec![byte("e").count(Count::Counted)], &[0, 0], r#"{"e":[]}"#);
    let text = FieldType::new("t", InType::Ansi).count(Count::Counted);
    check(vec![text, byte("n")], b"\x02\0a\0bc\0\x07", r#"{"t":["a","bc"],"n":7}"#);
    let ports = FieldType::new("p", InType::U16).out(OutType::Port).count(Count::Fixed(2));
    check(vec![ports], &[0, 80, 1, 187], r#"{"p":[80,443]}"#);
}

#[test]
fn an_array_of_characters_is_one_text() {
    let characters = |in_type| FieldType::new("t", in_type).out(OutType::Text);
    let narrow = vec![characters(InType::I8).count(Count::Fixed(3)), byte("n")];
    check(narrow.clone(), b"a\0\x80\x07", r#"{"t":"a\u0000€","n":7}"#);
    let wide = characters(InType::U16).count(Count::Counted);
    check(vec![wide, byte("n")], b"\x02\0\x3D\xD8\x00\xDE\x07", r#"{"t":"😀","n":7}"#);
    let schema = schema(narrow);
    let decoded = decode(&schema, b"ab");
    assert_eq!(decoded.error.map(|error| error.fault), Some(FieldFault::Truncated));
    assert_eq!(decoded.rest, b"ab");
}

#[test]
fn structures_nest_and_repeat() {
    let point = FieldType::structure("at", vec![byte("x"), byte("y")]);
    let line = FieldType::structure("line", vec![byte("id"), point.clone().count(Count::Fixed(2))]);
    check(vec![point.clone()], &[1, 2], r#"{"at":{"x":1,"y":2}}"#);
    check(
        vec![line.count(Count::Counted), byte("end")],
        &[2, 0, 7, 1, 2, 3, 4, 8, 5, 6, 7, 8, 9],
        concat!(
            r#"{"line":[{"id":7,"at":[{"x":1,"y":2},{"x":3,"y":4}]},"#,
            r#"{"id":8,"at":[{"x":5,"y":6},{"x":7,"y":8}]}],"end":9}"#
        ),
    );
}

#[test]
fn an_encoding_of_the_writers_is_bytes_whatever_the_type() {
    let custom = |in_type| FieldType::new("c", in_type).count(Count::Custom(vec![1, 2]));
    check(vec![custom(InType::U64), byte("n")], &[2, 0, 0xAB, 0xCD, 7], r#"{"c":"abcd","n":7}"#);
    check(vec![custom(InType::Struct), byte("n")], &[0, 0, 7], r#"{"c":"","n":7}"#);
}

#[test]
fn no_two_fields_of_an_object_share_a_name() {
    let names = ["a", "a", "a_2", "a", "", ""];
    let expected = ["a", "a_3", "a_2", "a_4", "unnamed", "unnamed_2"];
    let siblings: Vec<_> = names.into_iter().map(byte).collect();
    let schema = schema(vec![byte("a"), FieldType::structure("s", siblings)]);
    let [_, structure] = schema.fields() else { panic!("two fields") };
    let got: Vec<_> = structure.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(got, expected);
}

#[test]
fn long_names_are_cut_and_stay_apart() {
    let long = "ü".repeat(200);
    let schema = schema(vec![byte(&long), byte(&long)]);
    let lengths: Vec<_> = schema.fields().iter().map(|field| field.name.len()).collect();
    assert_eq!(lengths, [256, 258]);
}

#[test]
fn many_equal_names_are_told_apart_quickly() {
    let schema = schema((0..30_000).map(|_| byte("a")).collect());
    assert_eq!(schema.fields().last().unwrap().name, "a_30000");
}

#[test]
fn display_writes_what_json_does_without_quotes() {
    let point = FieldType::structure("at", vec![byte("x"), FieldType::new("t", InType::Ansi)]);
    let schema = schema(vec![point.count(Count::Fixed(2)), FieldType::new("none", InType::Null)]);
    let decoded = decode(&schema, b"\x01a\0\x02b\0");
    assert_eq!(decoded.fields.to_string(), "at: [{x: 1, t: a}, {x: 2, t: b}], none: null");
}

#[test]
fn bytes_after_the_last_field_are_the_rest() {
    let schema = schema(vec![byte("a")]);
    assert_eq!(decode(&schema, &[1, 2, 3]).rest, [2, 3]);
}

#[test]
fn a_cut_field_is_named_and_leaves_those_before_it_and_its_bytes() {
    let inner = FieldType::structure("s", vec![byte("b"), FieldType::new("w", InType::U32)]);
    let schema = schema(vec![byte("a"), inner.count(Count::Fixed(2)), byte("z")]);
    let decoded = decode(&schema, &[1, 2, 3, 0, 0, 0, 4, 5]);
    let error = decoded.error.unwrap();
    assert_eq!(json(&decoded.fields), r#"{"a":1}"#);
    assert_eq!(decoded.rest, [2, 3, 0, 0, 0, 4, 5]);
    assert_eq!(error.to_string(), "read field s[1].w: the payload ends too early");
    assert_eq!(error.fault.kind(), "truncated");
}

#[test]
fn every_type_that_needs_bytes_misses_them() {
    for number in (1..=25).filter(|number| *number != 24) {
        let schema = schema(vec![FieldType::new("f", InType::from_number(number))]);
        let error = decode(&schema, b"").error.map(|error| error.fault);
        assert_eq!(error, Some(FieldFault::Truncated), "in type {number}");
    }
    for (in_type, payload) in [
        (InType::CountedUtf16, &[3, 0, 65, 0][..]),
        (InType::CountedAnsi, &[1, 0]),
        (InType::Binary, &[0xFF, 0xFF, 1]),
        (InType::Sid, &[1, 1, 0, 0, 0, 0, 0, 5, 1, 0, 0]),
        (InType::ReversedCountedUtf16, &[0, 3, 65, 0]),
        (InType::ReversedCountedAnsi, &[0, 1]),
        (InType::HexDump, &[1, 0, 0, 0]),
        (InType::HexDump, &[0xFF, 0xFF, 0xFF, 0xFF, 1]),
        (InType::TokenSid, &[0, 0, 0]),
        (InType::TokenSid, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0]),
    ] {
        let schema = schema(vec![FieldType::new("f", in_type)]);
        let decoded = decode(&schema, payload);
        let error = decoded.error.map(|error| error.fault);
        assert_eq!((error, decoded.rest), (Some(FieldFault::Truncated), payload), "{in_type:?}");
    }
}

#[test]
fn an_unknown_in_type_says_its_number_and_leaves_what_is_before_it() {
    for number in [26, 31, 300] {
        let unknown = FieldType::new("u", InType::from_number(number));
        let schema = schema(vec![byte("a"), unknown, byte("z")]);
        let decoded = decode(&schema, &[1, 2, 3]);
        let error = decoded.error.map(|error| error.fault);
        assert_eq!(error, Some(FieldFault::UnknownInType(number)));
        assert_eq!((json(&decoded.fields).as_str(), decoded.rest), (r#"{"a":1}"#, &[2, 3][..]));
    }
}

#[test]
fn structures_nest_to_the_limit_and_not_beyond() {
    let mut expected = "1".to_owned();
    for name in core::iter::once("leaf").chain(core::iter::repeat_n("s", STRUCTURES_DEEP_MAX)) {
        expected = format!("{{\"{name}\":{expected}}}");
    }
    check(vec![nested(STRUCTURES_DEEP_MAX)], &[1], &expected);
    assert_eq!(Schema::new("e", 0, vec![nested(STRUCTURES_DEEP_MAX + 1)]), Err(TooDeep));
}

#[test]
fn elements_without_bytes_are_bounded_by_the_payload() {
    let nothing = FieldType::new("n", InType::Null).count(Count::Fixed(u16::MAX));
    let hollow = FieldType::structure("h", Vec::new()).count(Count::Counted);
    let product = FieldType::structure("p", vec![nothing.clone()]).count(Count::Fixed(u16::MAX));
    for field in [nothing, hollow, product] {
        let schema = schema(vec![byte("a"), field]);
        let decoded = decode(&schema, &[1, 0xFF, 0xFF]);
        let error = decoded.error.map(|error| error.fault);
        assert_eq!(error, Some(FieldFault::TooManyValues));
        assert_eq!(json(&decoded.fields), r#"{"a":1}"#);
    }
}

#[test]
fn a_whole_event_of_bytes_is_within_the_limit_and_more_is_not() {
    let array = byte("b").count(Count::Fixed(u16::MAX));
    let pairs = FieldType::structure("s", vec![byte("b")]).count(Count::Fixed(u16::MAX));
    let triples = FieldType::structure("t", vec![pairs.clone()]).count(Count::Fixed(2));
    let payload = vec![0; 0x2_0000];
    for field in [array, pairs] {
        let schema = schema(vec![field]);
        let decoded = decode(&schema, &payload);
        assert_eq!(decoded.error, None);
        let values: usize = decoded.fields.iter().map(|field| values_within(&field.value)).sum();
        assert!(values <= VALUES_MAX, "{values}");
    }
    let schema = schema(vec![triples]);
    let error = decode(&schema, &payload).error.unwrap();
    assert_eq!(error.fault, FieldFault::TooManyValues);
    assert_eq!(error.fault.kind(), "too_many_values");
}
