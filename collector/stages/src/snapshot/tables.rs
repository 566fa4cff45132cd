//! The same state as rows: what the command line prints.

use super::driver::{NETWORKS, settled};
use super::flows::endpoint;
use super::programs::ProgramTotals;
use super::survey::Survey;
use crate::aggregate::SeriesTable;
use core::net::SocketAddr;
use std::sync::Arc;
use weir_abi::counters::{Series, invocation_index};
use weir_abi::event::Fate;
use weir_abi::{Action, Direction, FlowState};

/// A program's totals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRow {
    /// The label `program`.
    pub program: Arc<str>,
    /// Attachments now.
    pub attachments: u64,
    /// Invocations by state: new, established, deleted.
    pub invocations: [u64; 3],
    /// Answers: allow, block, need more data, invalid, and invocations that failed.
    pub answers: [u64; 5],
    /// Flows it is classifying now.
    pub undecided: u64,
    /// DELETED invocations, and those left out.
    pub cleanups: u64,
    /// Run time of all timed invocations in 2^-32 s.
    pub run_time: u64,
}

/// Settled flows of one fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FateRow {
    /// The fate.
    pub fate: Fate,
    /// Flows of any direction and network type.
    pub flows: u64,
}

/// One of the oldest undecided flows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowRow {
    /// The flow as WFP numbers it.
    pub flow_id: u64,
    /// The flow as the driver numbers it.
    pub flow_serial: u64,
    /// Local address and port.
    pub local: SocketAddr,
    /// Remote address and port.
    pub remote: SocketAddr,
    /// Process that owns the connection.
    pub process_id: u32,
    /// Nanoseconds since it was established.
    pub age_ns: u64,
    /// Segments so far, as far as known.
    pub segments: u32,
    /// Bytes so far, as far as known.
    pub bytes: u64,
    /// Programs that classify it, sorted.
    pub programs: Vec<Arc<str>>,
}

/// Rows for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// Programs by name.
    pub programs: Vec<ProgramRow>,
    /// Settled flows by fate.
    pub fates: Vec<FateRow>,
    /// Flows that every program allowed before any data.
    pub uninspected: u64,
    /// Flows that found the driver's own bound reached.
    pub refused: u64,
    /// Segments that had to be copied, and those that could not be.
    pub copies: (u64, u64),
    /// The oldest undecided flows, oldest first.
    pub oldest: Vec<FlowRow>,
}

impl Tables {
    pub(super) fn of(programs: &ProgramTotals, driver: &SeriesTable, survey: Survey) -> Self {
        Self {
            programs: program_rows(programs),
            fates: Fate::ALL
                .iter()
                .map(|fate| FateRow { fate: *fate, flows: flows_of(driver, *fate) })
                .collect(),
            uninspected: driver.sum(Series::FlowsUninspected),
            refused: driver.sum(Series::FlowsRefused),
            copies: (driver.sum(Series::Copies), driver.sum(Series::CopyFailures)),
            oldest: survey
                .oldest
                .into_iter()
                .map(|old| FlowRow {
                    flow_id: old.flow_id,
                    flow_serial: old.serial,
                    local: endpoint(old.local),
                    remote: endpoint(old.remote),
                    process_id: old.process_id,
                    age_ns: old.age_ns,
                    segments: old.segments,
                    bytes: old.bytes,
                    programs: old.programs,
                })
                .collect(),
        }
    }
}

fn flows_of(driver: &SeriesTable, fate: Fate) -> u64 {
    let each = Direction::ALL.iter().flat_map(|way| NETWORKS.map(|(_, is_v6)| (*way, is_v6)));
    each.map(|(way, is_v6)| settled(driver, fate, way, is_v6)).sum()
}

fn program_rows(programs: &ProgramTotals) -> Vec<ProgramRow> {
    let row = |(name, total): (&Arc<str>, &super::programs::ProgramTotal)| {
        let mut invocations = [0; 3];
        let mut answers = [0; 5];
        for state in FlowState::ALL {
            for direction in Direction::ALL {
                for answer in Action::ALL {
                    let Some(index) = invocation_index(*state, *direction, *answer) else {
                        continue;
                    };
                    let count = total.table.value(Series::Invocations, usize::from(index));
                    invocations[state.index()] += count;
                    answers[answer.index()] += count;
                }
            }
        }
        ProgramRow {
            program: name.clone(),
            attachments: total.attachments,
            invocations,
            answers,
            undecided: total.undecided,
            cleanups: total.table.sum(Series::Cleanups),
            run_time: total.table.sum(Series::RunTime),
        }
    };
    programs.0.iter().map(row).collect()
}
