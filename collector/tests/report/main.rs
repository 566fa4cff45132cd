//! `weir doctor --from`: what users, scripts and browsers get of it.
#![expect(clippy::unwrap_used, reason = "tests fail loudly")]

mod bundle;
mod html;
mod manifests;
mod schema;

use bundle::{files, folder, service, zip};
use serde_json::Value as Json;
use std::path::Path;
use std::process::{Command, Output};

fn doctor(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_weir")).arg("doctor").args(args).output().unwrap()
}

fn from(path: &Path, more: &[&str]) -> Output {
    let path = path.to_str().unwrap();
    doctor(&[&["--from", path], more].concat())
}

fn json(path: &Path, more: &[&str]) -> (Json, i32) {
    let output = from(path, &[&["--json"], more].concat());
    let document = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (document, output.status.code().unwrap())
}

fn verdict<'a>(report: &'a Json, id: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == id).unwrap();
    check["verdict"].as_str().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_zip_and_a_folder_of_the_same_files_are_judged_alike() {
    let (files, mut reports) = (files(), Vec::new());
    let folder = folder(&files);
    let elsewhere = tempfile::TempDir::new().unwrap();
    for path in [folder.path().to_owned(), zip(elsewhere.path(), &files)] {
        let (report, code) = json(&path, &[]);
        assert_eq!(code, 3, "{report:#}");
        reports.push(report["checks"].clone());
    }
    assert_eq!(reports[0], reports[1]);
}

#[test]
fn the_exit_code_is_the_verdict() {
    let mut files = files();
    let told = |files: &[(&str, String)], more: &[&str]| json(folder(files).path(), more).1;
    assert_eq!(told(&files, &[]), 3);
    files.push(("svc.txt", service("ebpfsvc", 1, "STOPPED", 1077)));
    assert_eq!(told(&files, &[]), 1);
    files.push(("stopped.txt", service("netebpfext", 1, "STOPPED", 577)));
    assert_eq!(told(&files, &[]), 2);
    assert_eq!(doctor(&["--explain", "wd0101"]).status.code(), Some(0));
}

#[test]
fn a_failure_of_its_own_has_a_code_that_no_verdict_has() {
    for (args, expected) in [
        (&["--from", "/nowhere/at/all"][..], 15),
        (&["--no-such-option"], 15),
        (&["--explain", "WD9999"], 15),
        (&["--from", "x", "--collect", "y"], 15),
        (&["--program", "=x"], 15),
        (&["--redirect", "1.2.3.4"], 15),
    ] {
        let output = doctor(args);
        assert_eq!(output.status.code(), Some(expected), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
    assert_eq!(doctor(&["--help"]).status.code(), Some(0));
}

#[cfg(not(windows))]
#[test]
fn elsewhere_than_on_windows_a_machine_cannot_be_looked_at() {
    let output = doctor(&[]);
    assert_eq!(output.status.code(), Some(9));
    assert!(text(&output.stderr).contains("--from"), "{}", text(&output.stderr));
}

#[test]
fn the_terminal_says_what_fails_first_how_it_is_known_and_what_to_type() {
    let mut files = files();
    files[0].1 = files[0]
        .1
        .replace(&bundle::running("netebpfext"), &service("netebpfext", 1, "STOPPED", 577));
    let folder = folder(&files);
    let output = from(folder.path(), &[]);
    let report = text(&output.stdout);
    let at = |what: &str| report.find(what).unwrap_or_else(|| panic!("no `{what}` in\n{report}"));
    assert!(report.starts_with("FAIL: 1 fail"), "{report}");
    assert!(at("Works") < at("Fails first") && at("Fails first") < at("Not known"));
    let line = files[0].1[..files[0].1.find("STOPPED").unwrap()].matches('\n').count() + 1;
    for words in [&format!("services.txt:{line}")[..], "577", "> sc.exe start netebpfext", "WD0103"]
    {
        assert!(at(words) > at("Fails first"), "{words}");
    }
    assert!(
        report.lines().all(|it| it.chars().count() <= 98 || it.contains("https://")),
        "{report}"
    );
}

#[test]
fn what_is_expected_is_said_on_the_command_line() {
    let folder = folder(&files());
    let (report, _) = json(folder.path(), &["--program", "authorize_connect4=cgroup/connect4"]);
    assert_eq!((verdict(&report, "WD0402"), verdict(&report, "WD0404")), ("ok", "ok"));
    let (report, code) = json(folder.path(), &["--program", "authorize_connect4=cgroup/connect6"]);
    assert_eq!((verdict(&report, "WD0404"), code), ("fail", 2));
    let object = concat!(env!("CARGO_MANIFEST_DIR"), "/../driver/programs/obj/tls_sni_block.o");
    let (report, _) = json(folder.path(), &["--object", object]);
    assert_eq!(verdict(&report, "WD0401"), "ok");
    let (report, code) =
        json(folder.path(), &["--object", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")]);
    assert_eq!((verdict(&report, "WD0401"), code), ("fail", 2));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_judged() {
    let mut files = files();
    files.push(("garbage.bin", "\u{1}\u{2}\u{1b}[2Jgarbage".to_owned()));
    files.push(("wfpstate.xml", "<wfpstate><layers>".to_owned()));
    let (report, code) = json(folder(&files).path(), &[]);
    assert_eq!(code, 3);
    let unread = report["source"]["unread"].as_array().unwrap();
    let paths: Vec<&str> = unread.iter().map(|it| it["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["garbage.bin", "wfpstate.xml"], "{unread:#?}");
    assert_eq!(verdict(&report, "WD0402"), "ok");
    let plain = text(&from(folder(&files).path(), &[]).stdout);
    assert!(plain.contains("Could not be read") && !plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn a_bundle_without_any_evidence_is_an_error_that_says_what_to_name() {
    let folder = folder(&[("a.txt", "hello".to_owned()), ("b.bin", "\0\0\0".to_owned())]);
    let output = from(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(4));
    let told = text(&output.stderr);
    assert!(told.contains("nothing in it is evidence") && told.contains("hint:"), "{told}");
    let zip = folder.path().join("cut.zip");
    std::fs::write(&zip, b"PK\x03\x04 and no more").unwrap();
    assert_eq!(from(&zip, &[]).status.code(), Some(4));
}

#[test]
fn a_copy_of_a_list_is_no_second_list() {
    let mut files = files();
    files.push(("copy of prog.json", files[1].1.clone()));
    let (report, code) = json(folder(&files).path(), &["--program", "authorize_connect4"]);
    assert_eq!((verdict(&report, "WD0402"), code), ("ok", 3), "{report:#}");
    let twice = files[1].1.trim().trim_start_matches('[').trim_end_matches(']');
    files[1].1 = format!("[{twice},{twice}]");
    let (doubled, _) = json(folder(&files).path(), &["--program", "authorize_connect4"]);
    assert_ne!(doubled["checks"], report["checks"], "in one file a double is one");
}

#[test]
fn names_from_outside_cannot_turn_text_around() {
    let mut files = files();
    files[1].1 = bundle::programs("a\u{202e}gpj.exe\u{2066}\u{200b}\u{feff}\u{2028}");
    let folder = folder(&files);
    for words in [&[][..], &["--html", "-"], &["--json"]] {
        let told = text(&from(folder.path(), words).stdout);
        let is_bad = |it: char| "\u{202e}\u{2066}\u{200b}\u{feff}\u{2028}".contains(it);
        assert!(!told.contains(is_bad), "{told}");
        assert!(told.contains("202e"), "{told}");
    }
    let (report, _) = json(folder.path(), &[]);
    assert!(report.to_string().contains("a\u{202e}gpj.exe"), "JSON says the same as before");
}

#[test]
fn names_from_outside_cannot_steer_a_terminal() {
    let mut files = files();
    files[1].1 = bundle::programs("evil\u{1b}[2J\r\nFAIL: forged");
    let plain = text(&from(folder(&files).path(), &[]).stdout);
    assert!(plain.contains("evil\\u{1b}[2J"), "{plain}");
    assert!(!plain.contains('\u{1b}') && !plain.lines().any(|it| it == "FAIL: forged"), "{plain}");
}
