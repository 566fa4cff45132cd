//! What single events and counters say, value by value.

use crate::record::{Recorder, SECOND, Script, outbound};
use std::sync::{Arc, Mutex};
use weir_abi::Direction::{self, Inbound, Outbound};
use weir_abi::buckets::{BYTES, DECISION_TIME};
use weir_abi::counters::Series;
use weir_abi::event::{FailurePolicy, FateReason, PairEnd, StateKind};
use weir_abi::wire::{Text, Ticks};
use weir_abi::{Event as _, Record};
use weir_usermode::hook::{Hook, HookOptions, SegmentVerdict};
use weir_usermode::program::{Program, Surroundings};

const ALLOW: Result<u32, u32> = Ok(0);
const BLOCK: Result<u32, u32> = Ok(1);
const MORE: Result<u32, u32> = Ok(2);

/// A value of the last set of counters; 0 where it is not told.
fn told(recorder: &Recorder, series: Series, index: usize, scope: u32) -> u64 {
    let wanted = (series.number(), u16::try_from(index).unwrap(), scope);
    let counters = recorder.counters();
    let mut found = counters.iter().filter(|it| (it.series, it.index, it.scope) == wanted);
    found.next().map_or(0, |it| it.value)
}

fn start(options: HookOptions, programs: &[&[Result<u32, u32>]]) -> (Recorder, Hook) {
    let recorder = Recorder::default();
    let mut hook = recorder.start(options);
    for answers in programs {
        Script::attach(&mut hook, "a", answers);
    }
    (recorder, hook)
}

#[test]
fn s17_absorbed_segments_and_bytes_count_by_direction() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, BLOCK]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.segment(handle, Outbound, b"blocked", 1);
    hook.segment(handle, Inbound, b"in", 2);
    hook.segment(handle, Inbound, b"again", 3);
    hook.deleted(handle, 4);
    hook.stop(5);
    let at = |series, way: Direction| told(&recorder, series, way.index(), 0);
    let (segments, bytes) = (Series::AbsorbedSegments, Series::AbsorbedBytes);
    assert_eq!([at(segments, Inbound), at(segments, Outbound)], [2, 1]);
    assert_eq!([at(bytes, Inbound), at(bytes, Outbound)], [7, 7]);
    let closed = recorder.one(|record| match record {
        Record::FlowClosed(event) => Some((event.absorbed_segments, event.absorbed_bytes)),
        _ => None,
    });
    assert_eq!(closed, (3, 14));
}

#[test]
fn s17_absorbed_bytes_have_the_direction_of_their_segment() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, BLOCK]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.segment(handle, Outbound, b"four", 1);
    hook.stop(2);
    assert_eq!(told(&recorder, Series::AbsorbedBytes, Outbound.index(), 0), 4);
    assert_eq!(told(&recorder, Series::AbsorbedBytes, Inbound.index(), 0), 0);
}

#[test]
fn s15_a_context_that_goes_with_its_verdict_gives_the_verdicts_reason() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, ALLOW], &[]]);
    let allowed = hook.established(&outbound(1), 0).handle.unwrap();
    hook.missed(allowed, Inbound, 5, 1);
    hook.stop(2);
    let reasons = recorder.all(|record| match record {
        Record::FlowClosed(event) => Some(event.reason),
        _ => None,
    });
    assert_eq!(reasons, [FateReason::MissedBytes]);
}

#[test]
fn s14_a_pair_has_inspected_only_the_segments_it_was_shown() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, MORE, BLOCK], &[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.segment(handle, Outbound, b"one", 1);
    hook.segment(handle, Outbound, b"four", 2);
    hook.stop(3);
    let inspected = |id, index| {
        [Series::InspectedSegments, Series::InspectedBytes].map(|it| told(&recorder, it, index, id))
    };
    assert_eq!(inspected(1, 1), [2, 7], "the blocker saw both");
    assert_eq!(inspected(2, 2), [1, 3], "the one after it saw the first");
    assert_eq!(told(&recorder, Series::InspectedBytesBlock, BYTES.bucket(7).into(), 1), 1);
    assert_eq!(told(&recorder, Series::InspectedBytesUndecided, BYTES.bucket(3).into(), 2), 1);
}

#[test]
fn a_cleanup_tells_the_result_of_its_deleted() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, Err(17)]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.deleted(handle, 1);
    let cleanup = recorder.one(|record| match record {
        Record::Cleanup(event) => Some((event.reason, event.omitted, event.result)),
        _ => None,
    });
    assert_eq!(cleanup, (PairEnd::Closed, false, 17));
}

#[test]
fn s37_a_handle_leads_nowhere_after_its_flow_even_when_the_place_is_taken_again() {
    let (_, mut hook) = start(HookOptions::default(), &[&[MORE, MORE, BLOCK]]);
    let gone = hook.established(&outbound(1), 0).handle.unwrap();
    hook.detach(1, 1);
    let program = Script::attach(&mut hook, "b", &[]);
    let next = hook.established(&outbound(2), 2).handle.unwrap();
    assert_ne!(gone, next);
    assert_eq!(hook.segment(gone, Inbound, b"x", 3), SegmentVerdict::Permit);
    hook.deleted(gone, 4);
    assert_eq!((program.states(), hook.contexts()), (vec![0], 1));
}

#[test]
fn s01_process_and_interface_are_in_every_event_that_has_them() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[]]);
    hook.established(&outbound(1), 0);
    hook.capture_state(1);
    hook.stop(2);
    let processes = recorder.all(|record| match record {
        Record::Invocation(event) => Some(event.process_id),
        Record::FlowEstablished(event) => Some(event.process_id),
        Record::FlowRundown(event) => Some(event.process_id),
        Record::Verdict(event) => Some(event.process_id),
        _ => None,
    });
    assert_eq!(processes, [4_242; 4]);
    let interfaces = recorder.all(|record| match record {
        Record::FlowEstablished(event) => Some((event.interface_luid, event.compartment_id)),
        Record::Verdict(event) => Some((event.interface_luid, event.compartment_id)),
        _ => None,
    });
    assert_eq!(interfaces, [(6, 1); 2]);
}

#[test]
fn s26_decision_time_runs_from_established_and_counts_by_the_last_answer() {
    let (recorder, mut hook) =
        start(HookOptions::default(), &[&[MORE, MORE, ALLOW], &[MORE, MORE, MORE, BLOCK]]);
    let handle = hook.established(&outbound(1), SECOND).handle.unwrap();
    for second in 2..=4 {
        hook.segment(handle, Inbound, b"x", second * SECOND);
    }
    hook.stop(5 * SECOND);
    let (two, three) = (Ticks::from_nanos(2 * SECOND), Ticks::from_nanos(3 * SECOND));
    assert_eq!(told(&recorder, Series::DecisionTime, 0, 1), two.0);
    assert_eq!(told(&recorder, Series::DecisionTime, 1, 2), three.0);
    let bucket = |ticks: Ticks| usize::from(DECISION_TIME.bucket(ticks.0));
    assert_eq!(told(&recorder, Series::DecisionTimeAllow, bucket(two), 1), 1);
    assert_eq!(told(&recorder, Series::DecisionTimeBlock, bucket(three), 2), 1);
    let since = recorder.all(|record| match record {
        Record::AttachmentVerdict(event) => Some(event.since_established),
        Record::Verdict(event) => Some(event.since_established),
        _ => None,
    });
    assert_eq!(since, [two, three, three]);
}

#[test]
fn s20_missed_bytes_count_in_their_direction() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.missed(handle, Inbound, 5, 1);
    hook.stop(2);
    let at = |way: Direction| told(&recorder, Series::MissedBytes, way.index(), 0);
    assert_eq!([at(Inbound), at(Outbound)], [5, 0]);
}

#[test]
fn s32_a_pair_without_a_valid_answer_has_no_decision_time() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[Err(17)], &[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.deleted(handle, SECOND);
    hook.stop(2 * SECOND);
    let undecided = |id| told(&recorder, Series::DecisionTime, 2, id);
    assert_eq!((undecided(1), undecided(2)), (0, Ticks::from_nanos(SECOND).0));
    let counted = |id| told(&recorder, Series::DecisionTimeUndecided, 0, id);
    assert_eq!(counted(1), 0, "a pair that never answered is in no histogram");
    assert_eq!(told(&recorder, Series::PairsEnded, PairEnd::Failed.index(), 1), 1);
}

#[test]
fn s31_errors_count_by_their_result_and_name_their_attachment() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[ALLOW], &[Err(17)]]);
    hook.established(&outbound(9), 0);
    hook.stop(1);
    assert_eq!(told(&recorder, Series::Errors, 17, 2), 1);
    let error = recorder.one(|record| match record {
        Record::Error(event) => Some((event.status, event.attach_id, event.flow_id)),
        _ => None,
    });
    assert_eq!(error, (17, 2, 9));
    assert_eq!(told(&recorder, Series::PolicyFailures, FateReason::ProgramError.index(), 0), 1);
}

#[test]
fn s31_each_status_has_its_own_ten_a_second() {
    let answers: Vec<_> = (0..40).map(|at| Err(16 + at % 2)).collect();
    let (recorder, mut hook) = start(HookOptions::default(), &[&answers]);
    for flow in 0..40 {
        hook.established(&outbound(flow), 5);
    }
    let errors = recorder.all(|record| match record {
        Record::Error(event) => Some(event.status),
        _ => None,
    });
    let of = |status| errors.iter().filter(|it| **it == status).count();
    assert_eq!((of(16), of(17)), (10, 10));
}

#[test]
fn s33_refused_flows_are_counted() {
    let options =
        HookOptions { flows_max: 1, policy: FailurePolicy::Open, ..HookOptions::default() };
    let (recorder, mut hook) = start(options, &[&[]]);
    for flow in 0..3 {
        hook.established(&outbound(flow), 0);
    }
    hook.stop(1);
    assert_eq!(told(&recorder, Series::FlowsRefused, 0, 0), 2);
}

#[test]
fn contexts_tell_classifying_first_and_blocked_second() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[MORE, MORE, MORE, BLOCK]]);
    let handles: Vec<_> =
        (0..3).map(|it| hook.established(&outbound(it), 0).handle.unwrap()).collect();
    hook.segment(handles[0], Inbound, b"x", 1);
    hook.capture_state(2);
    assert_eq!([0, 1].map(|at| told(&recorder, Series::Contexts, at, 0)), [2, 1]);
}

#[test]
fn capture_state_names_attachments_then_flows_then_counters() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.segment(handle, Inbound, b"x", 3 * SECOND);
    let before = recorder.bytes().len();
    hook.capture_state(5 * SECOND);
    let ids: Vec<u16> = recorder.bytes()[before..].iter().map(|(head, _)| head.id).collect();
    assert_eq!(ids, [9, 9, 7, 12, 10, 9]);
    let ages = recorder.one(|record| match record {
        Record::FlowRundown(event) => Some([event.age, event.last_segment_age]),
        _ => None,
    });
    assert_eq!(ages, [5, 2].map(|it| Ticks::from_nanos(it * SECOND)));
}

#[test]
fn s35_stop_is_the_last_event() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[]]);
    hook.stop(1);
    let states = recorder.all(|record| match record {
        Record::DriverState(event) => Some(event.kind),
        _ => None,
    });
    assert_eq!(states.last(), Some(&StateKind::Stop));
    assert_eq!(recorder.bytes().last().unwrap().0.id, weir_abi::event::DriverState::ID);
}

#[test]
fn s30_detached_names_the_place_that_the_attachment_had() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[], &[]]);
    hook.detach(2, 1);
    let place = recorder.one(|record| match record {
        Record::Detached(event) => Some((event.attach_id, event.slot, event.chain_index)),
        _ => None,
    });
    assert_eq!(place, (2, 1, 1));
}

#[test]
fn an_invocation_tells_the_bytes_of_its_segment() {
    let (recorder, mut hook) = start(HookOptions::default(), &[&[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    hook.segment(handle, Inbound, b"seven b", 1);
    hook.deleted(handle, 2);
    let bytes = recorder.all(|record| match record {
        Record::Invocation(event) => Some(event.segment_bytes),
        _ => None,
    });
    assert_eq!(bytes, [0, 7, 0]);
}

/// Keeps what it is told of its surroundings.
struct Told(Arc<Mutex<Vec<(u64, u32)>>>);

impl Program for Told {
    fn invoke(&mut self, _: &[u8; 104], _: Option<&[u8]>, it: Surroundings) -> Result<u32, u32> {
        self.0.lock().unwrap().push((it.now_ns, it.process_id));
        Ok(2)
    }
}

#[test]
fn s03_a_program_learns_the_time_and_the_process_of_the_flow() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let seen = Arc::new(Mutex::new(Vec::new()));
    hook.attach(Text::new("t").unwrap(), 0, Box::new(Told(seen.clone())), 0).unwrap();
    let handle = hook.established(&outbound(1), 7).handle.unwrap();
    hook.deleted(handle, 9);
    assert_eq!(*seen.lock().unwrap(), [(7, 4_242), (9, 4_242)]);
}

#[test]
fn callouts_and_states_are_timed_in_their_own_series() {
    let options = HookOptions { is_timed: true, ..HookOptions::default() };
    let (recorder, mut hook) = start(options, &[&[]]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    for at in 1..=4 {
        hook.segment(handle, Inbound, b"x", at);
    }
    hook.deleted(handle, 5);
    hook.stop(6);
    let counters = recorder.counters();
    let count = |series: Series| -> u64 {
        counters.iter().filter(|it| it.series == series.number()).map(|it| it.value).sum()
    };
    assert_eq!(count(Series::CalloutTimeEstablished), 1);
    assert_eq!(count(Series::CalloutTimeStream), 4);
    assert_eq!(count(Series::RunTimeNew), 1);
    assert_eq!(count(Series::RunTimeEstablished), 4);
    assert_eq!(count(Series::RunTimeDeleted), 1);
}
