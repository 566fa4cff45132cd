//! `weir replay`: what would these programs have decided on this traffic?
//!
//! Captures become streams, streams become segments for the hook, the hook's events go through
//! the same stages as a driver's; every output is made from those events.
//! Nothing is printed before everything was read, so a failure leaves no partial output.

mod ahead;
mod failures;
mod feed;
mod json;
mod maps;
mod record;
mod report;
mod rows;
mod tables;
mod traces;

use crate::cli::{PerspectiveArg, PolicyArg, ReplayArgs};
use crate::failure::{ExitCode, Failure, one_line};
use crate::mailbox::Mailbox;
use crate::output::{self, WholeFile};
use crate::programs::{self, Loaded, Spec};
use crate::recording::Recording;
use failures::ProgramFailures;
use feed::{CaptureSummary, Feed};
use maps::{MapDump, MapDumps};
use report::Report;
use std::io::Write;
use std::sync::Arc;
use traces::TraceSummary;
use weir_abi::event::FailurePolicy;
use weir_stages::Aggregator;
use weir_stages::exposition;
use weir_stages::snapshot::{Snapshot, SnapshotOptions};
use weir_usermode::capture::Limits;
use weir_usermode::hook::{Hook, HookOptions, KEYWORD_INVOCATION, KEYWORDS_ALL};
use weir_usermode::replay::Replay;

/// Events that are decoded and aggregated at once: keeps the batch in the second-level cache.
const BATCH_EVENTS: usize = 2_048;

/// The stages behind the hook.
pub(crate) struct Pipeline {
    mailbox: Mailbox,
    aggregator: Aggregator,
    report: Report,
    recording: Option<Recording<WholeFile>>,
    now_ns: u64,
}

impl Pipeline {
    /// Decodes, aggregates, reports and records what the hook has written.
    fn drain(&mut self, replay: &mut Replay) -> Result<(), Failure> {
        for batch in self.mailbox.take().batches {
            self.aggregator.apply(&batch);
            for (head, payload) in batch.iter() {
                self.now_ns = self.now_ns.max(head.time_ns);
                let mut marks = |flow_id| replay.take_marks(flow_id);
                self.report.event(head.id, payload, &mut marks)?;
                if let Some(recording) = &mut self.recording {
                    recording.event(head, payload)?;
                }
            }
            self.mailbox.reuse(batch);
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.mailbox.waiting() >= BATCH_EVENTS
    }
}

/// Runs the command.
///
/// # Errors
/// Whatever of input, programs, maps or outputs is not as it should be.
pub fn run(args: &ReplayArgs, specs: &[Spec], out: &mut impl Write) -> Result<(), Failure> {
    if traces::are_given(args)? {
        return traces::run(args, out);
    }
    let loaded = programs::load_all(specs, &args.map)?;
    let dumps = MapDumps::new(&args.dump_map, &loaded)?;
    let watched = ProgramFailures::watch(&loaded);
    let mut feed = Feed::open(args)?;
    let (mut replay, mut pipeline) = start(args, loaded)?;
    let captures = feed.run(&mut replay, &mut pipeline)?;
    pipeline.drain(&mut replay)?;
    replay.hook.stop(pipeline.now_ns);
    pipeline.drain(&mut replay)?;
    pipeline.aggregator.finish();
    let snapshot = pipeline.aggregator.snapshot(pipeline.now_ns, &SnapshotOptions::default());
    warn(&captures);
    if let Some(recording) = pipeline.recording {
        record::finish(args, recording)?;
    }
    let finished = Finished {
        captures,
        traces: Vec::new(),
        snapshot: Arc::new(snapshot),
        report: pipeline.report,
        maps: dumps.read(),
        failures: ProgramFailures::read(watched),
        top: args.top,
    };
    print(args, finished, out)
}

/// Says on standard error what no output may be read without.
fn warn(captures: &[CaptureSummary]) {
    for capture in captures {
        for warning in capture.warnings() {
            output::warn(&format!("{}: {warning}", capture.file));
        }
    }
}

/// Everything that a replay found out.
pub(crate) struct Finished {
    captures: Vec<CaptureSummary>,
    traces: Vec<TraceSummary>,
    snapshot: Arc<Snapshot>,
    report: Report,
    maps: Vec<MapDump>,
    failures: Vec<ProgramFailures>,
    top: usize,
}

impl Finished {
    /// Files of which only a part was read.
    fn partial(&self) -> impl Iterator<Item = &str> {
        let captures = self.captures.iter().map(|it| (it.complete, &it.file));
        let traces = self.traces.iter().map(|it| (it.complete, &it.file));
        captures.chain(traces).filter(|(complete, _)| !complete).map(|(_, file)| file.as_str())
    }
}

/// Prints what the options ask for.
fn print(args: &ReplayArgs, mut finished: Finished, out: &mut impl Write) -> Result<(), Failure> {
    if let Some(path) = &args.metrics {
        // A comment at the top of an exposition that covers a part only.
        let note = |file| format!("# PARTIAL: {}\n", one_line(file));
        let notes: String = finished.partial().map(note).collect();
        let text = notes + &exposition(&finished.snapshot)?;
        output::write_whole(path, text.as_bytes(), out)?;
        if output::is_standard(path) {
            return Ok(());
        }
    }
    if args.flows {
        finished.report.print_lines(out)
    } else if args.json {
        output::print(json::document(&finished).as_bytes(), out)
    } else {
        output::print(tables::text(&finished).as_bytes(), out)
    }
}

fn exposition(snapshot: &Arc<Snapshot>) -> Result<String, Failure> {
    exposition::text(snapshot).map_err(|error| {
        let message = format!("write the exposition: {error}");
        Failure::new(ExitCode::Unexpected, message, "this is a defect of weir: report it")
    })
}

fn start(args: &ReplayArgs, loaded: Vec<Loaded>) -> Result<(Replay, Pipeline), Failure> {
    let mailbox = Mailbox::default();
    let options = HookOptions {
        policy: match args.failure_policy {
            None | Some(PolicyArg::Open) => FailurePolicy::Open,
            Some(PolicyArg::Closed) => FailurePolicy::Closed,
        },
        is_timed: args.timings,
        epoch: epoch(args),
        // The streams bound what is live; each connection is two flows at most.
        flows_max: u32::try_from(Limits::default().live_flows).unwrap_or(u32::MAX / 4) * 2 + 1,
        // Single invocations add nothing to counters, reports or metrics, but much to a record.
        keywords: match args.write_etl {
            Some(_) => KEYWORDS_ALL,
            None => KEYWORDS_ALL & !KEYWORD_INVOCATION,
        },
        ..HookOptions::default()
    };
    let mut hook = Hook::start(options, mailbox.sink(), 0);
    for Loaded { label, program } in loaded {
        hook.attach(label, 0, Box::new(program), 0).map_err(|_| {
            let message = "attach a 65th program: the hook takes 64";
            Failure::new(ExitCode::Usage, message, "replay with fewer --program options")
        })?;
    }
    let report = Report::new(args.flows);
    let pipeline = Pipeline {
        mailbox,
        aggregator: Aggregator::new(weir_stages::Limits::default()),
        report,
        recording: record::create(args)?,
        now_ns: 0,
    };
    let perspective = args.perspective.unwrap_or(PerspectiveArg::Initiator);
    Ok((Replay::new(hook, perspective.into()), pipeline))
}

/// A number for this replay, so that the traces of different replays can be told apart; of the same
/// arguments and captures always the same.
fn epoch(args: &ReplayArgs) -> u32 {
    let sizes = args.files.iter().map(|path| path.metadata().map_or(0, |it| it.len()));
    let files = args.files.iter().map(|path| path.as_os_str().as_encoded_bytes().to_vec());
    let programs = args.program.iter().chain(&args.section).map(|word| word.as_bytes().to_vec());
    let words = files.chain(programs).chain(sizes.map(|size| size.to_le_bytes().to_vec()));
    // FNV-1a: a fixed function of its bytes, which the standard library's hasher is not.
    let hash = words
        .flat_map(|word| word.into_iter().chain([0]))
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    hash.max(1)
}
