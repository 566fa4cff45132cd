//! What changes of the guide's samples found: a thing that was told twice, not at all, or as
//! another.

use super::healthy::{filter, healthy, key, program, redirect};
use super::{fails, warns, with};
use crate::checks::facts::{
    Action, Expected, ExpectedProgram, ObjectMap, ProgramObject, ServiceFinding,
};
use crate::checks::{Evidence, Report, Verdict};

fn found(report: &Report, id: &str) -> String {
    report.outcome(id).unwrap().judgement.found.clone()
}

#[test]
fn a_service_that_runs_and_reports_a_code_is_warned_about() {
    for (exit_code, service_exit_code) in [(31, 0), (1066, 7)] {
        warns("WD0103", |it| {
            let Some(ServiceFinding::Installed(service)) = it.services.get_mut("netebpfext") else {
                panic!("no service")
            };
            (service.exit_code, service.service_exit_code) = (exit_code, service_exit_code);
        });
    }
}

#[test]
fn a_link_of_the_wrong_kind_asks_for_no_objects_of_its_hook() {
    for attach_type in ["bind", "cgroup/sock_ops", "flow_classify", "unspec"] {
        fails("WD0404", |it| {
            it.links.as_mut().unwrap()[0].attach_type = Some(attach_type.to_owned());
        });
    }
    fails("WD0404", |it| {
        it.links.as_mut().unwrap()[0].attach_type = Some("cgroup/connect6".to_owned());
        it.expected.programs = vec![expected()];
    });
}

fn expected() -> ExpectedProgram {
    let attach_type = Some("cgroup/connect4".to_owned());
    ExpectedProgram { name: "authorize_connect4".to_owned(), attach_type }
}

#[test]
fn an_attach_type_or_program_type_that_nobody_knows_is_not_right() {
    for attach_type in ["cgroup/of_tomorrow", "77"] {
        warns("WD0404", |it| {
            it.links.as_mut().unwrap()[0].attach_type = Some(attach_type.to_owned());
        });
    }
    for kind in ["of_tomorrow", "unspec"] {
        fails("WD0404", |it| it.programs.as_mut().unwrap()[0].kind = kind.to_owned());
    }
    // As other releases spell it, and where nobody registered its name.
    for kind in ["cgroup_sock_addr", "3"] {
        let mut evidence = healthy();
        evidence.programs.as_mut().unwrap()[0].kind = kind.to_owned();
        assert_eq!(Report::of(&evidence).verdict, Verdict::Ok, "{kind}");
    }
}

#[test]
fn an_attach_type_that_is_expected_and_not_told_is_a_doubt() {
    let mut evidence = healthy();
    evidence.links.as_mut().unwrap()[0].attach_type = None;
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
    evidence.expected.programs = vec![expected()];
    assert_eq!(with(&Report::of(&evidence), Verdict::Unknown), ["WD0404"]);
}

#[test]
fn filters_of_a_program_whose_link_is_gone_are_told_with_the_link() {
    let no_weir = |it: &mut Evidence| {
        it.programs.as_mut().unwrap().truncate(1);
        it.links.as_mut().unwrap().truncate(1);
    };
    fails("WD0403", |it| {
        no_weir(it);
        it.links.as_mut().unwrap().clear();
    });
    fails("WD0403", |it| {
        no_weir(it);
        it.links.as_mut().unwrap()[0].program_id = 0;
    });
    let mut evidence = healthy();
    evidence.programs = Some(Vec::new());
    evidence.links = Some(Vec::new());
    assert_eq!(with(&Report::of(&evidence), Verdict::Warn), ["WD0304", "WD0402"]);
}

#[test]
fn a_filter_that_asks_another_hooks_callout_is_the_filters_fault() {
    let listen = crate::checks::hooks::CALLOUTS[8].key;
    fails("WD0303", |it| {
        it.wfp[0].callouts.retain(|it| it.key != listen);
        it.wfp[0].filters[0].callout = Some(listen);
    });
}

#[test]
fn a_filter_that_asks_nobody_is_told_by_its_action() {
    let report = fails("WD0303", |it| {
        it.wfp[0].filters[0].action = Action::Other("FWP_ACTION_BLOCK".to_owned());
    });
    let told = found(&report, "WD0303");
    assert!(told.contains("asks nobody: its action is FWP_ACTION_BLOCK"), "{told}");
    let report = fails("WD0303", |it| {
        it.wfp[0].filters[0].flags = vec!["FWPM_FILTER_FLAG_DISABLED".to_owned()];
    });
    assert!(found(&report, "WD0303").contains("is disabled"));
}

#[test]
fn actions_at_connect_redirect_tell_releases_apart() {
    for (actions, words) in [
        ([Action::Terminating, Action::Terminating], "as older releases"),
        ([Action::Unknown, Action::Unknown], "as newer releases"),
        ([Action::Terminating, Action::Unknown], "no one release"),
        ([Action::Inspection, Action::Inspection], "no one release"),
    ] {
        let mut evidence = healthy();
        for (filter, action) in evidence.wfp[0].filters.iter_mut().zip(actions) {
            filter.action = action;
        }
        let report = Report::of(&evidence);
        assert_eq!(report.verdict, Verdict::Ok);
        assert!(found(&report, "WD0303").contains(words), "{}", found(&report, "WD0303"));
    }
}

/// Items of one layer that somebody copied out say nothing of the other layers.
#[test]
fn a_part_without_a_layer_that_links_need_is_a_doubt() {
    let mut evidence = healthy();
    let state = &mut evidence.wfp[0];
    state.is_whole = false;
    let layer = state.filters[0].layer.clone();
    state.callouts.retain(|it| it.layer == layer);
    state.filters.retain(|it| it.layer == layer);
    let report = Report::of(&evidence);
    assert_eq!(with(&report, Verdict::Fail), [] as [&str; 0]);
    for (id, layer) in [
        ("WD0302", "FWPM_LAYER_ALE_AUTH_CONNECT_V4"),
        ("WD0303", "FWPM_LAYER_ALE_AUTH_CONNECT_V4"),
        ("WD0312", "FWPM_LAYER_ALE_FLOW_ESTABLISHED_V4"),
    ] {
        assert!(found(&report, id).contains(layer), "{id}: {}", found(&report, id));
    }
    evidence.wfp[0].filters.clear();
    evidence.wfp[0].filters.push(filter(key(1), &layer, key(2), key(3)));
    assert_eq!(with(&Report::of(&evidence), Verdict::Fail), ["WD0303"]);
}

fn with_object(evidence: &mut Evidence) {
    let map = |name: &str, kind: &str, sizes: (u32, u32, u32)| ObjectMap {
        name: name.to_owned(),
        kind: kind.to_owned(),
        key_bytes: sizes.0,
        value_bytes: sizes.1,
        entries_max: sizes.2,
    };
    evidence.objects = vec![ProgramObject {
        file: "authorize.o".to_owned(),
        refused: None,
        programs_loaded: 1,
        maps: vec![
            map("policy_map", "hash", (24, 24, 10)),
            map("audit_map", "lru_hash", (8, 24, 1000)),
        ],
    }];
}

#[test]
fn maps_are_those_of_the_object_and_the_program_reads_them() {
    let mut evidence = healthy();
    with_object(&mut evidence);
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
    fails("WD0405", |it| {
        with_object(it);
        it.maps.as_mut().unwrap()[1].name = "another".to_owned();
    });
    warns("WD0405", |it| {
        with_object(it);
        it.programs.as_mut().unwrap()[0].map_ids.pop();
    });
    fails("WD0405", |it| it.programs.as_mut().unwrap()[0].map_ids.push(66_054));
    // Of an object that is not loaded no map is expected.
    let mut evidence = healthy();
    with_object(&mut evidence);
    evidence.programs.as_mut().unwrap()[0] = program(1, "sock_addr", "authorize_connect4", &[]);
    evidence.links.as_mut().unwrap()[0].program_id = 1;
    evidence.maps = Some(Vec::new());
    evidence.map_dumps.clear();
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
}

#[test]
fn a_dump_is_of_a_map_that_is_listed_and_as_large_as_the_list_says() {
    for sizes in [(20, 24), (24, 20)] {
        fails("WD0405", |it| it.map_dumps[0].first_entry_bytes = Some(sizes));
    }
    warns("WD0406", |it| it.map_dumps[0].map_id = Some(7));
    let mut evidence = healthy();
    evidence.maps.as_mut().unwrap()[0].kind = "percpu_hash".to_owned();
    evidence.map_dumps[0].first_entry_bytes = Some((24, 32));
    assert_eq!(Report::of(&evidence).verdict, Verdict::Ok);
}

#[test]
fn a_connection_that_the_program_rejected_did_not_go_where_it_should() {
    let connection = ("8.8.8.8:6666".parse().unwrap(), "127.0.0.1:5555".parse().unwrap());
    let reject = |it: &mut Evidence| {
        let mut rejected = redirect(("8.8.8.8", 6666), ("8.8.8.8", 6666));
        rejected.verdict = Some(0);
        it.traces[0].redirects = vec![rejected];
    };
    let report = fails("WD0513", |it| {
        reject(it);
        it.expected = Expected { redirects: vec![connection], ..Expected::default() };
    });
    assert!(found(&report, "WD0513").contains("rejected by the program"));
    let mut evidence = healthy();
    reject(&mut evidence);
    let report = Report::of(&evidence);
    assert_eq!(report.verdict, Verdict::Ok);
    assert!(found(&report, "WD0513").contains("1 was rejected"));
}
