//! A trace file that is complete: read once, in the order of time, then shown as it ended.

use super::source::{Polled, Source, ours};
use crate::failure::Failure;
use crate::live::LiveStages;
use crate::output;
use crate::trace_file::{self, OpenTrace};
use std::path::{Path, PathBuf};
use weir_stages::snapshot::SessionFacts;

/// Records read before the caller gets a turn.
const RECORDS_AT_ONCE: usize = 50_000;

/// The file.
pub(super) struct Whole {
    path: PathBuf,
    trace: OpenTrace,
    newest_ns: u64,
    is_read: bool,
}

impl Whole {
    /// Opens it.
    ///
    /// # Errors
    /// It cannot be read, or is no event trace.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let trace = trace_file::open(path)?;
        Ok(Self { path: path.to_owned(), trace, newest_ns: 0, is_read: false })
    }

    fn end(&mut self) {
        self.is_read = true;
        let (notes, damage) = (trace_file::notes(&self.trace), trace_file::damage(&self.trace));
        for doubt in notes.into_iter().chain(damage) {
            output::warn(&format!("{}: {doubt}", self.path.display()));
        }
    }
}

impl Source for Whole {
    fn flows(&self) -> &'static str {
        "those of a trace file, as it ended"
    }

    fn poll(&mut self, _now_ns: u64, into: &mut LiveStages) -> Result<Polled, Failure> {
        for _ in 0..RECORDS_AT_ONCE {
            let record = self.trace.next_record();
            let record = record.map_err(|error| trace_file::unreadable(&self.path, &error))?;
            let Some(record) = record else {
                self.end();
                return Ok(Polled::End);
            };
            if let Some((head, payload)) = ours(&record) {
                self.newest_ns = self.newest_ns.max(head.time_ns);
                into.event(&head, payload);
            }
        }
        Ok(Polled::More)
    }

    /// The file's own: what was undecided at its end did not grow older since.
    fn time_ns(&self, _now_ns: u64) -> u64 {
        self.newest_ns
    }

    fn unready(&self) -> Option<String> {
        (!self.is_read).then(|| "the trace file is still being read".to_owned())
    }

    fn facts(&mut self) -> Vec<SessionFacts> {
        let header = self.trace.header();
        vec![SessionFacts {
            session: "file".to_owned(),
            is_up: !self.is_read,
            events_lost: u64::from(header.events_lost),
            log_buffers_lost: u64::from(header.buffers_lost),
            ..SessionFacts::default()
        }]
    }

    fn finish(&mut self, _into: &mut LiveStages) {}
}
