//! Flow established: rules S04 to S09, and S33.

use crate::scene::{Scene, fate};
use weir_abi::Action::{Allow, Block, Error, Invalid, NeedMoreData};
use weir_abi::event::FailurePolicy::{Closed, Open};
use weir_abi::event::{Fate, FateReason};
use weir_engine::{Admission, Established, Flow};

#[test]
fn s04_each_matching_attachment_is_invoked_once_in_attach_order() {
    let mut scene = Scene::new(Open, &[1, 7, 0, 1]);
    assert_eq!(scene.establish(&[NeedMoreData, NeedMoreData, NeedMoreData]), Established::Keep);
    assert_eq!(scene.log(), "new0 new2 new3");
    let mut foreign = Scene::new(Open, &[7, 8]);
    assert_eq!(foreign.establish(&[]), Established::Ignored);
    assert_eq!(foreign.log(), "");
}

#[test]
fn s05_allow_at_new_is_never_invoked_again_and_need_more_data_is() {
    let mut scene = Scene::kept(Open, &[Allow, NeedMoreData]);
    assert!(!scene.segment(&[NeedMoreData]).is_blocked);
    assert_eq!(scene.log(), "established1");
}

#[test]
fn s06_block_at_new_stops_the_walk_and_ends_those_classifying() {
    let mut scene = Scene::new(Open, &[0; 4]);
    assert_eq!(scene.establish(&[NeedMoreData, Allow, Block]), Established::Keep);
    let log = "new0 new1 end1:allowed new2 end2:blocked deleted0 end0:blocked_by_other";
    assert_eq!(scene.log(), log);
    let settled = scene.flow.kept();
    assert_eq!(fate(settled), Some((Fate::Block, FateReason::Answer, Some(2))));
    assert!(scene.segment(&[]).is_blocked);
    assert_eq!(scene.log(), "");
}

#[test]
fn s07_a_flow_that_everybody_allows_needs_no_context() {
    let mut scene = Scene::new(Open, &[0, 0]);
    let Established::Uninspected(settled) = scene.establish(&[Allow, Allow]) else {
        panic!("a context for nobody");
    };
    assert_eq!(fate(Some(settled)), Some((Fate::Allow, FateReason::Answer, Some(1))));
    assert_eq!(scene.log(), "new0 end0:allowed new1 end1:allowed");
}

#[test]
fn s08_a_context_is_needed_while_somebody_classifies_or_for_a_block() {
    assert_eq!(Scene::new(Open, &[0, 0]).establish(&[NeedMoreData, Allow]), Established::Keep);
    assert_eq!(Scene::new(Open, &[0, 0]).establish(&[Block]), Established::Keep);
}

#[test]
fn s09_a_block_without_context_blocks_under_either_policy_and_repeats_no_deleted() {
    for policy in [Open, Closed] {
        let mut scene = Scene::new(policy, &[0, 0]);
        scene.establish(&[NeedMoreData, Block]);
        scene.log();
        let not_kept = scene.not_kept();
        assert!(not_kept.is_blocked);
        let wanted = (Fate::Block, FateReason::BlockNotKept, Some(1));
        assert_eq!(fate(Some(not_kept.settled)), Some(wanted));
        assert_eq!(scene.log(), "");
    }
}

#[test]
fn s09_without_context_those_classifying_get_deleted_and_the_policy_decides() {
    for (policy, wanted) in [(Open, Fate::FailedOpen), (Closed, Fate::FailedClosed)] {
        let mut scene = Scene::new(policy, &[0, 0]);
        scene.establish(&[NeedMoreData, Allow]);
        scene.log();
        let not_kept = scene.not_kept();
        assert_eq!(not_kept.is_blocked, policy == Closed);
        assert_eq!(fate(Some(not_kept.settled)), Some((wanted, FateReason::NoContext, None)));
        assert_eq!(scene.log(), "deleted0 end0:failed");
    }
}

#[test]
fn s32_a_failure_at_new_ends_the_pair_under_open_and_blocks_under_closed() {
    for answer in [Error, Invalid] {
        let mut open = Scene::new(Open, &[0, 0, 0]);
        assert_eq!(open.establish(&[NeedMoreData, answer, NeedMoreData]), Established::Keep);
        assert_eq!(open.log(), "new0 new1 end1:failed new2");
        let mut closed = Scene::new(Closed, &[0, 0, 0]);
        assert_eq!(closed.establish(&[NeedMoreData, answer]), Established::Keep);
        assert_eq!(closed.log(), "new0 new1 end1:failed deleted0 end0:blocked_by_other");
        let wanted = (Fate::FailedClosed, FateReason::ProgramError, Some(1));
        assert_eq!(fate(closed.flow.kept()), Some(wanted));
    }
}

#[test]
fn s33_inspected_and_blocked_flows_are_bounded_apart_and_before_any_program_runs() {
    for is_blocked in [false, true] {
        let mut admission = Admission::new(2);
        admission.made(is_blocked);
        admission.made(!is_blocked);
        assert!(admission.admits());
        admission.made(is_blocked);
        assert!(!admission.admits());
        admission.released(is_blocked);
        assert!(admission.admits());
    }
    assert!(!Flow::refused(Open).is_blocked);
    assert!(Flow::refused(Closed).is_blocked);
    assert_eq!(Flow::refused(Closed).settled, None);
}
