//! Services: their lines, and the services themselves.

use crate::samples::{HEALTHY, Sample};
use crate::tally::{Case, Tally, Told, cases, doubt, fail, warn};

const SERVICES: [(Sample, &str, &str); 2] =
    [(Sample::Core, "ebpfcore", "WD0102"), (Sample::Extension, "netebpfext", "WD0103")];

/// The text with another value behind a label.
fn set(text: &str, label: &str, value: &str) -> String {
    let mut is_found = false;
    let line = |line: &str| {
        if line.trim_start().starts_with(label) {
            is_found = true;
            let (before, _) = line.split_once(':').unwrap();
            return format!("{before}: {value}\n");
        }
        format!("{line}\n")
    };
    let text = text.lines().map(line).collect();
    assert!(is_found, "{label}");
    text
}

/// Another value of a line, and what tells it.
fn values(id: &'static str) -> Vec<(&'static str, &'static str, Told)> {
    let mut values: Vec<(&str, &str, Told)> = vec![
        ("STATE", "4  WIRD AUSGEFÜHRT", None),
        ("WIN32_EXIT_CODE", "5  (0x5)", warn(id)),
        ("WIN32_EXIT_CODE", "1066  (0x42a)", warn(id)),
        // It counts where the other code says so.
        ("SERVICE_EXIT_CODE", "7  (0x7)", None),
        ("TYPE", "10  WIN32_OWN_PROCESS", None),
        ("CHECKPOINT", "0x1", None),
        ("WAIT_HINT", "0x7d0", None),
        ("PID", "412", None),
        ("FLAGS", "RUNS_IN_SYSTEM_PROCESS", None),
    ];
    for state in [
        "1  STOPPED",
        "2  START_PENDING",
        "3  STOP_PENDING",
        "5  CONTINUE_PENDING",
        "6  PAUSE_PENDING",
        "7  PAUSED",
        "1  BEENDET",
    ] {
        values.push(("STATE", state, fail(id)));
    }
    values
}

fn change(tally: &mut Tally, case: &Case, (sample, name, id): (Sample, &str, &'static str)) {
    let text = case.samples.text(sample);
    let mut judge = |what: &str, text: String, told: Told| {
        let what = format!("{name}: {what}");
        tally.judge(case, &what, &case.samples.with(sample, text), told);
    };
    for (label, value, told) in values(id) {
        judge(&format!("{label} {value}"), set(text, label, value), told);
    }
    for code in ["2  (0x2)", "5  (0x5)", "577  (0x241)", "1066  (0x42a)", "1077  (0x435)"] {
        let stopped = set(text, "STATE", "1  STOPPED");
        judge(&format!("stopped with {code}"), set(&stopped, "WIN32_EXIT_CODE", code), fail(id));
    }
    let not_installed = format!(
        "C:\\>sc.exe queryex {name}\n[SC] EnumQueryServicesStatus:OpenService FAILED 1060:\n\nThe \
         specified service does not exist as an installed service.\n"
    );
    judge("not installed", not_installed, fail(id));
    judge("asked twice", [text, "\n", text].concat(), None);
    judge("of another name", text.replace(name, "another"), doubt(id));
}

#[test]
fn a_line_of_a_service_changed_is_told_by_the_services_check() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for service in SERVICES {
            change(&mut tally, &case, service);
        }
    }
    tally.end(285);
}

#[test]
fn a_service_removed_is_not_known_any_more() {
    let mut tally = Tally::default();
    for (sample, name, id) in SERVICES {
        for mut case in cases(&HEALTHY, &[]) {
            case.which.retain(|it| *it != sample);
            tally.judge(&case, &format!("without {name}"), &case.samples, doubt(id));
        }
    }
    tally.end(12);
}

#[test]
fn a_service_that_cannot_be_read_is_told() {
    let mut tally = Tally::default();
    for case in cases(&HEALTHY, &[]) {
        for (sample, name, _) in SERVICES {
            for (label, value) in [
                ("STATE", "8  BEYOND"),
                ("STATE", "RUNNING"),
                ("WIN32_EXIT_CODE", "0  (0x5)"),
                ("SERVICE_EXIT_CODE", "none"),
                ("CHECKPOINT", "12"),
            ] {
                let text = set(case.samples.text(sample), label, value);
                let what = format!("{name}: {label} {value}");
                tally.unread(&case, &what, &case.samples.with(sample, text));
            }
        }
    }
    tally.end(60);
}
