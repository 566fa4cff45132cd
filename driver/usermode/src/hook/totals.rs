//! The counters that a Counters set tells: one structure an attachment, one for the driver.

use super::flows::FlowInfo;
use weir_abi::buckets::{BYTES, DECISION_TIME, RUN_TIME, Range, SEGMENTS};
use weir_abi::counters::{Entry, Series, flow_index, invocation_index};
use weir_abi::event::PairEnd;
use weir_abi::wire::Ticks;
use weir_abi::{Action, Direction, FlowState};
use weir_engine::Settled;

/// `ebpf_result_t` values told apart; higher ones share the last place.
const RESULTS: usize = 36;

/// A histogram over one range, with the sum of what it holds.
#[derive(Clone, Debug)]
pub(super) struct Histogram {
    range: Range,
    buckets: Vec<u64>,
    sum: u64,
}

impl Histogram {
    fn new(range: Range) -> Self {
        Self { range, buckets: vec![0; usize::from(range.buckets())], sum: 0 }
    }

    pub(super) fn record(&mut self, value: u64) {
        if let Some(count) = self.buckets.get_mut(usize::from(self.range.bucket(value))) {
            *count += 1;
        }
        self.sum = self.sum.wrapping_add(value);
    }

    fn entries(&self, series: Series, scope: u32, out: &mut Vec<Entry>) {
        push_all(series, scope, &self.buckets, out);
    }
}

/// Appends the values that are not zero.
fn push_all(series: Series, scope: u32, values: &[u64], out: &mut Vec<Entry>) {
    let indexed = values.iter().zip(0_u16..).filter(|(value, _)| **value != 0);
    out.extend(indexed.map(|(value, index)| Entry::of(series, index, scope, *value)));
}

/// The totals of one attachment.
pub(crate) struct AttachmentTotals {
    invocations: [u64; 30],
    errors: [u64; RESULTS],
    pairs_begun: u64,
    pairs_ended: [u64; 8],
    cleanups: [u64; 8],
    run_time: [Histogram; 3],
    decision_time: [Histogram; 3],
    bytes: [Histogram; 3],
    segments: [Histogram; 3],
}

fn three(range: Range) -> [Histogram; 3] {
    core::array::from_fn(|_| Histogram::new(range))
}

impl Default for AttachmentTotals {
    fn default() -> Self {
        Self {
            invocations: [0; 30],
            errors: [0; RESULTS],
            pairs_begun: 0,
            pairs_ended: [0; 8],
            cleanups: [0; 8],
            run_time: three(RUN_TIME),
            decision_time: three(DECISION_TIME),
            bytes: three(BYTES),
            segments: three(SEGMENTS),
        }
    }
}

fn bump(counts: &mut [u64], index: usize) {
    if let Some(count) = counts.get_mut(index) {
        *count += 1;
    }
}

impl AttachmentTotals {
    pub(super) fn count_invocation(
        &mut self,
        state: FlowState,
        direction: Direction,
        answer: Action,
        result: u32,
        duration: Option<Ticks>,
    ) {
        if let Some(index) = invocation_index(state, direction, answer) {
            bump(&mut self.invocations, usize::from(index));
        }
        if answer == Action::Error {
            let result = usize::try_from(result).unwrap_or(usize::MAX);
            bump(&mut self.errors, result.min(RESULTS - 1));
        }
        if state == FlowState::New {
            self.pairs_begun += 1;
        }
        if let (Some(duration), Some(run_time)) = (duration, self.run_time.get_mut(state.index())) {
            run_time.record(duration.0);
        }
    }

    /// A pair ended; `last` is its last valid answer, if it ever gave one.
    pub(super) fn count_end(
        &mut self,
        end: PairEnd,
        last: Option<Action>,
        (segments, bytes, since): (u64, u64, Ticks),
    ) {
        bump(&mut self.pairs_ended, end.index());
        let Some(last) = last else { return };
        if let Some(histogram) = self.decision_time.get_mut(last.index()) {
            histogram.record(since.0);
        }
        if let Some(histogram) = self.bytes.get_mut(last.index()) {
            histogram.record(bytes);
        }
        if let Some(histogram) = self.segments.get_mut(last.index()) {
            histogram.record(segments);
        }
    }

    pub(super) fn count_cleanup(&mut self, end: PairEnd) {
        bump(&mut self.cleanups, end.index());
    }

    pub(super) fn entries(&self, attach_id: u32, is_final: bool, out: &mut Vec<Entry>) {
        push_all(Series::Invocations, attach_id, &self.invocations, out);
        push_all(Series::Errors, attach_id, &self.errors, out);
        push_all(Series::PairsBegun, attach_id, &[self.pairs_begun], out);
        push_all(Series::PairsEnded, attach_id, &self.pairs_ended, out);
        push_all(Series::Cleanups, attach_id, &self.cleanups, out);
        push_all(Series::Final, attach_id, &[u64::from(is_final)], out);
        for (sums, histograms, kinds) in [
            (Series::RunTime, &self.run_time, RUN_TIMES),
            (Series::DecisionTime, &self.decision_time, DECISION_TIMES),
            (Series::InspectedBytes, &self.bytes, INSPECTED_BYTES),
            (Series::InspectedSegments, &self.segments, INSPECTED_SEGMENTS),
        ] {
            let values: Vec<u64> = histograms.iter().map(|histogram| histogram.sum).collect();
            push_all(sums, attach_id, &values, out);
            for (histogram, series) in histograms.iter().zip(kinds) {
                histogram.entries(series, attach_id, out);
            }
        }
    }
}

const RUN_TIMES: [Series; 3] =
    [Series::RunTimeNew, Series::RunTimeEstablished, Series::RunTimeDeleted];
const DECISION_TIMES: [Series; 3] =
    [Series::DecisionTimeAllow, Series::DecisionTimeBlock, Series::DecisionTimeUndecided];
const INSPECTED_BYTES: [Series; 3] =
    [Series::InspectedBytesAllow, Series::InspectedBytesBlock, Series::InspectedBytesUndecided];
const INSPECTED_SEGMENTS: [Series; 3] = [
    Series::InspectedSegmentsAllow,
    Series::InspectedSegmentsBlock,
    Series::InspectedSegmentsUndecided,
];

/// A counter for each direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ByDirection([u64; 2]);

impl ByDirection {
    pub(super) fn add(&mut self, direction: Direction, amount: u64) {
        if let Some(count) = self.0.get_mut(direction.index()) {
            *count += amount;
        }
    }
}

const CALLOUT_TIMES: [Series; 2] = [Series::CalloutTimeEstablished, Series::CalloutTimeStream];

/// The driver's own totals.
pub(super) struct DriverTotals {
    flows: [u64; 20],
    pub(super) uninspected: u64,
    pub(super) refused: u64,
    policy_failures: [u64; 11],
    pub(super) absorbed_segments: ByDirection,
    pub(super) absorbed_bytes: ByDirection,
    pub(super) missed_bytes: ByDirection,
    callout_time: [Histogram; 2],
}

impl Default for DriverTotals {
    fn default() -> Self {
        Self {
            flows: [0; 20],
            uninspected: 0,
            refused: 0,
            policy_failures: [0; 11],
            absorbed_segments: ByDirection::default(),
            absorbed_bytes: ByDirection::default(),
            missed_bytes: ByDirection::default(),
            callout_time: core::array::from_fn(|_| Histogram::new(RUN_TIME)),
        }
    }
}

/// A callout whose time is told.
#[derive(Clone, Copy)]
pub(super) enum Layer {
    FlowEstablished,
    Stream,
}

impl DriverTotals {
    pub(super) fn count_callout(&mut self, layer: Layer, time: Ticks) {
        let [established, stream] = &mut self.callout_time;
        match layer {
            Layer::FlowEstablished => established.record(time.0),
            Layer::Stream => stream.record(time.0),
        }
    }

    pub(super) fn count_fate(&mut self, settled: &Settled, info: &FlowInfo) {
        use weir_abi::event::Fate;
        if let Some(index) = flow_index(settled.fate, info.direction, info.local.is_ipv6()) {
            bump(&mut self.flows, usize::from(index));
        }
        if matches!(settled.fate, Fate::FailedOpen | Fate::FailedClosed) {
            bump(&mut self.policy_failures, settled.reason.index());
        }
    }

    pub(super) fn entries(&self, contexts: [u64; 2], out: &mut Vec<Entry>) {
        push_all(Series::Flows, 0, &self.flows, out);
        push_all(Series::FlowsUninspected, 0, &[self.uninspected], out);
        push_all(Series::Contexts, 0, &contexts, out);
        push_all(Series::FlowsRefused, 0, &[self.refused], out);
        push_all(Series::PolicyFailures, 0, &self.policy_failures, out);
        push_all(Series::AbsorbedSegments, 0, &self.absorbed_segments.0, out);
        push_all(Series::AbsorbedBytes, 0, &self.absorbed_bytes.0, out);
        push_all(Series::MissedBytes, 0, &self.missed_bytes.0, out);
        push_all(Series::CalloutTime, 0, &self.callout_time.each_ref().map(|it| it.sum), out);
        for (histogram, series) in self.callout_time.iter().zip(CALLOUT_TIMES) {
            histogram.entries(series, 0, out);
        }
    }
}
