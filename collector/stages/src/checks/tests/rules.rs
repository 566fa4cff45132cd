//! What holds of every check.

use super::healthy::healthy;
use super::with;
use crate::checks::table::CHECKS;
use crate::checks::{Evidence, Gap, Kind, Privilege, Report, Step, Verdict};

#[test]
fn without_evidence_every_check_is_unknown_and_says_what_it_needs() {
    let report = Report::of(&Evidence::default());
    for outcome in &report.outcomes {
        assert_eq!(outcome.judgement.verdict, Verdict::Unknown, "{outcome:#?}");
        assert!(!outcome.judgement.missing.is_empty(), "{outcome:#?}");
        assert!(outcome.judgement.found.starts_with("needs "), "{outcome:#?}");
    }
    assert_eq!(report.verdict, Verdict::Unknown);
}

#[test]
fn a_gap_says_why_it_is_one() {
    let mut evidence = Evidence::default();
    evidence.gaps.push(Gap {
        kind: Kind::Programs,
        which: None,
        why: "bpftool.exe is not installed".to_owned(),
        is_denied: false,
    });
    let report = Report::of(&evidence);
    let found = &report.outcome("WD0402").unwrap().judgement.found;
    assert_eq!(found, "needs bpftool -p prog: bpftool.exe is not installed");
}

#[test]
fn without_the_rights_that_it_takes_no_check_is_ok() {
    let mut evidence = healthy();
    evidence.system.as_mut().unwrap().is_elevated = Some(false);
    let report = Report::of(&evidence);
    for outcome in &report.outcomes {
        let is_elevated = outcome.check.privilege == Privilege::Elevated;
        let expected = if is_elevated { Verdict::Unknown } else { Verdict::Ok };
        assert_eq!(outcome.judgement.verdict, expected, "{outcome:#?}");
    }
}

#[test]
fn what_nobody_asked_for_does_not_count() {
    let mut evidence = healthy();
    evidence.traces.clear();
    evidence.map_dumps.clear();
    evidence.objects.clear();
    let report = Report::of(&evidence);
    assert_eq!(report.verdict, Verdict::Ok);
    assert_eq!(with(&report, Verdict::Unknown).len(), 16);
    evidence.gaps.push(Gap {
        kind: Kind::Traces,
        which: None,
        why: "logman.exe did not end within 60 s".to_owned(),
        is_denied: false,
    });
    assert_eq!(Report::of(&evidence).verdict, Verdict::Unknown);
}

/// A command that stops a driver is warned about before it stands there.
#[test]
fn no_restart_is_advised_without_a_word_about_programs_that_are_loaded() {
    let mut evidence = healthy();
    for state in &mut evidence.wfp {
        (state.callouts, state.filters) = (Vec::new(), Vec::new());
        state.sublayers.clear();
    }
    let report = Report::of(&evidence);
    let stops = |step: &Step| matches!(step, Step::Run(it) if it.contains(" stop "));
    let mut seen = 0;
    for outcome in &report.outcomes {
        let remedy = &outcome.judgement.remedy;
        let Some(first) = remedy.iter().position(stops) else { continue };
        let warning = remedy.iter().position(
            |it| matches!(it, Step::Careful(text) if text.contains("2 programs are loaded")),
        );
        assert!(warning.is_some_and(|it| it < first), "{outcome:#?}");
        seen += 1;
    }
    assert!(seen >= 4, "{seen}");
}

#[test]
fn every_command_names_services_that_exist() {
    let mut evidence = healthy();
    evidence.wfp[0].callouts.clear();
    evidence.services.clear();
    let report = Report::of(&evidence);
    let services = ["bfe", "ebpfcore", "netebpfext", "ebpfsvc", "weir", "weir-collector"];
    for step in report.outcomes.iter().flat_map(|it| &it.judgement.remedy) {
        let Step::Run(command) = step else { continue };
        if let Some(rest) = command.strip_prefix("sc.exe ") {
            let name = rest.split(' ').nth(1).unwrap();
            assert!(services.contains(&name), "{command}");
        }
    }
}

#[test]
fn every_check_says_what_it_is_about_and_where_to_read_on() {
    for check in CHECKS {
        assert!(check.about.ends_with('.'), "{}", check.id);
        assert!(
            check.docs.starts_with("docs/") || check.docs.starts_with("https://"),
            "{}",
            check.id
        );
        assert!(!check.title.ends_with('.') && check.title.len() < 72, "{}", check.id);
    }
}
