//! What is counted: for each attachment and for the driver, on each processor apart.
//!
//! A block has one writer, the processor it belongs to, at `DISPATCH_LEVEL`; whoever tells it adds
//! the blocks up. Values have 64 bits: at a million segments a second a bucket of 32 would wrap
//! within 72 minutes.

use crate::plan::{ATTACHMENT, DRIVER, RESULTS, start, values};
use core::sync::atomic::{AtomicU64, Ordering};
use weir_abi::buckets::{BYTES, DECISION_TIME, RUN_TIME, Range, SEGMENTS};
use weir_abi::counters::{Series, flow_index, invocation_index};
use weir_abi::event::{Fate, FateReason, PairEnd};
use weir_abi::wire::Ticks;
use weir_abi::{Action, Direction, FlowState};
use weir_engine::Settled;
use weir_nt::NtStatus;
use weir_nt::lock::AtDispatch;
use weir_nt::pool::PoolSlice;
use weir_nt::processors::PerProcessor;

/// The values of a plan on one processor, or their sums.
#[derive(Debug)]
pub(crate) struct Block {
    values: PoolSlice<AtomicU64>,
}

impl Block {
    pub(crate) fn new(count: usize) -> Result<Self, NtStatus> {
        Ok(Self { values: PoolSlice::from_fn(count, |_| AtomicU64::new(0))? })
    }

    pub(crate) fn values(&self) -> &[AtomicU64] {
        &self.values
    }

    /// Adds to a value; there is one writer.
    fn add(&self, series: usize, index: usize, amount: u64) {
        if let Some(value) = self.values.get(series.saturating_add(index)) {
            let sum = value.load(Ordering::Relaxed).wrapping_add(amount);
            value.store(sum, Ordering::Relaxed);
        }
    }

    /// Adds to a histogram and to its sum.
    fn record(&self, (sums, index): (usize, usize), histogram: usize, range: Range, value: u64) {
        self.add(sums, index, value);
        self.add(histogram, usize::from(range.bucket(value)), 1);
    }
}

/// The blocks of one plan, and a place for their sums.
#[derive(Debug)]
pub(crate) struct Totals {
    blocks: PerProcessor<Block>,
    /// What the last set told; written by whoever tells only.
    told: Block,
}

impl Totals {
    fn new(count: usize) -> Result<Self, NtStatus> {
        let blocks = PerProcessor::new(|| Block::new(count))?;
        Ok(Self { blocks, told: Block::new(count)? })
    }

    /// Adds the blocks up: how many sums are not zero.
    pub(crate) fn add_up(&self) -> usize {
        let mut entries = 0_usize;
        for (index, told) in self.told.values().iter().enumerate() {
            let of = |block: &Block| {
                block.values().get(index).map_or(0, |value| value.load(Ordering::Relaxed))
            };
            let sum = self.blocks.iter().fold(0_u64, |sum, block| sum.wrapping_add(of(block)));
            told.store(sum, Ordering::Relaxed);
            entries = entries.saturating_add(usize::from(sum != 0));
        }
        entries
    }

    /// The sums of the last [`Self::add_up`].
    pub(crate) const fn told(&self) -> &Block {
        &self.told
    }
}

/// The totals of one attachment.
#[derive(Debug)]
pub(crate) struct AttachmentTotals(pub(crate) Totals);

const INVOCATIONS: usize = start(ATTACHMENT, Series::Invocations);
const ERRORS: usize = start(ATTACHMENT, Series::Errors);
const PAIRS_BEGUN: usize = start(ATTACHMENT, Series::PairsBegun);
const PAIRS_ENDED: usize = start(ATTACHMENT, Series::PairsEnded);
const CLEANUPS: usize = start(ATTACHMENT, Series::Cleanups);
const RUN_TIMES: usize = start(ATTACHMENT, Series::RunTime);
const DECISION_TIMES: usize = start(ATTACHMENT, Series::DecisionTime);
const INSPECTED_BYTES: usize = start(ATTACHMENT, Series::InspectedBytes);
const INSPECTED_SEGMENTS: usize = start(ATTACHMENT, Series::InspectedSegments);

/// Where the histogram begins that stands so many after a first one of the same range.
fn histogram(first: Series, range: Range, offset: usize) -> usize {
    let length = usize::from(range.buckets());
    start(ATTACHMENT, first).saturating_add(length.saturating_mul(offset))
}

impl AttachmentTotals {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        Totals::new(values(ATTACHMENT)).map(Self)
    }

    pub(crate) fn count_invocation(
        &self,
        level: &AtDispatch,
        (state, direction): (FlowState, Direction),
        (answer, result): (Action, u32),
        duration: Ticks,
    ) {
        let Some(block) = self.0.blocks.here(level) else { return };
        if let Some(index) = invocation_index(state, direction, answer) {
            block.add(INVOCATIONS, usize::from(index), 1);
        }
        if answer == Action::Error {
            let last = RESULTS.saturating_sub(1);
            let result = u16::try_from(result).unwrap_or(last).min(last);
            block.add(ERRORS, usize::from(result), 1);
        }
        if state == FlowState::New {
            block.add(PAIRS_BEGUN, 0, 1);
        }
        let state = state.index();
        if state < 3 {
            let histogram = histogram(Series::RunTimeNew, RUN_TIME, state);
            block.record((RUN_TIMES, state), histogram, RUN_TIME, duration.0);
        }
    }

    /// A pair ended; `last` is its last valid answer, if it ever gave one.
    pub(crate) fn count_end(
        &self,
        level: &AtDispatch,
        end: PairEnd,
        last: Option<Action>,
        (segments, bytes, since): (u64, u64, Ticks),
    ) {
        let Some(block) = self.0.blocks.here(level) else { return };
        if end.index() < 8 {
            block.add(PAIRS_ENDED, end.index(), 1);
        }
        if let Some(last) = last {
            self.count_shown(level, last, (segments, bytes, since));
        }
    }

    /// What a pair was shown until its last answer, which was `last`.
    pub(crate) fn count_shown(
        &self,
        level: &AtDispatch,
        last: Action,
        (segments, bytes, since): (u64, u64, Ticks),
    ) {
        let Some(block) = self.0.blocks.here(level) else { return };
        let last = last.index();
        if last >= 3 {
            return;
        }
        let at = |first, range| histogram(first, range, last);
        let decision = at(Series::DecisionTimeAllow, DECISION_TIME);
        block.record((DECISION_TIMES, last), decision, DECISION_TIME, since.0);
        let in_bytes = at(Series::InspectedBytesAllow, BYTES);
        block.record((INSPECTED_BYTES, last), in_bytes, BYTES, bytes);
        let in_segments = at(Series::InspectedSegmentsAllow, SEGMENTS);
        block.record((INSPECTED_SEGMENTS, last), in_segments, SEGMENTS, segments);
    }

    pub(crate) fn count_cleanup(&self, level: &AtDispatch, end: PairEnd) {
        if let Some(block) = self.0.blocks.here(level)
            && end.index() < 8
        {
            block.add(CLEANUPS, end.index(), 1);
        }
    }
}

/// The driver's own totals.
#[derive(Debug)]
pub(crate) struct DriverTotals(pub(crate) Totals);

/// A callout whose time is told.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer {
    FlowEstablished,
    Stream,
}

/// A count of the driver that needs no more than a direction.
#[derive(Clone, Copy, Debug)]
#[repr(usize)]
pub(crate) enum Count {
    Uninspected = start(DRIVER, Series::FlowsUninspected),
    Refused = start(DRIVER, Series::FlowsRefused),
    Copies = start(DRIVER, Series::Copies),
    CopiedBytes = start(DRIVER, Series::CopiedBytes),
    CopyFailures = start(DRIVER, Series::CopyFailures),
    AbsorbedSegments = start(DRIVER, Series::AbsorbedSegments),
    AbsorbedBytes = start(DRIVER, Series::AbsorbedBytes),
    MissedBytes = start(DRIVER, Series::MissedBytes),
    Aborts = start(DRIVER, Series::Aborts),
    AbortsFailed = start(DRIVER, Series::Aborts) + 1,
}

impl DriverTotals {
    pub(crate) fn new() -> Result<Self, NtStatus> {
        Totals::new(values(DRIVER)).map(Self)
    }

    /// Adds to a count without a direction.
    pub(crate) fn count(&self, level: &AtDispatch, count: Count, amount: u64) {
        self.count_at(level, count, 0, amount);
    }

    /// Adds to a count of a direction.
    pub(crate) fn count_way(&self, level: &AtDispatch, count: Count, way: Direction, amount: u64) {
        if way.index() < 2 {
            self.count_at(level, count, way.index(), amount);
        }
    }

    fn count_at(&self, level: &AtDispatch, count: Count, index: usize, amount: u64) {
        if let Some(block) = self.0.blocks.here(level) {
            block.add(count as usize, index, amount);
        }
    }

    pub(crate) fn count_callout(&self, level: &AtDispatch, layer: Layer, time: Ticks) {
        let Some(block) = self.0.blocks.here(level) else { return };
        let (index, series) = match layer {
            Layer::FlowEstablished => (0, Series::CalloutTimeEstablished),
            Layer::Stream => (1, Series::CalloutTimeStream),
        };
        let sums = const { start(DRIVER, Series::CalloutTime) };
        block.record((sums, index), start(DRIVER, series), RUN_TIME, time.0);
    }

    pub(crate) fn count_fate(
        &self,
        level: &AtDispatch,
        settled: &Settled,
        (direction, is_v6): (Direction, bool),
    ) {
        let Some(block) = self.0.blocks.here(level) else { return };
        if let Some(index) = flow_index(settled.fate, direction, is_v6) {
            block.add(const { start(DRIVER, Series::Flows) }, usize::from(index), 1);
        }
        if matches!(settled.fate, Fate::FailedOpen | Fate::FailedClosed) {
            self.count_policy(level, settled.reason);
        }
    }

    /// The failure policy decided about a flow.
    pub(crate) fn count_policy(&self, level: &AtDispatch, reason: FateReason) {
        if let Some(block) = self.0.blocks.here(level)
            && reason.index() < 11
        {
            block.add(const { start(DRIVER, Series::PolicyFailures) }, reason.index(), 1);
        }
    }
}
