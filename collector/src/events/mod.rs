//! `weir events`: what trace files hold, decoded, on any machine.
//!
//! Events of every provider: names and fields come with self-describing events, files that were
//! merged describe their other events, manifests given with `--manifest` describe more, and this
//! program knows its own; what nothing describes is shown as bytes.

mod describe;
mod descriptions;
mod filter;
mod given;
mod header_fields;
mod line;
mod names;
mod schemas;
mod summary;
mod unmatched;

#[cfg(test)]
mod tests;

use crate::cli::EventsArgs;
use crate::failure::{ExitCode, Failure, one_line};
use crate::output;
use crate::trace_file::{self, OpenTrace};
use describe::Describer;
use filter::Filter;
use line::Line;
use std::io::Write;
use std::path::Path;
use summary::{DamageFacts, FileFacts, Summary};
use unmatched::Unmatched;
use weir_etl::{FileTime, Record};

/// Lines are written together once they have so many bytes.
const LINES_BYTES: usize = 256 * 1024;

/// Runs the command.
///
/// # Errors
/// A file cannot be read, is no trace, or is damaged; the last after everything else was printed.
pub fn run(args: &EventsArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (given, mut damages) = given::collect(&args.manifest)?;
    let mut view = View {
        filter: Filter::new(args),
        describer: Describer::new(given),
        unmatched: Unmatched::new(args),
        summary: args.summary.then(Summary::default),
        lines: Vec::new(),
        out,
        is_read: true,
    };
    let mut files = Vec::new();
    for path in &args.files {
        let (catalogue, names, mut trace) = descriptions::collect(path, trace_file::open(path)?)?;
        view.describer.begin(catalogue, names);
        view.file(path, &mut trace)?;
        if !view.is_read {
            return Ok(());
        }
        damages.extend(say(path, &trace));
        files.push(facts(path, &trace));
    }
    if let Some(words) = view.unmatched.warning() {
        output::warn(&words);
    }
    if let Some(summary) = &view.summary {
        let text = if args.json { summary.json(&files) } else { summary.text(&files) };
        output::print(text.as_bytes(), view.out)?;
    }
    match damages.first() {
        None => Ok(()),
        Some(first) => Err(Failure::new(
            ExitCode::InputDamaged,
            format!("read all of `{first}`; what could be read is above"),
            "the warnings say what was skipped; a copy that was cut off can be copied again",
        )),
    }
}

/// Where events go.
struct View<'a, W> {
    filter: Filter,
    describer: Describer,
    unmatched: Unmatched,
    summary: Option<Summary>,
    lines: Vec<u8>,
    out: &'a mut W,
    /// Somebody still reads what is printed.
    is_read: bool,
}

impl<W: Write> View<'_, W> {
    fn file(&mut self, path: &Path, trace: &mut OpenTrace) -> Result<(), Failure> {
        let failed = |error| trace_file::unreadable(path, &error);
        while let Some(record) = trace.next_record().map_err(failed)? {
            self.record(&record);
            if self.lines.len() >= LINES_BYTES {
                self.flush()?;
                if !self.is_read {
                    return Ok(());
                }
            }
        }
        self.flush()
    }

    fn record(&mut self, record: &Record<'_>) {
        let described = self.describer.describe(record);
        let is_wanted = self.filter.takes_record(record, described.level)
            && self.filter.takes_provider(described.provider, described.provider_id)
            && self.filter.takes_event(described.event, described.id);
        if !is_wanted {
            self.unmatched.add(described.provider, described.provider_id);
            return;
        }
        self.unmatched.forget();
        if let Some(summary) = &mut self.summary {
            summary.add(record, &described);
            return;
        }
        let line = Line { record, described: &described };
        // Writing to memory cannot fail, and every key is a string.
        let _infallible = serde_json::to_writer(&mut self.lines, &line);
        self.lines.push(b'\n');
    }

    fn flush(&mut self) -> Result<(), Failure> {
        self.is_read = output::print_on(&self.lines, self.out)?;
        self.lines.clear();
        Ok(())
    }
}

/// Says on standard error what no output may be read without; the file's name if it is damaged.
fn say(path: &Path, trace: &OpenTrace) -> Option<String> {
    let file = path.display();
    let damage = trace_file::damage(trace);
    for note in trace_file::notes(trace).iter().chain(&damage) {
        output::warn(&format!("{file}: {note}"));
    }
    (!damage.is_empty()).then(|| one_line(&file.to_string()))
}

fn facts(path: &Path, trace: &OpenTrace) -> FileFacts {
    let (header, buffers, damages) = (trace.header(), trace.buffers(), trace.damages());
    let time = |time: FileTime| time.to_rfc3339().filter(|_| time != FileTime(0));
    FileFacts {
        file: path.display().to_string(),
        session: header.session.clone(),
        start: time(header.start),
        end: time(header.end),
        closed: header.is_closed(),
        processors: header.processors,
        windows_build: header.provider_version,
        buffers: buffers.total,
        compressed_buffers: buffers.compressed,
        events_lost: header.events_lost,
        buffers_lost: header.buffers_lost,
        damage: damages
            .counts()
            .map(|(kind, count)| DamageFacts {
                kind: kind.name(),
                count,
                skipped_bytes: damages.skipped_bytes_of(kind),
            })
            .collect(),
        skipped_bytes: damages.skipped_bytes(),
    }
}
