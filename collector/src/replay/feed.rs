//! From files to the replay: opens captures, reads them in turn or ahead, shows progress.

use super::Pipeline;
use super::ahead::read_ahead;
use crate::cli::ReplayArgs;
use crate::failure::{ExitCode, Failure};
use crate::input;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::{Path, PathBuf};
use weir_usermode::capture::{Capture, CaptureError, Counters, StreamEvent, Streams};
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
    /// The first such link type.
    pub(crate) unsupported_link_type: Option<String>,
    /// Packets that carry something else than TCP.
    pub(crate) non_tcp: u64,
    /// Packets whose headers contradict themselves.
    pub(crate) malformed: u64,
    /// Bytes that a receiver got and the capture does not show.
    pub(crate) missed_bytes: u64,
    /// Payload that the capturing tool cut off its packets.
    pub(crate) cut_off_bytes: u64,
    /// TCP packets that cannot belong to their connection.
    pub(crate) implausible: u64,
    /// TCP packets of connections that were over.
    pub(crate) stray: u64,
    /// Holes given up because too much waited behind them.
    pub(crate) reorder_overflows: u64,
    /// Connections ended because too many were live.
    pub(crate) evicted: u64,
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
            unsupported_link_type: counters.unsupported_link_type.map(|it| it.to_string()),
            non_tcp: counters.non_tcp,
            malformed: counters.malformed,
            missed_bytes: counters.missed_bytes,
            cut_off_bytes: counters.cut_off_bytes,
            implausible: counters.implausible,
            stray: counters.stray,
            reorder_overflows: counters.reorder_overflows,
            evicted: counters.evicted,
        }
    }
}

impl CaptureSummary {
    /// What a reader of any output must know of this capture.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Some(error) = &self.error {
            warnings.push(format!("partial: failed to {error}"));
        }
        if let Some(link) = &self.unsupported_link_type {
            let packets = self.unsupported_link;
            warnings.push(format!("{packets} packets skipped: link type {link} is not decoded"));
        }
        if self.evicted > 0 {
            let evicted = self.evicted;
            warnings.push(format!("{evicted} connections ended early: too many at once"));
        }
        warnings
    }
}

/// One capture: its path, and what is open already.
struct Input {
    path: PathBuf,
    held: Option<File>,
}

/// The captures of one replay.
pub(crate) struct Feed {
    inputs: Vec<Input>,
    progress: ProgressBar,
    reads_ahead: bool,
    allows_damage: bool,
}

impl Feed {
    /// Tries to open every capture, so that a wrong path fails before anything was read.
    ///
    /// A file is opened again when its turn comes: there may be more than a process may have open.
    /// A pipe stays open, because it can be opened only once.
    pub(crate) fn open(args: &ReplayArgs) -> Result<Self, Failure> {
        let (mut inputs, mut total) = (Vec::new(), 0);
        for path in &args.files {
            let mut held = None;
            if !is_standard_input(path) {
                let (file, bytes) = input::open(path)?;
                total += bytes;
                held = (!path.is_file()).then_some(file);
            }
            inputs.push(Input { path: path.clone(), held });
        }
        Ok(Self {
            inputs,
            progress: progress(total),
            reads_ahead: args.threads > 1,
            allows_damage: args.allow_truncated,
        })
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
            let reader = Box::new(self.progress.wrap_read(reader(input)?));
            let (counters, result) = if self.reads_ahead {
                read_ahead(reader, replay, pipeline)?
            } else {
                read_in_turn(reader, replay, pipeline)?
            };
            pipeline.drain(replay)?;
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

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn reader(input: Input) -> Result<Box<dyn Read + Send>, Failure> {
    match input.held {
        Some(file) => Ok(Box::new(file)),
        None if is_standard_input(&input.path) => Ok(Box::new(std::io::stdin())),
        None => Ok(Box::new(input::open(&input.path)?.0)),
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

/// What a capture held, and whether it was read to its end.
pub(super) type ReadResult = (Counters, Result<(), CaptureError>);

fn read_in_turn(
    reader: Box<dyn Read + Send>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<ReadResult, Failure> {
    let mut failure = None;
    let read = read(reader, &mut |event| {
        if failure.is_none() {
            failure = show(&event, replay, pipeline).err();
        }
    });
    failure.map_or(Ok(read), Err)
}

pub(super) fn read(
    reader: Box<dyn Read + Send>,
    sink: &mut dyn FnMut(StreamEvent<'_>),
) -> ReadResult {
    let mut streams = Streams::default();
    let result = Capture::open(reader).and_then(|capture| capture.run(&mut streams, sink));
    streams.finish(sink);
    (*streams.counters(), result)
}

pub(super) fn show(
    event: &StreamEvent<'_>,
    replay: &mut Replay,
    pipeline: &mut Pipeline,
) -> Result<(), Failure> {
    replay.event(event);
    if pipeline.is_due() { pipeline.drain(replay) } else { Ok(()) }
}
