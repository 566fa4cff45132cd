//! Programs, links and maps, as JSON and plain.

use crate::{damage, read, read_one};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{AttachedLink, ListedProgram, MapFacts, Place};

fn program(file: &str, line: u64) -> ListedProgram {
    ListedProgram {
        id: 196_867,
        kind: "sock_addr".into(),
        name: "authorize_connect4".into(),
        map_ids: vec![66_054, 131_331],
        place: Place::new(file, line),
    }
}

fn link(file: &str, line: u64) -> AttachedLink {
    AttachedLink {
        id: 262_403,
        program_id: 196_867,
        attach_type: Some("cgroup/connect4".into()),
        place: Place::new(file, line),
    }
}

fn map(file: &str, line: u64) -> MapFacts {
    MapFacts {
        id: 131_331,
        kind: "lru_hash".into(),
        name: "audit_map".into(),
        key_bytes: 8,
        value_bytes: 24,
        entries_max: 1000,
        place: Place::new(file, line),
    }
}

const PROGRAMS: &str = r#"[{
        "id": 196867,
        "type": "sock_addr",
        "name": "authorize_connect4",
        "map_ids": [66054,131331]
    },{
        "id": 5,
        "type": 999
    }
]"#;

const LINK: &str = r#"[{"id":262403,"type":2,"prog_id":196867,"cgroup_id":0,"attach_type":"cgroup/connect4"},
{"id":1,"type":"plain","prog_id":0,"attach_type":77}]"#;

const MAP: &str = "{\n  \"id\" : 131331,\n  \"type\" : \"lru_hash\",\n  \"name\" : \"audit_map\",\n  \"flags\" : 0,\n  \"bytes_key\" : 8,\n  \"bytes_value\" : 24,\n  \"max_entries\" : 1000\n}\n";

#[test]
fn rows_are_told_by_their_fields_and_know_their_lines() {
    let unnamed = ListedProgram {
        id: 5,
        kind: "999".into(),
        name: String::new(),
        map_ids: Vec::new(),
        place: Place::new("a", 6),
    };
    assert_eq!(read_one("a", PROGRAMS), Piece::Programs(vec![program("a", 1), unnamed]));
    let plain = AttachedLink {
        id: 1,
        program_id: 0,
        attach_type: Some("77".into()),
        place: Place::new("a", 2),
    };
    assert_eq!(read_one("a", LINK), Piece::Links(vec![link("a", 1), plain]));
    assert_eq!(read_one("a", MAP), Piece::Maps(vec![map("a", 1)]));
}

#[test]
fn objects_one_after_another_are_a_list() {
    let twice = format!("{MAP}\n{MAP}");
    assert_eq!(read_one("a", twice), Piece::Maps(vec![map("a", 1), map("a", 11)]), "kept twice");
    let all = format!("{PROGRAMS}\n{LINK}\n{MAP}");
    let kinds: Vec<_> = read("a", all).unwrap().iter().map(|it| it.kind().name()).collect();
    assert_eq!(kinds, ["bpftool -p prog", "bpftool -p link", "bpftool -p map"]);
}

#[test]
fn an_empty_list_is_of_what_the_file_is_named_for() {
    assert_eq!(read_one("bpftool/prog.json", "[]"), Piece::Programs(Vec::new()));
    assert_eq!(read_one("bpftool/link.json", "[ ]\n"), Piece::Links(Vec::new()));
    assert_eq!(read_one("bpftool/map.json", "[\n]\n"), Piece::Maps(Vec::new()));
    assert!(damage("answer.json", "[]").1.contains("nothing says of what"));
}

#[test]
fn an_error_null_or_nothing_is_no_empty_list() {
    for (answer, what) in [
        (r#"{"error":"can't get next program: Access is denied"}"#, "Access is denied"),
        (r#"[{"error":"can't get prog by id (5): \u001b[2J"}]"#, "by id (5)"),
        ("null", "did not understand"),
        ("", "it is empty"),
        ("Error: can't get next link: Access is denied\n", "Access is denied"),
    ] {
        let (_, told) = damage(
            "bpftool/prog.json",
            format!("{answer}\n5: xdp  name a\n").trim_end_matches("5: xdp  name a\n"),
        );
        assert!(told.contains(what), "{told}");
        assert!(!told.contains('\u{1b}'), "{told:?}");
    }
}

#[test]
fn damage_is_told_with_its_line() {
    for (answer, line) in [
        ("[{\n\"id\": 1,\n\"type\": \"xdp\"\n},{\n\"type\": \"xdp\"\n}]", 4),
        ("[{\n\"id\": 1,\n\"type\": \"xdp\"\n},{\n\"id\": -1\n}]", 5),
        ("[{\n\"id\": 1,\n\"type\": \"xdp\"\n", 4),
        ("{\"id\": 1, \"type\": \"hash\",\n\"bytes_key\": 8}", 1),
        ("{\"id\": 1, \"type\": 2, \"prog_id\": 99999999999}", 1),
        ("{\"prog_id\": 5}", 1),
    ] {
        assert_eq!(damage("a", answer).0, line, "{answer}");
    }
}

#[test]
fn plain_text_says_the_same() {
    let programs =
        "196867: sock_addr  name authorize_connect4  \n  map_ids 66054,131331\n5: type 999  \n\n";
    let unnamed = ListedProgram {
        id: 5,
        kind: "999".into(),
        name: String::new(),
        map_ids: Vec::new(),
        place: Place::new("a", 3),
    };
    assert_eq!(read_one("a", programs), Piece::Programs(vec![program("a", 1), unnamed]));

    let links = "262403: cgroup  prog 196867  \n\tcgroup_id 0  attach_type cgroup/connect4  \n\
                 262404: plain  prog 7  attach_type 77  \n";
    let plain = AttachedLink {
        id: 262_404,
        program_id: 7,
        attach_type: Some("77".into()),
        place: Place::new("a", 3),
    };
    assert_eq!(read_one("a", links), Piece::Links(vec![link("a", 1), plain]));

    let maps =
        "131331: lru_hash  name audit_map  flags 0x0\n\tkey 8B  value 24B  max_entries 1000\n";
    assert_eq!(read_one("a", maps), Piece::Maps(vec![map("a", 1)]));
}

#[test]
fn plain_text_that_is_cut_off_or_mixed_is_damage() {
    let map = "5: hash  name a  flags 0x0\n\tkey 8B  value 24B  max_ent";
    assert_eq!(damage("a", map).0, 1);
    let mixed = "5: hash  name a  flags 0x0\n\tkey 8B  value 24B  max_entries 1\nhello\n";
    assert_eq!(damage("a", mixed).0, 3);
}

#[test]
fn json_of_others_is_nothing_that_is_known() {
    for json in ["{}", r#"{"format":"weir-evidence","version":1,"name":"a"}"#, r#"[{"a":1}]"#] {
        assert_eq!(read("a.json", json).unwrap_err().kind(), "unknown", "{json}");
    }
}
