//! Descriptions that nobody's tool wrote.

use super::build::{
    EVENT_INFO, Info, MAP_INFO, Map, PARAM_COUNT, PARAM_LENGTH, Property, STRUCT, one,
};
use super::{Catalogue, event, record};
use crate::fields::tests::values_within;
use crate::fields::{PointerSize, VALUES_MAX};
use crate::tdh::{EventInfo, InfoError};

/// A description with one of everything.
fn rich() -> Info {
    let of =
        |flags, count, length, property: Property| Property { flags, count, length, ..property };
    let properties = vec![
        one("n", 8, 8),
        of(PARAM_LENGTH, 1, 0, one("text", 1, 1)),
        of(PARAM_COUNT, 0, 4, one("list", 8, 18)),
        of(STRUCT | PARAM_COUNT, 0, 0, one("outer", 6, 3)),
        Property { map: "Kind", ..one("kind", 4, 4) },
        of(PARAM_LENGTH, 1, 0, one("address", 14, 25)),
        one("a", 6, 6),
        of(STRUCT, 2, 0, one("inner", 9, 1)),
        one("b", 2, 1),
        Property { map: "Bits", ..one("bits", 20, 18) },
    ];
    Info {
        opcode: 1,
        opcode_name: "win:Start",
        keywords: &["READ", "WRITE"],
        message: "%1 of %2",
        members: 4,
        ..Info::with(properties)
    }
}

fn maps() -> [Map; 2] {
    [
        Map { name: "Kind", flags: 1, entries: vec![(1, "one"), (2, "two")] },
        Map { name: "Bits", flags: 2, entries: vec![(1, "low"), (2, "high"), (3, "both")] },
    ]
}

/// Learns from altered bytes, decodes payloads by what is learnt, and looks at its size.
fn survive(class_type: u8, blob: &[u8]) {
    let mut catalogue = Catalogue::default();
    for map in &maps() {
        catalogue.learn(&record(MAP_INFO, &map.build()));
    }
    catalogue.learn(&record(class_type, blob));
    catalogue.learn(&record(EVENT_INFO, &rich().build()));
    // A name takes 256 bytes at most, and a property or an entry takes 8 bytes at least.
    assert!(catalogue.bytes() <= 16_384 + blob.len() * 64, "{} bytes", catalogue.bytes());
    let payload: Vec<u8> = (0..64).chain([0xff; 16]).collect();
    for (id, version) in [(1, 0), (0, 0), (1, 1), (257, 0)] {
        let Some(info) = catalogue.event(&event(id, version)) else { continue };
        for payload in [&payload[..], &[2; 64], &[0; 8], &[]] {
            let decoded = info.schema.decode(payload, PointerSize::Bytes8);
            let values = decoded.fields.iter().map(|field| values_within(&field.value));
            assert!(values.sum::<usize>() <= VALUES_MAX);
            assert!(serde_json::to_string(&decoded.fields).unwrap().len() < 1 << 20);
        }
    }
}

fn parse(blob: &[u8]) -> Result<EventInfo, InfoError> {
    EventInfo::parse(blob, &mut |_, _| None)
}

#[test]
fn every_truncation_is_survived() {
    let info = rich().build();
    (0..info.len()).for_each(|length| survive(EVENT_INFO, &info[..length]));
    for map in maps().map(|map| map.build()) {
        (0..map.len()).for_each(|length| survive(MAP_INFO, &map[..length]));
    }
}

#[test]
fn every_change_of_one_byte_is_survived() {
    let change = |class_type, blob: &[u8]| {
        for place in 0..blob.len() {
            for value in [0, 1, 2, 4, 0x7f, 0x80, 0xff, blob[place] ^ 1, blob[place] ^ 0x10] {
                let mut changed = blob.to_vec();
                changed[place] = value;
                survive(class_type, &changed);
            }
        }
    };
    change(EVENT_INFO, &rich().build());
    maps().iter().for_each(|map| change(MAP_INFO, &map.build()));
}

#[test]
fn a_description_that_contradicts_itself_says_how() {
    let blob = rich().build();
    assert!(parse(&blob).is_ok());
    let set = |at: usize, value: u8| {
        let mut changed = blob.clone();
        changed[at] = value;
        parse(&changed).unwrap_err()
    };
    assert_eq!(parse(&blob[..111]), Err(InfoError::Truncated));
    assert_eq!(set(101, 1), InfoError::Truncated, "266 properties");
    assert_eq!(set(104, 11), InfoError::Properties, "11 of 10 at the top");
    assert_eq!(set(112 + 3 * 24 + 10, 9), InfoError::Properties, "a structure of 9");
    assert_eq!(set(112 + 3 * 24 + 8, 0), InfoError::Properties, "a structure in itself");
    let kinds = [InfoError::Truncated, InfoError::Properties].map(InfoError::kind);
    assert_eq!(kinds, ["truncated", "properties"]);
}

#[test]
fn structures_that_share_members_are_refused() {
    // 500 structures, each of the same 500 members: without a bound, 250,000 fields of 24 KB.
    let structure = Property { flags: STRUCT, ..one("s", 500, 500) };
    let properties = [vec![structure; 500], vec![one("x", 4, 4); 500]].concat();
    let info = Info { members: 500, ..Info::with(properties) };
    assert_eq!(parse(&info.build()).err(), Some(InfoError::Properties));
}

#[test]
fn structures_nest_to_the_limit_and_not_beyond() {
    let nested = |levels: u16| {
        let structure = |place: u16| Property { flags: STRUCT, ..one("s", place + 1, 1) };
        let properties: Vec<_> = (0..levels).map(structure).chain([one("x", 4, 4)]).collect();
        Info { members: usize::from(levels), ..Info::with(properties) }.build()
    };
    assert!(parse(&nested(8)).is_ok());
    let error = parse(&nested(9)).unwrap_err();
    assert_eq!((error.kind(), matches!(error, InfoError::TooDeep(_))), ("too_deep", true));
}

#[test]
fn one_long_name_for_all_properties_is_cut() {
    let properties: Vec<_> = (0..2_000).map(|_| one("", 4, 4)).collect();
    let mut blob = Info::with(properties).build();
    let at = u32::try_from(blob.len()).unwrap().to_le_bytes();
    blob.extend([b'a', 0].repeat(7_000));
    for property in 0..2_000 {
        blob[112 + 24 * property + 4..][..4].copy_from_slice(&at);
        blob[112 + 24 * property + 12..][..4].copy_from_slice(&at);
    }
    let mut catalogue = Catalogue::default();
    catalogue.learn(&record(EVENT_INFO, &blob));
    assert_eq!(catalogue.len(), 1);
    assert!(catalogue.bytes() < 1 << 20, "{} bytes", catalogue.bytes());
}

#[test]
fn names_for_bits_do_not_make_much_of_little() {
    let name = "a name of bits that is as long as no name of bits is, and even longer than that is";
    let entries = (1..5_000).map(|value| (value * 3, name)).collect();
    let map = Map { name: "Bits", flags: 2, entries };
    let list = Property { map: "Bits", count: 10_000, ..one("bits", 8, 8) };
    let mut catalogue = Catalogue::default();
    catalogue.learn(&record(MAP_INFO, &map.build()));
    catalogue.learn(&record(EVENT_INFO, &Info::with(vec![list]).build()));
    let payload = vec![0xff; 40_000];
    let decoded =
        catalogue.event(&event(1, 0)).unwrap().schema.decode(&payload, PointerSize::Bytes8);
    assert_eq!(decoded.error, None);
    let bytes = serde_json::to_string(&decoded.fields).unwrap().len();
    assert!(bytes < 10_000 * 1_100, "{bytes}");
}
