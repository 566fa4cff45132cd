//! `weir replay --json`: one document. Its shape is documented in docs/replay.md.

use super::Finished;
use super::failures::ProgramFailures;
use super::feed::CaptureSummary;
use super::maps::MapDump;
use super::report::Rows;
use super::rows::FlowRow;
use super::traces::TraceSummary;
use serde::Serialize;
use std::collections::BTreeMap;
use weir_abi::event::Fate;
use weir_abi::{Action, FlowState};
use weir_stages::snapshot::ProgramRow;

#[derive(Serialize)]
struct Document<'a> {
    weir: &'static str,
    complete: bool,
    captures: &'a [CaptureSummary],
    traces: &'a [TraceSummary],
    programs: Vec<Program<'a>>,
    flows: BTreeMap<&'static str, u64>,
    undecided: Listed<'a>,
    blocked: Listed<'a>,
    maps: &'a [MapDump],
    failures: &'a [ProgramFailures],
}

#[derive(Serialize)]
struct Program<'a> {
    program: &'a str,
    attachments: u64,
    invocations: BTreeMap<&'static str, u64>,
    verdicts: BTreeMap<&'static str, u64>,
    errors: u64,
    undecided: u64,
    cleanups: u64,
}

#[derive(Serialize)]
struct Listed<'a> {
    total: u64,
    omitted: u64,
    flows: &'a [FlowRow],
}

impl<'a> Listed<'a> {
    fn new(rows: &'a Rows) -> Self {
        Self { total: rows.total(), omitted: rows.omitted, flows: &rows.kept }
    }
}

impl<'a> Program<'a> {
    fn new(row: &'a ProgramRow) -> Self {
        let states = FlowState::ALL.iter().map(|state| state.name());
        let answers = Action::ALL.iter().map(|answer| answer.name());
        let mut verdicts: BTreeMap<&str, u64> = answers.zip(row.answers).collect();
        let errors = verdicts.remove(Action::Error.name()).unwrap_or(0);
        Self {
            program: &row.program,
            attachments: row.attachments,
            invocations: states.zip(row.invocations).collect(),
            verdicts,
            errors,
            undecided: row.undecided,
            cleanups: row.cleanups,
        }
    }
}

/// The document, with a newline at its end.
pub(crate) fn document(finished: &Finished) -> String {
    let tables = &finished.snapshot.tables;
    let mut flows: BTreeMap<&str, u64> =
        tables.fates.iter().map(|row| (row.fate.name(), row.flows)).collect();
    // Flows that every program allowed at NEW have the fate allow too; here each flow counts once.
    if let Some(allow) = flows.get_mut(Fate::Allow.name()) {
        *allow = allow.saturating_sub(finished.report.allowed_at_new);
    }
    flows.insert("uninspected", tables.uninspected);
    flows.insert("refused", tables.refused);
    let document = Document {
        weir: env!("CARGO_PKG_VERSION"),
        complete: finished.partial().next().is_none(),
        captures: &finished.captures,
        traces: &finished.traces,
        programs: tables.programs.iter().map(Program::new).collect(),
        flows,
        undecided: Listed::new(&finished.report.undecided),
        blocked: Listed::new(&finished.report.blocked),
        maps: &finished.maps,
        failures: &finished.failures,
    };
    // Strings and integers always serialise.
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
