//! Event trace files instead of captures: what a driver, or an earlier replay, said it decided.

use super::report::Report;
use super::{Finished, print};
use crate::cli::ReplayArgs;
use crate::failure::{ExitCode, Failure};
use crate::output;
use crate::run::ours;
use crate::trace_file::{self, OpenTrace};
use serde::Serialize;
use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use weir_abi::EventHead;
use weir_etl::{PROBE_BYTES, is_trace};
use weir_stages::Aggregator;
use weir_stages::batch::{BatchError, EventBatch};
use weir_stages::snapshot::{Snapshot, SnapshotOptions, Value};
use weir_usermode::replay::Marks;

/// What one trace held.
#[derive(Debug, Serialize)]
pub(crate) struct TraceSummary {
    /// Its path as given.
    pub(crate) file: String,
    /// All of it was read.
    pub(crate) complete: bool,
    /// The session was stopped in order; if not, its last events may be missing.
    pub(crate) closed: bool,
    /// What was not.
    pub(crate) damage: Vec<String>,
    /// The session that wrote it.
    pub(crate) session: String,
    /// Weir's events.
    pub(crate) events: u64,
    /// Records of any other origin.
    pub(crate) other_records: u64,
    /// Events of any provider that the session says it lost.
    pub(crate) events_lost: u32,
    /// What else a reader must know.
    pub(crate) notes: Vec<String>,
}

impl TraceSummary {
    /// What a reader of any output must know of this trace.
    pub(crate) fn warnings(&self) -> impl Iterator<Item = &str> {
        self.notes.iter().chain(&self.damage).map(String::as_str)
    }
}

/// Whether the files are event traces; it is told by what is in them.
///
/// # Errors
/// Traces and captures together, or an option that does not go with traces.
pub(super) fn are_given(args: &ReplayArgs) -> Result<bool, Failure> {
    let traces: Vec<bool> = args.files.iter().map(|path| is_trace_file(path)).collect();
    if !traces.contains(&true) {
        return Ok(false);
    }
    let refuse = |message: &str, hint: &str| Err(Failure::new(ExitCode::Usage, message, hint));
    if traces.contains(&false) {
        return refuse(
            "replay captures and event traces together",
            "replay the captures with --write-etl, then all traces together",
        );
    }
    let options = [
        ("--program", !args.program.is_empty()),
        ("--map", !args.map.is_empty()),
        ("--dump-map", !args.dump_map.is_empty()),
        ("--perspective", args.perspective.is_some()),
        ("--failure-policy", args.failure_policy.is_some()),
        ("--timings", args.timings),
        ("--write-etl", args.write_etl.is_some()),
    ];
    match options.iter().find(|(_, is_given)| *is_given) {
        Some((option, _)) => refuse(
            &format!("use {option} with an event trace"),
            "a trace says what was decided already; programs are run on captures only",
        ),
        None => Ok(true),
    }
}

fn is_trace_file(path: &Path) -> bool {
    if !path.is_file() {
        return false;
    }
    let mut beginning = Vec::new();
    let file = std::fs::File::open(path);
    let read = file.and_then(|it| it.take(PROBE_BYTES as u64).read_to_end(&mut beginning));
    // What cannot be read is told by whoever reads it.
    read.is_ok() && is_trace(&beginning)
}

/// Aggregates the traces, one after the other.
pub(super) fn run(args: &ReplayArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut stages = Stages {
        aggregator: Aggregator::new(weir_stages::Limits::default()),
        report: Report::new(args.flows),
        batch: EventBatch::new(),
        now_ns: 0,
    };
    let mut traces = Vec::new();
    for path in in_order_of_time(&args.files)? {
        let mut trace = trace_file::open(path)?;
        let (events, other_records) = stages.read(path, &mut trace)?;
        let summary = summary(path, &trace, events, other_records);
        if !summary.complete && !args.allow_truncated {
            return Err(damaged(&summary));
        }
        for warning in summary.warnings() {
            output::warn(&format!("{}: {warning}", summary.file));
        }
        traces.push(summary);
    }
    stages.aggregator.finish();
    let snapshot = stages.aggregator.snapshot(stages.now_ns, &SnapshotOptions::default());
    for doubt in losses(&snapshot).into_iter().chain(strays(&stages.aggregator)) {
        output::warn(&doubt);
    }
    let finished = Finished {
        captures: Vec::new(),
        traces,
        snapshot: Arc::new(snapshot),
        report: stages.report,
        maps: Vec::new(),
        failures: Vec::new(),
        top: args.top,
    };
    print(args, finished, out)
}

/// The files by the time at which their sessions began: a load of the driver is taken for over
/// once a later one shows.
///
/// # Errors
/// A trace is given twice: its events would count twice.
fn in_order_of_time(files: &[PathBuf]) -> Result<Vec<&Path>, Failure> {
    let mut order = Vec::new();
    for path in files {
        let trace = trace_file::open(path)?;
        order.push((trace.header().clone(), *trace.buffers(), path.as_path()));
    }
    order.sort_by_key(|(header, _, _)| header.start);
    let twice = order.iter().zip(order.iter().skip(1)).find(|(one, other)| {
        // Names are left out: a copy is the same trace.
        one.1 == other.1 && one.0.end == other.0.end && one.0.start == other.0.start
    });
    match twice {
        Some((one, other)) if same_bytes(one.2, other.2) => {
            let (one, other) = (one.2.display(), other.2.display());
            let message = format!("replay `{one}` and `{other}`: they are the same trace");
            Err(Failure::new(ExitCode::Usage, message, "give each trace once"))
        }
        _ => Ok(order.into_iter().map(|(_, _, path)| path).collect()),
    }
}

/// Whether two files hold the same, looked at only where their sessions are alike.
fn same_bytes(one: &Path, other: &Path) -> bool {
    let open = |path: &Path| std::fs::File::open(path).map(std::io::BufReader::new);
    let (Ok(one), Ok(other)) = (open(one), open(other)) else { return false };
    one.bytes().map(Result::ok).eq(other.bytes().map(Result::ok))
}

struct Stages {
    aggregator: Aggregator,
    report: Report,
    batch: EventBatch,
    now_ns: u64,
}

impl Stages {
    /// Reads a trace to its end: Weir's events, and other records.
    fn read(&mut self, path: &Path, trace: &mut OpenTrace) -> Result<(u64, u64), Failure> {
        let (mut events, mut others) = (0, 0);
        let failed = |error| trace_file::unreadable(path, &error);
        while let Some(record) = trace.next_record().map_err(failed)? {
            match ours(&record) {
                Some((head, payload)) => {
                    events += 1;
                    self.push(head, payload)?;
                }
                None => others += 1,
            }
        }
        self.apply();
        Ok((events, others))
    }

    fn push(&mut self, head: EventHead, payload: &[u8]) -> Result<(), Failure> {
        self.now_ns = self.now_ns.max(head.time_ns);
        self.report.event(head.id, payload, &mut |_| Marks::default())?;
        if self.batch.push(head, payload) == Err(BatchError::Full) {
            self.apply();
            // An empty batch has room for any event that a record can hold.
            let _fits = self.batch.push(head, payload);
        }
        Ok(())
    }

    fn apply(&mut self) {
        self.aggregator.apply(&self.batch);
        self.batch.clear();
    }
}

fn summary(path: &Path, trace: &OpenTrace, events: u64, other_records: u64) -> TraceSummary {
    let damage = trace_file::damage(trace);
    let mut notes = trace_file::notes(trace);
    if events == 0 {
        notes.push("it holds no event of Weir; `weir events` shows what it holds".to_owned());
    }
    TraceSummary {
        file: path.display().to_string(),
        complete: damage.is_empty(),
        closed: trace.header().is_closed(),
        damage,
        session: trace.header().session.clone(),
        events,
        other_records,
        events_lost: trace.header().events_lost,
        notes,
    }
}

fn damaged(summary: &TraceSummary) -> Failure {
    let damage = summary.damage.join("; ");
    Failure::new(
        ExitCode::InputDamaged,
        format!("replay `{}`: {damage}", summary.file),
        "--allow-truncated aggregates what could be read and marks it as partial",
    )
}

/// Events that were numbered and are not in the traces, by kind.
fn losses(snapshot: &Snapshot) -> Vec<String> {
    let family = snapshot.family("weir_etw_events_lost_total");
    let samples = family.map_or(&[][..], |family| &family.samples);
    let lost = samples.iter().filter_map(|sample| {
        let Value::Counter(lost) = sample.value else { return None };
        Some((lost, sample.labels.first()?.as_ref())).filter(|(lost, _)| *lost > 0)
    });
    lost.map(|(lost, kind)| format!("{lost} {kind} events are missing from the traces")).collect()
}

/// Events that belong to no load of a driver that the traces show.
fn strays(aggregator: &Aggregator) -> Option<String> {
    let beyond = aggregator.accounts().iter().map(|account| account.unaccounted().min(0));
    let strays = beyond.sum::<i64>().unsigned_abs();
    (strays > 0).then(|| {
        format!(
            "{strays} events are in no figure: they belong to loads of the driver that others \
             overlap; replay those traces one by one"
        )
    })
}
