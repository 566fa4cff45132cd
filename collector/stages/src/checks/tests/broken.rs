//! Installations that are broken in ways that were met: what is said first, and what is not said.

use super::healthy::{filter, healthy, key, link, service};
use super::{fails, warns, with};
use crate::checks::facts::{
    Action, BuiltIn, BuiltInKind, Filter, Place, PortRange, ServiceFinding, ServiceState, WfpState,
};
use crate::checks::hooks::{self, HOOKS};
use crate::checks::{Evidence, Kind, Piece, Report, Step, Verdict};

fn verdict(report: &Report, id: &str) -> Verdict {
    report.outcome(id).unwrap().judgement.verdict
}

fn stop(evidence: &mut Evidence, name: &str) {
    evidence.services.insert(name.to_owned(), service(name, ServiceState::Stopped, 0));
}

fn without_ebpf_objects(evidence: &mut Evidence) {
    let state = &mut evidence.wfp[0];
    state.callouts.retain(|it| hooks::callout_of(&it.key).is_none());
    state.sublayers.retain(|it| hooks::sublayer_name(&it.key).is_none());
}

/// Filters of releases that block while their callout is gone, left by a driver that is gone.
#[test]
fn filters_that_block_are_told_whatever_else_fails_and_the_machine_is_restarted() {
    let mut evidence = healthy();
    stop(&mut evidence, "netebpfext");
    without_ebpf_objects(&mut evidence);
    evidence.wfp[0].filters.iter_mut().for_each(|it| it.flags.clear());
    let report = Report::of(&evidence);
    assert_eq!(with(&report, Verdict::Fail), ["WD0103", "WD0304"]);
    let orphans = &report.outcome("WD0304").unwrap().judgement;
    assert_eq!(orphans.remedy.first(), Some(&Step::Run("shutdown /r /t 0".to_owned())));
    let starts = |it: &Step| matches!(it, Step::Run(it) if it.starts_with("sc.exe start"));
    assert!(!orphans.remedy.iter().any(starts), "{orphans:#?}");
}

#[test]
fn a_driver_that_runs_without_any_object_is_one_failure() {
    let report = fails("WD0301", |it| {
        without_ebpf_objects(it);
        it.wfp[0].filters.retain(|filter| filter.provider != Some(hooks::PROVIDER));
    });
    let followers: Vec<&str> = report.followers("WD0301").map(|it| it.check.id).collect();
    assert_eq!(followers, ["WD0302", "WD0303"]);
}

#[test]
fn where_nothing_of_ebpf_is_installed_the_core_is_what_is_missing() {
    let gone = |name: &str| ServiceFinding::NotInstalled {
        name: name.to_owned(),
        place: Place::new("x", 1),
    };
    let mut evidence = healthy();
    for name in ["ebpfcore", "netebpfext", "ebpfsvc"] {
        evidence.services.insert(name.to_owned(), gone(name));
    }
    without_ebpf_objects(&mut evidence);
    evidence.wfp[0].filters.retain(|filter| filter.provider != Some(hooks::PROVIDER));
    (evidence.programs, evidence.links, evidence.maps) = (None, None, None);
    evidence.map_dumps.clear();
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), ["WD0102"]);
}

#[test]
fn of_two_states_the_newest_counts() {
    let at =
        |time: &str, state: &WfpState| WfpState { time: Some(time.to_owned()), ..state.clone() };
    let whole = healthy().wfp.remove(0);
    let mut broken = whole.clone();
    broken.callouts.clear();
    let (old, new) = ("2026-11-22T08:00:00Z", "2026-11-22T09:00:00Z");
    for (states, expected) in [
        ([at(old, &whole), at(new, &broken)], Verdict::Fail),
        ([at(new, &broken), at(old, &whole)], Verdict::Fail),
        ([at(old, &broken), at(new, &whole)], Verdict::Ok),
    ] {
        let mut evidence = healthy();
        evidence.wfp.clear();
        states.into_iter().for_each(|it| evidence.add(Piece::WfpState(it)));
        assert_eq!(verdict(&Report::of(&evidence), "WD0302"), expected);
        assert!(evidence.gaps_of(Kind::WfpState).next().is_some());
    }
}

#[test]
fn a_state_without_a_single_object_says_nothing() {
    let mut evidence = healthy();
    evidence.wfp.clear();
    evidence.add(Piece::WfpState(WfpState { is_whole: true, ..WfpState::default() }));
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), [""; 0]);
    let place = Place::new("wfp/wfpstate.xml", 1);
    let kind = BuiltInKind::Sublayer;
    let key = "FWPM_SUBLAYER_UNIVERSAL".to_owned();
    let own = BuiltIn { kind, key, name: String::new(), layer: None, weight: None, place };
    evidence.add(Piece::WfpState(WfpState {
        is_whole: true,
        built_in: vec![own],
        ..WfpState::default()
    }));
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), ["WD0301", "WD0311"]);
}

#[test]
fn a_link_whose_program_is_gone_is_told() {
    let report = warns("WD0403", |it| {
        it.links.as_mut().unwrap().push(link(7, 0, "cgroup/recv_accept4"));
    });
    let found = &report.outcome("WD0403").unwrap().judgement.found;
    assert!(found.contains("cgroup/recv_accept4"), "{found}");
}

#[test]
fn types_that_are_told_by_number_are_the_types_of_that_number() {
    let mut evidence = healthy();
    let (programs, links) = (evidence.programs.take().unwrap(), evidence.links.take().unwrap());
    let number = |name: &str| match name {
        "sock_addr" | "cgroup/connect4" => "3".to_owned(),
        _ => {
            if name == "flow_classify" {
                "7".to_owned()
            } else {
                name.to_owned()
            }
        }
    };
    let programs = programs.into_iter().map(|mut it| {
        it.kind = number(&it.kind);
        it
    });
    let links = links.into_iter().map(|mut it| {
        it.attach_type = it
            .attach_type
            .map(|it| if it == "flow_classify" { "18".to_owned() } else { number(&it) });
        it
    });
    evidence.add(Piece::Programs(programs.collect()));
    evidence.add(Piece::Links(links.collect()));
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
    // The filter that connect4 needs is still asked for.
    evidence.wfp[0].filters.remove(0);
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), ["WD0303"]);
}

#[test]
fn a_range_that_an_administrator_made_and_one_of_the_other_family_are_in_nobodys_way() {
    let range = |is_administered, is_ipv6| PortRange {
        first: 10_000,
        last: 10_099,
        is_administered,
        is_ipv6,
        place: Place::new("ports/ipv4.txt", 7),
    };
    let judged = |range: PortRange, answers: Option<bool>| {
        let mut evidence = healthy();
        evidence.ports = Some(vec![range]);
        evidence.system.as_mut().unwrap().collector_answers = answers;
        verdict(&Report::of(&evidence), "WD0701")
    };
    assert_eq!(judged(range(false, false), None), Verdict::Fail);
    assert_eq!(judged(range(true, false), None), Verdict::Ok);
    assert_eq!(judged(range(false, true), None), Verdict::Ok);
    assert_eq!(judged(range(false, false), Some(true)), Verdict::Ok);
}

#[test]
fn what_a_manifest_says_of_rights_counts_where_nothing_else_does() {
    let mut evidence = healthy();
    evidence.is_elevated = Some(false);
    assert_eq!(verdict(&Report::of(&evidence), "WD0301"), Verdict::Unknown);
    evidence.system = None;
    assert_eq!(verdict(&Report::of(&evidence), "WD0301"), Verdict::Unknown);
}

#[test]
fn a_collector_without_an_audit_trail_has_nothing_unsent() {
    let mut evidence = healthy();
    let samples = &mut evidence.telemetry.as_mut().unwrap().samples;
    samples.retain(|it| !it.name.starts_with("weir_audit_"));
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
    let up = evidence.telemetry.as_mut().unwrap();
    up.samples.iter_mut().for_each(|it| it.value = f64::NAN);
    let report = Report::of(&evidence);
    assert!(with(&report, Verdict::Ok).iter().all(|id| !id.starts_with("WD0603")));
}

#[test]
fn a_service_that_is_disabled_is_enabled_as_its_installer_does() {
    for (name, id, words) in [
        ("netebpfext", "WD0103", "sc.exe config netebpfext start= auto"),
        ("weir", "WD0105", "sc.exe config weir start= demand"),
    ] {
        let report = fails(id, |it| {
            it.services.insert(name.to_owned(), service(name, ServiceState::Stopped, 1058));
        });
        let remedy = &report.outcome(id).unwrap().judgement.remedy;
        assert!(remedy.contains(&Step::Run(words.to_owned())), "{remedy:#?}");
    }
}

#[test]
fn another_callout_does_not_follow_from_a_missing_one_of_ours() {
    let mut evidence = healthy();
    evidence.wfp[0].callouts.remove(0);
    let mut other = super::healthy::callout(key(40), "Another", hooks::CONNECT_REDIRECT[0]);
    other.provider = None;
    evidence.wfp[0].callouts.push(other);
    let report = Report::of(&evidence);
    assert_eq!(with(&report, Verdict::Warn), ["WD0305"]);
    let block = Filter {
        action: Action::Other("FWP_ACTION_BLOCK".to_owned()),
        ..filter(key(1), "x", key(2), key(3))
    };
    assert!(!block.action.calls() && HOOKS.len() == 12);
}
