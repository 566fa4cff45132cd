//! Names for numbers.

use super::build::{Info, MAP_INFO, Map, Property, one};
use super::{Catalogue, check, learn_map, record};
use crate::tdh::MapError;
use crate::tdh::map_info::MapInfo;

fn mapped(in_type: u16, out_type: u16) -> Info {
    Info::with(vec![Property { map: "Kind", ..one("kind", in_type, out_type) }])
}

fn values(entries: &[(u32, &'static str)]) -> [Map; 1] {
    [Map { name: "Kind", flags: 1, entries: entries.to_vec() }]
}

fn bits(entries: &[(u32, &'static str)]) -> [Map; 1] {
    [Map { name: "Kind", flags: 2, entries: entries.to_vec() }]
}

#[test]
fn a_value_is_shown_by_name_and_by_number_where_none_fits() {
    let maps = values(&[(3, "OPEN_EXISTING"), (0, "NONE"), (3, "again")]);
    check(&mapped(4, 4), &maps, &[3], r#"{"kind":"OPEN_EXISTING"}"#);
    check(&mapped(8, 8), &maps, &[0, 0, 0, 0], r#"{"kind":"NONE"}"#);
    check(&mapped(4, 4), &maps, &[9], r#"{"kind":9}"#);
    check(&mapped(8, 18), &maps, &[0x1f, 0, 0, 0], r#"{"kind":"0x1f"}"#);
    check(&mapped(10, 10), &maps, &[3, 0, 0, 0, 1, 0, 0, 0], r#"{"kind":4294967299}"#);
    check(&mapped(1, 1), &maps, b"t\0\0\0", r#"{"kind":"t"}"#);
}

#[test]
fn a_negative_value_finds_its_name_in_a_field_of_any_size() {
    let maps = values(&[(u32::MAX, "minus one"), (0x80, "high")]);
    check(&mapped(3, 3), &maps, &[0xff], r#"{"kind":"minus one"}"#);
    check(&mapped(7, 7), &maps, &[0xff; 4], r#"{"kind":"minus one"}"#);
    check(&mapped(4, 4), &maps, &[0x80], r#"{"kind":"high"}"#);
    check(&mapped(3, 3), &maps, &[0x7f], r#"{"kind":127}"#);
}

#[test]
fn bits_are_shown_by_all_their_names_and_what_is_left() {
    let maps = bits(&[(1, "Read"), (2, "Write"), (4, "Delete")]);
    check(&mapped(8, 8), &maps, &[1, 0, 0, 0], r#"{"kind":"Read"}"#);
    check(&mapped(8, 8), &maps, &[6, 0, 0, 0], r#"{"kind":"Write|Delete"}"#);
    check(&mapped(8, 8), &maps, &[0x13, 0, 0, 0], r#"{"kind":"Read|Write|0x10"}"#);
    check(&mapped(8, 8), &maps, &[0x10, 0, 0, 0], r#"{"kind":16}"#);
    check(&mapped(8, 8), &maps, &[0; 4], r#"{"kind":0}"#);
    let sets = bits(&[(0, "none"), (1, "Read"), (2, "Write"), (3, "Both"), (12, "Pair")]);
    check(&mapped(4, 4), &sets, &[0], r#"{"kind":"none"}"#);
    check(&mapped(4, 4), &sets, &[3], r#"{"kind":"Read|Write"}"#);
    check(&mapped(4, 4), &sets, &[13], r#"{"kind":"Read|Pair"}"#);
    check(&mapped(4, 4), &sets, &[5], r#"{"kind":"Read|0x4"}"#);
}

#[test]
fn a_field_whose_map_is_missing_shows_numbers() {
    check(&mapped(4, 4), &[], &[3], r#"{"kind":3}"#);
    let other = [Map { name: "Other", flags: 1, entries: vec![(3, "x")] }];
    check(&mapped(4, 4), &other, &[3], r#"{"kind":3}"#);
}

#[test]
fn the_first_of_two_maps_counts() {
    let [first] = values(&[(1, "first")]);
    let [second] = values(&[(1, "second"), (2, "two")]);
    check(&mapped(4, 4), &[first.clone(), second.clone()], &[1], r#"{"kind":"first"}"#);
    check(&mapped(4, 4), &[first, second], &[2], r#"{"kind":2}"#);
}

#[test]
fn a_map_that_is_none_is_counted_and_says_why() {
    let [map] = values(&[(1, "one"), (2, "two")]);
    let blob = map.build();
    let check = |blob: &[u8], expected: MapError, kind: &str| {
        assert_eq!(MapInfo::parse(blob), Err(expected));
        assert_eq!(expected.kind(), kind);
        let mut catalogue = Catalogue::default();
        catalogue.learn(&record(MAP_INFO, blob));
        assert_eq!(catalogue.unreadable(), 1);
    };
    check(&blob[..10], MapError::Truncated, "truncated");
    check(&blob[..47], MapError::Truncated, "truncated");
    check(&Map { name: "", ..map.clone() }.build(), MapError::Nameless, "nameless");
    check(&Map { flags: 4, ..map.clone() }.build(), MapError::Kind, "kind");
    let mut catalogue = Catalogue::default();
    learn_map(&mut catalogue, &map);
    assert_eq!(catalogue.unreadable(), 0);
}
