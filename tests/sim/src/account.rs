//! The counters, added up from the driver's events alone.
//!
//! Written from the contract of the events, with rules of its own: a pair begins with an invocation
//! at NEW and ends with its own answer or with the Cleanup event that says so; what it was shown is
//! its own invocations with data; times are those at which events were written.
//!
//! No event tells them, so they are not here: `FlowsRefused`, `MissedBytes`, `Aborts`, the direction
//! of absorbed bytes, the time of callouts.

mod held;

use crate::flow_of::flow_of;
use crate::sets::Values;
use std::collections::{BTreeMap, BTreeSet};
use weir_abi::buckets::{BYTES, DECISION_TIME, RUN_TIME, SEGMENTS};
use weir_abi::counters::{Scope, Series};
use weir_abi::event::{
    Cleanup, CopyFallback, Fate, FlowClosed, Invocation, PairEnd, Record, Verdict,
};
use weir_abi::wire::Ticks;
use weir_abi::{Action, Direction, EventHead, FlowState};

/// The last place of [`Series::Errors`], which higher results share.
const RESULT_LAST: u32 = 35;

/// Sets in which an attachment that is gone is still told, and how many such are told at most.
const FINAL_SETS: u32 = 10;
const GONE_MAX: usize = 64;

/// A flow and an attachment that was invoked for it.
#[derive(Clone, Copy, Debug, Default)]
struct Pair {
    was_undecided: bool,
    segments: u64,
    bytes: u64,
}

/// A flow of which an event has come.
#[derive(Clone, Debug, Default)]
struct Flow {
    since_ns: u64,
    seq: u32,
    /// Numbers that came before those below them.
    early: BTreeSet<u32>,
    /// Pairs that have not ended, by attach id.
    pairs: BTreeMap<u32, Pair>,
    was_invoked: bool,
    fates: u32,
    is_open: bool,
}

impl Flow {
    /// Takes in the number of an event of the flow; the one that was due is the error.
    fn count(&mut self, seq: u32, is_threaded: bool) -> Result<(), u32> {
        let next = self.seq + 1;
        if seq < next || !is_threaded && seq != next || !self.early.insert(seq) {
            return Err(next);
        }
        while self.early.remove(&(self.seq + 1)) {
            self.seq += 1;
        }
        Ok(())
    }
}

/// The account.
#[derive(Clone, Debug, Default)]
pub struct Account {
    values: Values,
    flows: BTreeMap<u64, Flow>,
    /// Of each processor and kind, the last number.
    numbers: BTreeMap<(u16, u16), u32>,
    absorbed: [u64; 2],
    /// Attachments that are gone, oldest first, and sets in which they are still told.
    gone: Vec<(u32, u32)>,
    /// Those that are told no more because too many others are gone.
    forgotten: BTreeSet<u32>,
    /// Events taken in.
    pub events: u64,
    /// Threads wrote the events: what has its number may be written after what had a later one.
    is_threaded: bool,
}

/// The series that this account knows all of.
pub const DERIVED: [Series; 28] = [
    Series::Invocations,
    Series::Errors,
    Series::PairsBegun,
    Series::PairsEnded,
    Series::Cleanups,
    Series::RunTime,
    Series::RunTimeNew,
    Series::RunTimeEstablished,
    Series::RunTimeDeleted,
    Series::DecisionTime,
    Series::DecisionTimeAllow,
    Series::DecisionTimeBlock,
    Series::DecisionTimeUndecided,
    Series::InspectedBytes,
    Series::InspectedBytesAllow,
    Series::InspectedBytesBlock,
    Series::InspectedBytesUndecided,
    Series::InspectedSegments,
    Series::InspectedSegmentsAllow,
    Series::InspectedSegmentsBlock,
    Series::InspectedSegmentsUndecided,
    Series::Flows,
    Series::FlowsUninspected,
    Series::PolicyFailures,
    Series::Copies,
    Series::CopiedBytes,
    Series::CopyFailures,
    Series::Final,
];

impl Account {
    /// The account of events that several threads wrote at once.
    #[must_use]
    pub fn of_threads() -> Self {
        Self { is_threaded: true, ..Self::default() }
    }

    /// Takes in an event; Counters are what this is held against, and only numbered.
    ///
    /// # Errors
    /// An event that cannot be decoded, a number that does not follow its predecessor, a pair that
    /// ends without having begun, a second fate.
    pub fn event(&mut self, head: &EventHead, payload: &[u8]) -> Result<(), String> {
        let told = |error| format!("event {}: {error}", head.id);
        let (prefix, record) = Record::decode(head.id, payload).map_err(told)?;
        self.events += 1;
        let number = self.numbers.entry((prefix.cpu, head.id)).or_default();
        *number += 1;
        if prefix.sequence != *number {
            return Err(format!("{prefix:?} of event {}: number {number} is next", head.id));
        }
        if let Some((serial, seq)) = flow_of(&record) {
            let flow = self
                .flows
                .entry(serial)
                .or_insert_with(|| Flow { since_ns: head.time_ns, ..Flow::default() });
            flow.count(seq, self.is_threaded)
                .map_err(|next| format!("{record:?}: number {next} of the flow is next"))?;
        }
        self.record(head.time_ns, &record)
    }

    fn record(&mut self, now_ns: u64, record: &Record<'_>) -> Result<(), String> {
        match record {
            Record::Invocation(event) => self.invocation(now_ns, event),
            Record::Cleanup(event) => self.cleanup(now_ns, event),
            Record::Verdict(event) => self.verdict(event),
            Record::FlowUninspected(event) => {
                self.add(Series::FlowsUninspected, 0, 0, 1);
                if self.flow(event.flow_serial).was_invoked {
                    // Everybody allowed it: that is its fate.
                    self.fate(event.flow_serial, Fate::Allow, event.direction, event.family)?;
                }
                Ok(())
            }
            Record::FlowEstablished(event) => {
                self.flow(event.flow_serial).is_open = true;
                Ok(())
            }
            Record::FlowClosed(event) => self.closed(event),
            Record::CopyFallback(event) => {
                self.copied(event);
                Ok(())
            }
            Record::Detached(event) => {
                if self.gone.len() == GONE_MAX {
                    let (oldest, _) = self.gone.remove(0);
                    self.forget(oldest);
                    self.forgotten.insert(oldest);
                }
                self.gone.push((event.attach_id, FINAL_SETS));
                Ok(())
            }
            Record::Attached(_)
            | Record::DriverState(_)
            | Record::Error(_)
            | Record::FlowRundown(_)
            | Record::AttachmentVerdict(_)
            | Record::Counters(_) => Ok(()),
        }
    }

    /// The totals of an attachment are told no more.
    fn forget(&mut self, attach_id: u32) {
        self.values.retain(|(series, _, scope), _| !is_of_attachment(*series, *scope, attach_id));
    }

    /// Whether the totals of this attachment gave way to those of others that are gone.
    #[must_use]
    pub fn has_forgotten(&self, attach_id: u32) -> bool {
        self.forgotten.contains(&attach_id)
    }

    fn flow(&mut self, serial: u64) -> &mut Flow {
        self.flows.entry(serial).or_default()
    }

    fn add(&mut self, series: Series, index: usize, scope: u32, amount: u64) {
        let index = u16::try_from(index).unwrap_or(u16::MAX);
        if amount > 0 {
            *self.values.entry((series, index, scope)).or_default() += amount;
        }
    }

    fn invocation(&mut self, now_ns: u64, event: &Invocation) -> Result<(), String> {
        let Invocation { attach_id, state, direction, answer, .. } = *event;
        let place = (state.index() * 2 + direction.index()) * 5 + answer.index();
        self.add(Series::Invocations, place, attach_id, 1);
        if answer == Action::Error {
            let result = usize::try_from(event.result.min(RESULT_LAST)).unwrap_or(0);
            self.add(Series::Errors, result, attach_id, 1);
        }
        self.add(Series::RunTime, state.index(), attach_id, event.duration.0);
        let series = match state {
            FlowState::New => Series::RunTimeNew,
            FlowState::Established => Series::RunTimeEstablished,
            FlowState::Deleted | FlowState::Unknown => Series::RunTimeDeleted,
        };
        let bucket = usize::from(RUN_TIME.bucket(event.duration.0));
        self.add(series, bucket, attach_id, 1);
        let flow = self.flow(event.flow_serial);
        flow.was_invoked = true;
        match state {
            FlowState::New => {
                flow.pairs.insert(attach_id, Pair::default());
                self.add(Series::PairsBegun, 0, attach_id, 1);
            }
            FlowState::Established => {
                let pair = flow.pairs.get_mut(&attach_id);
                let pair = pair.ok_or_else(|| format!("{event:?} of a pair that is over"))?;
                pair.segments += 1;
                pair.bytes += u64::from(event.segment_bytes);
            }
            FlowState::Deleted | FlowState::Unknown => return Ok(()),
        }
        self.answered(now_ns, event)
    }

    /// What an answer at NEW or ESTABLISHED means for its pair.
    fn answered(&mut self, now_ns: u64, event: &Invocation) -> Result<(), String> {
        let is_new = event.state == FlowState::New;
        let end = match event.answer {
            Action::Allow => PairEnd::Allowed,
            Action::Block => PairEnd::Blocked,
            Action::Invalid | Action::Error if is_new => PairEnd::Failed,
            Action::NeedMoreData => {
                let pairs = &mut self.flow(event.flow_serial).pairs;
                if let Some(pair) = pairs.get_mut(&event.attach_id) {
                    pair.was_undecided = true;
                }
                return Ok(());
            }
            // A Cleanup event tells if that was one too many.
            Action::Invalid | Action::Error | Action::Unknown => return Ok(()),
        };
        self.ended((event.flow_serial, event.attach_id), end, now_ns)
    }

    fn cleanup(&mut self, now_ns: u64, event: &Cleanup) -> Result<(), String> {
        self.add(Series::Cleanups, event.reason.index(), event.attach_id, 1);
        self.ended((event.flow_serial, event.attach_id), event.reason, now_ns)
    }

    fn ended(
        &mut self,
        (serial, attach_id): (u64, u32),
        end: PairEnd,
        now_ns: u64,
    ) -> Result<(), String> {
        let flow = self.flow(serial);
        let since = Ticks::from_nanos(now_ns - flow.since_ns).0;
        let pair = flow.pairs.remove(&attach_id);
        let pair = pair.ok_or_else(|| format!("pair {serial}, {attach_id} ends twice: {end:?}"))?;
        self.add(Series::PairsEnded, end.index(), attach_id, 1);
        let (time, bytes, segments) = match end {
            PairEnd::Allowed => (
                Series::DecisionTimeAllow,
                Series::InspectedBytesAllow,
                Series::InspectedSegmentsAllow,
            ),
            PairEnd::Blocked => (
                Series::DecisionTimeBlock,
                Series::InspectedBytesBlock,
                Series::InspectedSegmentsBlock,
            ),
            // It never gave a valid answer: there is nothing that took time.
            PairEnd::Closed
            | PairEnd::BlockedByOther
            | PairEnd::Failed
            | PairEnd::Engine
            | PairEnd::Detached
            | PairEnd::Unload
            | PairEnd::Unknown
                if !pair.was_undecided =>
            {
                return Ok(());
            }
            PairEnd::Closed
            | PairEnd::BlockedByOther
            | PairEnd::Failed
            | PairEnd::Engine
            | PairEnd::Detached
            | PairEnd::Unload
            | PairEnd::Unknown => (
                Series::DecisionTimeUndecided,
                Series::InspectedBytesUndecided,
                Series::InspectedSegmentsUndecided,
            ),
        };
        let last = usize::from(time.number() - Series::DecisionTimeAllow.number());
        for (sums, histogram, range, value) in [
            (Series::DecisionTime, time, DECISION_TIME, since),
            (Series::InspectedBytes, bytes, BYTES, pair.bytes),
            (Series::InspectedSegments, segments, SEGMENTS, pair.segments),
        ] {
            self.add(sums, last, attach_id, value);
            self.add(histogram, usize::from(range.bucket(value)), attach_id, 1);
        }
        Ok(())
    }

    fn verdict(&mut self, event: &Verdict) -> Result<(), String> {
        if matches!(event.fate, Fate::FailedOpen | Fate::FailedClosed) {
            self.add(Series::PolicyFailures, event.reason.index(), 0, 1);
        }
        self.fate(event.flow_serial, event.fate, event.direction, event.family)
    }

    fn fate(
        &mut self,
        serial: u64,
        fate: Fate,
        direction: Direction,
        family: u16,
    ) -> Result<(), String> {
        let place = (fate.index() * 2 + direction.index()) * 2 + usize::from(family == 23);
        self.add(Series::Flows, place, 0, 1);
        let flow = self.flow(serial);
        flow.fates += 1;
        if flow.fates > 1 || !flow.was_invoked {
            return Err(format!("flow {serial} has another fate, or one unasked: {fate:?}"));
        }
        Ok(())
    }

    fn closed(&mut self, event: &FlowClosed) -> Result<(), String> {
        let [segments, bytes] = &mut self.absorbed;
        *segments += event.absorbed_segments;
        *bytes += event.absorbed_bytes;
        let flow = self.flow(event.flow_serial);
        if !core::mem::replace(&mut flow.is_open, false) {
            return Err(format!("flow {} closes twice", event.flow_serial));
        }
        Ok(())
    }

    fn copied(&mut self, event: &CopyFallback) {
        let way = event.direction.index();
        if event.status == 0 {
            self.add(Series::Copies, way, 0, 1);
            self.add(Series::CopiedBytes, way, 0, u64::from(event.bytes));
        } else {
            self.add(Series::CopyFailures, way, 0, 1);
        }
    }

    /// Every pair that is left ends with the driver, and every flow has been told.
    ///
    /// # Errors
    /// A flow that is still open, or for which somebody was asked and that has no fate.
    pub fn unloaded(&mut self, now_ns: u64) -> Result<(), String> {
        let left = |(serial, flow): (&u64, &Flow)| {
            flow.pairs.keys().map(|attach_id| (*serial, *attach_id)).collect::<Vec<_>>()
        };
        let pairs: Vec<(u64, u32)> = self.flows.iter().flat_map(left).collect();
        for pair in pairs {
            self.ended(pair, PairEnd::Unload, now_ns)?;
        }
        let odd = self.flows.iter().find(|(_, flow)| {
            !flow.early.is_empty() || flow.is_open || flow.was_invoked != (flow.fates == 1)
        });
        odd.map_or(Ok(()), |(serial, flow)| Err(format!("flow {serial} at the end: {flow:?}")))
    }
}

fn is_of_attachment(series: Series, scope: u32, attach_id: u32) -> bool {
    series.scope() == Scope::Attachment && scope == attach_id
}

#[cfg(test)]
mod tests;
