//! What the events say of single flows: rows for `--flows`, undecided and blocked flows.

use super::rows::FlowRow;
use crate::deciders::Deciders;
use crate::failure::{ExitCode, Failure};
use std::io::{BufWriter, Read as _, Seek as _, SeekFrom, Write};
use tempfile::SpooledTempFile;
use weir_abi::Record;
use weir_abi::event::{Event as _, FlowUninspected, Verdict};
use weir_usermode::replay::Marks;

/// Undecided and blocked flows kept for `--json` and tables; more are counted as `omitted`.
/// About 150 bytes each, hence 15 MB each list; `--flows` has no bound.
const ROWS_MAX: usize = 100_000;

/// Flow lines kept in memory before they go to a temporary file.
const LINES_MEMORY_BYTES: usize = 8 * 1024 * 1024;

/// Rows of one kind, bounded.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) kept: Vec<FlowRow>,
    pub(crate) omitted: u64,
}

impl Rows {
    fn push(&mut self, row: FlowRow) {
        if self.kept.len() < ROWS_MAX {
            self.kept.push(row);
        } else {
            self.omitted += 1;
        }
    }

    /// All flows of the kind.
    pub(crate) fn total(&self) -> u64 {
        self.omitted.saturating_add(u64::try_from(self.kept.len()).unwrap_or(u64::MAX))
    }
}

/// Collects rows from events.
pub(crate) struct Report {
    deciders: Deciders,
    lines: Option<BufWriter<SpooledTempFile>>,
    pub(crate) undecided: Rows,
    pub(crate) blocked: Rows,
    /// Flows that every attached program allowed at NEW.
    pub(crate) allowed_at_new: u64,
}

impl Report {
    /// A report; with `lines`, one JSON line for each flow is kept too.
    pub(crate) fn new(lines: bool) -> Self {
        Self {
            deciders: Deciders::default(),
            lines: lines.then(|| BufWriter::new(SpooledTempFile::new(LINES_MEMORY_BYTES))),
            undecided: Rows::default(),
            blocked: Rows::default(),
            allowed_at_new: 0,
        }
    }

    /// Takes in one event; `marks` tells what its capture says of a flow.
    pub(crate) fn event(
        &mut self,
        id: u16,
        payload: &[u8],
        marks: &mut dyn FnMut(u64) -> Marks,
    ) -> Result<(), Failure> {
        // Only flows and attachments make rows; Counters are many and large.
        if !matches!(id, Verdict::ID | FlowUninspected::ID | ATTACHED) {
            return Ok(());
        }
        match Record::decode(id, payload) {
            Ok((_, Record::Attached(event))) => {
                self.deciders.attached(&event);
                Ok(())
            }
            Ok((_, Record::Verdict(event))) => {
                let marks = marks(event.flow_id);
                let row = FlowRow::settled(&event, self.deciders.of(&event), marks);
                self.line(&row)?;
                match row.verdict {
                    "undecided" => self.undecided.push(row),
                    "block" => self.blocked.push(row),
                    _ => {}
                }
                Ok(())
            }
            Ok((_, Record::FlowUninspected(event))) => {
                let marks = marks(event.flow_id);
                let has_programs = !self.deciders.is_empty();
                let reason = if has_programs { "answer" } else { "no_program" };
                self.allowed_at_new += u64::from(has_programs);
                self.line(&FlowRow::uninspected(&event, reason, marks))
            }
            _ => Ok(()),
        }
    }

    fn line(&mut self, row: &FlowRow) -> Result<(), Failure> {
        let Some(lines) = &mut self.lines else { return Ok(()) };
        serde_json::to_writer(&mut *lines, row)
            .map_err(std::io::Error::from)
            .and_then(|()| lines.write_all(b"\n"))
            .map_err(|error| spill_failed(&error))
    }

    /// Copies the flow lines to `out`.
    pub(crate) fn print_lines(&mut self, out: &mut impl Write) -> Result<(), Failure> {
        let Some(lines) = &mut self.lines else { return Ok(()) };
        lines.flush().map_err(|error| spill_failed(&error))?;
        let lines = lines.get_mut();
        lines.seek(SeekFrom::Start(0)).map_err(|error| spill_failed(&error))?;
        let mut chunk = vec![0; 64 * 1024];
        loop {
            let count = lines.read(&mut chunk).map_err(|error| spill_failed(&error))?;
            match chunk.get(..count) {
                Some(bytes) if count > 0 => crate::output::print(bytes, out)?,
                _ => return Ok(()),
            }
        }
    }
}

const ATTACHED: u16 = <weir_abi::event::Attached as weir_abi::Event>::ID;

fn spill_failed(error: &std::io::Error) -> Failure {
    Failure::new(
        ExitCode::OutputUnwritable,
        format!("keep flow lines in a temporary file: {error}"),
        "free some space in the folder of temporary files, or set TMPDIR",
    )
}
