//! The troubleshooting guide's own samples, where the guide is at hand.

use crate::{read, read_one};
use std::path::Path;
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{ServiceFinding, ServiceState};

/// Blocks between fences, with the word behind the first one; without the fences' indent.
fn blocks() -> Option<Vec<(String, String)>> {
    let guide = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/troubleshooting-guide.md");
    let Ok(guide) = std::fs::read_to_string(guide) else {
        eprintln!("skipped: the guide is not at ../shared/reference");
        return None;
    };
    let mut blocks = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in guide.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(word), None) => open = Some((word.to_owned(), String::new())),
            (None, Some((_, text))) => *text += &format!("{line}\n"),
            (None, None) => {}
        }
    }
    Some(blocks)
}

#[test]
fn its_service_is_running() {
    let Some(blocks) = blocks() else { return };
    let (_, text) = blocks.iter().find(|(_, it)| it.starts_with("SERVICE_NAME")).unwrap();
    let Piece::Service(ServiceFinding::Installed(service)) = read_one("s", text) else {
        panic!("no service")
    };
    assert_eq!((service.name.as_str(), service.state), ("ebpfcore", ServiceState::Running));
    assert_eq!((service.kind, service.pid, service.place.line), (1, Some(0), 3));
}

#[test]
fn its_json_is_a_program_a_link_and_two_maps() {
    let Some(blocks) = blocks() else { return };
    let pieces: Vec<_> = blocks
        .iter()
        .filter(|(word, _)| word == "json")
        .flat_map(|(_, text)| read("answer", text).unwrap())
        .collect();
    let [Piece::Programs(programs), Piece::Links(links), Piece::Maps(maps)] = &pieces[..] else {
        panic!("{pieces:?}")
    };
    assert_eq!((programs[0].id, programs[0].kind.as_str()), (196_867, "sock_addr"));
    assert_eq!(programs[0].map_ids, [66_054, 131_331]);
    assert_eq!((links[0].id, links[0].program_id), (262_403, 196_867));
    assert_eq!(links[0].attach_type.as_deref(), Some("cgroup/connect4"));
    let seen: Vec<_> = maps
        .iter()
        .map(|it| (it.id, it.name.as_str(), it.key_bytes, it.value_bytes, it.entries_max))
        .collect();
    let expected = [(66_054, "policy_map", 24, 24, 10), (131_331, "audit_map", 8, 24, 1000)];
    assert_eq!(seen, expected);
}

#[test]
fn its_dump_is_one_entry() {
    let Some(blocks) = blocks() else { return };
    let (_, text) = blocks.iter().find(|(_, it)| it.starts_with("key:")).unwrap();
    let Piece::MapDump(dump) = read_one("map-66054.txt", text) else { panic!("no dump") };
    assert_eq!((dump.map_id, dump.entries), (Some(66_054), 1));
    assert_eq!(dump.first_entry_bytes, Some((24, 24)));
}
