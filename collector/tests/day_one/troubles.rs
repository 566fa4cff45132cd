//! What went wrong on the planted hosts: for each alert that a healthy demo does not raise, the
//! metrics that raise it.

use crate::planted::Series;

/// Everything fails at once, but what hides other troubles.
pub(crate) const WORST: &str = "planted-worst:10061";
/// The driver is gone.
const GONE: &str = "planted-gone:10061";
/// The driver runs without the filtering engine.
const ENGINELESS: &str = "planted-engineless:10061";
/// Sets of counters do not come, and the engine's objects cannot be looked at.
const DEAF: &str = "planted-deaf:10061";
/// Flows are not known one by one.
const BLIND: &str = "planted-blind:10061";

/// The series of all hosts.
pub(crate) fn troubles() -> Vec<Series> {
    let mut all = states();
    all.extend(flows());
    all.extend(programs());
    all.extend(pipeline());
    all.extend(reserved());
    all
}

fn at(
    host: &'static str,
    name: &'static str,
    labels: &'static str,
    value: fn(f64) -> f64,
) -> Series {
    Series { host, name, labels, value }
}

fn states() -> Vec<Series> {
    let mut all = Vec::new();
    for host in [WORST, GONE, ENGINELESS, DEAF, BLIND] {
        all.push(at(host, "weir_build_info", r#"version="0.1.0""#, |_| 1.0));
        let is_up: fn(f64) -> f64 = if host == GONE { |_| 0.0 } else { |_| 1.0 };
        all.push(at(host, "weir_driver_up", "", is_up));
        let has_engine = ![GONE, ENGINELESS].contains(&host);
        all.push(at(host, "weir_bfe_up", "", if has_engine { |_| 1.0 } else { |_| 0.0 }));
        let is_known: fn(f64) -> f64 = if host == BLIND { |_| 0.0 } else { |_| 1.0 };
        all.push(at(host, "weir_flow_set_complete", "", is_known));
    }
    // Programs were there for the first minute.
    all.push(at(WORST, "weir_attachments", "", |it| if it < 60.0 { 3.0 } else { 0.0 }));
    for session in [r#"session="weir-control""#, r#"session="weir-detail""#] {
        all.push(at(GONE, "weir_etw_session_up", session, |_| 0.0));
        all.push(at(GONE, "weir_etw_session_restarts_total", session, |it| it / 10.0));
    }
    all
}

fn flows() -> Vec<Series> {
    let stuck = [WORST, ENGINELESS, DEAF];
    let mut all: Vec<Series> = stuck
        .map(|host| at(host, "weir_flow_stuck", r#"program="p""#, |_| 150.0))
        .into_iter()
        .collect();
    for labels in [
        r#"verdict="allow",direction="inbound",network_type="ipv4""#,
        r#"verdict="block",direction="inbound",network_type="ipv4""#,
        r#"verdict="failed_open",direction="inbound",network_type="ipv4""#,
    ] {
        all.push(at(WORST, "weir_flow_verdicts_total", labels, |it| it));
    }
    // What a rule records of a day that is not planted.
    let yesterday = "instance:weir_flow_verdicts:block_ratio_rate1d";
    all.push(at(WORST, yesterday, "", |_| 0.01));
    let verdicts = r#"verdict="allow",direction="inbound",network_type="ipv4""#;
    all.push(at(DEAF, "weir_flow_verdicts_total", verdicts, |_| 1_000.0));
    let received = r#"event="verdict""#;
    all.push(at(DEAF, "weir_etw_events_received_total", received, |it| it));
    all
}

fn programs() -> Vec<Series> {
    let mut all = Vec::new();
    let invocations = r#"program="p",state="established",direction="inbound""#;
    all.push(at(WORST, "weir_program_invocations_total", invocations, |it| it * 10.0));
    let errors = r#"program="p",result="failed""#;
    all.push(at(WORST, "weir_program_errors_total", errors, |it| it));
    // All calls take between 2 and 4 ms.
    all.push(at(
        WORST,
        "weir_classify_seconds_bucket",
        r#"layer="stream",le="0.001953125""#,
        |_| 0.0,
    ));
    for labels in [r#"layer="stream",le="0.00390625""#, r#"layer="stream",le="+Inf""#] {
        all.push(at(WORST, "weir_classify_seconds_bucket", labels, |it| it * 80.0));
    }
    all.push(at(WORST, "weir_classify_seconds_count", r#"layer="stream""#, |it| it * 80.0));
    all.push(at(WORST, "weir_stream_copies_total", r#"direction="inbound""#, |it| it * 60.0));
    all
}

fn pipeline() -> Vec<Series> {
    let event = r#"event="verdict""#;
    let mut all = vec![
        at(WORST, "weir_etw_events_received_total", event, |it| it * 9.0),
        at(WORST, "weir_etw_events_lost_total", event, |it| it),
        at(WORST, "weir_etw_unaccounted", event, |_| -5.0),
        at(WORST, "weir_wfp_surveys_total", "", |it| it / 60.0),
        at(WORST, "weir_wfp_survey_failures_total", "", |_| 0.0),
        at(DEAF, "weir_wfp_surveys_total", "", |it| it / 60.0),
        at(DEAF, "weir_wfp_survey_failures_total", "", |it| it / 60.0),
    ];
    let object = r#"layer="stream_v4",kind="filter""#;
    all.push(at(WORST, "weir_wfp_object_present", object, |_| 0.0));
    let foreign = r#"layer="stream_v4",kind="terminating""#;
    all.push(at(WORST, "weir_wfp_foreign_callouts", foreign, |_| 1.0));
    all.extend(doctor());
    all
}

/// What the doctor says: that checks fail on one host, nothing of another.
fn doctor() -> Vec<Series> {
    let status = "weir_doctor_check_status";
    vec![
        at(WORST, "weir_doctor_looks_total", "", |it| it / 60.0),
        at(WORST, status, r#"check="WD0101""#, |_| 0.0),
        at(WORST, status, r#"check="WD0103""#, |_| 2.0),
        at(WORST, status, r#"check="WD0403""#, |_| 1.0),
        at(WORST, status, r#"check="WD0302""#, |it| if it < 60.0 { 0.0 } else { 3.0 }),
        at(DEAF, "weir_doctor_looks_total", "", |_| 1.0),
        at(DEAF, status, r#"check="WD0101""#, |_| 3.0),
    ]
}

/// The audit trail's, which no collector has yet.
fn reserved() -> Vec<Series> {
    vec![
        at(WORST, "weir_audit_records_total", r#"kind="verdict""#, |it| it),
        at(WORST, "weir_audit_unsent_records", "", |_| 5_000.0),
        at(WORST, "weir_audit_unsent_oldest_seconds", "", |_| 3_600.0),
        at(WORST, "weir_audit_disk_bytes", "", |_| 1e9),
        at(WORST, "weir_audit_disk_free_bytes", "", |_| 1e7),
        at(WORST, "weir_audit_dropped_total", r#"reason="disk_full""#, |it| it * 0.1),
        at(WORST, "weir_audit_duplicates_total", "", |it| it * 0.01),
    ]
}
