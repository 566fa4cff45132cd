//! Program stores and boot state in the registry.

use crate::samples::{EXPORTED, QUERIED};
use crate::{damage, read, read_one};
use weir_abi::identifiers::{ATTACH_TYPE, PROGRAM_TYPE};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Boot, Place, ProgramSection, ProgramStore, Scope};

fn section(prefix: &str, is_ours: bool) -> ProgramSection {
    ProgramSection {
        prefix: prefix.into(),
        program_type: is_ours.then_some(PROGRAM_TYPE),
        attach_type: is_ours.then_some(ATTACH_TYPE),
    }
}

#[test]
fn reg_query_tells_the_store_and_the_boot_state() {
    let store = ProgramStore {
        scope: Scope::Machine,
        exists: true,
        types: vec![PROGRAM_TYPE],
        sections: vec![section("cgroup/connect4", false), section("flow_classify", true)],
        place: Place::new("r", 2),
    };
    let boot = Boot {
        test_signing: Some(true),
        test_signing_next: None,
        memory_integrity: Some(true),
        secure_boot: Some(false),
        place: Place::new("r", 26),
    };
    assert_eq!(read("r", QUERIED).unwrap(), [Piece::Store(store), Piece::Boot(boot)]);
}

#[test]
fn reg_export_tells_the_same_also_in_utf16() {
    let section = ProgramSection { attach_type: None, ..section("flow_classify", true) };
    let store = ProgramStore {
        scope: Scope::User,
        exists: true,
        types: Vec::new(),
        sections: vec![section],
        place: Place::new("r", 3),
    };
    let units = ["\u{feff}", EXPORTED].concat();
    let utf16: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(read_one("r", EXPORTED), Piece::Store(store.clone()));
    assert_eq!(read_one("r", utf16), Piece::Store(store));
}

#[test]
fn start_options_without_the_word_say_that_test_signing_is_off() {
    for (options, expected) in
        [("NOEXECUTE=OPTIN", false), ("/testsigning", true), ("NOTESTSIGNING", false)]
    {
        let text = format!(
            "HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Control\r\n    SystemStartOptions    REG_SZ    {options}\r\n"
        );
        let Piece::Boot(boot) = read_one("r", text) else { panic!("no boot state") };
        assert_eq!(boot.test_signing, Some(expected), "{options}");
    }
}

#[test]
fn the_stores_of_both_scopes_stand_in_one_file() {
    let user = QUERIED.replace("HKEY_LOCAL_MACHINE\\Software", "HKEY_USERS\\S-1-5-21-1\\SOFTWARE");
    let pieces = read("r", format!("{QUERIED}{user}")).unwrap();
    let scopes: Vec<_> = pieces
        .iter()
        .filter_map(
            |it| if let Piece::Store(it) = it { Some((it.scope, it.types.len())) } else { None },
        )
        .collect();
    assert_eq!(scopes, [(Scope::Machine, 1), (Scope::User, 1)]);
}

#[test]
fn damage_is_told_with_its_line() {
    for (sound, broken, line) in [
        ("EACD3CAA6E020A409FFF5081C44FC5A2", "EACD3C", 14),
        ("EACD3CAA6E020A409FFF5081C44FC5A2", "EACD3", 14),
        (
            "REG_DWORD    0x0\r\n\r\nHKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\ProgramData\\{aa",
            "REG_DWORD    ",
            6,
        ),
        ("ProgramData\\{aa3ccdea-026e-400a-9fff-5081c44fc5a2}\r\n", "ProgramData\\{aa3c\r\n", 4),
        ("    Enabled    REG_DWORD    0x1", "    Enabled", 22),
    ] {
        assert_eq!(damage("r", QUERIED.replacen(sound, broken, 1)).0, line, "{broken}");
    }
    for (sound, broken, line) in [
        ("  50,81", "  50;81", 7),
        ("]\r\n\"Version", "\r\n\"Version", 5),
        ("dword:00000001", "dword:1000000000", 6),
    ] {
        assert_eq!(damage("r", EXPORTED.replacen(sound, broken, 1)).0, line, "{broken}");
    }
}

#[test]
fn keys_of_others_are_nothing_that_is_known() {
    let text = "HKEY_LOCAL_MACHINE\\Software\\Other\r\n    a    REG_SZ    b\r\n";
    assert_eq!(read("r", text).unwrap_err().kind(), "unknown");
}

#[test]
fn an_exported_text_goes_on_behind_an_escaped_quote() {
    let text = "Windows Registry Editor Version 5.00\r\n\r\n\
                [HKEY_LOCAL_MACHINE\\SYSTEM\\ControlSet001\\Control]\r\n\
                \"SystemStartOptions\"=\"/LOAD=\\\"a\\\" TESTSIGNING\"\r\n";
    let Piece::Boot(boot) = read_one("r", text) else { panic!("no boot state") };
    assert_eq!(boot.test_signing, Some(true));
}

#[test]
fn a_known_key_without_its_value_says_nothing() {
    let path = "SYSTEM\\CurrentControlSet\\Control\\DeviceGuard\\Scenarios";
    let text = format!(
        "\r\nHKEY_LOCAL_MACHINE\\{path}\\HypervisorEnforcedCodeIntegrity\r\n\
         \x20   WasEnabledBy    REG_DWORD    0x2\r\n\r\n"
    );
    let nothing = Boot { place: Place::new("boot/memory-integrity.txt", 2), ..Boot::default() };
    assert_eq!(read_one("boot/memory-integrity.txt", text), Piece::Boot(nothing));
}
