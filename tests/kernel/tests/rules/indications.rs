//! Indications without data, and such with a hole before them: rules S19 and S20.

use crate::counted::{counted, fates};
use crate::scene::{ALLOW, BLOCK, MORE, Scene, Setup};
use weir_abi::Direction;
use weir_abi::counters::Series;
use weir_abi::event::{Fate, FateReason, Verdict};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;

/// Indications that carry no data: nothing at all, the end, a reset.
fn empty() -> Vec<Indication> {
    let mut all = Vec::new();
    for direction in [Direction::Inbound, Direction::Outbound] {
        for (is_disconnect, is_abort) in [(false, false), (true, false), (false, true)] {
            for shape in [Shape::Contiguous, Shape::EmptyTail, Shape::Unmapped] {
                let from = Indication::default();
                all.push(Indication { direction, is_disconnect, is_abort, shape, ..from });
            }
        }
    }
    all
}

fn boot(is_closed: bool) -> Option<Scene> {
    Scene::boot(&Setup { is_closed, ..Setup::default() })
}

#[test]
fn s19_indications_without_data_invoke_nobody_and_are_permitted() {
    for is_closed in [false, true] {
        let Some(scene) = boot(is_closed) else { return };
        scene.attach(&[MORE, BLOCK]);
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let connection = scene.net.connect(&spec);
            scene.log();
            for indication in empty() {
                let outcome = connection.indicate(&indication);
                let seen = (outcome.is_permitted, outcome.action, outcome.flags);
                assert_eq!(seen, (true, action::PERMIT, 0), "{indication:?}");
            }
            assert_eq!(scene.log(), "");
            // The flow is as it was.
            assert!(connection.has_context() && connection.send(b"x").is_absorbed);
            assert_eq!(scene.log(), "established0");
        }
    }
}

#[test]
fn s19_they_pass_on_blocked_flows_too_so_that_both_ends_finish() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[BLOCK]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        for indication in empty() {
            assert!(connection.send(b"x").is_absorbed && connection.receive(b"y").is_absorbed);
            let outcome = connection.indicate(&indication);
            let seen = (outcome.is_permitted, outcome.action, outcome.flags);
            assert_eq!(seen, (true, action::PERMIT, 0), "{indication:?}");
        }
    }
    assert_eq!(scene.log(), "new0 new0");
}

#[test]
fn s19_data_with_a_disconnect_is_data() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let with_data =
            Indication { bytes: b"the last words".to_vec(), ..Indication::end(direction) };
        let Some(scene) = Scene::open() else { return };
        scene.attach(&[MORE, MORE, BLOCK]);
        let connection = scene.connect();
        scene.log();
        assert!(connection.indicate(&with_data).is_permitted);
        let told = scene.take_told();
        let [seen] = &told[..] else { panic!("{told:?}") };
        assert_eq!(seen.seen.data.as_deref(), Some(&b"the last words"[..]));
        // It may block, and is absorbed where the flow is blocked.
        for _ in 0..2 {
            assert!(connection.indicate(&with_data).is_absorbed, "{direction:?}");
        }
        assert_eq!(scene.log(), "established0");
        assert!(connection.finish(direction).is_permitted);
    }
}

/// Data with a hole of 7 bytes before it.
fn after_a_hole(bytes: &[u8], direction: Direction) -> Indication {
    Indication { direction, missed_bytes: 7, ..Indication::received(bytes) }
}

#[test]
fn s20_under_open_missed_bytes_end_every_classifying_pair_and_the_segment_passes_unseen() {
    for bytes in [&b"x"[..], b""] {
        for direction in [Direction::Inbound, Direction::Outbound] {
            let Some(scene) = boot(false) else { return };
            for answers in [&[MORE][..], &[MORE, ALLOW], &[MORE]] {
                scene.attach(answers);
            }
            let connection = scene.connect();
            connection.send(b"before");
            scene.log();
            let outcome = connection.indicate(&after_a_hole(bytes, direction));
            assert!(outcome.is_permitted && outcome.action == action::PERMIT, "{outcome:?}");
            assert_eq!(scene.log(), "deleted0 deleted2", "{} bytes", bytes.len());
            assert!(!connection.has_context() && !connection.send(b"after").is_called);
            assert_eq!(fates(&scene), [(Fate::FailedOpen, FateReason::MissedBytes)]);
            connection.close();
            assert_eq!(scene.log(), "");
        }
    }
}

#[test]
fn s20_under_closed_missed_bytes_block_the_flow() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let Some(scene) = boot(true) else { return };
        for answers in [&[MORE][..], &[MORE, ALLOW], &[MORE]] {
            scene.attach(answers);
        }
        let connection = scene.connect();
        connection.send(b"before");
        scene.log();
        assert!(connection.indicate(&after_a_hole(b"x", direction)).is_absorbed);
        assert_eq!(scene.log(), "deleted0 deleted2");
        assert!(connection.has_context());
        assert!(connection.send(b"after").is_absorbed && connection.receive(b"after").is_absorbed);
        connection.close();
        assert_eq!(scene.log(), "");
        assert_eq!(fates(&scene), [(Fate::FailedClosed, FateReason::MissedBytes)]);
    }
}

#[test]
fn s20_under_closed_a_hole_before_nothing_blocks_what_follows() {
    let Some(scene) = boot(true) else { return };
    scene.attach(&[MORE]);
    let connection = scene.connect();
    // Without data it passes (S19), and still there is a hole.
    assert!(connection.indicate(&after_a_hole(b"", Direction::Inbound)).is_permitted);
    assert!(connection.receive(b"after").is_absorbed);
    assert_eq!(scene.log(), "new0 deleted0");
}

#[test]
fn s20_missed_bytes_are_counted_by_direction_on_blocked_flows_too() {
    let Some(scene) = boot(false) else { return };
    scene.attach(&[MORE, BLOCK]);
    let connection = scene.connect();
    connection.indicate(&after_a_hole(b"x", Direction::Inbound));
    let set = counted(&scene);
    let missed = |set: &crate::counted::Set| {
        [0, 1].map(|direction| set.driver(Series::MissedBytes, direction))
    };
    assert_eq!(missed(&set), [7, 0]);
    let blocked = scene.connect();
    blocked.send(b"x");
    assert!(blocked.indicate(&after_a_hole(b"y", Direction::Outbound)).is_absorbed);
    assert_eq!(missed(&counted(&scene)), [7, 7]);
    // Its fate was settled before.
    let fates: Vec<_> = scene.events::<Verdict>().iter().map(|it| it.fate).collect();
    assert_eq!(fates, [Fate::FailedOpen, Fate::Block]);
}
