//! The bundle's own `system.json`.

use crate::{damage, read_one};
use weir_evidence::system::SystemFile;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Place, System};

fn system() -> System {
    System {
        time: "2026-11-22T07:00:00Z".into(),
        windows: Some("10.0.26100".into()),
        is_elevated: Some(true),
        versions: vec![("ebpfcore.sys".into(), "0.21.0".into())],
        disk_free_bytes: Some(u64::MAX),
        disk_bytes: None,
        clock_offset_ms: Some(-3),
        collector_answers: Some(false),
        place: Place::new("system.json", 1),
    }
}

#[test]
fn what_is_written_is_read() {
    let json = SystemFile::new(&system()).to_json();
    assert_eq!(read_one("system.json", &json), Piece::System(system()), "{json}");
    let bare = System { time: "t".into(), place: Place::new("x", 1), ..System::default() };
    assert_eq!(read_one("x", SystemFile::new(&bare).to_json()), Piece::System(bare));
}

#[test]
fn another_version_or_an_unknown_field_is_refused() {
    let json = SystemFile::new(&system()).to_json();
    let newer = json.replace("\"version\": 1,", "\"version\": 2, \"more\": 1,");
    assert!(damage("system.json", newer).1.contains("version 2"));
    let unknown = json.replace("\"is_elevated\"", "\"is_elevted\"");
    assert_eq!(damage("system.json", unknown).0, 6);
}
