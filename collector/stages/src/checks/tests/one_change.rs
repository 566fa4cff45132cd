//! One thing wrong is one check that says so; what follows from it says that it follows.

use super::healthy::{callout, filter, healthy, key, link, program, redirect, service};
use super::{fails, warns, with};
use crate::checks::facts::{
    Incident, KnownFailure, Place, PortRange, ServiceFinding, ServiceState,
};
use crate::checks::hooks::{CALLOUTS, HOOKS, SUBLAYERS};
use crate::checks::weir_objects::WEIR_LAYERS;
use crate::checks::{Evidence, Report, Verdict};
use weir_abi::identifiers;

fn stop(name: &'static str) -> impl FnOnce(&mut Evidence) {
    move |evidence| {
        drop(evidence.services.insert(name.to_owned(), service(name, ServiceState::Stopped, 1077)))
    }
}

#[test]
fn a_healthy_machine_is_ok_in_every_check() {
    let report = Report::of(&healthy());
    for outcome in &report.outcomes {
        assert_eq!(outcome.judgement.verdict, Verdict::Ok, "{outcome:#?}");
    }
    assert_eq!(report.verdict, Verdict::Ok);
}

#[test]
fn a_stopped_service_is_its_own_check() {
    for (name, id) in
        [("bfe", "WD0101"), ("ebpfcore", "WD0102"), ("netebpfext", "WD0103"), ("weir", "WD0105")]
    {
        fails(id, stop(name));
    }
    warns("WD0104", stop("ebpfsvc"));
    warns("WD0106", stop("weir-collector"));
}

#[test]
fn a_driver_that_is_gone_explains_its_objects() {
    let report = fails("WD0103", |evidence| {
        stop("netebpfext")(evidence);
        evidence.wfp[0].callouts.retain(|it| !CALLOUTS.iter().any(|ours| ours.key == it.key));
        evidence.wfp[0].sublayers.retain(|it| !SUBLAYERS.iter().any(|(ours, _)| *ours == it.key));
    });
    let followers: Vec<&str> = report.followers("WD0103").map(|it| it.check.id).collect();
    assert_eq!(followers, ["WD0301", "WD0302", "WD0304"]);
    assert_eq!(with(&report, Verdict::Fail), ["WD0103"]);
}

#[test]
fn a_sublayer_removed_or_doubled_is_one_failure() {
    for place in 0..SUBLAYERS.len() {
        fails("WD0301", |it| drop(it.wfp[0].sublayers.remove(place)));
        fails("WD0301", |it| {
            let again = it.wfp[0].sublayers[place].clone();
            it.wfp[0].sublayers.push(again);
        });
    }
    fails("WD0311", |it| drop(it.wfp[0].sublayers.pop()));
}

#[test]
fn a_callout_removed_changed_or_doubled_is_one_failure() {
    // Those of connect4 are needed; of the others none is.
    for place in 0..3 {
        fails("WD0302", |it| drop(it.wfp[0].callouts.remove(place)));
        fails("WD0302", |it| it.wfp[0].callouts[place].key = key(99));
    }
    for place in 0..CALLOUTS.len() {
        fails("WD0302", |it| it.wfp[0].callouts[place].flags.clear());
        fails("WD0302", |it| {
            it.wfp[0].callouts[place].layer = "FWPM_LAYER_DATAGRAM_DATA_V4".to_owned()
        });
        fails("WD0302", |it| {
            let again = it.wfp[0].callouts[place].clone();
            it.wfp[0].callouts.push(again);
        });
    }
    for place in CALLOUTS.len()..CALLOUTS.len() + WEIR_LAYERS.len() {
        fails("WD0312", |it| drop(it.wfp[0].callouts.remove(place)));
        fails("WD0312", |it| it.wfp[0].callouts[place].flags.clear());
    }
}

#[test]
fn a_filter_removed_changed_or_doubled_is_one_failure() {
    for (place, id) in (0..7).map(|place| (place, if place < 3 { "WD0303" } else { "WD0313" })) {
        fails(id, |it| drop(it.wfp[0].filters.remove(place)));
        fails(id, |it| it.wfp[0].filters[place].layer = "FWPM_LAYER_DATAGRAM_DATA_V4".to_owned());
        fails(id, |it| it.wfp[0].filters[place].sublayer = Some(key(98)));
        fails(id, |it| it.wfp[0].filters[place].callout = Some(key(97)));
        fails(id, |it| {
            let again = it.wfp[0].filters[place].clone();
            it.wfp[0].filters.push(again);
        });
    }
}

#[test]
fn what_changes_with_every_start_is_not_looked_at() {
    let mut evidence = healthy();
    for (filter, number) in evidence.wfp[0].filters.iter_mut().take(3).zip(50..) {
        (filter.key, filter.provider, filter.name) = (key(number), None, "another".to_owned());
        filter.flags.clear();
    }
    for callout in &mut evidence.wfp[0].callouts {
        (callout.provider, callout.name) = (None, "another".to_owned());
    }
    for sublayer in &mut evidence.wfp[0].sublayers {
        (sublayer.weight, sublayer.provider) = (Some(77), Some(key(1)));
    }
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
}

#[test]
fn a_program_or_link_removed_changed_or_doubled_is_one_failure() {
    fails("WD0402", |it| it.programs = Some(Vec::new()));
    fails("WD0402", |it| {
        let again = it.programs.as_ref().unwrap()[0].clone();
        it.programs.as_mut().unwrap().push(again);
    });
    fails("WD0403", |it| drop(it.programs.as_mut().unwrap().remove(0)));
    fails("WD0403", |it| it.links.as_mut().unwrap()[1].program_id = 5);
    fails("WD0403", |it| {
        let again = it.links.as_ref().unwrap()[0].clone();
        it.links.as_mut().unwrap().push(again);
    });
    fails("WD0404", |it| it.links.as_mut().unwrap()[1].attach_type = Some("unspec".to_owned()));
    fails("WD0404", |it| it.programs.as_mut().unwrap()[1].kind = "bind".to_owned());
}

#[test]
fn a_map_removed_changed_or_doubled_is_one_failure() {
    fails("WD0405", |it| drop(it.maps.as_mut().unwrap().remove(0)));
    fails("WD0405", |it| it.maps.as_mut().unwrap()[1].id = 7);
    fails("WD0405", |it| it.maps.as_mut().unwrap()[0].kind = "array".to_owned());
    fails("WD0405", |it| it.maps.as_mut().unwrap()[0].entries_max = 0);
    fails("WD0405", |it| {
        let again = it.maps.as_ref().unwrap()[0].clone();
        it.maps.as_mut().unwrap().push(again);
    });
    warns("WD0406", |it| it.map_dumps[0].entries = 9);
}

#[test]
fn a_known_failure_of_a_trace_is_one_check() {
    let ids = [
        "WD0501", "WD0502", "WD0503", "WD0504", "WD0505", "WD0506", "WD0507", "WD0508", "WD0509",
        "WD0510", "WD0511", "WD0512",
    ];
    for (cause, id) in KnownFailure::ALL.into_iter().zip(ids) {
        let incident = Incident {
            cause,
            subject: None,
            code: Some("5".to_owned()),
            count: 1,
            first_time: None,
            process: None,
            quotes: vec![],
        };
        let change = |it: &mut Evidence| it.traces[0].incidents.push(incident);
        if cause == KnownFailure::Other {
            warns(id, change)
        } else {
            fails(id, change)
        };
    }
}

#[test]
fn a_verifier_that_nobody_serves_is_a_service_to_start() {
    use crate::checks::Step;
    let incident = |code: &str| Incident {
        cause: KnownFailure::Verification,
        subject: Some("cgroup_sock_addr2.o".to_owned()),
        code: Some(code.to_owned()),
        count: 120,
        first_time: None,
        process: None,
        quotes: vec![],
    };
    for (code, is_down) in [("1753 (EPT_S_NOT_REGISTERED)", true), ("17530", false)] {
        let report = fails("WD0506", |it| it.traces[0].incidents.push(incident(code)));
        let remedy = &report.outcome("WD0506").unwrap().judgement.remedy;
        assert_eq!(remedy.contains(&Step::Run("sc.exe start ebpfsvc".to_owned())), is_down);
    }
}

#[test]
fn the_machine_itself_has_a_check_for_each_thing() {
    warns("WD0201", |it| it.boot.as_mut().unwrap().test_signing = Some(true));
    warns("WD0203", |it| it.system.as_mut().unwrap().versions[1].1 = "1.0.1".to_owned());
    fails("WD0204", |it| it.stores[1].types = vec![key(9)]);
    warns("WD0204", |it| it.stores[0].exists = true);
    let range = |first, last| PortRange {
        first,
        last,
        is_administered: false,
        is_ipv6: false,
        place: Place::new("ports/ipv4.txt", 7),
    };
    fails("WD0701", |it| it.ports.as_mut().unwrap().push(range(10_000, 10_099)));
    fails("WD0701", |it| it.system.as_mut().unwrap().collector_answers = Some(false));
    warns("WD0702", |it| it.system.as_mut().unwrap().disk_free_bytes = Some(1));
    warns("WD0703", |it| it.system.as_mut().unwrap().clock_offset_ms = Some(-60_000));
}

#[test]
fn what_the_boot_entry_says_counts_from_the_next_start_on() {
    use crate::checks::facts::Boot;
    let next = |now, next| {
        let mut evidence = healthy();
        let entry = Boot { test_signing_next: next, ..Boot::default() };
        evidence.boot = Some(entry.over(Some(Boot { test_signing: now, ..Boot::default() })));
        let report = Report::of(&evidence);
        report.outcome("WD0201").unwrap().judgement.clone()
    };
    let set = next(Some(false), Some(true));
    assert!(set.verdict == Verdict::Ok && set.found.contains("next start"), "{set:?}");
    assert_eq!(next(Some(true), Some(false)).verdict, Verdict::Warn);
    assert_eq!(next(None, Some(true)).verdict, Verdict::Unknown);
}

#[test]
fn each_figure_of_the_collector_has_its_check() {
    let set = |name: &'static str, value: f64| {
        move |it: &mut Evidence| {
            let samples = &mut it.telemetry.as_mut().unwrap().samples;
            samples.iter_mut().find(|it| it.name == name).unwrap().value = value;
        }
    };
    fails("WD0602", set("weir_etw_session_up", 0.0));
    warns("WD0602", set("weir_etw_session_lost_total", 3.0));
    fails("WD0603", set("weir_etw_unaccounted", -1.0));
    warns("WD0603", set("weir_etw_events_lost_total", 5.0));
    fails("WD0604", set("weir_driver_up", 0.0));
    warns("WD0605", set("weir_events_dropped_total", 1.0));
    fails("WD0704", set("weir_audit_dropped_total", 1.0));
    warns("WD0704", set("weir_audit_unsent_oldest_seconds", 601.0));
    warns("WD0601", |it| it.sessions = Some(Vec::new()));
    fails("WD0601", |it| it.sessions.as_mut().unwrap()[0].providers.clear());
}

#[test]
fn another_callout_is_warned_about_where_it_can_get_in_the_way() {
    warns("WD0305", |it| {
        it.wfp[0].callouts.push(callout(
            key(40),
            "Another Connect Redirect callout",
            CALLOUTS[0].layer,
        ));
    });
    warns("WD0314", |it| {
        it.wfp[0].callouts.push(callout(key(41), "Antivirus", WEIR_LAYERS[2]));
        let mut asks = filter(key(42), WEIR_LAYERS[2], key(43), key(41));
        asks.provider = None;
        it.wfp[0].filters.push(asks);
    });
}

#[test]
fn connections_that_go_elsewhere_are_the_guides_first_case() {
    fails("WD0513", |it| {
        it.expected.redirects =
            vec![("8.8.8.8:6666".parse().unwrap(), "127.0.0.1:4444".parse().unwrap())];
    });
    let third = warns("WD0513", |it| it.traces[0].redirects.clear());
    let cause = third.outcome("WD0513").unwrap().judgement.cause.clone().unwrap();
    assert!(cause.contains("case 3"), "{cause}");
    let expected = redirect(("8.8.8.8", 6666), ("127.0.0.1", 5555));
    assert_eq!(expected.destination, ("8.8.8.8".to_owned(), 6666));
}

#[test]
fn what_is_not_installed_has_no_objects_to_miss() {
    let gone = |name: &str| ServiceFinding::NotInstalled {
        name: name.to_owned(),
        place: Place::new("x", 1),
    };
    let report = warns("WD0105", |it| {
        it.services.insert("weir".to_owned(), gone("weir"));
        it.wfp[0].callouts.retain(|it| !identifiers::CALLOUTS.contains(&it.key));
        it.wfp[0].filters.retain(|it| !identifiers::FILTERS.contains(&it.key));
        it.wfp[0].sublayers.pop();
    });
    assert!(report.followers("WD0105").next().is_none());
}

#[test]
fn a_program_that_is_expected_and_not_there_is_a_failure() {
    use crate::checks::facts::ExpectedProgram;
    let expect = |name: &str, attach_type: Option<&str>| ExpectedProgram {
        name: name.to_owned(),
        attach_type: attach_type.map(str::to_owned),
    };
    fails("WD0402", |it| it.expected.programs = vec![expect("nobody", None)]);
    fails("WD0404", |it| {
        it.expected.programs = vec![expect("authorize_connect4", Some("cgroup/connect6"))]
    });
    fails("WD0403", |it| {
        it.programs.as_mut().unwrap().push(program(3, "sock_addr", "lonely", &[]));
        it.expected.programs = vec![expect("lonely", None)];
    });
    warns("WD0403", |it| {
        it.programs.as_mut().unwrap().push(program(3, "sock_addr", "lonely", &[]))
    });
    assert_eq!(link(1, 2, HOOKS[0].attach_type).attach_type.as_deref(), Some("cgroup/connect4"));
}
