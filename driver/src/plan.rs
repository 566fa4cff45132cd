//! Where each series has its values in a block of totals.
//!
//! A block is one array of numbers; a plan says which series follows which. Writing knows places by
//! constants, telling walks the plan, so the two cannot disagree.

use weir_abi::buckets::{BYTES, DECISION_TIME, RUN_TIME, SEGMENTS};
use weir_abi::counters::Series;

/// `ebpf_result_t` values told apart; higher ones share the last place.
pub(crate) const RESULTS: u16 = 36;

/// A series and how many values it has.
type Length = (Series, u16);

/// Series of an attachment.
pub(crate) const ATTACHMENT: &[Length] = &[
    (Series::Invocations, 30),
    (Series::Errors, RESULTS),
    // Ends before beginnings: a pair that does both while they are added up is not ended and never
    // begun.
    (Series::PairsEnded, 8),
    (Series::PairsBegun, 1),
    (Series::Cleanups, 8),
    (Series::RunTime, 3),
    (Series::DecisionTime, 3),
    (Series::InspectedBytes, 3),
    (Series::InspectedSegments, 3),
    (Series::RunTimeNew, RUN_TIME.buckets()),
    (Series::RunTimeEstablished, RUN_TIME.buckets()),
    (Series::RunTimeDeleted, RUN_TIME.buckets()),
    (Series::DecisionTimeAllow, DECISION_TIME.buckets()),
    (Series::DecisionTimeBlock, DECISION_TIME.buckets()),
    (Series::DecisionTimeUndecided, DECISION_TIME.buckets()),
    (Series::InspectedBytesAllow, BYTES.buckets()),
    (Series::InspectedBytesBlock, BYTES.buckets()),
    (Series::InspectedBytesUndecided, BYTES.buckets()),
    (Series::InspectedSegmentsAllow, SEGMENTS.buckets()),
    (Series::InspectedSegmentsBlock, SEGMENTS.buckets()),
    (Series::InspectedSegmentsUndecided, SEGMENTS.buckets()),
];

/// Series of the driver. Contexts and policy are not counted here.
pub(crate) const DRIVER: &[Length] = &[
    (Series::Flows, 20),
    (Series::FlowsUninspected, 1),
    (Series::FlowsRefused, 1),
    (Series::PolicyFailures, 11),
    (Series::Copies, 2),
    (Series::CopiedBytes, 2),
    (Series::CopyFailures, 2),
    (Series::AbsorbedSegments, 2),
    (Series::AbsorbedBytes, 2),
    (Series::MissedBytes, 2),
    (Series::CalloutTime, 2),
    (Series::Aborts, 2),
    (Series::CalloutTimeEstablished, RUN_TIME.buckets()),
    (Series::CalloutTimeStream, RUN_TIME.buckets()),
];

/// Values of a plan.
pub(crate) const fn values(plan: &[Length]) -> usize {
    place(plan, None)
}

/// Where a series begins in a plan; behind the last where it is not in it.
pub(crate) const fn start(plan: &[Length], series: Series) -> usize {
    place(plan, Some(series))
}

const fn place(plan: &[Length], wanted: Option<Series>) -> usize {
    let mut at = 0_usize;
    let mut rest = plan;
    while let [(series, length), others @ ..] = rest {
        if let Some(wanted) = wanted
            && wanted.number() == series.number()
        {
            return at;
        }
        at = at.saturating_add(*length as usize);
        rest = others;
    }
    at
}
