//! `--dry-run`: a file that hides nobody's entries, and an image that is looked at.

use super::super::dry_run::text;
use super::super::service::{DESCRIPTION, NAME, START, start_name};
use super::{driver, for_processor, weir_words};
use crate::failure::{ExitCode, Failure};
use std::path::PathBuf;
use tempfile::TempDir;

fn dry(words: &[&str]) -> Result<String, Failure> {
    let words = words.iter().copied().chain(["--dry-run"]);
    text(&weir_words(words)).map(|it| it.unwrap())
}

/// A file of these bytes, in a folder that goes with the test.
fn image(bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("named by me.sys");
    std::fs::write(&path, bytes).unwrap();
    (folder, path)
}

fn install(bytes: &[u8]) -> (PathBuf, Result<String, Failure>) {
    let (_folder, path) = image(bytes);
    let result = dry(&["install", "--image", path.to_str().unwrap()]);
    (path, result)
}

/// Lines of a file that are neither its head, nor comments, nor empty.
fn entries(text: &str) -> Vec<&str> {
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Windows Registry Editor Version 5.00"));
    lines.filter(|it| !it.is_empty() && !it.starts_with(';')).collect()
}

#[test]
fn every_file_has_its_head_first_and_no_key_but_everybodys() {
    for command in ["register", "unregister", "install", "remove"] {
        let text = dry(&[command]).unwrap();
        let keys: Vec<&str> = entries(&text).into_iter().filter(|it| it.contains('[')).collect();
        let start = if matches!(command, "register" | "install") { "[" } else { "[-" };
        let providers = format!(r"{start}HKEY_LOCAL_MACHINE\Software\eBPF\Providers\");
        assert!(keys.len() >= 2, "{text}");
        assert!(keys.iter().all(|it| it.starts_with(&providers)), "{text}");
        assert!(
            text.contains("; It writes the same to HKEY_CURRENT_USER")
                || text.contains("; It deletes the same from HKEY_CURRENT_USER"),
            "{text}"
        );
    }
}

#[test]
fn install_and_remove_change_of_the_registry_what_register_and_unregister_do() {
    for (one, other) in [("install", "register"), ("remove", "unregister")] {
        let (one, other) = (dry(&[one]).unwrap(), dry(&[other]).unwrap());
        assert_eq!(entries(&one), entries(&other));
    }
}

#[test]
fn the_steps_besides_are_comments_with_paths_that_a_prompt_takes() {
    let (path, text) = install(&driver(true));
    let text = text.unwrap();
    let image = r"%SystemRoot%\System32\drivers\weir.sys";
    assert!(text.contains(&format!("\n; copy \"{}\" \"{image}\"\n", path.display())), "{text}");
    let start = start_name(START);
    assert!(text.contains(&format!("\n; sc create {NAME} type= kernel start= {start}")), "{text}");
    assert!(text.contains(&format!("\n; sc description {NAME} \"{DESCRIPTION}\"\n")), "{text}");
    assert!(text.ends_with(&format!("\n; sc start {NAME}\n")), "{text}");
    let text = dry(&["remove"]).unwrap();
    let steps = format!("\n; sc stop {NAME}\n; sc delete {NAME}\n; del \"{image}\"\n");
    assert!(text.contains(&steps), "{text}");
}

#[test]
fn the_image_that_is_named_is_looked_at() {
    for (bytes, found) in [
        (driver(true), "for x64, signed"),
        (driver(false), "for x64, not signed"),
        (for_processor(driver(true), 0xaa64), "for arm64, signed"),
    ] {
        let (path, text) = install(&bytes);
        let line = format!("; image: {}: {} bytes, {found}\n", path.display(), bytes.len());
        let text = text.unwrap();
        assert!(text.contains(&line), "{line}{text}");
    }
}

#[test]
fn what_install_refuses_its_dry_run_refuses() {
    let missing = dry(&["install", "--image", "/nowhere/weir.sys"]).unwrap_err();
    assert_eq!(missing.code(), ExitCode::InputUnreadable);
    for bytes in [b"MZ".to_vec(), for_processor(driver(true), 0x0101)] {
        let (path, result) = install(&bytes);
        let failure = result.unwrap_err();
        assert_eq!(failure.code(), ExitCode::InputDamaged);
        assert!(failure.to_string().contains(path.to_str().unwrap()), "{failure}");
    }
}

#[test]
fn without_an_image_beside_the_program_it_says_so_and_goes_on() {
    let text = dry(&["install"]).unwrap();
    assert!(text.contains("weir.sys: not there: name one with --image\n"), "{text}");
}

#[cfg(unix)]
#[test]
fn no_name_of_an_image_becomes_an_entry() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a\n[-HKEY_CURRENT_USER]\r[b]\u{1b}.sys");
    std::fs::write(&path, driver(true)).unwrap();
    let text = dry(&["install", "--image", path.to_str().unwrap()]).unwrap();
    assert_eq!(entries(&text), entries(&dry(&["register"]).unwrap()));
    assert!(!text.contains(['\r', '\u{1b}']), "{text}");
}
