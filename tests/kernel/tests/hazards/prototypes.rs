//! Bugs of the public prototypes of this hook: what they do wrong with data, verdicts and contexts.
//!
//! Source of all: github.com/mikeagun/ebpf-for-windows and github.com/mikeagun/ntosebpfext, both
//! branch `poc-flow-hook` (read 2026-11)

use crate::counted::{counted, errors};
use crate::kept::{REMOVE, assert_ended_once, calls};
use crate::scene::{ALLOW, BLOCK, MORE, NEW, Scene};
use weir_abi::Direction;
use weir_abi::counters::Series;
use weir_abi::identifiers::SUBLAYER;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec};
use weir_sim_kernel::kernel::DISPATCH_LEVEL;
use weir_sim_kernel::ndis::Shape;

/// The prototype never calls programs for a new flow.
#[test]
fn a10_programs_are_called_for_a_new_flow_before_any_data() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        let told = scene.take_told();
        let [first] = &told[..] else { panic!("{told:?}") };
        let context = first.seen.context;
        assert_eq!((context.state, context.flow_id), (NEW, connection.flow));
    }
}

/// The prototype removes the context on a block, and as its callout is conditional on a context
/// nothing after that is classified.
#[test]
fn a10_after_a_block_every_later_segment_is_classified_and_none_passes() {
    for deletes in [Deletes::AtOnce, Deletes::Later] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(deletes);
        scene.attach(&[MORE, MORE, BLOCK]);
        let connection = scene.connect();
        assert!(connection.send(b"1").is_permitted);
        let removals = calls(&scene, REMOVE, || {
            for number in 0..200 {
                let shape = Shape::ALL[number % Shape::ALL.len()];
                let way = [Direction::Inbound, Direction::Outbound][number % 2];
                let bytes = vec![b'x'; 16 + number];
                let data = Indication { direction: way, ..Indication::sent(&bytes).shaped(shape) };
                let outcome = connection.indicate(&data);
                assert!(outcome.is_called && !outcome.is_permitted, "segment {number}");
                scene.net.deliver_deletes();
            }
        });
        assert_eq!((removals, connection.has_context()), (0, true));
        connection.close();
        scene.net.deliver_deletes();
        assert_ended_once(&scene, 1);
    }
}

/// The prototype looks at the first buffer only, from its beginning, and at not more of it than is
/// contiguous.
#[test]
fn a10_a_needle_is_seen_wherever_it_lies_in_the_indication_and_what_is_not_in_it_is_not() {
    let Some(scene) = Scene::open() else { return };
    let needle = b"NEEDLE";
    scene.attach(&[MORE]);
    let connection = scene.connect();
    for shape in Shape::ALL {
        for at in [0, 1, 30, 63, 94] {
            let mut bytes = vec![b'.'; 100];
            bytes[at..at + needle.len()].copy_from_slice(needle);
            scene.log();
            assert!(connection.indicate(&Indication::received(&bytes).shaped(shape)).is_permitted);
            let told = scene.take_told();
            let [seen] = &told[..] else { panic!("{shape:?}: {told:?}") };
            assert_eq!(seen.seen.data.as_deref(), Some(&bytes[..]), "{shape:?} at {at}");
        }
    }
}

/// The prototype's flag for flows in deletion leaks entries of its list.
#[test]
fn a10_flows_of_every_end_leave_no_place_taken() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    for answers in [&[MORE][..], &[MORE, MORE, ALLOW], &[MORE, MORE, MORE, BLOCK]] {
        scene.attach(answers);
    }
    let all = |segments: usize| {
        let flows: Vec<_> = (0..100).map(|_| scene.connect()).collect();
        for connection in &flows {
            assert!(connection.has_context());
            (0..segments).for_each(|_| assert!(connection.send(b"x").is_called));
        }
        assert_eq!(counted(&scene).sum(0, Series::Contexts), 100);
        flows.iter().for_each(|it| it.close());
        scene.net.deliver_deletes();
        assert_eq!(counted(&scene).sum(0, Series::Contexts), 0);
    };
    all(0);
    let before = (scene.kernel.pool.live_bytes(), scene.kernel.pool.live_blocks());
    (0..4).for_each(all);
    assert_eq!((scene.kernel.pool.live_bytes(), scene.kernel.pool.live_blocks()), before);
    assert_ended_once(&scene, 500);
}

/// The other prototype says that the context has no data, and that programs run at `PASSIVE_LEVEL`.
#[test]
fn a10_the_information_names_the_data_and_the_level_at_which_programs_run() {
    let Some(scene) = Scene::open() else { return };
    let attached = scene.attach(&[MORE]);
    let information = attached.loaded().information().unwrap();
    let context = information.context;
    assert_eq!((context.size, context.data, context.end, context.meta), (104, 88, 96, -1));
    assert_eq!(information.required_irql, DISPATCH_LEVEL);
    scene.connect().send(b"bytes");
    let told = scene.take_told();
    assert!(told.iter().all(|it| it.seen.irql == DISPATCH_LEVEL));
    assert_eq!(told[1].seen.data.as_deref(), Some(&b"bytes"[..]));
}

/// The other prototype never adds the sublayer that its filters name.
#[test]
fn a10_every_filter_is_in_a_sublayer_that_was_added() {
    let Some(scene) = Scene::open() else { return };
    let sublayers: Vec<_> = scene.kernel.fwp.filters().iter().map(|it| it.sublayer).collect();
    assert_eq!(sublayers, [SUBLAYER; 4]);
    // The engine refuses a filter whose sublayer is not there.
    assert_eq!(scene.kernel.calls.of("FwpmSubLayerAdd0"), 1);
    // And the filters are in force.
    scene.attach(&[MORE, MORE, BLOCK]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        let outcomes = [connection.send(b"x"), connection.send(b"y")];
        assert_eq!(
            outcomes.map(|it| (it.is_called, it.is_absorbed)),
            [(true, false), (true, true)]
        );
    }
}

/// The other prototype removes contexts by the wrong ids, which leaves them where they are.
#[test]
fn a10_removal_names_the_layer_and_the_callout_of_the_association() {
    for deletes in [Deletes::AtOnce, Deletes::Later] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(deletes);
        let attached = scene.attach(&[MORE, ALLOW]);
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            // From within a classification, and from the detach walk below.
            let (allowed, _detached) = (scene.net.connect(&spec), scene.net.connect(&spec));
            assert!(allowed.send(b"x").is_permitted && !allowed.has_context());
        }
        scene.net.deliver_deletes();
        assert_eq!(scene.kernel.fwp.context_count(), 2);
        let removals = calls(&scene, REMOVE, || scene.detach(&attached));
        assert_eq!((removals, scene.kernel.fwp.context_count()), (2, 0));
        assert_eq!(errors(&scene), []);
        assert_ended_once(&scene, 4);
    }
}

/// The other prototype frees what WFP still has: here the place of a flow is nobody else's until
/// WFP has told of the deletion.
#[test]
fn a10_a_place_is_not_given_again_while_wfp_has_the_context() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    scene.attach(&[MORE, ALLOW]);
    let place = |flow| scene.kernel.fwp.context_of(flow).unwrap() & 0xffff_ffff;
    let mut pending = Vec::new();
    for number in 0..50 {
        let connection = scene.connect();
        assert!(!pending.contains(&place(connection.flow)), "flow {number}");
        pending.push(place(connection.flow));
        // Half of them are removed by the driver, half end by themselves.
        if number % 2 == 0 {
            assert!(connection.send(b"x").is_permitted);
        } else {
            connection.close();
        }
        assert!(!connection.has_context());
    }
    assert_eq!(scene.kernel.fwp.context_count(), 50);
    scene.net.deliver_deletes();
    let next = scene.connect();
    assert!(pending.contains(&place(next.flow)), "no place is used again: the test sees nothing");
    next.close();
    scene.net.deliver_deletes();
    assert_ended_once(&scene, 51);
}
