//! Descriptions of events: their bytes, read and written.

mod hostile;

use super::{Blob, BuildError, ProviderTraits, SchemaError, TraitsError, parse_schema};
use super::{codes, provider_traits};
use crate::Guid;
use crate::fields::{Count, FieldType, InType, OutType, PointerSize, STRUCTURES_DEEP_MAX, Schema};

/// A description with every form a field can have.
fn rich() -> Vec<FieldType> {
    let inner = FieldType::structure(
        "inner",
        vec![
            FieldType::new("address", InType::U32).out(OutType::Ipv4).count(Count::Counted),
            FieldType::new("none", InType::Null).count(Count::Fixed(2)),
        ],
    );
    vec![
        FieldType::new("id", InType::U16),
        FieldType::new("port", InType::U16).out(OutType::Port).tags(0x0012_3456),
        FieldType::new("path", InType::Utf16).tags(1),
        FieldType::structure("outer", vec![FieldType::new("who", InType::Sid), inner])
            .count(Count::Counted)
            .tags(0x0200_0000),
        FieldType::new("keys", InType::CountedAnsi).out(OutType::Utf8).count(Count::Fixed(2)),
        FieldType::new("bond", InType::Binary).count(Count::Custom(vec![1, 2, 3])),
        FieldType::new("flag", InType::Bool32),
    ]
}

fn rich_blob() -> Vec<u8> {
    rich().into_iter().fold(Blob::new("Rich").tags(0x0ABC_DEF1), Blob::with).build().unwrap()
}

/// A payload of [`rich`].
const RICH_PAYLOAD: &[u8] = b"\x01\x02\x01\xBBa\0b\0\0\0\
    \x02\0\
    \x01\x01\0\0\0\0\0\x05\x12\0\0\0\x02\0\x7F\0\0\x01\x7F\0\0\x02\
    \x01\0\0\0\0\0\0\x01\0\0\
    \x01\0k\x02\0\xC3\xBC\
    \x03\0\xDE\xAD\0\
    \x01\0\0\0";

#[test]
fn a_blob_is_read_byte_by_byte() {
    let mut blob = b"\0\0\x80\x01Event\0".to_vec();
    blob.extend(b"plain\0\x08");
    blob.extend(b"out\0\x86\x07");
    blob.extend(b"tagged\0\x84\x83\x81\x80\x01");
    blob.extend(b"fixed\0\x24\x05\x00");
    blob.extend(b"counted\0\xC8\x08");
    blob.extend(b"custom\0\x6E\x02\x00\xAA\xBB");
    blob.extend(b"s\0\xF8\x02\x00\x00");
    blob.extend(b"t\0\xB8\x01\x03\x00n\0\x01");
    blob[0] = u8::try_from(blob.len()).unwrap();
    let fields = vec![
        FieldType::new("plain", InType::U32),
        FieldType::new("out", InType::U16).out(OutType::Port),
        FieldType::new("tagged", InType::U8).out(OutType::Boolean).tags(0x0020_0080),
        FieldType::new("fixed", InType::U8).count(Count::Fixed(5)),
        FieldType::new("counted", InType::U32).out(OutType::Ipv4).count(Count::Counted),
        FieldType::new("custom", InType::Binary).count(Count::Custom(vec![0xAA, 0xBB])),
        FieldType::new("s", InType::Struct).out(OutType::Text).count(Count::Custom(Vec::new())),
        FieldType::structure("t", vec![FieldType::new("n", InType::Utf16)]).count(Count::Fixed(3)),
    ];
    assert_eq!(parse_schema(&blob), Ok(Schema::new("Event", 1 << 14, fields).unwrap()));
}

#[test]
fn what_is_written_is_read_again() {
    let schema = parse_schema(&rich_blob()).unwrap();
    assert_eq!(schema, Schema::new("Rich", 0x0ABC_DEF1, rich()).unwrap());
    let decoded = schema.decode(RICH_PAYLOAD, PointerSize::Bytes8);
    assert_eq!((decoded.error, decoded.rest), (None, &[][..]));
    assert_eq!(
        decoded.fields.to_string(),
        "id: 513, port: 443, path: ab, outer: [{who: S-1-5-18, inner: {address: [127.0.0.1, \
         127.0.0.2], none: [null, null]}}, {who: S-1-1, inner: {address: [], none: [null, null]}}], \
         keys: [k, ü], bond: dead00, flag: true"
    );
}

#[test]
fn every_type_number_comes_back() {
    for number in (0..32).filter(|number| *number != 24) {
        for out in 0..=127 {
            let (in_type, out_type) = (InType::from_number(number), codes::out_type(out));
            let blob = Blob::new("e").field("f", in_type, out_type).build().unwrap();
            let field = FieldType::new("f", in_type).out(out_type);
            assert_eq!(parse_schema(&blob).unwrap().fields(), [field], "{number} {out}");
        }
    }
}

#[test]
fn out_types_have_the_headers_numbers() {
    for (number, out_type) in [
        (0, OutType::Default),
        (1, OutType::NoPrint),
        (2, OutType::Text),
        (3, OutType::Boolean),
        (4, OutType::Hex),
        (5, OutType::ProcessId),
        (6, OutType::ThreadId),
        (7, OutType::Port),
        (8, OutType::Ipv4),
        (9, OutType::Ipv6),
        (10, OutType::SocketAddress),
        (11, OutType::Xml),
        (12, OutType::Json),
        (13, OutType::Win32Error),
        (14, OutType::NtStatus),
        (15, OutType::HResult),
        (16, OutType::DateTime),
        (17, OutType::Signed),
        (18, OutType::Unsigned),
        (19, OutType::Other(19)),
        (33, OutType::DateTimeInvariant),
        (34, OutType::Other(34)),
        (35, OutType::Utf8),
        (36, OutType::Pkcs7),
        (37, OutType::CodePointer),
        (38, OutType::DateTimeUtc),
        (127, OutType::Other(127)),
    ] {
        let schema = parse_schema(&[9, 0, 0, b'e', 0, b'f', 0, 0x88, number]).unwrap();
        assert_eq!(schema.fields(), [FieldType::new("f", InType::U32).out(out_type)]);
    }
}

#[test]
fn tags_are_28_bits_with_the_highest_first() {
    for (tags, bytes) in [
        (0, &[0][..]),
        (1 << 21, &[1]),
        (1 << 27, &[0x40]),
        (1 << 14, &[0x80, 1]),
        (1 << 7, &[0x80, 0x80, 1]),
        (1, &[0x80, 0x80, 0x80, 1]),
        (0x0FFF_FFFF, &[0xFF, 0xFF, 0xFF, 0x7F]),
        (0x0020_0001, &[0x81, 0x80, 0x80, 1]),
    ] {
        let blob = Blob::new("e").tags(tags).build().unwrap();
        assert_eq!(blob.get(2..blob.len() - 2), Some(bytes), "{tags:#x}");
        assert_eq!(parse_schema(&blob).unwrap().tags(), tags, "{bytes:x?}");
    }
}

#[test]
fn tags_of_more_than_four_bytes_are_passed_over() {
    let schema = parse_schema(b"\x09\0\x81\x80\x80\x80\x7Fe\0").unwrap();
    assert_eq!((schema.tags(), schema.name()), (1 << 21, "e"));
}

#[test]
fn bytes_behind_the_stated_size_are_ignored() {
    assert_eq!(parse_schema(b"\x05\0\0e\0x\0\x08").unwrap().fields(), []);
}

#[test]
fn broken_descriptions_say_why() {
    for (blob, error) in [
        (&b""[..], SchemaError::Size),
        (b"\x05", SchemaError::Size),
        (b"\x01\0\0e\0", SchemaError::Size),
        (b"\x06\0\0e\0", SchemaError::Size),
        (b"\x02\0", SchemaError::Truncated),
        (b"\x04\0\x80\x80", SchemaError::Truncated),
        (b"\x04\0\0e", SchemaError::Truncated),
        (b"\x06\0\0e\0f", SchemaError::Truncated),
        (b"\x07\0\0e\0f\0", SchemaError::Truncated),
        (b"\x08\0\0e\0f\0\x88", SchemaError::Truncated),
        (b"\x09\0\0e\0f\0\x88\x80", SchemaError::Truncated),
        (b"\x09\0\0e\0f\0\x28\x01", SchemaError::Truncated),
        (b"\x0B\0\0e\0f\0\x68\x02\0\0", SchemaError::Truncated),
        (b"\x0C\0\0e\0s\0\x98\x02f\0\x08", SchemaError::StructureBeyondEnd),
    ] {
        assert_eq!(parse_schema(blob), Err(error), "{blob:x?}");
    }
}

#[test]
fn structures_nest_to_the_same_limit_when_read_and_when_written() {
    let nested = |levels| {
        (0..levels).fold(FieldType::new("n", InType::U8), |inner, _| {
            FieldType::structure("s", vec![inner])
        })
    };
    let blob = Blob::new("e").with(nested(STRUCTURES_DEEP_MAX)).build().unwrap();
    assert!(parse_schema(&blob).is_ok());
    let deeper = Blob::new("e").with(nested(STRUCTURES_DEEP_MAX + 1)).build();
    assert_eq!(deeper, Err(BuildError::TooDeep));
    let mut deeper = b"\0\0\0e\0".to_vec();
    (0..=STRUCTURES_DEEP_MAX).for_each(|_| deeper.extend(b"s\0\x98\x01"));
    deeper.extend(b"n\0\x04");
    deeper[0] = u8::try_from(deeper.len()).unwrap();
    assert_eq!(parse_schema(&deeper).map_err(SchemaError::kind), Err("too_deep"));
}

#[test]
fn what_cannot_be_expressed_is_refused() {
    let byte = || FieldType::new("f", InType::U8);
    let with_fields = FieldType { fields: vec![byte()], ..byte() };
    let many = |count| FieldType::structure("s", (0..count).map(|_| byte()).collect());
    for (blob, error) in [
        (Blob::new("a\0b"), BuildError::NulInName),
        (Blob::new("e").tags(1 << 28), BuildError::Tags),
        (Blob::new("e").with(byte().tags(1 << 28)), BuildError::Tags),
        (Blob::new("e").field("f", InType::Other(32), OutType::Default), BuildError::Type),
        (Blob::new("e").field("f", InType::U8, OutType::Other(128)), BuildError::Type),
        (Blob::new("e").with(with_fields), BuildError::Structure),
        (Blob::new("e").with(many(128)), BuildError::Structure),
        (Blob::new("e".repeat(65_532)), BuildError::TooLong),
    ] {
        assert_eq!(blob.build(), Err(error));
    }
    assert!(Blob::new("e").with(many(127)).build().is_ok());
    assert!(Blob::new("e".repeat(65_531)).build().is_ok());
}

const GROUP: Guid = Guid::new(0x1234_5678, 1, 2, 3, [4, 5, 6, 7, 8, 9]);

#[test]
fn traits_are_read_as_they_are_written() {
    for group in [None, Some(GROUP)] {
        let blob = provider_traits("Weir.Test", group).unwrap();
        let expected = ProviderTraits { name: "Weir.Test".to_owned(), group };
        assert_eq!(ProviderTraits::parse(&blob), Ok(expected));
    }
    assert_eq!(provider_traits("Ab", None).unwrap(), b"\x05\0Ab\0");
    assert_eq!(provider_traits("a\0", None), Err(BuildError::NulInName));
}

#[test]
fn unknown_and_broken_traits_cost_nothing_before_them() {
    let group = [&[19, 0, 1][..], &GROUP.0].concat();
    for (traits, expected) in [
        (&[][..], None),
        (&[&[4, 0, 9, 7][..], &group].concat(), Some(GROUP)),
        (&[&[4, 0, 1, 7][..], &group].concat(), Some(GROUP)),
        (&[&group[..], &[19, 0, 1], &[7; 16]].concat(), Some(GROUP)),
        (&[&group[..], &[2, 0]].concat(), Some(GROUP)),
        (&[&group[..], &[9, 0, 1, 0]].concat(), Some(GROUP)),
        (&[&[2, 0, 1][..], &group].concat(), None),
    ] {
        let size = u8::try_from(4 + traits.len()).unwrap();
        let blob = [&[size, 0, b'n', 0][..], traits].concat();
        let expected = ProviderTraits { name: "n".to_owned(), group: expected };
        assert_eq!(ProviderTraits::parse(&blob), Ok(expected), "{traits:x?}");
    }
    assert_eq!(ProviderTraits::parse(b"\x05\0n\0"), Err(TraitsError::Size));
    assert_eq!(ProviderTraits::parse(b"\x03\0n\0"), Err(TraitsError::Name));
}
