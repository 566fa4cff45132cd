//! What a shell would tell of itself.

use weir_stages::checks::Verdict;
use weir_stages::snapshot::{
    DoctorFacts, ExporterFacts, Lag, ProcessFacts, SessionFacts, Shell, WebFacts, WfpFacts,
    WfpForeign, WfpFound, WfpObject,
};

/// Something of everything that the stages themselves do not know.
pub(crate) fn surroundings() -> Shell {
    let mut lag = Lag::default();
    lag.record(0, 1);
    lag.record(700_000_000, 3);
    let control = SessionFacts {
        session: "weir-control".into(),
        is_up: true,
        lag,
        ..SessionFacts::default()
    };
    let detail = SessionFacts {
        session: "weir-detail".into(),
        restarts: 2,
        events_lost: 40,
        realtime_buffers_lost: 1,
        query_failures: 3,
        late: 5,
        hurried: 6,
        ..SessionFacts::default()
    };
    let exporter = ExporterFacts {
        signal: "metrics",
        endpoint: "http://127.0.0.1:4318".into(),
        exports: 5,
        failures: 1,
        queue_points: 70,
        dropped_points: 4,
        ..ExporterFacts::default()
    };
    let process = ProcessFacts {
        cpu_seconds: 1.25,
        resident_bytes: 1 << 20,
        virtual_bytes: 1 << 30,
        start_seconds: 1_000,
        open_fds: Some(9),
    };
    let web =
        WebFacts { connections: 2, requests: 100, evicted: 1, denied: 3, ..WebFacts::default() };
    let (sessions, exporters) = (vec![control, detail], vec![exporter]);
    Shell {
        sessions,
        exporters,
        process: Some(process),
        web: Some(web),
        wfp: Some(wfp()),
        doctor: Some(doctor()),
    }
}

fn wfp() -> WfpFacts {
    let object = |layer, kind, is_present| WfpObject { layer, kind, is_present };
    let objects = vec![
        object("any", "sublayer", true),
        object("stream_v4", "callout", true),
        object("stream_v4", "filter", false),
    ];
    let foreign = vec![WfpForeign { layer: "stream_v4", kind: "unknown", callouts: 1 }];
    WfpFacts { surveys: 3, failures: 1, found: Some(WfpFound { objects, foreign }) }
}

fn doctor() -> DoctorFacts {
    let checks = Verdict::ALL.iter().zip(["WD0101", "WD0102", "WD0103", "WD0104"]);
    DoctorFacts { looks: 3, checks: checks.map(|(verdict, id)| (id, *verdict)).collect() }
}
