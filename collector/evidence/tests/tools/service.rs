//! Services, told by number and position.

use crate::samples::{ARABIC, ENGLISH, FRENCH, JAPANESE, NOT_INSTALLED, RUSSIAN, service};
use crate::{damage, read, read_one};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Place, Service, ServiceFinding, ServiceState};

fn running(file: &str, name: &str) -> Service {
    Service {
        name: name.to_owned(),
        kind: 1,
        state: ServiceState::Running,
        exit_code: 0,
        service_exit_code: 0,
        pid: Some(0),
        place: Place::new(file, 4),
    }
}

fn services(file: &str, bytes: impl AsRef<[u8]>) -> Vec<ServiceFinding> {
    let of = |piece| {
        let Piece::Service(it) = piece else { panic!("no service") };
        it
    };
    read(file, bytes).unwrap().into_iter().map(of).collect()
}

/// A code page: what is not ASCII is one byte that means something else in UTF-8.
fn in_a_code_page(text: &str) -> Vec<u8> {
    text.chars().map(|it| if it.is_ascii() { it as u8 } else { 0x9f }).collect()
}

fn in_utf16(text: &str) -> Vec<u8> {
    ["\u{feff}", text].concat().encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn a_service_reads_the_same_in_every_language_and_encoding() {
    let expected = Piece::Service(ServiceFinding::Installed(running("s.txt", "netebpfext")));
    for labels in [ENGLISH, RUSSIAN, FRENCH, ARABIC, JAPANESE] {
        let text = service("NetEbpfExt", labels);
        assert_eq!(read_one("s.txt", &text), expected, "{text}");
        assert_eq!(read_one("s.txt", in_a_code_page(&text)), expected, "{text}");
        assert_eq!(read_one("s.txt", in_utf16(&text)), expected, "{text}");
    }
}

#[test]
fn a_service_that_is_not_installed_is_told_in_every_language_and_named_by_its_file() {
    for text in NOT_INSTALLED {
        for bytes in [text.as_bytes().to_vec(), in_a_code_page(text), in_utf16(text)] {
            // A mark of direction is no ASCII, and a line then does not begin with `[SC]`.
            if text.starts_with('\u{200f}') && bytes[0] == 0x9f {
                continue;
            }
            let place = Place::new("services/ebpfcore.txt", 1);
            let expected = ServiceFinding::NotInstalled { name: "ebpfcore".into(), place };
            assert_eq!(services("services/ebpfcore.txt", bytes), [expected], "{text}");
        }
    }
}

#[test]
fn any_other_error_is_told_by_its_number() {
    let text = "[SC] OpenSCManager FEHLER 5:\r\n\r\nZugriff verweigert: 7\r\n\r\n";
    let place = Place::new("sc.exe queryex Weir", 1);
    let refused = ServiceFinding::Refused { name: "weir".into(), code: 5, place };
    assert_eq!(services("sc.exe queryex Weir", text), [refused]);
}

#[test]
fn an_error_of_nobody_is_no_finding() {
    assert_eq!(damage("notes.txt", NOT_INSTALLED[0]).0, 1);
    let twice = NOT_INSTALLED[0].repeat(2);
    assert_eq!(damage("services/bfe.txt", twice).0, 5, "the name belongs to one of them");
}

#[test]
fn several_services_stand_in_one_file_with_the_commands_before_them() {
    let text = format!(
        "C:\\Windows\\System32>sc.exe queryex ebpfcore\r\n{}\r\n\
         C:\\Windows\\System32>sc queryex netebpfext\r\n{}\
         PS C:\\> sc.exe queryex weir\r\n{}",
        service("ebpfcore", ENGLISH),
        NOT_INSTALLED[1],
        service("weir", FRENCH),
    );
    let found = services("all.txt", &text);
    let names: Vec<_> = found.iter().map(ServiceFinding::name).collect();
    assert_eq!(names, ["ebpfcore", "netebpfext", "weir"]);
    assert!(matches!(found[1], ServiceFinding::NotInstalled { .. }));
}

#[test]
fn query_lists_services_with_display_names_and_without_processes() {
    let one = |name: &str, display: &str, kind: &str, state: &str| {
        format!(
            "\r\nSERVICE_NAME: {name}\r\nDISPLAY_NAME: {display}\r\n\
             \x20       TYPE               : {kind}\r\n\
             \x20       STATE              : {state}\r\n\
             \x20       WIN32_EXIT_CODE    : 1066  (0x42a)\r\n\
             \x20       SERVICE_EXIT_CODE  : -1073741502  (0xc0000142)\r\n\
             \x20       CHECKPOINT         : 0x0\r\n\
             \x20       WAIT_HINT          : 0x7d0\r\n"
        )
    };
    let text = [
        one("1394ohci", "4 Ports: OHCI", "1  KERNEL_DRIVER", "1  STOPPED"),
        one("BFE", "Base Filtering Engine", "20  WIN32_SHARE_PROCESS", "2  START_PENDING"),
        one("123", "ad hoc", "110  WIN32_OWN_PROCESS (interactive)", "7  PAUSED"),
    ]
    .concat();
    let found = services("s.txt", &text);
    let seen: Vec<_> = found
        .iter()
        .map(|it| {
            let ServiceFinding::Installed(it) = it else { panic!("not installed") };
            (it.name.as_str(), it.kind, it.state, it.pid)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("1394ohci", 1, ServiceState::Stopped, None),
            ("bfe", 0x20, ServiceState::StartPending, None),
            ("123", 0x110, ServiceState::Paused, None),
        ]
    );
    let ServiceFinding::Installed(bfe) = &found[1] else { panic!("installed") };
    assert_eq!((bfe.exit_code, bfe.service_exit_code), (1066, 0xc000_0142));
}

#[test]
fn a_cut_off_service_is_damaged_where_it_ends() {
    let text = service("ebpfcore", ENGLISH);
    let end = text.find("WAIT_HINT").unwrap();
    for cut in text.find("SERVICE_NAME").unwrap() + "SERVICE_NAME: e".len()..end {
        let cut = text.get(..cut).unwrap();
        let (line, what) = damage("services/ebpfcore.txt", cut);
        assert_eq!(line, cut.trim_end().lines().count() as u64, "{what}: {cut}");
    }
}

#[test]
fn numbers_that_cannot_be_are_damage() {
    let text = service("ebpfcore", ENGLISH);
    for (sound, broken, line) in [
        ("4  RUNNING", "8  RUNNING", 4),
        ("4  RUNNING", "99999999999999999999  RUNNING", 4),
        ("0  (0x0)", "0  (0x1)", 6),
        ("0  (0x0)", "4294967296  (0x100000000)", 6),
        ("CHECKPOINT         : 0x0", "CHECKPOINT         : soon", 8),
    ] {
        assert_eq!(damage("s.txt", text.replacen(sound, broken, 1)).0, line, "{broken}");
    }
}

#[test]
fn an_error_and_its_sentence_hide_nothing_of_the_service_below() {
    let text = format!("{}{}", NOT_INSTALLED[6], service("weir", ENGLISH));
    let found = services("services/bfe.txt", &text);
    let names: Vec<_> = found.iter().map(ServiceFinding::name).collect();
    assert_eq!(names, ["bfe", "weir"]);
}

#[test]
fn what_people_write_below_whole_services_costs_none_of_them() {
    let two = [service("ebpfcore", ENGLISH), service("weir", FRENCH)].concat();
    for below in [
        "Regards: Bob\r\n",
        "\r\nRegards: Bob\r\nTel: 1\r\n",
        "C:\\>bpftool -p prog\r\n[\r\n {\r\n  \"id\": 196867,\r\n  \"map_ids\": [\r\n   66054,\r\n",
        "SERVICE_NAME: we",
    ] {
        let found = services("sc.txt", format!("{two}{below}"));
        let names: Vec<_> = found.iter().map(ServiceFinding::name).collect();
        assert_eq!(names, ["ebpfcore", "weir"], "{below}");
    }
    assert_eq!(damage("services/bfe.txt", "SERVICE_NAME: bf").0, 1, "nothing was read");
}
