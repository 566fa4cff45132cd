//! What a trace says beside the rest of the evidence: what follows, and what cannot be known.

use super::healthy::{healthy, redirect, running, service};
use super::{fails, with};
use crate::checks::facts::{
    Expected, FailedCall, Incident, KnownFailure, Place, Quote, ServiceFinding, ServiceState,
};
use crate::checks::{Evidence, Gap, Judgement, Kind, Report, Step, Verdict};

/// Checks that look for a kind of failure.
const KINDS: [&str; 13] = [
    "WD0501", "WD0502", "WD0503", "WD0504", "WD0505", "WD0506", "WD0507", "WD0508", "WD0509",
    "WD0510", "WD0511", "WD0512", "WD0514",
];

fn incident(cause: KnownFailure, code: &str, calls: &[FailedCall]) -> Incident {
    Incident {
        cause,
        subject: Some("cgroup_sock_addr2.o".to_owned()),
        code: Some(code.to_owned()),
        calls: calls.to_vec(),
        count: 120,
        first_time: None,
        process: None,
        quotes: vec![],
    }
}

/// A healthy machine with a failure in its trace.
fn failed(cause: KnownFailure, code: &str) -> Evidence {
    let mut evidence = healthy();
    evidence.traces[0].incidents.push(incident(cause, code, &[]));
    evidence
}

fn stop(evidence: &mut Evidence, name: &str) {
    let stopped = service(name, ServiceState::Stopped, 0);
    evidence.services.insert(name.to_owned(), stopped);
}

fn judgement(evidence: &Evidence, id: &str) -> Judgement {
    Report::of(evidence).outcome(id).unwrap().judgement.clone()
}

/// Cause and remedy in one text.
fn advice(judgement: &Judgement) -> String {
    let step = |it: &Step| match it {
        Step::Say(text) | Step::Run(text) | Step::Careful(text) => text.clone(),
    };
    let steps: Vec<String> = judgement.remedy.iter().map(step).collect();
    format!("{}\n{}", judgement.cause.as_deref().unwrap_or_default(), steps.join("\n"))
}

#[test]
fn what_a_stopped_driver_explains_follows_from_it() {
    use KnownFailure::{AccessDenied, Attach, Ioctl, Load, NmrAttach, Open};
    for (cause, id, services) in [
        (AccessDenied, "WD0501", &[("ebpfcore", "WD0102")][..]),
        (NmrAttach, "WD0505", &[("netebpfext", "WD0103"), ("weir", "WD0105")]),
        (Open, "WD0508", &[("ebpfcore", "WD0102")]),
        (Load, "WD0509", &[("ebpfcore", "WD0102")]),
        (Attach, "WD0510", &[("ebpfcore", "WD0102")]),
        (Ioctl, "WD0511", &[("ebpfcore", "WD0102")]),
    ] {
        for (name, first) in services {
            let mut evidence = failed(cause, "5");
            stop(&mut evidence, name);
            let report = Report::of(&evidence);
            assert_eq!(with(&report, Verdict::Fail), [*first], "{id}");
            assert_eq!(report.outcome(id).unwrap().follows, Some(*first));
        }
    }
}

#[test]
fn a_verifier_that_nobody_served_is_told_by_what_the_service_does_now() {
    let evidence = |now: Option<ServiceFinding>| {
        let mut evidence = failed(KnownFailure::Verification, "1753 (EPT_S_NOT_REGISTERED)");
        evidence.services.remove("ebpfsvc");
        evidence.services.extend(now.map(|it| ("ebpfsvc".to_owned(), it)));
        evidence
    };
    let start = Step::Run("sc.exe start ebpfsvc".to_owned());
    let runs = judgement(&evidence(Some(running("ebpfsvc"))), "WD0506");
    assert!(advice(&runs).contains("was recorded; it runs now"), "{runs:#?}");
    assert!(!runs.remedy.contains(&start) && runs.quotes[0].text.contains("RUNNING"));
    let stopped = service("ebpfsvc", ServiceState::Stopped, 0);
    let stopped = judgement(&evidence(Some(stopped)), "WD0506");
    assert_eq!(stopped.remedy[0], start);
    assert!(advice(&stopped).contains("does not run"));
    let place = Place::new("services/ebpfsvc.txt", 1);
    let none = ServiceFinding::NotInstalled { name: "ebpfsvc".to_owned(), place };
    let none = judgement(&evidence(Some(none)), "WD0506");
    assert!(!none.remedy.contains(&start) && advice(&none).contains("native programs (.sys)"));
    let unasked = judgement(&evidence(None), "WD0506");
    assert_eq!(unasked.remedy[0], Step::Run("sc.exe queryex ebpfsvc".to_owned()));
    assert!(unasked.remedy.contains(&start) && !advice(&unasked).contains("does not run"));
    // Another code of verification is no word about the service.
    let refused = judgement(&failed(KnownFailure::Verification, "17530"), "WD0506");
    assert!(!refused.remedy.contains(&start) && advice(&refused).contains("refused one"));
}

#[test]
fn nothing_found_where_not_all_was_there_is_a_doubt() {
    let doubts = |words: &str, change: &dyn Fn(&mut Evidence)| {
        let mut evidence = healthy();
        change(&mut evidence);
        let report = Report::of(&evidence);
        assert_eq!(with(&report, Verdict::Unknown), KINDS, "{words}");
        let found = &report.outcome("WD0509").unwrap().judgement.found;
        assert!(found.contains(words), "{found}");
        report
    };
    let report = doubts("in 20 events, and the session lost 7", &|it| it.traces[0].events_lost = 7);
    assert_eq!(report.verdict, Verdict::Unknown);
    doubts("no event of EbpfForWindowsProvider", &|it| drop(it.traces[0].events.remove(0)));
    let report = doubts("a trace is missing: logman: it took more than 60 s", &|it| {
        it.gaps.push(Gap {
            kind: Kind::Traces,
            which: Some("logman".to_owned()),
            why: "it took more than 60 s".to_owned(),
            is_denied: false,
        });
    });
    assert_eq!(report.verdict, Verdict::Unknown);
    let report = doubts("3 more could not be read", &|it| {
        it.traces[0].damage_total = 3;
        it.traces[0].damage = vec![Quote::new(&Place::new("x.txt", 9), "cut off")];
    });
    assert_eq!(report.outcome("WD0509").unwrap().judgement.quotes[0].text, "cut off");
    assert_eq!(report.verdict, Verdict::Unknown);
}

#[test]
fn a_trace_that_lost_events_still_fails_by_what_it_has() {
    fails("WD0502", |it| {
        it.traces[0].incidents = failed(KnownFailure::FileNotFound, "2").traces[0].incidents.clone()
    });
    let mut evidence = failed(KnownFailure::FileNotFound, "2");
    evidence.traces[0].events_lost = 7;
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), ["WD0502"]);
}

#[test]
fn nothing_found_says_in_how_many_events_and_of_when() {
    let mut evidence = healthy();
    let trace = &mut evidence.traces[0];
    (trace.first_time, trace.last_time) = (Some("T1".to_owned()), Some("T2".to_owned()));
    assert_eq!(
        judgement(&evidence, "WD0501").found,
        "nothing of the kind in 20 events from T1 to T2"
    );
    evidence.traces[0].events.truncate(1);
    evidence.traces[0].events[0].count = 1;
    assert!(judgement(&evidence, "WD0501").found.contains("in 1 event from"));
    evidence.traces[0]
        .incidents
        .push(Incident { count: 1, ..incident(KnownFailure::Other, "1", &[]) });
    assert!(judgement(&evidence, "WD0512").found.starts_with("1 error that"));
}

#[test]
fn a_call_that_failed_for_a_known_reason_follows_from_that_reason() {
    use FailedCall::{Attach, Load, Open};
    for (cause, why) in KnownFailure::ALL.into_iter().zip(KINDS).take(7) {
        for (call, id) in [(Open, "WD0508"), (Load, "WD0509"), (Attach, "WD0510")] {
            let report =
                fails(why, |it| it.traces[0].incidents = vec![incident(cause, "1", &[call])]);
            let outcome = report.outcome(id).unwrap();
            assert_eq!(outcome.follows, Some(why), "{id} of {cause:?}");
            assert!(outcome.judgement.found.contains(&format!("120 times; why, {why} tells")));
            assert_eq!(report.followers(why).count(), 1);
        }
    }
    // What is judged later cannot be followed from; it is not ok either.
    let mut evidence = healthy();
    evidence.traces[0].incidents = vec![incident(KnownFailure::Policy, "21", &[Load])];
    let report = Report::of(&evidence);
    assert_eq!(with(&report, Verdict::Fail), ["WD0514"]);
    assert_eq!(with(&report, Verdict::Unknown), ["WD0509"]);
    assert!(report.outcome("WD0509").unwrap().judgement.found.contains("WD0514 tells"));
}

#[test]
fn a_policy_that_blocks_asks_for_a_native_program_and_names_memory_integrity_where_it_is_on() {
    let mut evidence = failed(KnownFailure::Policy, "21 (EBPF_BLOCKED_BY_POLICY)");
    for (is_on, words) in [
        (Some(true), "(HVCI) is configured on this machine"),
        (Some(false), "it is off now"),
        (None, "some releases compile none"),
    ] {
        evidence.boot.as_mut().unwrap().memory_integrity = is_on;
        let judgement = judgement(&evidence, "WD0514");
        assert_eq!(judgement.verdict, Verdict::Fail);
        let advice = advice(&judgement);
        assert!(advice.contains(words) && advice.contains("native"), "{advice}");
    }
}

#[test]
fn a_path_that_is_not_there_is_no_file_of_the_application() {
    for (code, is_path) in [
        ("7 (EBPF_OBJECT_NOT_FOUND)", true),
        ("3(WIN=x)", true),
        ("0xC000003A(NT=x)", true),
        ("2(WIN=x)", false),
        ("9 (EBPF_FILE_NOT_FOUND)", false),
        ("0xC0000034(NT=x)", false),
    ] {
        let advice = advice(&judgement(&failed(KnownFailure::FileNotFound, code), "WD0502"));
        assert_eq!(advice.contains("pinned object"), is_path, "{code}: {advice}");
        assert_eq!(advice.contains("a relative one"), !is_path, "{code}: {advice}");
    }
    let mut both = failed(KnownFailure::FileNotFound, "2(WIN=x)");
    both.traces[0].incidents.push(incident(KnownFailure::FileNotFound, "7", &[]));
    let advice = advice(&judgement(&both, "WD0502"));
    assert!(advice.contains("show pins") && advice.contains("a relative one"), "{advice}");
}

#[test]
fn weirs_type_is_to_be_registered_where_it_is_not() {
    let register = Step::Run("weir driver register".to_owned());
    let mut evidence = failed(KnownFailure::ZeroProgramType, "87");
    let registered = judgement(&evidence, "WD0503");
    assert!(!registered.remedy.contains(&register) && advice(&registered).contains("another"));
    evidence.stores[1].sections.clear();
    assert!(judgement(&evidence, "WD0503").remedy.contains(&register));
    // The user's store is the one that loaders read where there is one.
    evidence.stores[1] = healthy().stores[1].clone();
    evidence.stores[0].exists = true;
    let hidden = judgement(&evidence, "WD0503");
    assert!(hidden.remedy.contains(&register) && advice(&hidden).contains("reg query HKCU"));
    evidence.stores.clear();
    assert!(judgement(&evidence, "WD0503").remedy.contains(&register));
    let place = Place::new("services/weir.txt", 1);
    let none = ServiceFinding::NotInstalled { name: "weir".to_owned(), place };
    evidence.services.insert("weir".to_owned(), none);
    assert!(!judgement(&evidence, "WD0503").remedy.contains(&register));
}

/// A healthy machine where somebody expects connections to `from` at `to`, and these were traced.
fn redirected(from: &str, to: &str, traced: (&str, &str)) -> Evidence {
    let mut evidence = healthy();
    let redirects = vec![(from.parse().unwrap(), to.parse().unwrap())];
    evidence.expected = Expected { redirects, ..Expected::default() };
    evidence.traces[0].redirects = vec![redirect((traced.0, 443), (traced.1, 8443))];
    evidence
}

#[test]
fn an_address_within_ipv6_is_the_address() {
    let (mapped, plain) =
        (("::ffff:203.0.113.7", "::ffff:127.0.0.1"), ("203.0.113.7", "127.0.0.1"));
    for traced in [mapped, plain] {
        for (from, to) in [
            ("203.0.113.7:443", "127.0.0.1:8443"),
            ("[::ffff:203.0.113.7]:443", "[::ffff:127.0.0.1]:8443"),
        ] {
            let judgement = judgement(&redirected(from, to, traced), "WD0513");
            assert_eq!(judgement.verdict, Verdict::Ok, "{from} {traced:?}: {judgement:#?}");
        }
        let elsewhere = redirected("203.0.113.7:443", "127.0.0.2:8443", traced);
        assert_eq!(judgement(&elsewhere, "WD0513").verdict, Verdict::Fail);
    }
}

#[test]
fn a_connection_that_may_have_been_left_out_is_not_absent() {
    let mut evidence =
        redirected("203.0.113.9:443", "127.0.0.1:8443", ("203.0.113.7", "127.0.0.1"));
    assert_eq!(judgement(&evidence, "WD0513").verdict, Verdict::Warn);
    evidence.traces[0].redirects_total = 300;
    let left_out = judgement(&evidence, "WD0513");
    assert_eq!(left_out.verdict, Verdict::Unknown);
    assert!(left_out.found.contains("among the last 1; 300 are in the trace"), "{left_out:?}");
    (evidence.traces[0].redirects_total, evidence.traces[0].events_lost) = (1, 5);
    assert_eq!(judgement(&evidence, "WD0513").verdict, Verdict::Unknown);
}
