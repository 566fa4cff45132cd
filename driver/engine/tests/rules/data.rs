//! Data: rules S12 to S17, S20, S23, S31 and S32.

use crate::scene::{Scene, fate};
use weir_abi::Action::{Allow, Block, Error, Invalid, NeedMoreData};
use weir_abi::event::FailurePolicy::{Closed, Open};
use weir_abi::event::{Fate, FateReason};

#[test]
fn s12_each_classifying_attachment_sees_a_segment_once_in_attach_order() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, Allow, NeedMoreData]);
    scene.segment(&[NeedMoreData, NeedMoreData]);
    assert_eq!(scene.log(), "established0 established2");
}

#[test]
fn s13_allow_ends_one_interest_without_deleted_and_the_others_go_on() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData]);
    let outcome = scene.segment(&[Allow, NeedMoreData]);
    assert_eq!((outcome.is_blocked, outcome.is_released), (false, false));
    assert_eq!(scene.log(), "established0 end0:allowed established1");
    scene.segment(&[NeedMoreData]);
    assert_eq!(scene.log(), "established1");
}

#[test]
fn s14_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData, NeedMoreData]);
    let outcome = scene.segment(&[NeedMoreData, Block]);
    assert_eq!((outcome.is_blocked, outcome.is_released), (true, false));
    assert_eq!(fate(outcome.settled), Some((Fate::Block, FateReason::Answer, Some(1))));
    let log = "established0 established1 end1:blocked deleted0 end0:blocked_by_other \
               deleted2 end2:blocked_by_other";
    assert_eq!(scene.log(), log);
}

#[test]
fn s15_the_context_goes_at_the_last_allow_not_at_the_first() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData]);
    assert!(!scene.segment(&[NeedMoreData, Allow]).is_released);
    let outcome = scene.segment(&[Allow]);
    assert_eq!((outcome.is_blocked, outcome.is_released), (false, true));
    assert_eq!(fate(outcome.settled), Some((Fate::Allow, FateReason::Answer, Some(0))));
    assert_eq!(scene.log(), "established0 established1 end1:allowed established0 end0:allowed");
}

#[test]
fn s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    scene.segment(&[Block]);
    scene.log();
    for _ in 0..3 {
        let outcome = scene.segment(&[]);
        assert_eq!((outcome.is_blocked, outcome.is_released), (true, false));
        assert!(scene.unshown(FateReason::Unreadable).is_blocked);
    }
    assert_eq!(scene.log(), "");
}

#[test]
fn s18_a_block_outlives_its_attachment() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    scene.segment(&[Block]);
    scene.unpublish(0);
    let outcome = scene.walk(0);
    assert_eq!((outcome.is_released, outcome.settled), (false, None));
    assert!(scene.segment(&[]).is_blocked);
}

/// Both rows of the failure table for a segment that cannot be shown.
fn unshown_follows_the_policy(reason: FateReason) {
    for (policy, wanted) in [(Open, Fate::FailedOpen), (Closed, Fate::FailedClosed)] {
        let mut scene = Scene::kept(policy, &[NeedMoreData, Allow, NeedMoreData]);
        let outcome = scene.unshown(reason);
        assert_eq!(outcome.is_blocked, policy == Closed);
        assert_eq!(outcome.is_released, policy == Open);
        assert_eq!(fate(outcome.settled), Some((wanted, reason, None)));
        assert_eq!(scene.log(), "deleted0 end0:failed deleted2 end2:failed");
    }
}

#[test]
fn s20_missed_bytes_end_every_classifying_pair_and_the_policy_decides() {
    unshown_follows_the_policy(FateReason::MissedBytes);
}

#[test]
fn s23_what_cannot_be_read_whole_is_not_shown_and_the_policy_decides() {
    unshown_follows_the_policy(FateReason::Unreadable);
}

#[test]
fn s32_no_stack_ends_every_classifying_pair_and_the_policy_decides() {
    unshown_follows_the_policy(FateReason::NoStack);
}

#[test]
fn s31_an_error_is_no_allow() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    for answer in [Error, Invalid, Error] {
        let outcome = scene.segment(&[answer]);
        assert_eq!((outcome.is_blocked, outcome.is_released), (false, false));
    }
    assert_eq!(scene.log(), "established0 established0 established0");
}

#[test]
fn s32_the_8th_failure_in_a_row_ends_the_pair_under_open() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData]);
    for _ in 0..7 {
        scene.segment(&[Error, NeedMoreData]);
    }
    scene.segment(&[NeedMoreData, NeedMoreData]);
    for _ in 0..7 {
        scene.segment(&[Invalid, NeedMoreData]);
    }
    assert!(!scene.log().contains("end"));
    assert!(!scene.segment(&[Error, NeedMoreData]).is_released);
    assert_eq!(scene.log(), "established0 deleted0 end0:failed established1");
}

#[test]
fn s32_the_first_failure_blocks_under_closed() {
    for answer in [Error, Invalid] {
        let mut scene = Scene::kept(Closed, &[NeedMoreData, NeedMoreData, NeedMoreData]);
        let outcome = scene.segment(&[NeedMoreData, answer]);
        assert!(outcome.is_blocked);
        let wanted = (Fate::FailedClosed, FateReason::ProgramError, Some(1));
        assert_eq!(fate(outcome.settled), Some(wanted));
        let log = "established0 established1 deleted0 end0:blocked_by_other \
                   deleted1 end1:failed deleted2 end2:blocked_by_other";
        assert_eq!(scene.log(), log);
    }
}
