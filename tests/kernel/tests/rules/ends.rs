//! How pairs and flows end (S25 to S27).

use crate::counted::{cleanups, counted, fates, sets};
use crate::scene::{ALLOW, BLOCK, DELETED, FAIL, MORE, Scene};
use weir_abi::counters::Series;
use weir_abi::event::{AttachmentVerdict, Fate, FateReason, PairEnd};
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec};
use weir_sim_kernel::kernel::Life;

/// How the one pair of each of the first programs ended, and how often the program heard DELETED.
/// That it ended once, and that counters and events say the same, is checked on the way.
fn ends(scene: &Scene, programs: u32) -> Vec<(PairEnd, usize)> {
    let is_loaded = scene.kernel.life() == Life::Loaded;
    let set = if is_loaded { counted(scene) } else { sets(scene.kernel).pop().unwrap() };
    let (told, cleanups) = (scene.take_told(), cleanups(scene));
    let of = |program: u32| {
        let attach_id = program + 1;
        let (begun, ended) = set.pairs(attach_id);
        assert_eq!((begun, ended.iter().sum::<u64>()), (1, 1), "program {program}: {ended:?}");
        let end = PairEnd::ALL[ended.iter().position(|count| *count == 1).unwrap()];
        let deleted = told.iter().filter(|it| it.seen.context.state == DELETED);
        let deleted = deleted.filter(|it| it.program == program as usize).count();
        let is_omitted = end == PairEnd::Detached;
        let expected = vec![(attach_id, end, is_omitted); deleted + usize::from(is_omitted)];
        let events: Vec<_> = cleanups.iter().copied().filter(|it| it.0 == attach_id).collect();
        assert_eq!(events, expected, "program {program}");
        let counted = set.of(attach_id, Series::Cleanups, u16::from(end.raw()));
        assert_eq!(usize::try_from(counted).unwrap(), expected.len(), "program {program}");
        assert_eq!(counted, set.sum(attach_id, Series::Cleanups), "program {program}");
        (end, deleted)
    };
    (0..programs).map(of).collect()
}

const ALLOWED: (PairEnd, usize) = (PairEnd::Allowed, 0);
const BLOCKED: (PairEnd, usize) = (PairEnd::Blocked, 0);
const CLOSED: (PairEnd, usize) = (PairEnd::Closed, 1);
const BY_OTHER: (PairEnd, usize) = (PairEnd::BlockedByOther, 1);
const FAILED: (PairEnd, usize) = (PairEnd::Failed, 1);

#[test]
fn s25_a_deleted_flow_is_told_once_to_each_that_is_classifying_in_attach_order() {
    for when in [Deletes::AtOnce, Deletes::Later] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(when);
        for answers in [&[MORE][..], &[ALLOW], &[MORE], &[MORE, ALLOW], &[MORE]] {
            scene.attach(answers);
        }
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let connection = scene.net.connect(&spec);
            connection.send(b"x");
            scene.log();
            connection.close();
            let at_once = scene.log();
            assert_eq!(at_once.is_empty(), when == Deletes::Later, "{at_once}");
            scene.net.deliver_deletes();
            assert_eq!(at_once + &scene.log(), "deleted0 deleted2 deleted4");
        }
    }
}

#[test]
fn s25_a_deleted_flow_is_not_told_to_those_that_decided() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, ALLOW]);
    scene.attach(&[MORE, MORE, BLOCK]);
    let connection = scene.connect();
    connection.send(b"x");
    connection.send(b"y");
    scene.log();
    connection.close();
    assert_eq!(scene.log(), "", "the flow was blocked: everybody had ended");
}

#[test]
fn s25_removal_after_the_last_allow_causes_no_deleted() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, MORE, ALLOW]);
    scene.attach(&[MORE, ALLOW]);
    let connection = scene.connect();
    connection.send(b"x");
    connection.send(b"y");
    assert!(!connection.has_context());
    connection.close();
    assert_eq!(scene.log(), "new0 new1 established0 established1 established0");
    assert_eq!(scene.kernel.fwp.deletes_delivered(), 1);
}

#[test]
fn s26_allow_ends_a_pair_at_new_and_within_the_data() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[ALLOW]);
    scene.attach(&[MORE, ALLOW]);
    let connection = scene.connect();
    connection.send(b"x");
    connection.close();
    assert_eq!(ends(&scene, 2), [ALLOWED, ALLOWED]);
}

#[test]
fn s26_a_block_at_new_ends_its_pair_and_those_before() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[BLOCK]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    connection.close();
    assert_eq!(ends(&scene, 2), [BY_OTHER, BLOCKED]);
    assert_eq!(counted(&scene).pairs(3), (0, [0; 8]), "it was never asked");
}

#[test]
fn s26_a_block_within_the_data_ends_its_pair_and_those_before_and_after() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE, BLOCK]);
    scene.attach(&[MORE]);
    scene.attach(&[ALLOW]);
    let connection = scene.connect();
    connection.send(b"x");
    connection.close();
    assert_eq!(ends(&scene, 4), [BY_OTHER, BLOCKED, BY_OTHER, ALLOWED]);
}

#[test]
fn s26_the_end_of_the_connection_ends_the_pairs_that_are_left() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[ALLOW]);
    scene.attach(&[FAIL]);
    scene.attach(&[MORE]);
    scene.connect().close();
    // It failed before it had given an answer that a DELETED could end.
    assert_eq!(ends(&scene, 4), [CLOSED, ALLOWED, (PairEnd::Failed, 0), CLOSED]);
}

#[test]
fn s26_failures_end_a_pair_with_a_deleted_where_it_had_asked_for_more() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, FAIL]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    for _ in 0..8 {
        connection.send(b"x");
    }
    assert!(
        connection.indicate(&Indication { missed_bytes: 1, ..Indication::sent(b"x") }).is_permitted
    );
    connection.close();
    assert_eq!(ends(&scene, 2), [FAILED, FAILED]);
}

#[test]
fn s26_a_block_by_policy_ends_the_failed_pair_and_the_others_in_attach_order() {
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE, FAIL]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.log();
    assert!(connection.send(b"x").is_absorbed);
    assert_eq!(scene.log(), "established0 established1 deleted0 deleted1 deleted2");
    assert_eq!(
        cleanups(&scene),
        [
            (1, PairEnd::BlockedByOther, false),
            (2, PairEnd::Failed, false),
            (3, PairEnd::BlockedByOther, false)
        ]
    );
}

#[test]
fn s26_a_filtering_engine_that_was_away_ends_the_pairs_of_its_time() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[ALLOW]);
    let connection = scene.connect();
    scene.net.stop_engine();
    scene.kernel.run_work();
    scene.net.start_engine();
    scene.kernel.run_work();
    connection.close();
    assert_eq!(ends(&scene, 2), [(PairEnd::Engine, 1), ALLOWED]);
}

#[test]
fn s26_a_detach_ends_the_pairs_of_the_attachment_without_a_deleted() {
    let Some(scene) = Scene::open() else { return };
    let first = scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.detach(&first);
    connection.close();
    assert_eq!(ends(&scene, 2), [(PairEnd::Detached, 0), CLOSED]);
}

#[test]
fn s26_a_pair_that_ends_before_the_detach_walk_comes_ends_once() {
    for (is_blocked, second) in [(false, &[MORE][..]), (true, &[MORE, BLOCK])] {
        let Some(scene) = Scene::open() else { return };
        let first = scene.attach(&[MORE]);
        scene.attach(second);
        let connection = scene.connect();
        first.detach();
        if is_blocked {
            assert!(connection.send(b"x").is_absorbed);
        } else {
            connection.close();
        }
        scene.kernel.run_work();
        let other = if is_blocked { BLOCKED } else { CLOSED };
        assert_eq!(ends(&scene, 2), [(PairEnd::Detached, 0), other]);
    }
}

#[test]
fn s26_unload_ends_the_pairs_that_are_left_without_a_deleted() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[ALLOW]);
    let connection = scene.connect();
    scene.unload();
    assert!(connection.is_open());
    assert_eq!(ends(&scene, 2), [(PairEnd::Unload, 0), ALLOWED]);
    assert_eq!(fates(&scene), [(Fate::Undecided, FateReason::Unload)]);
}

#[test]
fn s26_own_answers_of_a_flow_with_a_context_are_told_once_each() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[ALLOW]);
    scene.attach(&[FAIL]);
    scene.attach(&[MORE, ALLOW]);
    scene.attach(&[MORE, MORE, BLOCK]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    connection.send(b"1234");
    connection.receive(b"56");
    connection.close();
    let told = scene.events::<AttachmentVerdict>();
    let told: Vec<_> = told.iter().map(|it| (it.attach_id, it.end, it.bytes)).collect();
    assert_eq!(
        told,
        [
            (1, PairEnd::Allowed, 0),
            (2, PairEnd::Failed, 0),
            (3, PairEnd::Allowed, 4),
            (4, PairEnd::Blocked, 6)
        ]
    );
}

#[test]
fn s27_each_of_the_five_fates_is_told_and_counted_once() {
    let cases: [(bool, &[_], Fate); 5] = [
        (false, &[MORE, ALLOW], Fate::Allow),
        (false, &[MORE, BLOCK], Fate::Block),
        (false, &[MORE], Fate::Undecided),
        (false, &[FAIL], Fate::FailedOpen),
        (true, &[MORE, FAIL], Fate::FailedClosed),
    ];
    for (is_closed, answers, fate) in cases {
        let scene = if is_closed { Scene::closed() } else { Scene::open() };
        let Some(scene) = scene else { return };
        scene.attach(answers);
        let connection = scene.connect();
        connection.send(b"x");
        connection.send(b"y");
        connection.close();
        let told: Vec<_> = fates(&scene).iter().map(|it| it.0).collect();
        assert_eq!(told, [fate]);
        let set = counted(&scene);
        assert_eq!((set.flows(fate), set.sum(0, Series::Flows)), (1, 1), "{fate:?}");
        assert_eq!(set.sum(0, Series::Contexts), 0);
    }
}
