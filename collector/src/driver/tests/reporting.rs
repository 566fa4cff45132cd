//! `status`, exit codes and words.

use super::super::commands::run;
use super::super::fake::Fake;
use super::super::install::install;
use super::super::machine::{Machine as _, State};
use super::super::registration::register;
use super::super::service::{IMAGE, NAME};
use super::super::status::{Verdict, status};
use super::super::store::{Hive, PROVIDERS, Value, section_path};
use super::{driver, for_processor, weir_words, with_others};
use crate::failure::{ExitCode, Failure};

fn weir(machine: &mut Fake, words: &str) -> (String, Result<(), Failure>) {
    let mut out = Vec::new();
    let result = run(&weir_words(words.split(' ')), machine, &mut out);
    (String::from_utf8(out).unwrap(), result)
}

fn installed() -> Fake {
    let mut machine = Fake::new();
    install(&mut machine, &driver(true)).unwrap();
    machine
}

#[test]
fn after_an_installation_everything_is_ok() {
    for before in [Fake::new(), with_others(&Hive::ALL), with_others(&[Hive::LocalMachine])] {
        let mut machine = before;
        install(&mut machine, &driver(true)).unwrap();
        let (text, result) = weir(&mut machine, "status");
        assert!(result.is_ok() && !text.contains("hint"), "{text}");
    }
}

#[test]
fn whatever_is_not_as_installed_is_the_one_line_that_says_so() {
    type Change = fn(&mut Fake);
    let changes: [(&str, Verdict, Change); 13] = [
        ("signature", Verdict::Missing, |it| drop(it.files.insert(IMAGE.into(), driver(false)))),
        ("service", Verdict::Differs, |it| {
            it.services.get_mut(NAME).unwrap().state = State::Stopped
        }),
        ("service", Verdict::Differs, |it| {
            it.services.get_mut(NAME).unwrap().state = State::Stopping
        }),
        ("service", Verdict::Differs, |it| it.services.get_mut(NAME).unwrap().state = State::Other),
        ("start type", Verdict::Differs, |it| it.services.get_mut(NAME).unwrap().start = 1),
        ("start type", Verdict::Differs, |it| it.services.get_mut(NAME).unwrap().start = 4),
        ("store, everybody", Verdict::Differs, |it| {
            it.put(Hive::LocalMachine, &section_path(), "Size", Value::text("x"));
        }),
        ("store, this user", Verdict::Differs, |it| {
            it.delete_tree(Hive::CurrentUser, &section_path()).unwrap();
        }),
        ("store, this user", Verdict::Missing, |it| {
            it.delete_tree(Hive::CurrentUser, &format!(r"{PROVIDERS}\ProgramData")).unwrap();
            it.delete_tree(Hive::CurrentUser, &format!(r"{PROVIDERS}\SectionData")).unwrap();
        }),
        ("eBPF core", Verdict::Missing, |it| drop(it.services.remove("ebpfcore"))),
        ("eBPF core", Verdict::Differs, |it| {
            it.services.get_mut("ebpfcore").unwrap().state = State::Stopped;
        }),
        ("filtering engine", Verdict::Missing, |it| drop(it.services.remove("bfe"))),
        ("filtering engine", Verdict::Differs, |it| {
            it.services.get_mut("bfe").unwrap().state = State::Stopped;
        }),
    ];
    for (part, verdict, change) in changes {
        let mut machine = installed();
        change(&mut machine);
        let checks = status(&machine).unwrap();
        let wrong: Vec<_> = checks.iter().filter(|it| it.verdict != Verdict::Ok).collect();
        assert_eq!(wrong.len(), 1, "{part}: {wrong:?}");
        assert_eq!((wrong[0].part, wrong[0].verdict), (part, verdict));
        assert!(wrong[0].hint.is_some());
        let (text, result) = weir(&mut machine, "status");
        assert_eq!(result.unwrap_err().code(), ExitCode::DriverIncomplete, "{text}");
        assert!(text.contains(&format!("hint: {part}: ")), "{text}");
    }
}

#[test]
fn an_image_that_is_no_driver_is_told_from_none() {
    let mut machine = installed();
    machine.files.insert(IMAGE.to_owned(), b"MZ".to_vec());
    let checks = status(&machine).unwrap();
    assert_eq!(checks[0].verdict, Verdict::Differs);
    machine.files.insert(IMAGE.to_owned(), for_processor(driver(true), 0xaa64));
    let checks = status(&machine).unwrap();
    assert_eq!(checks[0].verdict, Verdict::Differs);
    assert!(checks[0].found.contains("another kind of processor (arm64)"), "{checks:?}");
    machine.files.clear();
    let checks = status(&machine).unwrap();
    assert_eq!(checks[0].verdict, Verdict::Missing);
}

#[test]
fn signing_for_tests_matters_until_the_driver_runs() {
    let mut machine = installed();
    let control = r"SYSTEM\CurrentControlSet\Control";
    machine.put(Hive::LocalMachine, control, "SystemStartOptions", Value::text(" NOEXECUTE=OPTIN"));
    assert!(weir(&mut machine, "status").1.is_ok());
    machine.services.get_mut(NAME).unwrap().state = State::Stopped;
    let checks = status(&machine).unwrap();
    assert_eq!(checks.last().unwrap().verdict, Verdict::Differs);
}

#[test]
fn the_json_says_what_the_lines_say() {
    let mut machine = Fake::new();
    let (text, result) = weir(&mut machine, "status --json");
    assert_eq!(result.unwrap_err().code(), ExitCode::DriverIncomplete);
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ok"], false);
    let checks = json["checks"].as_array().unwrap();
    assert_eq!(checks.len(), status(&machine).unwrap().len());
    assert_eq!(checks[0]["part"], "image");
    assert_eq!(checks[0]["verdict"], "missing");
    assert!(checks[0]["hint"].is_string());
    let (text, result) = weir(&mut installed(), "status --json");
    assert!(result.is_ok());
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["ok"], true);
}

#[test]
fn what_is_denied_has_its_own_exit_code_and_lines_for_the_rest() {
    let mut machine = Fake::new();
    machine.denied.push(Hive::LocalMachine);
    let (text, result) = weir(&mut machine, "register");
    assert!(text.contains("HKEY_CURRENT_USER: registered, "), "{text}");
    assert!(text.contains("HKEY_LOCAL_MACHINE: not registered"), "{text}");
    assert_eq!(result.unwrap_err().code(), ExitCode::NotPermitted);
    machine.denied.clear();
    register(&mut machine).unwrap();
    machine.denied = Hive::ALL.to_vec();
    let (text, result) = weir(&mut machine, "unregister");
    assert_eq!(text.matches("still registered").count(), 2, "{text}");
    assert_eq!(result.unwrap_err().code(), ExitCode::NotPermitted);
}

#[test]
fn an_image_that_is_none_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weir.sys");
    let install = format!("install --image {}", path.display());
    let mut machine = Fake::new();
    assert_eq!(weir(&mut machine, &install).1.unwrap_err().code(), ExitCode::InputUnreadable);
    std::fs::write(&path, b"MZ").unwrap();
    assert_eq!(weir(&mut machine, &install).1.unwrap_err().code(), ExitCode::InputDamaged);
    std::fs::write(&path, for_processor(driver(true), 0xaa64)).unwrap();
    assert_eq!(weir(&mut machine, &install).1.unwrap_err().code(), ExitCode::InputDamaged);
    assert_eq!(machine.operations, 0);
    std::fs::write(&path, driver(true)).unwrap();
    weir(&mut machine, &install).1.unwrap();
}
