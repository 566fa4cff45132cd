//! Bundles with a manifest: what it says of who collected, of which machine, and of each file.

use super::bundle::{files, folder};
use super::{doctor, from, json, text};
use serde_json::{Value as Json, json};
use std::path::Path;
use tempfile::TempDir;

/// A hash of nothing that is there.
const WRONG: &str = "00";

/// A folder with these files, and a manifest that names none of them but in `more`.
fn bundle(more: &Json) -> TempDir {
    let folder = folder(&files());
    let mut manifest = json!({ "format": "weir-evidence", "version": 1 });
    for (name, value) in more.as_object().unwrap() {
        manifest[name] = value.clone();
    }
    std::fs::write(folder.path().join("manifest.json"), manifest.to_string()).unwrap();
    folder
}

fn several(paths: &[&Path]) -> std::process::Output {
    let words: Vec<&str> = paths.iter().flat_map(|it| ["--from", it.to_str().unwrap()]).collect();
    doctor(&words)
}

#[test]
fn two_machines_are_never_judged_as_one() {
    let [one, same, other] = ["one", "ONE", "other"].map(|it| bundle(&json!({ "host": it })));
    let nameless = bundle(&json!({}));
    let refused = several(&[one.path(), other.path()]);
    let told = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(15), "{told}");
    assert!(told.contains("`other`") && told.contains("`one`") && told.contains("hint:"), "{told}");
    assert!(refused.stdout.is_empty());
    for second in [&same, &nameless] {
        assert_eq!(several(&[one.path(), second.path()]).status.code(), Some(3));
    }
}

#[test]
fn a_file_that_changed_counts_and_is_noted_not_called_unread() {
    let changed = json!({ "path": "prog.json", "sha256": WRONG, "bytes": 1 });
    let gone = json!({ "path": "gone.txt", "sha256": WRONG, "bytes": 1 });
    let named = ["services.txt", "link.json", "map.json"]
        .map(|it| json!({ "path": it, "sha256": WRONG, "bytes": 1 }));
    let files: Vec<Json> = named.into_iter().chain([changed, gone]).collect();
    let folder = bundle(&json!({ "files": files }));
    let (report, _) = json(folder.path(), &[]);
    let paths = |list: &str| -> Vec<String> {
        let list = report["source"][list].as_array().unwrap();
        list.iter().map(|it| it["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(paths("unread"), ["gone.txt"]);
    assert_eq!(paths("notes").len(), 4);
    assert_eq!(super::verdict(&report, "WD0402"), "ok", "it counts");
    for page in [&[][..], &["--html", "-"]] {
        let page = text(&from(folder.path(), page).stdout);
        let about = page.find("About the files").unwrap_or_else(|| panic!("{page}"));
        assert!(page.rfind("not as it was collected").unwrap() > about, "{page}");
    }
}

#[test]
fn a_trace_from_before_is_told_and_not_judged_unless_it_is_named_itself() {
    let trace = "[0]0004.0008::2023/06/23-19:45:16.265726200 [EbpfForWindowsProvider]\
                 {\"Message\":\"x\",\"meta\":{\"event\":\"EbpfGenericMessage\"}}\n";
    let entry = json!({ "path": "old.txt", "kind": "traces", "sha256": WRONG, "bytes": 1 });
    let judged = |old: Option<bool>| {
        let mut entry = entry.clone();
        if let Some(old) = old {
            entry["old"] = old.into();
        }
        let folder = bundle(&json!({ "files": [entry] }));
        let path = folder.path().join("old.txt");
        std::fs::write(&path, trace).unwrap();
        let told = text(&from(folder.path(), &[]).stdout);
        let (whole, alone) = (json(folder.path(), &[]).0, json(&path, &[]).0);
        let is_judged = |report: &Json| {
            let files = report["source"]["files"].as_array().unwrap();
            files.iter().find(|it| it["path"] == "old.txt").unwrap()["not_judged"].is_null()
        };
        (is_judged(&whole), is_judged(&alone), told.contains("Taken along, not judged"))
    };
    assert_eq!(judged(Some(true)), (false, true, true));
    assert_eq!(judged(Some(false)), (true, true, false));
    assert_eq!(judged(None), (true, true, false));
}

#[test]
fn one_who_was_not_elevated_counts_whoever_says_it() {
    let elevated = |told: bool, more: &str| {
        let folder = bundle(&json!({ "elevated": told }));
        if !more.is_empty() {
            std::fs::write(folder.path().join("system.json"), more).unwrap();
        }
        json(folder.path(), &[]).0["source"]["elevated"].clone()
    };
    let system = r#"{"format":"weir-system","version":1,"time":"t","is_elevated":true}"#;
    assert_eq!(elevated(true, system), true);
    assert_eq!(elevated(false, ""), false);
    assert_eq!(elevated(false, system), false);
}

#[test]
fn what_lacks_for_one_reason_is_told_once_with_all_that_lack() {
    let gap =
        |which: &str| json!({ "kind": "services", "which": which, "why": "sc.exe is missing" });
    let key = json!({ "kind": "boot", "which": "HKLM\\X", "why": "refused", "denied": true });
    let gaps = [gap("weir"), gap("weir-collector"), gap("weir"), key];
    let folder = bundle(&json!({ "gaps": gaps }));
    let (report, _) = json(folder.path(), &[]);
    assert_eq!(report["gaps"].as_array().unwrap().len(), 3, "equal ones are one");
    let told = text(&from(folder.path(), &[]).stdout);
    let at = told.find("Not collected").unwrap_or_else(|| panic!("{told}"));
    let line = "sc.exe queryex (weir, weir-collector): sc.exe is missing";
    assert!(told[at..].contains(line), "{told}");
    assert!(
        !told[at..].contains("refused"),
        "of boot there is nothing, so a check says it: {told}"
    );
    let page = text(&from(folder.path(), &["--html", "-"]).stdout);
    assert!(page.contains(line) && page.contains("(HKLM\\X): refused"), "{page}");
}
