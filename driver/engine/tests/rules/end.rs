//! Deletion, attach, detach, engine and unload: rules S25 to S30, S34 and S35.

use crate::scene::{Scene, fate};
use weir_abi::Action::{Allow, Block, NeedMoreData};
use weir_abi::event::FailurePolicy::{Closed, Open};
use weir_abi::event::{Fate, FateReason};
use weir_engine::{AttachError, Attachments, Slot};

#[test]
fn s25_deletion_gives_each_classifying_attachment_one_deleted_in_attach_order() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, Allow, NeedMoreData]);
    let outcome = scene.deleted();
    assert_eq!(fate(outcome.settled), Some((Fate::Undecided, FateReason::Closed, None)));
    assert_eq!(scene.log(), "deleted0 end0:closed deleted2 end2:closed");
}

#[test]
fn s26_a_pair_that_ended_is_not_ended_again_by_deletion() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData]);
    scene.segment(&[NeedMoreData, Block]);
    scene.log();
    scene.deleted();
    assert_eq!(scene.log(), "");
}

#[test]
fn s27_a_flow_has_one_fate() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    assert!(scene.segment(&[Block]).settled.is_some());
    assert_eq!(scene.segment(&[]).settled, None);
    assert_eq!(scene.engine_returned().settled, None);
    assert_eq!(scene.deleted().settled, None);
}

#[test]
fn s28_the_65th_attachment_is_refused() {
    let mut order = Attachments::default();
    for compartment in 0..64 {
        assert!(order.attach(compartment % 2).is_ok());
    }
    assert_eq!(order.attach(0), Err(AttachError::QuotaExceeded));
    assert_eq!(order.iter().count(), 64);
}

#[test]
fn s29_a_new_attachment_sees_no_older_flow() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    scene.order.attach(0).expect("room for one more");
    scene.segment(&[NeedMoreData]);
    scene.deleted();
    assert_eq!(scene.log(), "established0 deleted0 end0:closed");
}

#[test]
fn s29_a_slot_is_given_again_only_after_the_detach_walk() {
    let mut order = Attachments::default();
    let slots: Vec<_> = (0..64).map(|_| order.attach(0).expect("64 fit")).collect();
    assert!(order.detach(slots[5]));
    assert_eq!(order.attach(0), Err(AttachError::QuotaExceeded));
    order.drained(slots[5]);
    assert_eq!(order.attach(0), Ok(slots[5]));
}

#[test]
fn s30_a_detached_pair_gets_no_deleted_and_the_last_one_releases_the_flow() {
    let mut scene = Scene::kept(Open, &[NeedMoreData, NeedMoreData]);
    scene.unpublish(0);
    scene.segment(&[NeedMoreData]);
    assert_eq!(scene.log(), "established1");
    assert!(!scene.walk(0).is_released);
    assert_eq!(scene.log(), "end0:detached");
    scene.unpublish(1);
    let outcome = scene.walk(1);
    assert!(outcome.is_released);
    let (fate, reason) = outcome.settled.map(|it| (it.fate, it.reason)).expect("its fate");
    assert_eq!((fate, reason), (Fate::Undecided, FateReason::Detached));
    assert_eq!(scene.log(), "end1:detached");
}

#[test]
fn s30_attaching_again_puts_at_the_end_and_keeps_the_order_of_the_rest() {
    let mut order = Attachments::default();
    let slots: Vec<_> = (0..3).map(|_| order.attach(0).expect("three fit")).collect();
    assert!(order.detach(slots[0]));
    order.drained(slots[0]);
    let again = order.attach(0).expect("room again");
    let walked: Vec<Slot> = order.iter().map(|attachment| attachment.slot).collect();
    assert_eq!(walked, [slots[1], slots[2], again]);
}

#[test]
fn s34_the_engine_returning_ends_pairs_with_deleted_and_the_policy_decides() {
    for (policy, wanted) in [(Open, Fate::FailedOpen), (Closed, Fate::FailedClosed)] {
        let mut scene = Scene::kept(policy, &[NeedMoreData, NeedMoreData]);
        let outcome = scene.engine_returned();
        assert_eq!(outcome.is_blocked, policy == Closed);
        assert_eq!(fate(outcome.settled), Some((wanted, FateReason::Engine, None)));
        assert_eq!(scene.log(), "deleted0 end0:engine deleted1 end1:engine");
    }
}

#[test]
fn s34_blocked_flows_absorb_again_when_the_engine_returns() {
    let mut scene = Scene::kept(Open, &[NeedMoreData]);
    scene.segment(&[Block]);
    scene.log();
    let outcome = scene.engine_returned();
    assert_eq!((outcome.is_blocked, outcome.is_released), (true, false));
    assert!(scene.segment(&[]).is_blocked);
    assert_eq!(scene.log(), "");
}

#[test]
fn s35_unload_ends_pairs_without_deleted() {
    let mut scene = Scene::kept(Closed, &[NeedMoreData, NeedMoreData]);
    let outcome = scene.unloaded();
    assert_eq!(fate(outcome.settled), Some((Fate::Undecided, FateReason::Unload, None)));
    assert_eq!(scene.log(), "end0:unload end1:unload");
}
