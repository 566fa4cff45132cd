//! Rules of the hook's semantics, seen through programs and events.

use crate::record::{Recorder, SECOND, Script, outbound};
use weir_abi::Direction::{Inbound, Outbound};
use weir_abi::Record;
use weir_abi::context::SEGMENT_BYTES_MAX;
use weir_abi::event::{FailurePolicy, Fate, FateReason, PairEnd};
use weir_usermode::hook::{HookOptions, SegmentVerdict};

const ALLOW: Result<u32, u32> = Ok(0);
const BLOCK: Result<u32, u32> = Ok(1);
const MORE: Result<u32, u32> = Ok(2);

#[test]
fn s01_the_tuple_is_equal_in_every_invocation_and_direction_follows_the_state() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let program = Script::attach(&mut hook, "a", &[]);
    let handle = hook.established(&outbound(77), 0).handle.unwrap();
    hook.segment(handle, Inbound, b"in", 1);
    hook.segment(handle, Outbound, b"out", 2);
    hook.deleted(handle, 3);
    let seen = program.seen();
    let data: Vec<Option<&[u8]>> = seen.iter().map(|it| it.data.as_deref()).collect();
    assert_eq!(data, [None, Some(&b"in"[..]), Some(&b"out"[..]), None]);
    let directions: Vec<u8> = seen.iter().map(|it| it.context[64]).collect();
    assert_eq!(directions, [1, 0, 1, 1], "the connection's, the segment's twice, the connection's");
    for shown in &seen {
        let context = &shown.context;
        assert_eq!(context[0..4], [2, 0, 0, 0], "AF_INET");
        assert_eq!(
            (&context[4..8], &context[20..24]),
            (&[10, 0, 0, 1][..], &[0xc3, 0x50, 0, 0][..])
        );
        assert_eq!(
            (&context[24..28], &context[40..44]),
            (&[192, 0, 2, 7][..], &[1, 0xbb, 0, 0][..])
        );
        assert_eq!((context[44], context[48], context[56], context[72]), (6, 1, 6, 77));
    }
}

#[test]
fn a_larger_indication_is_shown_as_consecutive_segments_and_a_block_in_any_blocks_it_whole() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let program = Script::attach(&mut hook, "a", &[MORE, MORE, BLOCK]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    let data: Vec<u8> =
        (0..SEGMENT_BYTES_MAX + 3).map(|at| u8::try_from(at % 251).unwrap()).collect();
    assert_eq!(hook.segment(handle, Inbound, &data, 1), SegmentVerdict::Block);
    let seen = program.seen();
    let parts: Vec<&[u8]> = seen.iter().filter_map(|it| it.data.as_deref()).collect();
    assert_eq!(parts, [&data[..SEGMENT_BYTES_MAX], &data[SEGMENT_BYTES_MAX..]]);
    hook.stop(2);
    let closed = recorder.one(|record| match record {
        Record::FlowClosed(event) => Some(event),
        _ => None,
    });
    assert_eq!(closed.absorbed_bytes, u64::try_from(data.len()).unwrap());
}

#[test]
fn s07_a_flow_nobody_inspects_leaves_no_context_and_one_uninspected_event() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let program = Script::attach(&mut hook, "a", &[ALLOW]);
    assert_eq!(hook.established(&outbound(1), 0).handle, None);
    assert_eq!((hook.contexts(), program.states()), (0, vec![0]));
    let uninspected = recorder.one(|record| match record {
        Record::FlowUninspected(event) => Some(event.flow_id),
        Record::Verdict(_) | Record::FlowEstablished(_) => panic!("{record:?}"),
        _ => None,
    });
    assert_eq!(uninspected, 1);
}

#[test]
fn s14_a_block_absorbs_both_directions_and_tells_the_others_once() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let first = Script::attach(&mut hook, "first", &[]);
    let blocker = Script::attach(&mut hook, "blocker", &[MORE, MORE, BLOCK]);
    let last = Script::attach(&mut hook, "last", &[]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    assert_eq!(hook.segment(handle, Outbound, b"one", 1), SegmentVerdict::Permit);
    assert_eq!(hook.segment(handle, Outbound, b"two!", 2), SegmentVerdict::Block);
    assert_eq!(hook.segment(handle, Inbound, b"three", 3), SegmentVerdict::Block);
    hook.deleted(handle, SECOND);
    assert_eq!(first.states(), [0, 1, 1, 2]);
    assert_eq!(blocker.states(), [0, 1, 1]);
    assert_eq!(last.states(), [0, 1, 2], "later in order: it does not see the blocked segment");
    let verdict = recorder.one(|record| match record {
        Record::Verdict(event) => Some(event),
        _ => None,
    });
    assert_eq!((verdict.fate, verdict.reason), (Fate::Block, FateReason::Answer));
    assert_eq!((verdict.decider_attach_id, verdict.decider_chain_index), (2, 1));
    assert_eq!((verdict.segments_outbound, verdict.bytes_outbound), (2, 7));
    let own = recorder.one(|record| match record {
        Record::AttachmentVerdict(event) => Some(event),
        _ => None,
    });
    assert_eq!((own.attach_id, own.end, own.segments, own.bytes), (2, PairEnd::Blocked, 2, 7));
    let cleanups = recorder.all(|record| match record {
        Record::Cleanup(event) => Some((event.attach_id, event.reason, event.omitted)),
        _ => None,
    });
    let other = PairEnd::BlockedByOther;
    assert_eq!(cleanups, [(1, other, false), (3, other, false)]);
}

#[test]
fn s19_an_indication_without_data_invokes_nobody() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let program = Script::attach(&mut hook, "a", &[MORE, BLOCK]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    assert_eq!(hook.segment(handle, Inbound, b"", 1), SegmentVerdict::Permit);
    assert_eq!(program.states(), [0]);
    assert_eq!(hook.segment(handle, Inbound, b"x", 2), SegmentVerdict::Block);
    assert_eq!(hook.segment(handle, Inbound, b"", 3), SegmentVerdict::Permit, "both ends finish");
}

#[test]
fn s20_missed_bytes_end_inspection_by_policy() {
    for (policy, verdict, fate) in [
        (FailurePolicy::Open, SegmentVerdict::Permit, Fate::FailedOpen),
        (FailurePolicy::Closed, SegmentVerdict::Block, Fate::FailedClosed),
    ] {
        let recorder = Recorder::default();
        let mut hook = recorder.start(HookOptions { policy, ..HookOptions::default() });
        let program = Script::attach(&mut hook, "a", &[]);
        let handle = hook.established(&outbound(1), 0).handle.unwrap();
        assert_eq!(hook.missed(handle, Inbound, 5, 1), verdict);
        assert_eq!(hook.segment(handle, Inbound, b"after the hole", 2), verdict);
        assert_eq!(program.states(), [0, 2], "a stream with a hole is never shown");
        let settled = recorder.one(|record| match record {
            Record::Verdict(event) => Some((event.fate, event.reason)),
            _ => None,
        });
        assert_eq!(settled, (fate, FateReason::MissedBytes));
    }
}

#[test]
fn s29_a_new_attachment_sees_only_flows_established_after_it() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let old = Script::attach(&mut hook, "old", &[]);
    let handle = hook.established(&outbound(1), 0).handle.unwrap();
    let new = Script::attach(&mut hook, "new", &[]);
    hook.segment(handle, Inbound, b"x", 1);
    hook.deleted(handle, 2);
    hook.established(&outbound(2), 3);
    assert_eq!((old.states(), new.states()), (vec![0, 1, 2, 0], vec![0]));
}

#[test]
fn s30_detach_releases_the_flows_that_only_it_was_classifying() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let gone = Script::attach(&mut hook, "gone", &[]);
    let alone = hook.established(&outbound(1), 0).handle.unwrap();
    let stays = Script::attach(&mut hook, "stays", &[]);
    let shared = hook.established(&outbound(2), 1).handle.unwrap();
    assert!(hook.detach(1, 2) && !hook.detach(1, 2));
    assert_eq!((hook.contexts(), gone.states()), (1, vec![0, 0]), "no DELETED on detach");
    hook.segment(alone, Inbound, b"x", 3);
    hook.segment(shared, Inbound, b"x", 4);
    assert_eq!((gone.states().len(), stays.states()), (2, vec![0, 1]));
    let cleanups = recorder.all(|record| match record {
        Record::Cleanup(event) => Some((event.flow_id, event.reason, event.omitted)),
        _ => None,
    });
    assert_eq!(cleanups, [(1, PairEnd::Detached, true), (2, PairEnd::Detached, true)]);
}

#[test]
fn s31_errors_of_a_kind_are_told_ten_times_a_second_with_the_rest_counted() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let failing = vec![Err(32); 100];
    Script::attach(&mut hook, "a", &failing);
    for flow in 0..25 {
        hook.established(&outbound(flow), 5);
    }
    hook.established(&outbound(25), SECOND);
    let errors = recorder.all(|record| match record {
        Record::Error(event) => Some((event.status, event.suppressed)),
        _ => None,
    });
    assert_eq!(errors.len(), 11);
    assert_eq!(errors[10], (32, 15), "the first of the next second tells how many were left out");
    let fates = recorder.all(|record| match record {
        Record::Verdict(event) => Some(event.fate),
        _ => None,
    });
    assert_eq!(fates, [Fate::FailedOpen; 26], "every flow that passed by failure has its verdict");
}

#[test]
fn s33_beyond_max_flows_no_program_runs_and_the_policy_decides() {
    for (policy, is_blocked) in [(FailurePolicy::Open, false), (FailurePolicy::Closed, true)] {
        let recorder = Recorder::default();
        let options = HookOptions { policy, flows_max: 2, ..HookOptions::default() };
        let mut hook = recorder.start(options);
        let program = Script::attach(&mut hook, "a", &[]);
        for flow in 1..=2 {
            assert!(hook.established(&outbound(flow), 0).handle.is_some());
        }
        let refused = hook.established(&outbound(3), 0);
        assert_eq!((refused.handle, refused.is_blocked), (None, is_blocked));
        assert_eq!(program.states(), [0, 0]);
    }
}

#[test]
fn s35_unload_ends_every_pair_without_deleted() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let program = Script::attach(&mut hook, "a", &[]);
    hook.established(&outbound(1), 0);
    hook.stop(1);
    assert_eq!((hook.contexts(), program.states()), (0, vec![0]));
    let settled = recorder.one(|record| match record {
        Record::Verdict(event) => Some((event.fate, event.reason)),
        _ => None,
    });
    assert_eq!(settled, (Fate::Undecided, FateReason::Unload));
}

#[test]
fn s02_each_invocation_gets_a_context_built_anew_from_the_flow() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    let (first, second) =
        (Script::attach(&mut hook, "a", &[]), Script::attach(&mut hook, "b", &[]));
    let handle = hook.established(&outbound(9), 0).handle.unwrap();
    hook.segment(handle, Outbound, b"x", 1);
    hook.segment(handle, Outbound, b"x", 2);
    assert_eq!(first.seen(), second.seen());
    assert_eq!(first.seen()[1], first.seen()[2]);
}

#[test]
fn s35_a_blocked_flow_that_is_released_at_unload_says_so() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    Script::attach(&mut hook, "a", &[BLOCK]);
    assert!(hook.established(&outbound(1), 0).is_blocked);
    hook.stop(1);
    let closed = recorder.one(|record| match record {
        Record::FlowClosed(event) => Some(event.reason),
        _ => None,
    });
    assert_eq!(closed, FateReason::Unload);
}
