//! The committed JSON is what the code makes.

use std::path::Path;
use std::process::{Command, Output};
use weir_deploy::place;

/// A Python that has the SDK: that of `WEIR_DASHBOARDS_PYTHON`, else `python3`.
fn python() -> Option<String> {
    let python = std::env::var("WEIR_DASHBOARDS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let has_sdk = Command::new(&python).args(["-c", "import grafana_foundation_sdk"]).output();
    if has_sdk.is_ok_and(|output| output.status.success()) {
        return Some(python);
    }
    eprintln!(
        "skipped: {python} has no grafana-foundation-sdk; \
         dashboards/requirements.txt, and WEIR_DASHBOARDS_PYTHON to name another"
    );
    None
}

fn check(python: &str, folder: &Path) -> Output {
    let mut build = Command::new(python);
    // Nothing is left behind in the repository.
    build.arg("-B").arg(folder.join("build.py")).arg("--check");
    build.output().unwrap()
}

#[test]
fn the_committed_dashboards_are_what_their_code_makes() {
    let Some(python) = python() else { return };
    let output = check(&python, &place::root().join("dashboards"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_dashboard_that_was_changed_by_hand_is_found() {
    let Some(python) = python() else { return };
    let copy = tempfile::tempdir().unwrap();
    let source = place::root().join("dashboards");
    let code = place::files("dashboards/weir_dashboards", ".py");
    std::fs::create_dir(copy.path().join("weir_dashboards")).unwrap();
    let files = code.iter().cloned().chain(place::files("dashboards", ".json"));
    for file in files.chain([source.join("build.py")]) {
        std::fs::copy(&file, copy.path().join(file.strip_prefix(&source).unwrap())).unwrap();
    }
    assert!(check(&python, copy.path()).status.success());

    let changed = copy.path().join("flows.json");
    let text = std::fs::read_to_string(&changed).unwrap();
    std::fs::write(&changed, text.replacen("now-30m", "now-6h", 1)).unwrap();
    let output = check(&python, copy.path());
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("flows.json"));
}

/// A version without a pin would change the JSON on another day.
#[test]
fn the_sdk_is_pinned() {
    let text = std::fs::read_to_string(place::root().join("dashboards/requirements.txt")).unwrap();
    let wanted = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let unpinned: Vec<&str> = wanted.filter(|line| !line.contains("==")).collect();
    assert_eq!(unpinned, Vec::<&str>::new());
}
