//! A machine on which all is well: a program at connect4, Weir with one at flow_classify.

use crate::checks::Evidence;
use crate::checks::facts::{
    Action, AttachedLink, Boot, Callout, EventCount, Filter, ListedProgram, MapDump, MapFacts,
    NamedKey, Place, PortRange, ProgramObject, ProgramSection, ProgramStore, Redirect, Scope,
    Service, ServiceFinding, ServiceState, Session, Sublayer, System, Telemetry, TelemetrySample,
    TraceFacts, WfpState,
};
use crate::checks::hooks::{self, HOOKS};
use crate::checks::weir_objects::WEIR_LAYERS;
use weir_abi::identifiers::{
    ATTACH_TYPE, CALLOUTS, FILTERS, Guid, PROGRAM_TYPE, PROVIDER, SUBLAYER, WFP_PROVIDER,
};

fn place(file: &str) -> Place {
    Place::new(file, 1)
}

pub(super) fn healthy() -> Evidence {
    let mut evidence = Evidence::default();
    for name in ["bfe", "ebpfcore", "netebpfext", "ebpfsvc", "weir", "weir-collector"] {
        evidence.services.insert(name.to_owned(), running(name));
    }
    evidence.wfp.push(wfp());
    evidence.programs = Some(vec![
        program(196_867, "sock_addr", "authorize_connect4", &[66_054, 131_331]),
        program(196_900, "flow_classify", "tls_sni_block", &[]),
    ]);
    evidence.links = Some(vec![
        link(262_403, 196_867, "cgroup/connect4"),
        link(262_500, 196_900, "flow_classify"),
    ]);
    evidence.maps = Some(vec![
        map(66_054, "hash", "policy_map", (24, 24, 10)),
        map(131_331, "lru_hash", "audit_map", (8, 24, 1000)),
    ]);
    evidence.map_dumps = vec![MapDump {
        map_id: Some(66_054),
        entries: 1,
        first_entry_bytes: Some((24, 24)),
        place: place("bpftool/map-66054.txt"),
    }];
    evidence.objects = vec![ProgramObject {
        file: "x.o".to_owned(),
        refused: None,
        programs_loaded: 1,
        maps: vec![],
    }];
    evidence.traces = vec![trace()];
    evidence.sessions = Some(vec![Session {
        name: "weir-control".to_owned(),
        providers: vec![PROVIDER],
        is_detailed: true,
        place: place("sessions/weir-control.txt"),
    }]);
    host(&mut evidence);
    evidence
}

pub(super) fn running(name: &str) -> ServiceFinding {
    service(name, ServiceState::Running, 0)
}

pub(super) fn service(name: &str, state: ServiceState, exit_code: u32) -> ServiceFinding {
    let place = Place::new(format!("services/{name}.txt"), 3);
    let name = name.to_owned();
    let service =
        Service { name, kind: 1, state, exit_code, service_exit_code: 0, pid: Some(0), place };
    ServiceFinding::Installed(service)
}

pub(super) fn program(id: u32, kind: &str, name: &str, map_ids: &[u32]) -> ListedProgram {
    let (kind, name) = (kind.to_owned(), name.to_owned());
    ListedProgram { id, kind, name, map_ids: map_ids.to_vec(), place: place("bpftool/prog.json") }
}

pub(super) fn link(id: u32, program_id: u32, attach_type: &str) -> AttachedLink {
    let attach_type = Some(attach_type.to_owned());
    AttachedLink { id, program_id, attach_type, place: place("bpftool/link.json") }
}

pub(super) fn map(id: u32, kind: &str, name: &str, sizes: (u32, u32, u32)) -> MapFacts {
    let (key_bytes, value_bytes, entries_max) = sizes;
    let (kind, name) = (kind.to_owned(), name.to_owned());
    MapFacts {
        id,
        kind,
        name,
        key_bytes,
        value_bytes,
        entries_max,
        place: place("bpftool/map.json"),
    }
}

pub(super) fn callout(key: Guid, name: &str, layer: &str) -> Callout {
    Callout {
        key,
        name: name.to_owned(),
        flags: vec!["FWPM_CALLOUT_FLAG_REGISTERED".to_owned()],
        provider: Some(hooks::PROVIDER),
        layer: layer.to_owned(),
        place: place("wfp/wfpstate.xml"),
    }
}

pub(super) fn filter(key: Guid, layer: &str, sublayer: Guid, callout: Guid) -> Filter {
    Filter {
        key,
        name: "a filter".to_owned(),
        flags: vec!["FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED".to_owned()],
        provider: Some(hooks::PROVIDER),
        layer: layer.to_owned(),
        sublayer: Some(sublayer),
        action: Action::Terminating,
        callout: Some(callout),
        place: place("wfp/wfpstate.xml"),
    }
}

pub(super) fn sublayer(key: Guid, name: &str, weight: u16) -> Sublayer {
    let place = place("wfp/wfpstate.xml");
    Sublayer { key, name: name.to_owned(), weight: Some(weight), provider: None, place }
}

/// A key for a filter; the engine gives random ones.
pub(super) fn key(number: u8) -> Guid {
    Guid([number; 16])
}

fn wfp() -> WfpState {
    let mut sublayers: Vec<Sublayer> = hooks::SUBLAYERS
        .iter()
        .zip(8..)
        .map(|((key, name), weight)| sublayer(*key, name, weight))
        .collect();
    sublayers.push(sublayer(SUBLAYER, "Weir", 0xfffe));
    let mut callouts: Vec<Callout> =
        hooks::CALLOUTS.iter().map(|it| callout(it.key, "of eBPF", it.layer)).collect();
    let connect4 = HOOKS[0].filters.iter().zip(1_u8..);
    let mut filters: Vec<Filter> = connect4
        .map(|(it, number)| filter(key(number), it.callout.layer, it.sublayer, it.callout.key))
        .collect();
    for ((callout_key, filter_key), layer) in CALLOUTS.iter().zip(&FILTERS).zip(WEIR_LAYERS) {
        callouts.push(callout(*callout_key, "Weir", layer));
        let own = filter(*filter_key, layer, SUBLAYER, *callout_key);
        filters.push(Filter { provider: Some(WFP_PROVIDER), ..own });
    }
    let provider =
        NamedKey { key: WFP_PROVIDER, name: "Weir".to_owned(), place: place("wfp/wfpstate.xml") };
    WfpState {
        file: "wfp/wfpstate.xml".to_owned(),
        time: None,
        is_whole: true,
        providers: vec![provider],
        built_in: Vec::new(),
        filters_total: filters.len() as u64,
        sublayers,
        callouts,
        filters,
    }
}

pub(super) fn redirect(destination: (&str, u16), redirected: (&str, u16)) -> Redirect {
    let address = |(address, port): (&str, u16)| (address.to_owned(), port);
    Redirect {
        time: None,
        destination: address(destination),
        redirected: address(redirected),
        source: address(("0.0.0.0", 51_346)),
        verdict: Some(1),
        is_new_event: true,
        place: place("traces/ebpf.etl"),
    }
}

fn trace() -> TraceFacts {
    let event = |provider: &str| EventCount {
        provider: provider.to_owned(),
        event: "x".to_owned(),
        level: 4,
        count: 10,
    };
    TraceFacts {
        file: "traces/ebpf.etl".to_owned(),
        events: vec![event("EbpfForWindowsProvider"), event("NetEbpfExtProvider")],
        redirects: vec![redirect(("8.8.8.8", 6666), ("127.0.0.1", 5555))],
        redirects_total: 1,
        ..TraceFacts::default()
    }
}

pub(super) fn sample(name: &str, value: f64) -> TelemetrySample {
    let labels = vec![("session".to_owned(), "weir-control".to_owned())];
    TelemetrySample { name: name.to_owned(), labels, value, line: 1 }
}

fn host(evidence: &mut Evidence) {
    let place = place("system.json");
    evidence.boot = Some(Boot {
        test_signing: Some(false),
        test_signing_next: None,
        memory_integrity: Some(true),
        secure_boot: Some(true),
        place: place.clone(),
    });
    let section = ProgramSection {
        prefix: "flow_classify".to_owned(),
        program_type: Some(PROGRAM_TYPE),
        attach_type: Some(ATTACH_TYPE),
    };
    let store = |scope| ProgramStore {
        scope,
        exists: scope == Scope::Machine,
        types: if scope == Scope::Machine { vec![PROGRAM_TYPE] } else { vec![] },
        sections: if scope == Scope::Machine { vec![section.clone()] } else { vec![] },
        place: place.clone(),
    };
    evidence.stores = vec![store(Scope::User), store(Scope::Machine)];
    evidence.ports = Some(vec![PortRange {
        first: 50_000,
        last: 50_059,
        is_administered: true,
        is_ipv6: false,
        place: place.clone(),
    }]);
    let versions = ["ebpfcore.sys", "netebpfext.sys"].map(|it| (it.to_owned(), "1.0.0".to_owned()));
    evidence.system = Some(System {
        time: "2026-11-22T08:00:00Z".to_owned(),
        windows: Some("10.0.26100".to_owned()),
        is_elevated: Some(true),
        versions: versions.to_vec(),
        disk_free_bytes: Some(40 << 30),
        disk_bytes: Some(100 << 30),
        clock_offset_ms: Some(12),
        collector_answers: Some(true),
        place,
    });
    let names = [
        ("weir_etw_session_up", 1.0),
        ("weir_etw_session_lost_total", 0.0),
        ("weir_etw_unaccounted", 0.0),
        ("weir_etw_events_lost_total", 0.0),
        ("weir_events_dropped_total", 0.0),
        ("weir_driver_up", 1.0),
        ("weir_audit_dropped_total", 0.0),
        ("weir_audit_unsent_oldest_seconds", 1.0),
    ];
    let samples = names.map(|(name, value)| sample(name, value)).to_vec();
    evidence.telemetry = Some(Telemetry { samples, file: "collector/metrics.txt".to_owned() });
}
