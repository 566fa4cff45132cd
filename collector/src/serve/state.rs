//! `/api/state`: what the page shows, as JSON made from the same snapshot as /metrics.

use super::quantile::quantile;
use super::view::{VerdictRow, View};
use serde::Serialize;
use weir_abi::wire::Ticks;
use weir_stages::catalogue::as_float;
use weir_stages::snapshot::{FlowRow, ProgramRow, Sample, Snapshot, Value};

/// Undecided flows that the page lists one by one.
const OLDEST_MAX: usize = 8;

/// The newest seconds over which a rate is averaged: Counters come once a second, so one alone
/// would jump.
const RATE_SECONDS: usize = 5;

/// The document.
#[derive(Serialize)]
pub(super) struct State<'a> {
    source: &'a str,
    version: &'a str,
    now_ms: u64,
    uptime_s: u64,
    stuck_after_s: f64,
    is_driver_up: bool,
    is_flow_set_complete: bool,
    flows: Flows,
    undecided_now: usize,
    flow_rate: Vec<u32>,
    programs: Vec<Program<'a>>,
    verdicts: Vec<Verdict<'a>>,
    oldest: Vec<Undecided<'a>>,
    events: Events,
}

#[derive(Serialize)]
struct Flows {
    allow: u64,
    block: u64,
    undecided: u64,
    failed_open: u64,
    failed_closed: u64,
    uninspected: u64,
}

#[derive(Serialize)]
struct Program<'a> {
    name: &'a str,
    is_attached: bool,
    invocations: u64,
    per_second: f64,
    history: &'a [u32],
    errors: u64,
    allow: f64,
    block: f64,
    undecided: f64,
    deciding: f64,
    waiting: f64,
    stuck: f64,
    oldest_s: f64,
    run_p50_s: Option<f64>,
    run_p99_s: Option<f64>,
}

#[derive(Serialize)]
struct Verdict<'a> {
    at_ms: u64,
    flow: u64,
    local: String,
    remote: String,
    server: Option<&'a str>,
    note: Option<&'a str>,
    program: &'a str,
    verdict: &'a str,
    reason: &'a str,
    segments: u64,
    bytes: u64,
    after_ms: f64,
}

#[derive(Serialize)]
struct Undecided<'a> {
    flow: u64,
    local: String,
    remote: String,
    server: Option<&'a str>,
    age_s: f64,
    segments: u32,
    bytes: u64,
    is_stuck: bool,
    programs: Vec<&'a str>,
}

#[derive(Serialize)]
struct Events {
    received: f64,
    lost: f64,
    dropped: f64,
    unaccounted: f64,
}

/// The document of a view.
pub(super) fn of(view: &View) -> State<'_> {
    let snapshot = &*view.snapshot;
    let fate = |name| {
        let rows = &snapshot.tables.fates;
        rows.iter().find(|row| row.fate.name() == name).map_or(0, |row| row.flows)
    };
    State {
        source: view.source,
        version: env!("CARGO_PKG_VERSION"),
        now_ms: snapshot.now_ns / 1_000_000,
        uptime_s: snapshot.now_ns.saturating_sub(view.started_ns) / 1_000_000_000,
        stuck_after_s: seconds(view.stuck_after_ns),
        is_driver_up: number(snapshot, "weir_driver_up", &[]) > 0.0,
        is_flow_set_complete: number(snapshot, "weir_flow_set_complete", &[]) > 0.0,
        flows: Flows {
            allow: fate("allow"),
            block: fate("block"),
            undecided: fate("undecided"),
            failed_open: fate("failed_open"),
            failed_closed: fate("failed_closed"),
            uninspected: snapshot.tables.uninspected,
        },
        undecided_now: view.undecided,
        flow_rate: view.rates.flows.clone(),
        programs: programs(view),
        verdicts: view.verdicts.iter().map(|row| verdict(view, row)).collect(),
        oldest: snapshot.tables.oldest.iter().take(OLDEST_MAX).map(|it| old(view, it)).collect(),
        events: events(snapshot),
    }
}

/// In the order in which they are asked; those that are detached come last.
fn programs(view: &View) -> Vec<Program<'_>> {
    let infos = view.snapshot.family("weir_program_info").map_or(&[][..], |it| &it.samples);
    let place = |name: &str| {
        let info =
            infos.iter().find(|info| info.labels.first().is_some_and(|it| it.as_ref() == name));
        info.and_then(|info| info.labels.get(4)).and_then(|it| it.as_ref().parse::<u32>().ok())
    };
    let mut rows: Vec<&ProgramRow> = view.snapshot.tables.programs.iter().collect();
    rows.sort_by_key(|row| place(&row.program).unwrap_or(u32::MAX));
    rows.into_iter().map(|row| program(view, row)).collect()
}

fn program<'a>(view: &'a View, row: &'a ProgramRow) -> Program<'a> {
    let snapshot = &*view.snapshot;
    let name = &*row.program;
    let of = |metric: &str| number(snapshot, metric, &[name]);
    let decided = |outcome| number(snapshot, "weir_flow_decision_seconds", &[name, outcome]);
    let run = match snapshot.value("weir_program_run_seconds", &[name, "established"]) {
        Some(Value::Histogram(histogram)) => Some(histogram),
        _ => None,
    };
    let history = view.rates.invocations.get(name).map_or(&[][..], Vec::as_slice);
    let [.., errors] = row.answers;
    Program {
        name,
        is_attached: row.attachments > 0,
        invocations: row.invocations.iter().sum(),
        per_second: mean(history),
        history,
        errors,
        allow: decided("allow"),
        block: decided("block"),
        undecided: decided("undecided"),
        deciding: of("weir_flow_undecided"),
        waiting: of("weir_flow_waiting"),
        stuck: of("weir_flow_stuck"),
        oldest_s: of("weir_flow_undecided_oldest_seconds"),
        run_p50_s: run.and_then(|run| quantile(run, 500)),
        run_p99_s: run.and_then(|run| quantile(run, 990)),
    }
}

fn verdict<'a>(view: &'a View, row: &'a VerdictRow) -> Verdict<'a> {
    Verdict {
        at_ms: row.at_ns / 1_000_000,
        flow: row.flow_serial,
        local: row.local.to_string(),
        remote: row.remote.to_string(),
        server: view.purpose(row.remote),
        note: row.note,
        program: &row.program,
        verdict: row.fate,
        reason: row.reason,
        segments: row.segments,
        bytes: row.bytes,
        after_ms: as_float(row.after.0) / as_float(Ticks::PER_SECOND) * 1e3,
    }
}

fn old<'a>(view: &'a View, row: &'a FlowRow) -> Undecided<'a> {
    Undecided {
        flow: row.flow_serial,
        local: row.local.to_string(),
        remote: row.remote.to_string(),
        server: view.purpose(row.remote),
        age_s: seconds(row.age_ns),
        segments: row.segments,
        bytes: row.bytes,
        is_stuck: row.segments > 0 && row.age_ns > view.stuck_after_ns,
        programs: row.programs.iter().map(|name| &**name).collect(),
    }
}

fn events(snapshot: &Snapshot) -> Events {
    let samples = |name| snapshot.family(name).map_or(&[][..], |family| &family.samples);
    let sum = |name| samples(name).iter().map(|it: &Sample| it.value.number()).sum();
    let unaccounted = samples("weir_etw_unaccounted").iter();
    Events {
        received: sum("weir_etw_events_received_total"),
        lost: sum("weir_etw_events_lost_total"),
        dropped: sum("weir_events_dropped_total"),
        // Of opposite signs they must not cancel out.
        unaccounted: unaccounted.map(|sample| sample.value.number().abs()).sum(),
    }
}

fn number(snapshot: &Snapshot, metric: &str, labels: &[&str]) -> f64 {
    snapshot.value(metric, labels).map_or(0.0, Value::number)
}

fn seconds(nanos: u64) -> f64 {
    core::time::Duration::from_nanos(nanos).as_secs_f64()
}

fn mean(history: &[u32]) -> f64 {
    let newest = history.len().saturating_sub(RATE_SECONDS);
    let newest = history.get(newest..).unwrap_or_default();
    // Not `sum`: of nothing, that is -0.
    let sum = newest.iter().fold(0.0, |sum, rate| sum + f64::from(*rate));
    let count = u32::try_from(newest.len()).unwrap_or(u32::MAX).max(1);
    sum / f64::from(count)
}

impl View {
    fn purpose(&self, server: core::net::SocketAddr) -> Option<&'static str> {
        self.endpoints.iter().find(|it| it.address == server).map(|it| it.purpose)
    }
}
