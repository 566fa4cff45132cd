//! Excluded ports, and what the machine was started with.

use crate::samples::{BOOT, PORTS};
use crate::{damage, read, read_one};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::{Boot, Place, PortRange};

fn ports(bytes: impl AsRef<[u8]>) -> Vec<(u16, u16)> {
    let Piece::Ports(it) = read_one("p", bytes) else { panic!("no ports") };
    it.into_iter().map(|it| (it.first, it.last)).collect()
}

fn boot(bytes: impl AsRef<[u8]>) -> Boot {
    let Piece::Boot(it) = read_one("b", bytes) else { panic!("no boot state") };
    it
}

#[test]
fn excluded_ports_are_read_in_any_language() {
    let expected = [(5357, 5357), (10_048, 10_147), (50_000, 50_059)];
    assert_eq!(ports(PORTS), expected);
    let chinese = PORTS
        .replace("Protocol tcp Port Exclusion Ranges", "协议 tcp 端口排除范围")
        .replace("Start Port    End Port", "开始端口    结束端口")
        .replace("Administered port exclusions.", "管理的端口排除。");
    assert_eq!(ports(chinese), expected);
    let Piece::Ports(found) = read_one("p", PORTS) else { panic!("no ports") };
    let place = Place::new("p", 7);
    let (first, last) = (10_048, 10_147);
    let (is_administered, is_ipv6) = (false, false);
    assert_eq!(found[1], PortRange { first, last, is_administered, is_ipv6, place });
}

/// Marks and families of the ranges.
fn marks(file: &str, text: &str) -> Vec<(bool, bool)> {
    let [Piece::Ports(found)] = &read(file, text).unwrap()[..] else { panic!("no ports") };
    found.iter().map(|it| (it.is_administered, it.is_ipv6)).collect()
}

#[test]
fn an_administrators_exclusion_keeps_its_mark_and_its_family() {
    let (open, marked) = ((false, false), (true, false));
    assert_eq!(marks("ports/ipv4.txt", PORTS), [open, open, marked]);
    let (open6, marked6) = ((false, true), (true, true));
    for file in ["ports/ipv6.txt", "netsh.exe int ipv6 show excludedportrange protocol=tcp"] {
        assert_eq!(marks(file, PORTS), [open6, open6, marked6], "{file}");
    }
    let pasted = format!(
        "C:\\>netsh int ipv6 show excludedportrange tcp\r\n{PORTS}\
         C:\\>netsh int ipv4 show excludedportrange tcp\r\n{PORTS}"
    );
    assert_eq!(marks("all.txt", &pasted), [open6, open6, marked6, open, open, marked]);
}

#[test]
fn no_excluded_ports_are_an_empty_list() {
    let head = PORTS.split_inclusive("\r\n").take(5).collect::<String>();
    assert_eq!(ports(head), []);
}

#[test]
fn ports_that_cannot_be_are_damage() {
    for broken in ["10147       10048", "10048       70000", "10048", "10048 1 2", "a b"] {
        assert_eq!(damage("p", PORTS.replace("10048       10147", broken)).0, 7, "{broken}");
    }
}

#[test]
fn signing_for_tests_is_on_where_its_word_is_yes_in_any_known_language() {
    for (word, expected) in [
        ("Yes", Some(true)),
        ("Ja", Some(true)),
        ("Oui", Some(true)),
        ("はい", Some(true)),
        ("نعم", Some(true)),
        ("No", Some(false)),
        ("Nein", Some(false)),
        ("Non", Some(false)),
        ("いいえ", Some(false)),
        ("لا", Some(false)),
        ("HIja'", None),
        ("??", None),
    ] {
        let text =
            BOOT.replace("testsigning             Yes", &format!("testsigning             {word}"));
        let found = boot(&text);
        assert_eq!(found.test_signing_next, expected, "{word}");
        assert_eq!(found.place, Place::new("b", 11));
    }
}

#[test]
fn an_entry_without_test_signing_says_nothing_of_it() {
    let found = boot(BOOT.replace("testsigning             Yes\r\n", ""));
    assert_eq!(found, Boot { place: Place::new("b", 4), ..Boot::default() });
}

#[test]
fn only_the_current_entry_counts() {
    let others = BOOT.replace("{current}", "{other}");
    let current = BOOT.replace("testsigning             Yes\r\n", "");
    assert_eq!(boot(format!("{others}{current}{others}")).test_signing_next, None);
    assert_eq!(read("b", others).unwrap_err().kind(), "unknown");
}
