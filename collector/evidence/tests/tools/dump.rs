//! Contents of maps are counted and measured, never kept.

use crate::{damage, read_one};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{MapDump, Place};

fn dump(file: &str, bytes: &str) -> MapDump {
    let Piece::MapDump(it) = read_one(file, bytes) else { panic!("no dump") };
    it
}

const LONG: &str = "key:\n\
    de ad be ef 00 00 00 00  00 00 00 00 00 00 00 00\n1a 0a 00 00 06 00 00 00\n\
    value:\n7f 00 00 01 00 00 00 00  00 00 00 00 00 00 00 00\n15 b3 00 00 00 00 00 00\n";

#[test]
fn entries_are_counted_and_measured_in_every_layout() {
    let cases = [
        (format!("{LONG}Found 1 element\n"), 1, Some((24, 24))),
        (format!("{LONG}{LONG}Found 2 elements\n"), 2, Some((24, 24))),
        ("key: 01 00 00 00  value: 02 00 00 00\nFound 1 element\n".into(), 1, Some((4, 4))),
        (
            "key: 01 02\nvalue: 01 02 03 04 05 06 07 08  09 0a\nFound 1 element".into(),
            1,
            Some((2, 10)),
        ),
        (
            "key:\n01\nvalue (CPU 00): 01 02\nvalue (CPU 01): 03 04\nFound 1 element\n".into(),
            1,
            Some((1, 2)),
        ),
        ("value: 01\nvalue: 02\nFound 2 elements\n".into(), 2, Some((0, 1))),
        (
            "key: 01  value: <no entry>\nkey: 02  value: 05\nFound 1 element\n".into(),
            1,
            Some((1, 1)),
        ),
        ("Found 0 elements\n".into(), 0, None),
    ];
    for (text, entries, sizes) in cases {
        let found = dump("bpftool/map-131331.txt", &text);
        assert_eq!((found.entries, found.first_entry_bytes), (entries, sizes), "{text}");
        assert_eq!(found.map_id, Some(131_331));
    }
}

#[test]
fn a_dump_as_json_says_the_same() {
    let text = r#"[{"key":["0x01","0x02"],"value":["0x03"]},
        {"key":["0x02","0x02"],"value":{"error":"no such key"}},
        {"key":["0x04","0x02"],"value":["0x05"],"formatted":{"key":1}}]"#;
    let expected = MapDump {
        map_id: Some(7),
        entries: 2,
        first_entry_bytes: Some((2, 1)),
        place: Place::new("map-7.json", 1),
    };
    assert_eq!(dump("map-7.json", text), expected);
    let per_cpu = r#"[{"key":["0x01"],"values":[{"cpu":0,"value":["0x03"]}]}]"#;
    assert_eq!((dump("m", per_cpu).entries, dump("m", per_cpu).first_entry_bytes), (1, None));
    assert_eq!(dump("map-7.json", "[]").entries, 0);
}

#[test]
fn a_count_that_is_not_what_stands_there_is_damage() {
    assert_eq!(damage("m", format!("{LONG}Found 2 elements\n")).0, 7);
    assert_eq!(damage("m", "key: 01  value: 02\nkey: 01 02  value: 02\nFound 2 elements\n").0, 3);
    assert_eq!(damage("m", "key: 01\nkey: 02\nFound 2 elements\n").0, 2);
}

#[test]
fn a_dump_that_is_cut_off_anywhere_is_damage() {
    let text = format!("{LONG}Found 1 element");
    for cut in "key:".len()..text.len() {
        damage("map-5.txt", text.get(..cut).unwrap());
    }
}

#[test]
fn errors_quote_nothing_of_what_is_in_a_map() {
    for text in [
        "key:\nsecret\nvalue:\n01\nFound 1 element\n",
        "key: 01\nvalue: 01\nsecret\nFound 1 element\n",
        "Found 0 elements\nsecret\n",
    ] {
        let (_, what) = damage("m", text);
        assert!(!what.contains("secret"), "{what}");
    }
}
