//! Families about programs whose source is the driver's counters.

use super::family::{Builder, LabelValue};
use crate::aggregate::{RESULTS, SeriesTable, Totals};
use std::collections::BTreeMap;
use std::sync::Arc;
use weir_abi::counters::{Series, invocation_index};
use weir_abi::event::PairEnd;
use weir_abi::{Action, Direction, FlowState};

/// Totals of one program over all its attachments and loads of the driver.
#[derive(Debug, Default)]
pub(super) struct ProgramTotal {
    pub(super) table: SeriesTable,
    /// Pairs begun less pairs ended in the load of the driver that runs now.
    pub(super) undecided: u64,
    pub(super) attachments: u64,
}

/// Totals by program.
#[derive(Debug, Default)]
pub(super) struct ProgramTotals(pub(super) BTreeMap<Arc<str>, ProgramTotal>);

impl ProgramTotals {
    pub(super) fn of(totals: &Totals) -> Self {
        let mut sums = BTreeMap::new();
        for (name, program) in totals.programs.iter() {
            let table = program.carried.clone();
            sums.insert(name.clone(), ProgramTotal { table, ..ProgramTotal::default() });
        }
        for epoch in totals.epochs() {
            let is_active = totals.active().is_some_and(|active| active.id == epoch.id);
            for (_, attachment) in epoch.attachments.iter() {
                let sum = sums.entry(attachment.program.clone()).or_default();
                sum.table.merge(&attachment.table);
                if is_active {
                    let begun = attachment.table.sum(Series::PairsBegun);
                    let ended = attachment.table.sum(Series::PairsEnded);
                    sum.undecided += begun.saturating_sub(ended);
                    sum.attachments += u64::from(attachment.is_attached());
                }
            }
        }
        Self(sums)
    }
}

/// Fills a family; `false` where it is not one of these.
pub(super) fn fill(out: &mut Builder, programs: &ProgramTotals) -> bool {
    for (name, total) in &programs.0 {
        let is_filled = match out.metric.name {
            "weir_program_invocations_total" => invocations(out, name, &total.table),
            "weir_program_verdicts_total" => verdicts(out, name, &total.table),
            "weir_program_errors_total" => errors(out, name, &total.table),
            "weir_program_run_seconds" => run_seconds(out, name, &total.table),
            "weir_flow_decision_seconds" => by_outcome(out, name, &total.table, &DECISION),
            "weir_flow_inspected_bytes" => by_outcome(out, name, &total.table, &INSPECTED_BYTES),
            "weir_flow_inspected_segments" => {
                by_outcome(out, name, &total.table, &INSPECTED_SEGMENTS)
            }
            "weir_flow_undecided" => {
                out.gauge([name], total.undecided);
                true
            }
            "weir_flow_deleted_undecided_total" => ended(out, name, &total.table),
            "weir_cleanup_invocations_total" => cleanups(out, name, &total.table),
            _ => false,
        };
        if !is_filled {
            return false;
        }
    }
    is_ours(out.metric.name)
}

/// Whether a family is one of these, for when no program is known.
fn is_ours(name: &str) -> bool {
    matches!(
        name,
        "weir_program_invocations_total"
            | "weir_program_verdicts_total"
            | "weir_program_errors_total"
            | "weir_program_run_seconds"
            | "weir_flow_decision_seconds"
            | "weir_flow_inspected_bytes"
            | "weir_flow_inspected_segments"
            | "weir_flow_undecided"
            | "weir_flow_deleted_undecided_total"
            | "weir_cleanup_invocations_total"
    )
}

const fn fixed(text: &'static str) -> LabelValue {
    LabelValue::Fixed(text)
}

/// Invocations of one state, direction and answer.
fn invoked(table: &SeriesTable, state: FlowState, direction: Direction, answer: Action) -> u64 {
    invocation_index(state, direction, answer)
        .map_or(0, |index| table.value(Series::Invocations, usize::from(index)))
}

fn invocations(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    for state in FlowState::ALL {
        for direction in Direction::ALL {
            let answers = Action::ALL.iter();
            let count = answers.map(|answer| invoked(table, *state, *direction, *answer)).sum();
            out.counter([name.into(), fixed(state.name()), fixed(direction.name())], count);
        }
    }
    true
}

fn verdicts(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    for state in FlowState::ALL {
        for answer in [Action::Allow, Action::Block, Action::NeedMoreData, Action::Invalid] {
            let directions = Direction::ALL.iter();
            let count = directions.map(|way| invoked(table, *state, *way, answer)).sum();
            out.counter([name.into(), fixed(state.name()), fixed(answer.name())], count);
        }
    }
    true
}

fn errors(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    for (index, result) in RESULTS.into_iter().chain(["other"]).enumerate() {
        let count = table.value(Series::Errors, index);
        if count > 0 || matches!(result, "failed" | "extension_failed_to_load") {
            out.counter([name.into(), fixed(result)], count);
        }
    }
    true
}

fn run_seconds(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    let series = [Series::RunTimeNew, Series::RunTimeEstablished, Series::RunTimeDeleted];
    for (state, series) in FlowState::ALL.iter().zip(series) {
        let sum = table.value(Series::RunTime, state.index());
        out.histogram([name.into(), state.name().into()], table.row(series), sum);
    }
    true
}

/// A histogram of ended pairs: its buckets by outcome, and its sums by last answer.
struct ByOutcome {
    buckets: [(&'static str, Series); 3],
    sums: Series,
}

const DECISION: ByOutcome = ByOutcome {
    buckets: [
        ("allow", Series::DecisionTimeAllow),
        ("block", Series::DecisionTimeBlock),
        ("undecided", Series::DecisionTimeUndecided),
    ],
    sums: Series::DecisionTime,
};

const INSPECTED_BYTES: ByOutcome = ByOutcome {
    buckets: [
        ("allow", Series::InspectedBytesAllow),
        ("block", Series::InspectedBytesBlock),
        ("undecided", Series::InspectedBytesUndecided),
    ],
    sums: Series::InspectedBytes,
};

const INSPECTED_SEGMENTS: ByOutcome = ByOutcome {
    buckets: [
        ("allow", Series::InspectedSegmentsAllow),
        ("block", Series::InspectedSegmentsBlock),
        ("undecided", Series::InspectedSegmentsUndecided),
    ],
    sums: Series::InspectedSegments,
};

fn by_outcome(out: &mut Builder, name: &Arc<str>, table: &SeriesTable, what: &ByOutcome) -> bool {
    for (place, (outcome, series)) in what.buckets.into_iter().enumerate() {
        // Every last answer but ALLOW and BLOCK left the pair undecided.
        let answers = if place < 2 { place..place + 1 } else { 2..Action::ALL.len() };
        let sum = answers.map(|answer| table.value(what.sums, answer)).sum();
        out.histogram([name.into(), outcome.into()], table.row(series), sum);
    }
    true
}

fn ended(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    for reason in PairEnd::ALL {
        if !matches!(reason, PairEnd::Allowed | PairEnd::Blocked) {
            let count = table.value(Series::PairsEnded, reason.index());
            out.counter([name.into(), fixed(reason.name())], count);
        }
    }
    true
}

fn cleanups(out: &mut Builder, name: &Arc<str>, table: &SeriesTable) -> bool {
    for reason in PairEnd::ALL {
        let count = table.value(Series::Cleanups, reason.index());
        out.counter([name.into(), fixed(reason.name())], count);
    }
    true
}
