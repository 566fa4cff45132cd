//! `weir traces`: diagnostic traces of eBPF for Windows and of WFP's callouts, readably.
//!
//! Each file is read twice: what went wrong is known at its end, and marked at its beginning.

mod causes;
mod follow;
mod json;
mod line;
mod summary;
mod survey;
mod words;

use crate::cli::TracesArgs;
use crate::failure::{ExitCode, Failure, one_line};
use crate::output;
use crate::trace_file::{self, Source as Bytes};
use follow::Follow;
use std::io::Write;
use std::path::Path;
use summary::Summary;
use survey::Survey;
use weir_evidence::ReadError;
use weir_evidence::trace::{Source, TraceEvent, TraceReader};

/// Lines are written together once they have so many bytes.
const LINES_BYTES: usize = 256 * 1024;

/// A trace that is being read.
type Reader = TraceReader<Box<dyn Bytes>>;

/// Runs the command.
///
/// # Errors
/// A file cannot be read, holds no event, or is damaged; the last after everything else was printed.
pub fn run(args: &TracesArgs, out: &mut impl Write) -> Result<(), Failure> {
    let mut summary = Summary::default();
    let mut follow = Follow::new(args);
    let (mut damaged, mut loads_before) = (None, 0);
    for path in &args.files {
        let mut reader = open(path, trace_file::open_any(path)?)?;
        let survey = survey::survey(path, &mut reader, loads_before)?;
        loads_before += survey.loads.total();
        if say(path, &reader) {
            damaged.get_or_insert_with(|| one_line(&path.display().to_string()));
        }
        if args.summary {
            summary.add(path, &reader, survey);
            continue;
        }
        follow.begin(&survey);
        let mut reader = open(path, reader.into_source())?;
        let mut view = View { args, survey: &survey, lines: Vec::new(), out };
        if !view.show(path, &mut reader, &mut follow)? {
            return Ok(());
        }
    }
    if let Some(words) = follow.warning() {
        output::warn(&words);
    }
    if args.summary {
        let text = if args.json { json::document(&summary) } else { summary.text() };
        output::print(text.as_bytes(), out)?;
    }
    match damaged {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            ExitCode::InputDamaged,
            format!("read all of `{first}`; what could be read is above"),
            "the warnings say what was skipped; a copy that was cut off can be copied again",
        )),
    }
}

/// Shows the events of a file.
struct View<'a, W> {
    args: &'a TracesArgs,
    survey: &'a Survey,
    lines: Vec<u8>,
    out: &'a mut W,
}

impl<W: Write> View<'_, W> {
    /// Whether anybody still reads.
    fn show(
        &mut self,
        path: &Path,
        reader: &mut Reader,
        follow: &mut Follow,
    ) -> Result<bool, Failure> {
        while let Some(event) = reader.next_event().map_err(|error| refused(path, error))? {
            if event.source == Source::Other {
                continue;
            }
            let load = follow.load_of(&event);
            if !self.takes(&event) || !follow.takes(&event, load) {
                continue;
            }
            follow.found();
            let cause = self.survey.incidents.cause_at(event.place.line);
            if self.args.json {
                json::line(&event, load, cause, &mut self.lines);
            } else {
                line::line(&event, cause, self.survey.has_marks(), &mut self.lines);
            }
            if self.lines.len() >= LINES_BYTES && !self.flush()? {
                return Ok(false);
            }
        }
        self.flush()
    }

    fn takes(&self, event: &TraceEvent) -> bool {
        !self.args.errors || self.survey.incidents.cause_at(event.place.line).is_some()
    }

    fn flush(&mut self) -> Result<bool, Failure> {
        let is_read = output::print_on(&self.lines, self.out)?;
        self.lines.clear();
        Ok(is_read)
    }
}

fn open(path: &Path, source: Box<dyn Bytes>) -> Result<Reader, Failure> {
    let file = path.display().to_string();
    TraceReader::open(&file, source).map_err(|error| refused(path, error))
}

fn refused(path: &Path, error: ReadError) -> Failure {
    match error {
        ReadError::Io { error, .. } => trace_file::unreadable(path, &error),
        ReadError::Unknown { file } => Failure::new(
            ExitCode::InputDamaged,
            format!("read `{file}`: it holds no event"),
            "name an event trace file (.etl), or text that `netsh trace convert` made of one",
        ),
        ReadError::TooLarge { .. } | ReadError::Damaged { .. } => Failure::new(
            ExitCode::InputDamaged,
            format!("read {error}"),
            "a copy that was cut off can be copied again",
        ),
    }
}

/// Says on standard error what no output may be read without; whether the file is damaged.
fn say(path: &Path, reader: &Reader) -> bool {
    let file = path.display();
    let damage = match reader.etl() {
        Some(trace) => {
            for note in trace_file::notes(trace) {
                output::warn(&format!("{file}: {note}"));
            }
            trace_file::damage(trace)
        }
        None => said(reader),
    };
    for note in &damage {
        output::warn(&format!("{file}: {note}"));
    }
    !damage.is_empty()
}

/// What of a text could not be read.
fn said(reader: &Reader) -> Vec<String> {
    let damage = reader.damage();
    let mut said: Vec<String> =
        damage.quotes.iter().map(|it| format!("line {}: {}", it.place.line, it.text)).collect();
    let left = damage.total - u64::try_from(said.len()).unwrap_or(damage.total);
    if left > 0 {
        said.push(format!("{left} more events cannot be read"));
    }
    said
}
