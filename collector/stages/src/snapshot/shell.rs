//! Families about what surrounds the stages: sessions, exporters, the process.
//!
//! The stages do no I/O, so whoever runs them says what it knows.

use super::doctor::{self, DoctorFacts};
use super::family::{Builder, LabelValue};
use super::wfp::{self, WfpFacts};
use crate::catalogue::Scale;
use weir_abi::wire::Ticks;

/// What the shell knows when a snapshot is taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shell {
    /// Sessions, or what stands for one, in the order of their names.
    pub sessions: Vec<SessionFacts>,
    /// Exporters.
    pub exporters: Vec<ExporterFacts>,
    /// The process; `None` where nothing is known of it.
    pub process: Option<ProcessFacts>,
    /// The web server; `None` where there is none.
    pub web: Option<WebFacts>,
    /// The filtering engine's objects; `None` where nobody looks at them.
    pub wfp: Option<WfpFacts>,
    /// What the doctor says; `None` where nobody looks.
    pub doctor: Option<DoctorFacts>,
}

/// What a web server has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebFacts {
    /// Connections now.
    pub connections: u64,
    /// Requests with a complete head.
    pub requests: u64,
    /// Connections closed because others needed their place.
    pub evicted: u64,
    /// Connections closed because a head, an answer or a pause took too long.
    pub timed_out: u64,
    /// Connections whose TLS handshake failed.
    pub handshakes_failed: u64,
    /// Requests without the right user and password.
    pub denied: u64,
    /// Requests over the configured rate.
    pub limited: u64,
    /// Requests that found too many passwords waiting to be checked.
    pub busy: u64,
    /// Requests while the web configuration could not be used.
    pub unconfigured: u64,
    /// How often a changed web configuration was refused.
    pub config_refused: u64,
}

/// A session that events come from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFacts {
    /// Its name.
    pub session: String,
    /// It runs.
    pub is_up: bool,
    /// How often it was started again.
    pub restarts: u64,
    /// Events that found no buffer.
    pub events_lost: u64,
    /// Buffers that were lost on the way to the collector.
    pub realtime_buffers_lost: u64,
    /// Buffers that were lost on the way to a file.
    pub log_buffers_lost: u64,
    /// How often the session would not say what it lost.
    pub query_failures: u64,
    /// Events that came when younger ones had been aggregated already.
    pub late: u64,
    /// Events that were aggregated early, because no more might wait.
    pub hurried: u64,
    /// From an event to its arrival.
    pub lag: Lag,
}

/// A histogram of how old events were when they arrived.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lag {
    buckets: Vec<u64>,
    sum: u64,
}

impl Lag {
    /// What its buckets are.
    pub const SCALE: Scale = Scale::DECISION_TIME;

    /// Counts so many events of one age.
    pub fn record(&mut self, age_ns: u64, events: u64) {
        if self.buckets.is_empty() {
            self.buckets = vec![0; usize::from(Self::SCALE.range.buckets())];
        }
        let age = Ticks::from_nanos(age_ns).0;
        if let Some(bucket) = self.buckets.get_mut(usize::from(Self::SCALE.range.bucket(age))) {
            *bucket = bucket.saturating_add(events);
        }
        self.sum = self.sum.saturating_add(age.saturating_mul(events));
    }
}

/// Something that sends to one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExporterFacts {
    /// What is sent: `metrics` or `logs`.
    pub signal: &'static str,
    /// Where to, without secrets.
    pub endpoint: String,
    /// Requests that were answered well.
    pub exports: u64,
    /// Attempts that the receiver did not take.
    pub failures: u64,
    /// Points that wait.
    pub queue_points: u64,
    /// Points that found the queue full, or were left over at the end.
    pub dropped_points: u64,
    /// Points of requests that the receiver will never take.
    pub refused_points: u64,
    /// Points that it rejected of requests that it took.
    pub rejected_points: u64,
}

/// The process, in the units of the metrics that Prometheus' own libraries have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessFacts {
    /// Time on processors, of the program and of the system for it.
    pub cpu_seconds: f64,
    /// Memory that is in use.
    pub resident_bytes: u64,
    /// Addresses that are in use.
    pub virtual_bytes: u64,
    /// When it started, since 1970.
    pub start_seconds: u64,
    /// Open files or handles, where the system says.
    pub open_fds: Option<u64>,
}

const NONE: [LabelValue; 0] = [];

/// Fills a family; `false` where it is not one of these.
pub(super) fn fill(out: &mut Builder, shell: &Shell) -> bool {
    match out.metric.name {
        "weir_etw_session_up" => sessions(out, shell, |out, it| {
            out.gauge([it.session.clone()], u64::from(it.is_up));
        }),
        "weir_etw_session_restarts_total" => sessions(out, shell, |out, it| {
            out.counter([it.session.clone()], it.restarts);
        }),
        "weir_etw_session_lost_total" => sessions(out, shell, session_lost),
        "weir_etw_session_query_failures_total" => sessions(out, shell, |out, it| {
            out.counter([it.session.clone()], it.query_failures);
        }),
        "weir_etw_events_out_of_order_total" => sessions(out, shell, |out, it| {
            out.counter([LabelValue::from(it.session.clone()), "late".into()], it.late);
            out.counter([LabelValue::from(it.session.clone()), "hurried".into()], it.hurried);
        }),
        "weir_etw_source_lag_seconds" => sessions(out, shell, |out, it| {
            out.histogram([it.session.clone().into()], &it.lag.buckets, it.lag.sum);
        }),
        "weir_otlp_exports_total" => exporters(out, shell, |out, labels, it| {
            out.counter(labels, it.exports);
        }),
        "weir_otlp_failures_total" => exporters(out, shell, |out, labels, it| {
            out.counter(labels, it.failures);
        }),
        "weir_otlp_points_lost_total" => exporters(out, shell, |out, [signal, endpoint], it| {
            let reasons = [
                ("dropped", it.dropped_points),
                ("refused", it.refused_points),
                ("rejected", it.rejected_points),
            ];
            for (reason, points) in reasons {
                out.counter([signal.clone(), endpoint.clone(), reason.into()], points);
            }
        }),
        "weir_otlp_queue_points" => exporters(out, shell, |out, labels, it| {
            out.gauge(labels, it.queue_points);
        }),
        name if name.starts_with("weir_wfp_") => {
            shell.wfp.iter().for_each(|it| wfp::fill(out, it));
        }
        name if name.starts_with("weir_doctor_") => {
            shell.doctor.iter().for_each(|it| doctor::fill(out, it));
        }
        name if name.starts_with("weir_web_") => {
            shell.web.iter().for_each(|it| web(out, it));
        }
        _ => return process(out, shell.process.as_ref()),
    }
    true
}

fn web(out: &mut Builder, it: &WebFacts) {
    match out.metric.name {
        "weir_web_connections" => out.gauge(NONE, it.connections),
        "weir_web_requests_total" => out.counter(NONE, it.requests),
        "weir_web_connections_closed_total" => {
            out.counter(["evicted"], it.evicted);
            out.counter(["timed_out"], it.timed_out);
            out.counter(["handshake"], it.handshakes_failed);
        }
        "weir_web_requests_refused_total" => {
            out.counter(["denied"], it.denied);
            out.counter(["limited"], it.limited);
            out.counter(["busy"], it.busy);
            out.counter(["unconfigured"], it.unconfigured);
        }
        _ => out.counter(NONE, it.config_refused),
    }
}

fn sessions(out: &mut Builder, shell: &Shell, each: impl Fn(&mut Builder, &SessionFacts)) {
    shell.sessions.iter().for_each(|session| each(out, session));
}

fn session_lost(out: &mut Builder, it: &SessionFacts) {
    let stages = [
        ("events", it.events_lost),
        ("realtime_buffers", it.realtime_buffers_lost),
        ("log_buffers", it.log_buffers_lost),
    ];
    for (stage, lost) in stages {
        out.counter([LabelValue::from(it.session.clone()), stage.into()], lost);
    }
}

fn exporters(
    out: &mut Builder,
    shell: &Shell,
    each: impl Fn(&mut Builder, [LabelValue; 2], &ExporterFacts),
) {
    for it in &shell.exporters {
        each(out, [it.signal.into(), it.endpoint.clone().into()], it);
    }
}

fn process(out: &mut Builder, process: Option<&ProcessFacts>) -> bool {
    let name = out.metric.name;
    if !name.starts_with("process_") {
        return false;
    }
    let Some(process) = process else { return true };
    match name {
        "process_cpu_seconds_total" => out.counter_float(NONE, process.cpu_seconds),
        "process_resident_memory_bytes" => out.gauge(NONE, process.resident_bytes),
        "process_virtual_memory_bytes" => out.gauge(NONE, process.virtual_bytes),
        "process_start_time_seconds" => out.gauge(NONE, process.start_seconds),
        "process_open_fds" => process.open_fds.into_iter().for_each(|it| out.gauge(NONE, it)),
        _ => return false,
    }
    true
}
