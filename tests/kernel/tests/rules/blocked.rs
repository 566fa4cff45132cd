//! What a block does to data: rules S16 to S18.

use crate::scene::{ALLOW, BLOCK, FAIL, MORE, Scene, Setup};
use weir_abi::Direction;
use weir_abi::event::{ErrorApi, ErrorEvent, FlowClosed, FlowRundown, Verdict};
use weir_sim_kernel::ebpf::Reply;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::{CLASSIFY_OUT_FLAG_ABSORB, action};
use weir_sim_kernel::fwp::stream::{Indication, StreamOutcome};
use weir_sim_kernel::fwp::{Aborts, Deletes, status};
use weir_sim_kernel::net::Connection;

const ABORT: &str = "FwpsFlowAbort0";

/// The outcome of a call that permits.
const PERMITTED: StreamOutcome = StreamOutcome {
    is_called: true,
    is_permitted: true,
    is_absorbed: false,
    action: action::PERMIT,
    flags: 0,
    stream_action: 0,
    bytes_enforced: 0,
};

/// The outcome of a call that blocks.
const BLOCKED: StreamOutcome = StreamOutcome {
    is_called: true,
    is_permitted: false,
    is_absorbed: true,
    action: action::BLOCK,
    flags: CLASSIFY_OUT_FLAG_ABSORB,
    stream_action: 0,
    bytes_enforced: 0,
};

/// Every way in which data arrives: family, direction, level, what is in the action on entry.
fn every_way(mut each: impl FnMut(FlowSpec, Indication)) {
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        for direction in [Direction::Inbound, Direction::Outbound] {
            for irql in [0, 2] {
                for entry in [0, action::BLOCK, action::PERMIT, action::CONTINUE, action::NONE] {
                    let from = Indication { direction, irql, action_on_entry: entry, ..bytes() };
                    each(spec.clone(), from);
                }
            }
        }
    }
}

fn bytes() -> Indication {
    Indication::received(b"bytes")
}

#[test]
fn s16_a_permit_is_permit_on_every_call_and_enforced_bytes_are_untouched() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, MORE, MORE, ALLOW]);
    every_way(|spec, indication| {
        let connection = scene.net.connect(&spec);
        for _ in 0..3 {
            assert_eq!(connection.indicate(&indication), PERMITTED, "{indication:?}");
        }
    });
}

#[test]
fn s16_a_block_is_block_and_absorb_on_every_call_and_enforced_bytes_are_untouched() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    every_way(|spec, indication| {
        let connection = scene.net.connect(&spec);
        for _ in 0..3 {
            assert_eq!(connection.indicate(&indication), BLOCKED, "{indication:?}");
        }
    });
}

#[test]
fn s16_an_end_without_data_is_permit_on_every_call() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    every_way(|spec, indication| {
        let connection = scene.net.connect(&spec);
        let end = Indication { bytes: Vec::new(), is_disconnect: true, ..indication };
        assert_eq!(connection.indicate(&end), PERMITTED, "{end:?}");
    });
}

#[test]
fn s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking() {
    let scenarios: [&[Reply]; 2] = [&[BLOCK], &[MORE, BLOCK]];
    for answers in scenarios {
        let Some(scene) = Scene::open() else { return };
        scene.attach(&[MORE]);
        scene.attach(answers);
        let connection = scene.connect();
        assert!(connection.send(b"x").is_absorbed);
        scene.log();
        for _ in 0..100 {
            assert!(connection.send(b"x").is_absorbed && connection.receive(b"yy").is_absorbed);
            assert!(connection.has_context());
        }
        // Its program state is gone.
        scene.kernel.etw.capture_state();
        scene.kernel.run_work();
        let flows = scene.events::<FlowRundown>();
        let [flow] = &flows[..] else { panic!("{flows:?}") };
        assert!(flow.blocked && flow.classifying == 0);
        assert_eq!(scene.kernel.calls.of("FwpsFlowRemoveContext0"), 0);
        connection.close();
        assert_eq!((scene.log().as_str(), scene.kernel.fwp.deletes_delivered()), ("", 1));
        let closed = scene.events::<FlowClosed>();
        let absorbed: Vec<_> =
            closed.iter().map(|it| (it.absorbed_segments, it.absorbed_bytes)).collect();
        // The blocking one is one of them.
        assert_eq!(absorbed, [(201, 301)]);
    }
}

#[test]
fn s17_so_does_a_flow_that_the_policy_blocked() {
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[MORE, FAIL]);
    let connection = scene.connect();
    for _ in 0..3 {
        assert_eq!(connection.send(b"x"), BLOCKED);
    }
    assert!(connection.has_context());
    assert_eq!(scene.log(), "new0 established0 deleted0");
}

#[test]
fn s18_a_block_outlives_its_attachment_because_stream_filters_stay() {
    let Some(scene) = Scene::open() else { return };
    let (first, second) = (scene.attach(&[BLOCK]), scene.attach(&[MORE, BLOCK]));
    let at_new = scene.connect();
    scene.detach(&first);
    let at_data = scene.connect();
    assert!(at_data.send(b"x").is_absorbed);
    scene.detach(&second);
    scene.log();
    assert_eq!(scene.kernel.fwp.filter_count(), 4);
    for _ in 0..3 {
        for connection in [at_new, at_data] {
            assert_eq!((connection.send(b"x"), connection.receive(b"y")), (BLOCKED, BLOCKED));
        }
    }
    // Another program in the same slot has no say in it.
    scene.attach(&[ALLOW]);
    assert_eq!((at_new.send(b"x"), at_data.receive(b"y")), (BLOCKED, BLOCKED));
    assert_eq!(scene.log(), "");
}

#[test]
fn s18_absorb_is_the_default_and_aborts_nothing() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    let connection = scene.connect();
    assert_eq!(connection.send(b"x"), BLOCKED);
    assert_eq!(scene.kernel.io.queued(), 0);
    scene.kernel.run_work();
    scene.kernel.advance(60_000_000_000);
    assert!(connection.is_open());
    assert_eq!(scene.kernel.calls.of(ABORT), 0);
}

/// `BlockAction` is `abort`, under programs with these answers.
fn aborting(answers: &[Reply]) -> Option<Scene> {
    let scene = Scene::boot(&Setup { aborts: true, ..Setup::default() })?;
    scene.attach(answers);
    Some(scene)
}

fn aborts(scene: &Scene) -> u64 {
    scene.kernel.calls.of(ABORT)
}

#[test]
fn s18_abort_absorbs_and_one_work_item_of_the_start_aborts_all_that_are_listed() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    let items = scene.kernel.io.work_items();
    let spec = |number| if number % 2 == 0 { FlowSpec::default() } else { FlowSpec::v6() };
    let connections: Vec<_> = (0..5).map(|number| scene.net.connect(&spec(number))).collect();
    for connection in &connections {
        assert_eq!(connection.send(b"x"), BLOCKED);
        // Not from within the callout; until then it absorbs.
        assert!(connection.is_open() && connection.receive(b"y").is_absorbed);
    }
    assert_eq!((aborts(&scene), scene.kernel.io.queued()), (0, 1));
    scene.kernel.run_work();
    assert!(connections.iter().all(|it| scene.kernel.fwp.is_aborted(it.flow)));
    assert_eq!((aborts(&scene), scene.kernel.io.work_items()), (5, items));
    scene.net.deliver_deletes();
    scene.kernel.run_work();
    assert_eq!((scene.kernel.fwp.context_count(), aborts(&scene)), (0, 5));
    // The item serves again.
    let connection = scene.connect();
    connection.send(b"x");
    scene.kernel.run_work();
    assert!(scene.kernel.fwp.is_aborted(connection.flow));
}

#[test]
fn s18_a_block_at_flow_established_aborts_too() {
    let Some(scene) = aborting(&[BLOCK]) else { return };
    let connection = scene.connect();
    // At the latest once the verdict takes effect.
    assert_eq!(connection.send(b"x"), BLOCKED);
    assert_eq!(aborts(&scene), 0);
    scene.kernel.run_work();
    assert!(scene.kernel.fwp.is_aborted(connection.flow), "it starves as with absorb");
}

#[test]
fn s18_what_the_policy_blocks_is_aborted_too() {
    let setup = Setup { aborts: true, is_closed: true, ..Setup::default() };
    let Some(scene) = Scene::boot(&setup) else { return };
    scene.attach(&[MORE, FAIL]);
    let connection = scene.connect();
    assert_eq!(connection.send(b"x"), BLOCKED);
    scene.kernel.run_work();
    assert!(scene.kernel.fwp.is_aborted(connection.flow));
}

#[test]
fn s18_an_abort_that_ends_the_flow_on_the_spot_is_fine() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    scene.kernel.fwp.set_aborts(Aborts::AtOnce);
    let connections = [scene.connect(), scene.connect()];
    for connection in connections {
        connection.send(b"x");
    }
    scene.kernel.run_work();
    assert_eq!((aborts(&scene), scene.kernel.fwp.context_count()), (2, 0));
    assert!(connections.iter().all(|it| !it.is_open()));
}

#[test]
fn s18_flows_that_are_deleted_already_are_skipped() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    let connections: [Connection; 3] = core::array::from_fn(|_| scene.connect());
    for connection in connections {
        connection.send(b"x");
    }
    connections[1].close();
    scene.kernel.run_work();
    assert_eq!(aborts(&scene), 2);
    let is_aborted = connections.map(|it| scene.kernel.fwp.is_aborted(it.flow));
    assert_eq!(is_aborted, [true, false, true]);
}

#[test]
fn s18_a_flow_that_comes_after_a_listed_one_has_ended_is_not_taken_for_it() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    let connect = || -> Vec<_> { (0..40).map(|_| scene.connect()).collect() };
    let listed = connect();
    for connection in &listed {
        connection.send(b"x");
    }
    listed.iter().for_each(Connection::close);
    // In the places of those before; half of them are blocked themselves.
    let later = connect();
    for connection in later.iter().step_by(2) {
        connection.send(b"x");
    }
    scene.kernel.run_work();
    assert_eq!(aborts(&scene), 20);
    let is_aborted = later.iter().map(|it| scene.kernel.fwp.is_aborted(it.flow));
    assert!(is_aborted.eq([true, false].repeat(20)));
}

#[test]
fn s18_a_flow_that_is_being_deleted_may_be_aborted_and_the_failure_is_ignored() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    let connection = scene.connect();
    assert_eq!(connection.send(b"x"), BLOCKED);
    // The flow is gone, and WFP has not said so yet.
    connection.close();
    scene.kernel.run_work();
    assert_eq!(aborts(&scene), 1);
    scene.net.deliver_deletes();
    assert_eq!(scene.kernel.fwp.context_count(), 0);
}

#[test]
fn s18_a_failing_abort_is_ignored_and_the_flow_goes_on_absorbing() {
    let Some(scene) = aborting(&[MORE, BLOCK]) else { return };
    scene.kernel.fwp.set_aborts(Aborts::Fail(status::INVALID_PARAMETER));
    let connections = [scene.connect(), scene.connect()];
    for connection in connections {
        connection.send(b"x");
    }
    scene.kernel.run_work();
    assert_eq!(aborts(&scene), 2, "the second has to be tried although the first failed");
    let errors = scene.events::<ErrorEvent>();
    let apis: Vec<_> = errors.iter().map(|it| it.api).collect();
    assert_eq!(apis, [ErrorApi::Abort; 2]);
    for connection in connections {
        assert!(connection.is_open() && connection.has_context());
        assert_eq!(connection.send(b"y"), BLOCKED);
    }
    assert_eq!(scene.events::<Verdict>().len(), 2);
}
