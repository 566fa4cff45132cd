//! From files to the replay: opens captures, reads them in turn or ahead, shows progress.

use super::Pipeline;
use crate::cli::ReplayArgs;
use crate::failure::{ExitCode, Failure};
use crate::input;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use weir_usermode::capture::{Capture, CaptureError, Counters, FlowKey, StreamEvent, Streams};
use weir_usermode::replay::Replay;

/// What one capture held.
#[derive(Debug, Serialize)]
pub(crate) struct CaptureSummary {
    /// Its path as given.
    pub(crate) file: String,
    /// It was read to its end.
    pub(crate) complete: bool,
    /// Why not.
    pub(crate) error: Option<String>,
    /// Packets of any kind.
    pub(crate) packets: u64,
    /// Their bytes on the wire.
    pub(crate) bytes: u64,
    /// TCP packets.
    pub(crate) tcp_packets: u64,
    /// Established connections.
    pub(crate) connections: u64,
    /// Those that began before the capture.
    pub(crate) mid_capture: u64,
    /// Connection attempts that were never established.
    pub(crate) attempts: u64,
    /// IP fragments, skipped.
    pub(crate) fragments: u64,
    /// Packets of link types that are not decoded.
    pub(crate) unsupported_link: u64,
    /// Packets whose headers contradict themselves.
    pub(crate) malformed: u64,
    /// Bytes that a receiver got and the capture does not show.
    pub(crate) missed_bytes: u64,
}

impl CaptureSummary {
    fn new(file: String, counters: &Counters, error: Option<&CaptureError>) -> Self {
        Self {
            file,
            complete: error.is_none(),
            error: error.map(ToString::to_string),
            packets: counters.packets,
            bytes: counters.bytes,
            tcp_packets: counters.tcp_packets,
            connections: counters.flows,
            mid_capture: counters.mid_capture,
            attempts: counters.attempts,
            fragments: counters.fragments,
            unsupported_link: counters.unsupported_link,
            malformed: counters.malformed,
            missed_bytes: counters.missed_bytes,
        }
    }
}

struct Input {
    path: PathBuf,
    reader: Box<dyn Read + Send>,
}

/// The captures of one replay, opened.
pub(crate) struct Feed {
    inputs: Vec<Input>,
    progress: ProgressBar,
    reads_ahead: bool,
    allows_damage: bool,
}

impl Feed {
    /// Opens every capture, so that a wrong path fails before anything was read.
    pub(crate) fn open(args: &ReplayArgs) -> Result<Self, Failure> {
        let mut inputs = Vec::new();
        let mut total = 0;
        for path in &args.files {
            let reader: Box<dyn Read + Send> = if path.as_os_str() == "-" {
                Box::new(std::io::stdin())
            } else {
                let (file, bytes) = input::open(path)?;
                total += bytes;
                Box::new(file)
            };
            inputs.push(Input { path: path.clone(), reader });
        }
        let (reads_ahead, allows_damage) = (args.threads > 1, args.allow_truncated);
        Ok(Self { inputs, progress: progress(total), reads_ahead, allows_damage })
    }

    /// Replays all captures.
    pub(crate) fn run(
        &mut self,
        replay: &mut Replay,
        pipeline: &mut Pipeline,
    ) -> Result<Vec<CaptureSummary>, Failure> {
        let mut summaries = Vec::new();
        for input in core::mem::take(&mut self.inputs) {
            let file = input.path.display().to_string();
            let reader = Box::new(self.progress.wrap_read(input.reader));
            let (counters, result) = if self.reads_ahead {
                read_ahead(reader, replay, pipeline)?
            } else {
                read_in_turn(reader, replay, pipeline)?
            };
            replay.next_capture();
            let error = result.err();
            if let Some(error) = &error
                && !(self.allows_damage && error.packets_read() > 0)
            {
                self.progress.finish_and_clear();
                return Err(damaged(&file, error));
            }
            summaries.push(CaptureSummary::new(file, &counters, error.as_ref()));
        }
        self.progress.finish_and_clear();
        Ok(summaries)
    }
}

fn damaged(file: &str, error: &CaptureError) -> Failure {
    let code = match error {
        CaptureError::Io { .. } => ExitCode::InputUnreadable,
        CaptureError::Empty
        | CaptureError::NotACapture { .. }
        | CaptureError::Truncated { .. }
        | CaptureError::Corrupt { .. } => ExitCode::InputDamaged,
    };
    let hint = if error.packets_read() > 0 {
        "--allow-truncated replays what comes before the damage and marks it as partial"
    } else {
        error.hint()
    };
    Failure::new(code, format!("replay `{file}`: {error}"), hint)
}

/// A bar on a terminal, nothing otherwise.
fn progress(total: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
    let style = "replaying {bar:30} {bytes} of {total_bytes} ({eta} left)";
    if let Ok(style) = ProgressStyle::with_template(style) {
        bar.set_style(style);
    }
    bar
}

type Read1 = (Counters, Result<(), CaptureError>);

fn read_in_turn(
    reader: Box<dyn Read + Send>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<Read1, Failure> {
    let mut failure = None;
    let read = read(reader, &mut |event| {
        if failure.is_none() {
            failure = show(&event, replay, pipeline).err();
        }
    });
    failure.map_or(Ok(read), Err)
}

fn read(reader: Box<dyn Read + Send>, sink: &mut dyn FnMut(StreamEvent<'_>)) -> Read1 {
    let mut streams = Streams::default();
    let result = Capture::open(reader).and_then(|capture| capture.run(&mut streams, sink));
    streams.finish(sink);
    (*streams.counters(), result)
}

fn show(
    event: &StreamEvent<'_>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<(), Failure> {
    replay.event(event);
    if pipeline.is_due() { pipeline.drain(replay) } else { Ok(()) }
}

/// Stream events on their way from the reading thread, payload in one buffer.
#[derive(Default)]
struct Chunk {
    steps: Vec<Step>,
    bytes: Vec<u8>,
}

enum Step {
    Whole(StreamEvent<'static>),
    Data { flow: FlowKey, at_ns: u64, from_initiator: bool, missed_bytes: u64, bytes: usize },
}

/// Payload of a chunk; large enough that handing it over costs nothing, small enough that chunks
/// on their way stay in the cache.
const CHUNK_BYTES: usize = 256 * 1024;

/// Steps of a chunk.
const CHUNK_STEPS: usize = 4_096;

/// Chunks on their way; the reader waits when they are all full.
const CHUNKS: usize = 4;

impl Chunk {
    fn push(&mut self, event: StreamEvent<'_>) {
        let step = match event {
            StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                self.bytes.extend_from_slice(bytes);
                let bytes = bytes.len();
                Step::Data { flow, at_ns, from_initiator, missed_bytes, bytes }
            }
            StreamEvent::Established { flow, at_ns, initiator, responder, mid_capture } => {
                Step::Whole(StreamEvent::Established {
                    flow,
                    at_ns,
                    initiator,
                    responder,
                    mid_capture,
                })
            }
            StreamEvent::Closed { flow, at_ns, reason } => {
                Step::Whole(StreamEvent::Closed { flow, at_ns, reason })
            }
        };
        self.steps.push(step);
    }

    const fn is_full(&self) -> bool {
        self.bytes.len() >= CHUNK_BYTES || self.steps.len() >= CHUNK_STEPS
    }

    fn show(&self, replay: &mut Replay, pipeline: &mut Pipeline) -> Result<(), Failure> {
        let mut rest = self.bytes.as_slice();
        for step in &self.steps {
            match *step {
                Step::Whole(event) => show(&event, replay, pipeline)?,
                Step::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                    let (bytes, behind) = rest.split_at_checked(bytes).unwrap_or((rest, &[]));
                    rest = behind;
                    let event =
                        StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes };
                    show(&event, replay, pipeline)?;
                }
            }
        }
        Ok(())
    }
}

fn read_ahead(
    reader: Box<dyn Read + Send>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<Read1, Failure> {
    let (full, to_show) = mpsc::sync_channel::<Chunk>(CHUNKS);
    let (empty, to_fill) = mpsc::channel::<Chunk>();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            let mut chunk = Chunk::default();
            let read = read(reader, &mut |event| {
                chunk.push(event);
                if chunk.is_full() {
                    let next = to_fill.try_recv().unwrap_or_default();
                    // The other side is gone only after a failure that it reports itself.
                    let _gone = full.send(core::mem::replace(&mut chunk, next));
                }
            });
            let _gone = full.send(chunk);
            read
        });
        let mut result = Ok(());
        for mut chunk in &to_show {
            if result.is_ok() {
                result = chunk.show(replay, pipeline);
            }
            chunk.steps.clear();
            chunk.bytes.clear();
            let _gone = empty.send(chunk);
        }
        let read = reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        result.map(|()| read)
    })
}
