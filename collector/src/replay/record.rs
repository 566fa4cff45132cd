//! `--write-etl`: the events of a replay as an event trace file.

use crate::failure::{ExitCode, Failure};
use crate::output::WholeFile;
use crate::recording::{Recording, unwritable};
use std::path::{Path, PathBuf};
use weir_abi::EventHead;

/// Events kept until it is known when the traffic began: those of start and of 64 attachments.
const EARLY_MAX: usize = 256;

/// A file that appears once the replay is over.
pub(super) struct Record {
    path: PathBuf,
    /// What comes before the first packet has no time of its own, and gets that packet's.
    early: Vec<(EventHead, Vec<u8>)>,
    state: State,
}

enum State {
    Waiting(WholeFile),
    Writing(Recording<WholeFile>),
    /// Writing failed, and the replay is about to.
    Failed,
}

impl Record {
    /// Begins a file that is none of the `inputs`.
    pub(super) fn create(path: &Path, inputs: &[PathBuf]) -> Result<Self, Failure> {
        let is_same = |input: &PathBuf| {
            let files = (input.canonicalize(), path.canonicalize());
            matches!(files, (Ok(input), Ok(path)) if input == path)
        };
        if inputs.iter().any(is_same) {
            let message = format!("write `{}`: it is one of the captures", path.display());
            return Err(Failure::new(ExitCode::Usage, message, "name another file"));
        }
        let file = WholeFile::create(path).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), early: Vec::new(), state: State::Waiting(file) })
    }

    /// Writes an event.
    pub(super) fn event(&mut self, head: &EventHead, payload: &[u8]) -> Result<(), Failure> {
        if let State::Writing(recording) = &mut self.state {
            return recording.event(head, payload);
        }
        if head.time_ns == 0 && self.early.len() < EARLY_MAX {
            self.early.push((*head, payload.to_vec()));
            return Ok(());
        }
        self.begin(head.time_ns)?;
        self.event(head, payload)
    }

    fn begin(&mut self, start_ns: u64) -> Result<(), Failure> {
        let State::Waiting(file) = core::mem::replace(&mut self.state, State::Failed) else {
            return Ok(());
        };
        // A replay takes place nowhere: no process wrote its events.
        let mut recording = Recording::new(&self.path, file, start_ns, 0)?;
        for (head, payload) in self.early.drain(..) {
            recording.event(&EventHead { time_ns: start_ns, ..head }, &payload)?;
        }
        self.state = State::Writing(recording);
        Ok(())
    }

    /// Closes the file and gives it its name.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        if matches!(self.state, State::Waiting(_)) {
            self.begin(0)?;
        }
        match self.state {
            State::Writing(recording) => {
                let file = recording.finish()?;
                file.keep().map_err(|error| unwritable(&self.path, &error))
            }
            State::Waiting(_) | State::Failed => Ok(()),
        }
    }
}
