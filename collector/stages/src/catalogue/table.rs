//! The entries of the catalogue.

use super::Kind::{Counter, Gauge, Histogram, Info};
use super::Source::{Both, Collector, Counters, Events};
use super::Values::{Fixed, Open};
use super::{Label, Metric, Scale, Unit};

const PROGRAM: Label = Label {
    name: "program",
    values: Open(
        "label of the attachments, else the program's name, else `attach-<id>`; at most 256, the rest is `other`",
    ),
};
const STATE: Label = Label { name: "state", values: Fixed(&["new", "established", "deleted"]) };
const DIRECTION: Label = Label { name: "direction", values: Fixed(&["inbound", "outbound"]) };
const ANSWER: Label =
    Label { name: "verdict", values: Fixed(&["allow", "block", "need_more_data", "invalid"]) };
const OUTCOME: Label = Label { name: "verdict", values: Fixed(&["allow", "block", "undecided"]) };
const EVENT: Label =
    Label { name: "event", values: Open("event kinds in snake case, and `unknown`") };
const SESSION: Label = Label {
    name: "session",
    values: Open("`weir-control`, `weir-detail` if wanted; `file`, `stdin`, `demo`"),
};
const SIGNAL: Label = Label { name: "signal", values: Fixed(&["metrics", "logs"]) };
const ENDPOINT: Label = open("endpoint", "where to, without secrets");
const WFP_LAYER: Label = fixed(
    "layer",
    &["any", "ale_flow_established_v4", "ale_flow_established_v6", "stream_v4", "stream_v6"],
);
const METRIC: Label = Label { name: "metric", values: Open("names of metrics") };
const FLOW: &[Label] = &[
    open("flow_id", "the oldest undecided flows, 50 unless set otherwise"),
    PROGRAM,
    open("local", "address and port"),
    open("remote", "address and port"),
    open("pid", "process that owns the connection"),
];

const fn open(name: &'static str, values: &'static str) -> Label {
    Label { name, values: Open(values) }
}

const fn fixed(name: &'static str, values: &'static [&'static str]) -> Label {
    Label { name, values: Fixed(values) }
}

macro_rules! metrics {
    ($(#[$doc:meta])+ $list:ident: $($name:literal, $kind:expr, $unit:ident, $source:ident,
        $otel:literal $otel_unit:literal, $labels:expr, $help:literal;)+) => {
        $(#[$doc])+
        pub const $list: &[Metric] = &[$(Metric {
            name: $name,
            kind: $kind,
            unit: Unit::$unit,
            help: $help,
            labels: $labels,
            source: $source,
            otel_name: $otel,
            otel_unit: $otel_unit,
        }),+];
    };
}

metrics! {
    /// Every metric that exists today, in the order in which they are exposed.
    METRICS:

    "weir_program_invocations_total", Counter, None, Counters,
    "weir.program.invocations" "{invocation}", &[PROGRAM, STATE, DIRECTION],
    "Invocations of a program, failed ones included";

    "weir_program_verdicts_total", Counter, None, Counters,
    "weir.program.verdicts" "{verdict}", &[PROGRAM, STATE, ANSWER],
    "Answers that a program gave; invalid is a number outside the three that the hook knows";

    "weir_program_run_seconds", Histogram(Scale::RUN_TIME), Seconds, Counters,
    "weir.program.run.duration" "s", &[PROGRAM, STATE],
    "Run time of timed invocations; empty where the driver's clock is none, so its count may be below the invocations";

    "weir_program_errors_total", Counter, None, Counters,
    "weir.program.errors" "{error}",
    &[PROGRAM, open("result", "names of `ebpf_result_t`, 35 and `other`; `failed` and `extension_failed_to_load` from 0, others once seen")],
    "Invocations that failed, by what the eBPF core returned";

    "weir_program_info", Info, None, Events,
    "weir.program.info" "{info}",
    &[PROGRAM, open("program_id", "of the eBPF program; empty where it is not known"),
     open("attach_id", "at most 64 at a time"), open("attach_type", "GUID"),
     open("chain_index", "place in the attach order, from 0"), open("compartment", "0 for any"),
     fixed("program_source", &["label", "link", "none"])],
    "Attachments that exist now, and where their program's name comes from";

    "weir_classify_seconds", Histogram(Scale::RUN_TIME), Seconds, Counters,
    "weir.classify.duration" "s", &[fixed("layer", &["flow_established", "stream"])],
    "Time in Weir's callouts, the programs' time included; empty where the driver's clock is none";

    "weir_flow_verdicts_total", Counter, None, Counters,
    "weir.flow.verdicts" "{flow}",
    &[fixed("verdict", &["allow", "block", "undecided", "failed_open", "failed_closed"]), DIRECTION,
     fixed("network_type", &["ipv4", "ipv6"])],
    "Flows for which a program was invoked and whose fate is settled";

    "weir_flows_uninspected_total", Counter, None, Counters,
    "weir.flow.uninspected" "{flow}", &[],
    "Flows that every program allowed before any data";

    "weir_flow_undecided", Gauge, None, Counters,
    "weir.flow.undecided" "{flow}", &[PROGRAM],
    "Flows that a program is classifying now: pairs begun less pairs ended, exact after each whole set of counters";

    "weir_flow_stuck", Gauge, None, Events,
    "weir.flow.stuck" "{flow}", &[PROGRAM],
    "Undecided flows older than stuck_after that had at least one segment; trust it while weir_flow_set_complete is 1";

    "weir_flow_waiting", Gauge, None, Events,
    "weir.flow.waiting" "{flow}", &[PROGRAM],
    "Undecided flows without a segment as far as invocation events or the last capture state tell";

    "weir_flow_set_complete", Gauge, None, Collector,
    "weir.flow.set_complete" "{state}", &[],
    "1 while every undecided flow is known one by one, 0 from a loss until a capture state replaces the set";

    "weir_flow_undecided_oldest_seconds", Gauge, Seconds, Events,
    "weir.flow.undecided.oldest" "s", &[PROGRAM],
    "Age of the oldest undecided flow; 0 where there is none";

    "weir_flow_undecided_older", Gauge, None, Events,
    "weir.flow.undecided.older" "{flow}",
    &[PROGRAM, fixed("than", &["1s", "10s", "60s", "600s"])],
    "Undecided flows that are older than this; the values of than contain one another, so do not add them up";

    "weir_flow_decision_seconds", Histogram(Scale::DECISION_TIME), Seconds, Counters,
    "weir.flow.decision.duration" "s", &[PROGRAM, OUTCOME],
    "Time from flow established to the end of a program's interest in the flow";

    "weir_flow_inspected_bytes", Histogram(Scale::BYTES), Bytes, Counters,
    "weir.flow.inspected.size" "By", &[PROGRAM, OUTCOME],
    "Bytes that a program was shown of a flow until its interest ended";

    "weir_flow_inspected_segments", Histogram(Scale::SEGMENTS), None, Counters,
    "weir.flow.inspected.segments" "{segment}", &[PROGRAM, OUTCOME],
    "Segments that a program was shown of a flow until its interest ended";

    "weir_flow_deleted_undecided_total", Counter, None, Counters,
    "weir.flow.deleted_undecided" "{flow}",
    &[PROGRAM, fixed("reason", &["closed", "blocked_by_other", "failed", "engine", "detached", "unload"])],
    "Flows whose classification by a program ended without its own answer";

    "weir_cleanup_invocations_total", Counter, None, Counters,
    "weir.cleanup.invocations" "{invocation}",
    &[PROGRAM, fixed("reason", &["allowed", "blocked", "closed", "blocked_by_other", "failed", "engine", "detached", "unload"])],
    "DELETED invocations, and those that were left out because the program was detached";

    "weir_stream_copies_total", Counter, None, Counters,
    "weir.stream.copies" "{segment}", &[DIRECTION],
    "Segments that had to be copied to be read";

    "weir_stream_copy_bytes_total", Counter, Bytes, Counters,
    "weir.stream.copy.io" "By", &[DIRECTION],
    "Bytes that had to be copied to be read";

    "weir_stream_copy_failures_total", Counter, None, Counters,
    "weir.stream.copy.failures" "{segment}", &[DIRECTION],
    "Segments that could not be read whole";

    "weir_stream_absorbed_bytes_total", Counter, Bytes, Counters,
    "weir.stream.absorbed.io" "By", &[DIRECTION],
    "Bytes of blocked flows that were dropped";

    "weir_stream_missed_bytes_total", Counter, Bytes, Counters,
    "weir.stream.missed.io" "By", &[DIRECTION],
    "Bytes that a filter above took before the hook saw them";

    "weir_flow_detail_age_seconds", Gauge, Seconds, Events,
    "weir.flow.detail.age" "s", FLOW,
    "Age of one of the oldest undecided flows, once for each program that classifies it";

    "weir_flow_detail_segments", Gauge, None, Events,
    "weir.flow.detail.segments" "{segment}", FLOW,
    "Segments of that flow as far as invocation events or the last capture state tell";

    "weir_flow_detail_bytes", Gauge, Bytes, Events,
    "weir.flow.detail.size" "By", FLOW,
    "Bytes of that flow as far as invocation events or the last capture state tell";

    "weir_series_limited_total", Counter, None, Collector,
    "weir.series.limited" "{series}",
    &[fixed("metric", &["weir_flow_undecided_older", "weir_program_info", "weir_program_invocations_total"])],
    "How often a bound left out a flow, left out an attachment, or put a program into other";

    "weir_series_active", Gauge, None, Collector,
    "weir.series.active" "{series}", &[METRIC],
    "Label sets of every metric that has labels";

    "weir_etw_events_received_total", Counter, None, Collector,
    "weir.etw.events.received" "{event}", &[EVENT],
    "Events that the sessions delivered; equals those aggregated, dropped and in flight";

    "weir_etw_events_lost_total", Counter, None, Collector,
    "weir.etw.events.lost" "{event}", &[EVENT],
    "Numbers that the driver gave and that never came, up to its last mark; includes what our own queue dropped";

    "weir_events_dropped_total", Counter, None, Collector,
    "weir.events.dropped" "{event}", &[EVENT, fixed("stage", &["queue", "decode"])],
    "Events that the collector itself dropped";

    "weir_etw_unaccounted", Gauge, None, Both,
    "weir.etw.unaccounted" "{event}", &[EVENT],
    "The driver's marks less received less lost over closed intervals; anything but 0 means a fault or a forger";

    "weir_etw_session_up", Gauge, None, Collector,
    "weir.etw.session.up" "{state}", &[SESSION],
    "1 while the session runs; of a file, while it is read";

    "weir_etw_session_restarts_total", Counter, None, Collector,
    "weir.etw.session.restarts" "{restart}", &[SESSION],
    "How often the session was started again after somebody else stopped it";

    "weir_etw_session_lost_total", Counter, None, Collector,
    "weir.etw.session.lost" "{loss}",
    &[SESSION, fixed("stage", &["events", "realtime_buffers", "log_buffers"])],
    "What the session itself says was lost: events that found no buffer, buffers that found no reader, buffers that found no file";

    "weir_etw_session_query_failures_total", Counter, None, Collector,
    "weir.etw.session.query_failures" "{query}", &[SESSION],
    "How often the session would not say what it lost: weir_etw_session_lost_total then stands still";

    "weir_etw_events_out_of_order_total", Counter, None, Collector,
    "weir.etw.events.out_of_order" "{event}", &[SESSION, fixed("handling", &["late", "hurried"])],
    "Events that came when younger ones had been aggregated, and events that were aggregated early because no more might wait; neither is lost";

    "weir_etw_sets_refused_total", Counter, None, Collector,
    "weir.etw.sets.refused" "{set}", &[fixed("reason", &["incomplete", "doubted"])],
    "Sets of counters that were not applied: a part never came, or they cannot follow the one before; the next whole set makes up for them";

    "weir_etw_source_lag_seconds", Histogram(Scale::DECISION_TIME), Seconds, Collector,
    "weir.etw.source.lag" "s", &[SESSION],
    "Age of events when they come, by the system's clock; those of a file that were written before have none";

    "weir_driver_up", Gauge, None, Events,
    "weir.driver.up" "{state}", &[],
    "1 while the driver is loaded and heard of";

    "weir_driver_info", Info, None, Events,
    "weir.driver.info" "{info}",
    &[open("version", "of the driver"), fixed("clock", &["none", "tsc", "performance_counter"]),
     open("resolution_ns", "of that clock"), fixed("failure_policy", &["open", "closed"]),
     fixed("block_action", &["absorb", "abort"])],
    "Version and parameters of the driver";

    "weir_bfe_up", Gauge, None, Events,
    "weir.bfe.up" "{state}", &[],
    "1 while the filtering engine is there; while it is not, nothing is enforced";

    "weir_attachments", Gauge, None, Events,
    "weir.driver.attachments" "{attachment}", &[],
    "Attachments that exist now";

    "weir_wfp_object_present", Gauge, None, Collector,
    "weir.wfp.object.present" "{state}",
    &[WFP_LAYER, fixed("kind", &["provider", "sublayer", "callout", "filter"])],
    "1 while the filtering engine has this object of the driver as the driver made it: a filter with its layer, sublayer and callout, a callout that a driver has registered";

    "weir_wfp_foreign_callouts", Gauge, None, Collector,
    "weir.wfp.foreign_callouts" "{callout}",
    &[WFP_LAYER, fixed("kind", &["terminating", "inspection", "unknown"])],
    "Callouts of others that filters at the driver's layers call, by what those filters may do; unknown may do either";

    "weir_wfp_surveys_total", Counter, None, Collector,
    "weir.wfp.surveys" "{survey}", &[],
    "Looks at the filtering engine's objects";

    "weir_wfp_survey_failures_total", Counter, None, Collector,
    "weir.wfp.survey.failures" "{survey}", &[],
    "Looks that failed: until one works, nothing is said of objects";

    "weir_doctor_check_status", Gauge, None, Collector,
    "weir.doctor.check.status" "{state}",
    &[open("check", "ids of the doctor's checks: docs/doctor-checks.md")],
    "What the doctor says of a check, as of its last look: 0 ok, 1 warn, 2 fail, 3 unknown, which is also what follows from another failure";

    "weir_doctor_looks_total", Counter, None, Collector,
    "weir.doctor.looks" "{look}", &[],
    "Times that the doctor looked";

    "weir_otlp_exports_total", Counter, None, Collector,
    "weir.otlp.exports" "{request}", &[SIGNAL, ENDPOINT],
    "Requests that the receiver took";

    "weir_otlp_failures_total", Counter, None, Collector,
    "weir.otlp.failures" "{request}", &[SIGNAL, ENDPOINT],
    "Attempts that the receiver did not take, tried again or not";

    "weir_otlp_points_lost_total", Counter, None, Collector,
    "weir.otlp.points.lost" "{point}",
    &[SIGNAL, ENDPOINT, fixed("reason", &["dropped", "refused", "rejected"])],
    "Points that the queue had no room for, that the receiver will never take, that it rejected of a request that it took";

    "weir_otlp_queue_points", Gauge, None, Collector,
    "weir.otlp.queue.points" "{point}", &[SIGNAL, ENDPOINT],
    "Points that wait to be sent";

    "weir_web_connections", Gauge, None, Collector,
    "weir.web.connections" "{connection}", &[],
    "Connections to the collector's web server now";

    "weir_web_connections_closed_total", Counter, None, Collector,
    "weir.web.connections.closed" "{connection}",
    &[fixed("reason", &["evicted", "timed_out", "handshake"])],
    "Connections that the web server closed: others needed the place, something took too long, TLS failed";

    "weir_web_requests_total", Counter, None, Collector,
    "weir.web.requests" "{request}", &[],
    "Requests to the web server with a complete head";

    "weir_web_requests_refused_total", Counter, None, Collector,
    "weir.web.requests.refused" "{request}",
    &[fixed("reason", &["denied", "limited", "busy", "unconfigured"])],
    "Requests that were refused: wrong user or password, over the rate, too many passwords at once, no usable web configuration";

    "weir_web_config_refused_total", Counter, None, Collector,
    "weir.web.config.refused" "{refusal}", &[],
    "How often a changed web configuration was refused";

    "process_cpu_seconds_total", Counter, Seconds, Collector,
    "process.cpu.time" "s", &[],
    "Time that the collector spent on processors";

    "process_resident_memory_bytes", Gauge, Bytes, Collector,
    "process.memory.usage" "By", &[],
    "Memory of the collector";

    "process_virtual_memory_bytes", Gauge, Bytes, Collector,
    "process.memory.virtual" "By", &[],
    "Addresses that the collector uses";

    "process_start_time_seconds", Gauge, Seconds, Collector,
    "process.start_time" "s", &[],
    "When the collector started, since 1970";

    "process_open_fds", Gauge, None, Collector,
    "process.unix.file_descriptor.count" "{file_descriptor}", &[],
    "Open files of the collector; not on Windows";

    "weir_build_info", Info, None, Collector,
    "weir.build.info" "{info}", &[open("version", "of the collector")],
    "Version of the collector";
}

metrics! {
    /// Metrics of the audit trail, which is not there yet: nothing exposes them.
    ///
    /// Dashboards and alerts name them already, so that both need not change when it comes.
    RESERVED:

    "weir_audit_records_total", Counter, None, Collector,
    "weir.audit.records" "{record}",
    &[fixed("kind", &["verdict", "attachment", "driver", "policy_failure", "gap", "heartbeat"])],
    "Records that were written and are durable";

    "weir_audit_unsent_records", Gauge, None, Collector,
    "weir.audit.unsent" "{record}", &[],
    "Records that no receiver has acknowledged yet";

    "weir_audit_unsent_oldest_seconds", Gauge, Seconds, Collector,
    "weir.audit.unsent.oldest" "s", &[],
    "Age of the oldest of them; 0 where there is none";

    "weir_audit_disk_bytes", Gauge, Bytes, Collector,
    "weir.audit.disk.usage" "By", &[],
    "Bytes of the trail on disk";

    "weir_audit_disk_free_bytes", Gauge, Bytes, Collector,
    "weir.audit.disk.free" "By", &[],
    "Bytes that are free for the trail: of its volume, or of its own bound where that is less";

    "weir_audit_dropped_total", Counter, None, Collector,
    "weir.audit.dropped" "{record}", &[fixed("reason", &["disk_full", "expired", "refused"])],
    "Records that were not kept until a receiver had them; the trail says where";

    "weir_audit_duplicates_total", Counter, None, Collector,
    "weir.audit.duplicates" "{record}", &[],
    "Records that were sent once more, because it was not known whether the receiver had them";
}
