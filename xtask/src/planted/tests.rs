//! The table of bugs fits the code, and a change is made once or not at all.

use super::suite::folder_of;
use super::table::{Bug, bugs};
use super::tree::{Tree, replace_once, workspace};
use crate::run::root;
use std::collections::BTreeSet;
use std::path::Path;

fn source(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap()
}

#[test]
fn text_that_is_not_there_or_there_twice_is_not_replaced() {
    assert_eq!(replace_once("a b c", "b", "d").unwrap(), "a d c");
    assert!(replace_once("a b c", "x", "d").unwrap_err().contains("is not there"));
    assert!(replace_once("a b b", "b", "d").unwrap_err().contains("2 times"));
}

#[test]
fn each_bug_changes_text_that_is_there_once() {
    for Bug { name, file, from, to, .. } in bugs() {
        let after = replace_once(&source(file), from, to);
        let after = after.unwrap_or_else(|why| panic!("{name}: {file}: {why}"));
        assert_ne!(after, source(file), "{name} changes nothing");
    }
}

#[test]
fn names_are_unique_and_there_are_at_least_twenty() {
    let names: Vec<_> = bugs().map(|bug| bug.name).collect();
    assert!(names.len() >= 20, "{}", names.len());
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    for name in names {
        assert!(name.chars().all(|it| it.is_ascii_lowercase() || it == '-'), "{name}");
        assert_ne!(name, "none", "the image without a bug has this name");
    }
}

#[test]
fn every_hazard_of_the_prototypes_is_planted() {
    let seen: BTreeSet<_> = bugs().flat_map(|bug| bug.seen.split(", ")).collect();
    for number in 1..=14 {
        assert!(seen.contains(&*format!("A.10 {number}")), "A.10 {number}");
    }
}

#[test]
fn every_lesson_is_planted() {
    let text = source("tests/kernel/tests/hazards/table/lessons.rs");
    let keys = text.split('"').filter(|it| it.starts_with("A.9 "));
    let seen: BTreeSet<_> = bugs().flat_map(|bug| bug.seen.split(", ")).collect();
    let mut count = 0;
    for key in keys {
        assert!(seen.contains(key), "{key}");
        count += 1;
    }
    assert!(count >= 11, "{count}");
}

/// Every test of a binary, by name.
fn tests_of(package: &str, binary: &str) -> Option<BTreeSet<String>> {
    let folder = root().join(folder_of(package)).join("tests");
    let file = folder.join(binary).with_extension("rs");
    let mut texts: Vec<String> = std::fs::read_to_string(file).into_iter().collect();
    texts.extend(below(&folder.join(binary)));
    let names = texts.iter().flat_map(|text| text.split("#[test]\nfn ").skip(1));
    let names: BTreeSet<_> =
        names.filter_map(|it| Some(it.split_once('(')?.0.to_owned())).collect();
    (!names.is_empty()).then_some(names)
}

fn below(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|it| it.is_file());
    paths.map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

#[test]
fn every_test_that_is_to_catch_a_bug_exists() {
    for bug in bugs() {
        let (package, binary) = (bug.caught_by.package, bug.caught_by.binary);
        let tests =
            tests_of(package, binary).unwrap_or_else(|| panic!("{}: no tests {binary}", bug.name));
        for test in bug.caught_by.tests {
            assert!(tests.contains(*test), "{}: {binary} has no test {test}", bug.name);
        }
    }
}

#[test]
fn a_workspace_has_the_driver_alone_and_a_profile_of_its_own() {
    let text = workspace(&source("Cargo.toml")).unwrap();
    assert!(text.contains("\nmembers = [\"driver\", \"driver/abi\""), "{text}");
    assert!(!text.contains("collector\", \"") && !text.contains("\ndefault-members"), "{text}");
    assert!(text.contains("[profile.planted]"), "{text}");
    assert!(workspace("[workspace]\n").is_err());
}

#[test]
fn a_copy_follows_the_sources_and_a_bug_is_taken_out_again() {
    let folder = root().join(crate::bench::target()).join("planted-test");
    let copy = || Tree::copy(&root(), &folder).unwrap();
    let tree = copy();
    let bug = bugs().next().unwrap();
    let planted = || std::fs::read_to_string(folder.join(bug.file)).unwrap();
    assert_eq!(planted(), source(bug.file));
    let bug_in = tree.plant(bug).unwrap();
    assert!(planted().contains(bug.to) && !planted().contains(bug.from));
    bug_in.take_out().unwrap();
    assert_eq!(planted(), source(bug.file));
    // What a run that was stopped left, and a file that the sources have no more.
    drop(tree.plant(bug).unwrap());
    std::fs::write(folder.join("driver/src/gone.rs"), "").unwrap();
    copy();
    assert_eq!(planted(), source(bug.file));
    assert!(!folder.join("driver/src/gone.rs").exists());
}
