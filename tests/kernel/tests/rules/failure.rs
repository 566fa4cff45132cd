//! Failures and what the policy makes of them (S31, S32).

use crate::counted::{INTERVAL_NS, cleanups, counted, errors, fates};
use crate::scene::{ALLOW, Answers, BLOCK, FAIL, FAILED, MORE, Scene};
use weir_abi::counters::{Series, invocation_index};
use weir_abi::event::{ErrorApi, ErrorEvent, Fate, FateReason, PairEnd};
use weir_abi::{Action, Direction, FlowState};
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::stream::Indication;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

/// `EBPF_NO_MEMORY`, and the last that is counted by itself.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11)
const RESULT_NO_MEMORY: u16 = 12;
const RESULT_LAST: i32 = 35;

const STACK: &str = "KeExpandKernelStackAndCalloutEx";

fn policies() -> impl Iterator<Item = (bool, Scene)> {
    let scene = |is_closed| if is_closed { Scene::closed() } else { Scene::open() };
    [false, true].into_iter().filter_map(move |is_closed| Some((is_closed, scene(is_closed)?)))
}

/// Answers that are none: every result of the core, and numbers outside the three. The core sets
/// the answer to 0 = ALLOW where an invocation fails.
fn failures() -> Vec<Reply> {
    let results = (1..=40).chain([-1, i32::MIN, i32::MAX]).map(Reply::Fail);
    results.chain([3, 4, 255, u32::MAX].map(Reply::Answer)).collect()
}

#[test]
fn s31_no_failure_and_no_other_number_is_an_allow_at_new() {
    for (is_closed, scene) in policies() {
        for failure in failures() {
            let failing = scene.attach(&[failure]);
            let connection = scene.connect();
            assert!(!connection.is_refused(), "{failure:?}");
            assert_eq!(connection.has_context(), is_closed, "{failure:?}");
            assert_eq!(connection.send(b"x").is_absorbed, is_closed, "{failure:?}");
            let fate = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
            assert_eq!(fates(&scene), [(fate, FateReason::ProgramError)], "{failure:?}");
            connection.close();
            scene.forget_events();
            scene.detach(&failing);
        }
    }
}

#[test]
fn s31_no_failure_and_no_other_number_is_an_allow_within_the_data() {
    for (is_closed, scene) in policies() {
        for failure in failures() {
            let failing = scene.attach(&[MORE, failure]);
            let connection = scene.connect();
            assert_eq!(connection.send(b"x").is_absorbed, is_closed, "{failure:?}");
            scene.log();
            connection.send(b"y");
            // An ALLOW would have ended it; a failure has not, unless it blocked the flow.
            assert_eq!(scene.log().is_empty(), is_closed, "{failure:?}");
            connection.close();
            scene.detach(&failing);
        }
    }
}

#[test]
fn s31_failures_are_counted_by_result_and_other_numbers_as_invalid() {
    let Some(scene) = Scene::open() else { return };
    let results = [1, 17, 17, 34, RESULT_LAST, 36, -1];
    let answers: Vec<_> = results.map(Reply::Fail).into_iter().chain([Reply::Answer(9)]).collect();
    for (answer, attach_id) in answers.iter().zip(1..) {
        let failing = scene.attach(&[*answer]);
        scene.connect().close();
        let set = counted(&scene);
        let index = |action| invocation_index(FlowState::New, Direction::Outbound, action).unwrap();
        let is_error = matches!(answer, Reply::Fail(_));
        let count = |action| set.of(attach_id, Series::Invocations, index(action));
        assert_eq!(count(Action::Error), u64::from(is_error), "{answer:?}");
        assert_eq!(count(Action::Invalid), u64::from(!is_error), "{answer:?}");
        assert_eq!(count(Action::Allow), 0, "{answer:?}");
        if let Reply::Fail(result) = answer {
            // Results that are not known share the last place; -1 counts as EBPF_FAILED.
            let result = if *result < 0 { FAILED } else { (*result).min(RESULT_LAST) };
            let place = u16::try_from(result).unwrap();
            assert_eq!(set.of(attach_id, Series::Errors, place), 1, "{answer:?}");
        }
        assert_eq!(set.sum(attach_id, Series::Errors), u64::from(is_error), "{answer:?}");
        scene.detach(&failing);
    }
}

#[test]
fn s31_errors_are_told_ten_times_a_second_with_the_number_left_out() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[FAIL]);
    scene.attach(&[Reply::Fail(5)]);
    scene.attach(&[Reply::Answer(3)]);
    // Not over the end of a second.
    scene.kernel.advance(INTERVAL_NS - scene.kernel.time.unix_ns() % INTERVAL_NS);
    scene.forget_events();
    for _ in 0..25 {
        scene.connect().close();
    }
    let of = |api, status| {
        let events = scene.events::<ErrorEvent>();
        let of = events.iter().filter(|it| (it.api, it.status) == (api, status));
        of.map(|it| (it.attach_id, it.suppressed)).collect::<Vec<_>>()
    };
    let kinds = [(ErrorApi::Invoke, 17), (ErrorApi::Invoke, 5), (ErrorApi::Answer, 0)];
    for ((api, status), attach_id) in kinds.into_iter().zip(1..) {
        assert_eq!(of(api, status), [(attach_id, 0); 10], "{api:?} {status}");
    }
    scene.kernel.advance(INTERVAL_NS);
    scene.forget_events();
    scene.connect().close();
    scene.connect().close();
    for ((api, status), attach_id) in kinds.into_iter().zip(1..) {
        assert_eq!(of(api, status), [(attach_id, 15), (attach_id, 0)], "{api:?} {status}");
    }
    assert_eq!(counted(&scene).of(1, Series::Errors, 17), 27, "counting leaves nothing out");
}

#[test]
fn s32_a_failure_at_new_ends_its_pair_when_open_and_blocks_when_closed() {
    for (is_closed, scene) in policies() {
        scene.attach(&[MORE]);
        scene.attach(&[FAIL]);
        scene.attach(&[MORE]);
        let connection = scene.connect();
        assert_eq!(connection.established.action, action::CONTINUE);
        let asked = if is_closed { "new0 new1 deleted0" } else { "new0 new1 new2" };
        assert_eq!(scene.log(), asked);
        assert_eq!(connection.send(b"x").is_absorbed, is_closed);
        let shown = if is_closed { "" } else { "established0 established2" };
        assert_eq!(scene.log(), shown);
        connection.close();
        let (failed, other) = (PairEnd::Failed.index(), PairEnd::BlockedByOther.index());
        let set = counted(&scene);
        assert_eq!(set.pairs(2).1[failed], 1);
        assert_eq!(set.pairs(1).1[other], u64::from(is_closed));
    }
}

#[test]
fn s32_the_eighth_failure_in_a_row_ends_a_pair_when_open() {
    let Some(scene) = Scene::open() else { return };
    // Seven, an answer that starts the row anew, then eight.
    let row = |count| core::iter::repeat_n(FAIL, count);
    let answers: Vec<_> = [MORE].into_iter().chain(row(7)).chain([MORE]).chain(row(9)).collect();
    scene.attach(&answers);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.log();
    for segment in 1..=15 {
        assert!(connection.send(b"x").is_permitted);
        assert_eq!(scene.log(), "established0 established1", "segment {segment}");
    }
    connection.send(b"x");
    assert_eq!(scene.log(), "established0 deleted0 established1");
    connection.send(b"x");
    assert_eq!(scene.log(), "established1");
    assert_eq!(cleanups(&scene), [(1, PairEnd::Failed, false)]);
    connection.close();
    assert_eq!(fates(&scene), [(Fate::Undecided, FateReason::Closed)]);
}

#[test]
fn s32_the_first_failure_within_the_data_blocks_when_closed() {
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[MORE, FAIL]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.log();
    assert!(connection.send(b"x").is_absorbed);
    assert_eq!(scene.log(), "established0 deleted0 deleted1");
    assert!(connection.has_context() && connection.receive(b"y").is_absorbed);
    let set = counted(&scene);
    let reason = u16::from(FateReason::ProgramError.raw());
    assert_eq!(set.driver(Series::PolicyFailures, reason), 1);
}

#[test]
fn s32_a_failure_at_deleted_is_counted_and_nothing_else() {
    for (_, scene) in policies() {
        let deleted = [FAIL, Reply::Answer(77)];
        for answer in deleted {
            let answers = Answers { deleted: answer, ..Answers::of(&[MORE]) };
            scene.attach_with(&Params::default(), answers);
        }
        scene.connect().close();
        assert_eq!(fates(&scene), [(Fate::Undecided, FateReason::Closed)]);
        let set = counted(&scene);
        let index =
            |action| invocation_index(FlowState::Deleted, Direction::Outbound, action).unwrap();
        assert_eq!(set.of(1, Series::Invocations, index(Action::Error)), 1);
        assert_eq!(set.of(2, Series::Invocations, index(Action::Invalid)), 1);
        for attach_id in [1, 2] {
            assert_eq!(set.pairs(attach_id).1[PairEnd::Closed.index()], 1);
        }
        assert_eq!(set.sum(0, Series::PolicyFailures), 0);
    }
}

/// What all failures to show a segment have in common; `indicate` must be one.
fn unshown(reason: FateReason, has_stack: bool, indicate: impl Fn(&Scene) -> Indication) {
    for (is_closed, scene) in policies() {
        scene.attach(&[ALLOW]);
        scene.attach(&[MORE]);
        scene.attach(&[MORE]);
        let connection = scene.connect();
        scene.log();
        let outcome = connection.indicate(&indicate(&scene));
        assert_eq!((outcome.is_absorbed, outcome.is_permitted), (is_closed, !is_closed));
        let deleted = if has_stack { "deleted1 deleted2" } else { "" };
        assert_eq!(scene.log(), deleted, "no segment may be shown");
        let fate = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
        assert_eq!(fates(&scene), [(fate, reason)]);
        let ended = [(2, PairEnd::Failed, false), (3, PairEnd::Failed, false)];
        assert_eq!(cleanups(&scene), ended);
        assert_eq!(connection.has_context(), is_closed);
        let later = connection.receive(b"y");
        assert_eq!((later.is_called, later.is_absorbed), (is_closed, is_closed));
        let set = counted(&scene);
        assert_eq!(set.driver(Series::PolicyFailures, u16::from(reason.raw())), 1);
        let no_stack = set.of(2, Series::Errors, RESULT_NO_MEMORY);
        assert_eq!(no_stack, u64::from(!has_stack), "a DELETED that could not be invoked");
    }
}

#[test]
fn s32_missed_bytes_end_every_pair_when_open_and_block_when_closed() {
    unshown(FateReason::MissedBytes, true, |_| Indication {
        missed_bytes: 9,
        ..Indication::received(b"x")
    });
}

#[test]
fn s32_a_segment_without_stack_ends_every_pair_when_open_and_blocks_when_closed() {
    unshown(FateReason::NoStack, false, |scene| {
        scene.kernel.faults.fail(STACK, 1, NO_MEMORY);
        Indication::received(b"x")
    });
}

#[test]
fn s32_flow_established_without_stack_asks_nobody_and_the_policy_decides() {
    for (is_closed, scene) in policies() {
        scene.attach(&[MORE]);
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            scene.kernel.faults.fail(STACK, 1, NO_MEMORY);
            let connection = scene.net.connect(&spec);
            assert_eq!(connection.is_refused(), is_closed);
            assert!(!connection.has_context());
        }
        assert_eq!(scene.log(), "");
        assert_eq!(errors(&scene), [(ErrorApi::Stack, NO_MEMORY.cast_unsigned()); 2]);
        assert!(fates(&scene).is_empty(), "nobody was invoked: it has no fate");
    }
}

#[test]
fn s32_a_deletion_without_stack_ends_the_pairs_and_the_flow() {
    for (_, scene) in policies() {
        scene.attach(&[MORE]);
        let connection = scene.connect();
        scene.log();
        scene.kernel.faults.fail(STACK, 1, NO_MEMORY);
        connection.close();
        assert_eq!(scene.log(), "");
        assert_eq!(errors(&scene).first(), Some(&(ErrorApi::Stack, NO_MEMORY.cast_unsigned())));
        assert_eq!(fates(&scene), [(Fate::Undecided, FateReason::Closed)]);
        let set = counted(&scene);
        assert_eq!(set.pairs(1).1[PairEnd::Closed.index()], 1);
        assert_eq!(set.of(1, Series::Errors, RESULT_NO_MEMORY), 1);
        assert_eq!(set.sum(0, Series::Contexts), 0);
    }
}

#[test]
fn s32_without_a_context_the_flow_passes_when_open_and_is_blocked_when_closed() {
    for (is_closed, scene) in policies() {
        scene.attach(&[MORE]);
        for (import, api) in [
            ("ExAllocatePool2", ErrorApi::Pool),
            ("FwpsFlowAssociateContext0", ErrorApi::Associate),
        ] {
            scene.forget_events();
            scene.log();
            scene.kernel.faults.fail(import, 1, NO_MEMORY);
            let connection = scene.connect();
            assert_eq!(connection.is_refused(), is_closed, "{import}");
            assert!(!connection.has_context(), "{import}");
            assert_eq!(scene.log(), "new0 deleted0", "{import}");
            assert!(errors(&scene).iter().any(|it| it.0 == api), "{import}");
            let fate = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
            assert_eq!(fates(&scene), [(fate, FateReason::NoContext)], "{import}");
        }
    }
}

#[test]
fn s32_a_block_is_never_turned_into_permit_by_a_failure() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    let connection = scene.connect();
    assert!(connection.send(b"x").is_absorbed);
    // Whatever fails from here on, the flow stays blocked.
    scene.kernel.faults.fail(STACK, 1, NO_MEMORY);
    assert!(connection.send(b"x").is_absorbed);
    let missed = Indication { missed_bytes: 3, ..Indication::received(b"x") };
    assert!(connection.indicate(&missed).is_absorbed);
    assert_eq!(fates(&scene), [(Fate::Block, FateReason::Answer)]);
}
