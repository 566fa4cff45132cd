//! Contexts that cannot be kept: rule S09.

use crate::scene::{ALLOW, BLOCK, FAIL, MORE, Scene, Setup};
use weir_abi::event::{ErrorApi, ErrorEvent, Fate, FateReason, Verdict};
use weir_sim_kernel::ebpf::Reply;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::status;
use weir_sim_kernel::net::Connection;

/// Why a context cannot be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    Pool,
    Associate(i32),
}

/// No memory; statuses that pass for success elsewhere; a flow that has ended meanwhile.
const ALL: [Why; 5] = [
    Why::Pool,
    Why::Associate(status::PENDING),
    Why::Associate(status::INVALID_PARAMETER),
    Why::Associate(status::OBJECT_NAME_EXISTS),
    Why::Associate(status::NOT_FOUND),
];

/// What became of one connection whose context could not be kept.
struct Outcome {
    scene: Scene,
    connection: Connection,
    fate: (Fate, FateReason, u8),
}

/// One connection under programs with these answers.
fn connect(why: Why, is_closed: bool, answers: &[Reply], spec: &FlowSpec) -> Option<Outcome> {
    let scene = if is_closed { Scene::closed()? } else { Scene::open()? };
    for answer in answers {
        scene.attach(&[*answer]);
    }
    let faults = &scene.kernel.faults;
    match why {
        Why::Pool => faults.fail_always("ExAllocatePool2", status::INVALID_PARAMETER),
        Why::Associate(status) => faults.fail_always("FwpsFlowAssociateContext0", status),
    }
    let connection = scene.net.connect(spec);
    faults.clear();
    assert!(!connection.has_context() && scene.kernel.fwp.context_count() == 0);
    let api = if why == Why::Pool { ErrorApi::Pool } else { ErrorApi::Associate };
    let errors = scene.events::<ErrorEvent>();
    let told = errors.iter().filter(|it| it.api == api && it.flow_id == connection.flow);
    assert_eq!(told.count(), 1, "{errors:?}");
    let verdicts = scene.events::<Verdict>();
    let [verdict] = &verdicts[..] else { panic!("{verdicts:?}") };
    let fate = (verdict.fate, verdict.reason, verdict.decider_chain_index);
    Some(Outcome { scene, connection, fate })
}

/// Nobody.
const NOBODY: u8 = 255;

#[test]
fn s09_without_a_block_those_classifying_get_deleted_and_the_policy_decides() {
    for why in ALL {
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            for is_closed in [false, true] {
                let answers = [MORE, ALLOW, MORE];
                let Some(it) = connect(why, is_closed, &answers, &spec) else { return };
                assert_eq!(it.scene.log(), "new0 new1 new2 deleted0 deleted2", "{why:?}");
                let (action, fate) = if is_closed {
                    (action::BLOCK, Fate::FailedClosed)
                } else {
                    (action::CONTINUE, Fate::FailedOpen)
                };
                assert_eq!(it.connection.established.action, action, "{why:?}");
                assert_eq!(it.connection.is_refused(), is_closed);
                assert_eq!(it.fate, (fate, FateReason::NoContext, NOBODY), "{why:?}");
            }
        }
    }
}

#[test]
fn s09_a_block_is_returned_here_whatever_the_policy_and_no_deleted_is_repeated() {
    for why in ALL {
        for is_closed in [false, true] {
            let answers = [MORE, ALLOW, MORE, BLOCK, MORE];
            let spec = FlowSpec::default();
            let Some(it) = connect(why, is_closed, &answers, &spec) else { return };
            let log = it.scene.log();
            assert_eq!(log, "new0 new1 new2 new3 deleted0 deleted2", "{why:?}");
            assert_eq!(it.connection.established.action, action::BLOCK, "{why:?}");
            assert!(it.connection.is_refused() && !it.connection.is_open());
            assert_eq!(it.fate, (Fate::Block, FateReason::BlockNotKept, 3), "{why:?}");
        }
    }
}

#[test]
fn s09_a_block_by_policy_that_cannot_be_kept_is_returned_here_too() {
    for why in ALL {
        let spec = FlowSpec::v6();
        let Some(it) = connect(why, true, &[MORE, FAIL, MORE], &spec) else { return };
        assert_eq!(it.scene.log(), "new0 new1 deleted0", "{why:?}");
        assert_eq!(it.connection.established.action, action::BLOCK, "{why:?}");
        assert_eq!(it.fate, (Fate::FailedClosed, FateReason::ProgramError, 1), "{why:?}");
    }
}

#[test]
fn s09_a_flow_that_passed_so_is_not_inspected_and_the_next_one_is() {
    for why in ALL {
        let Some(it) = connect(why, false, &[MORE], &FlowSpec::default()) else { return };
        let Outcome { scene, connection, .. } = it;
        assert!(!connection.send(b"x").is_called);
        connection.close();
        assert_eq!(scene.log(), "new0 deleted0", "{why:?}");
        let next = scene.connect();
        next.send(b"x");
        next.close();
        assert_eq!(scene.log(), "new0 established0 deleted0", "{why:?}");
    }
}

#[test]
fn s09_a_failure_that_nobody_needs_a_context_for_is_none() {
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[ALLOW]);
    scene.kernel.faults.fail_always("ExAllocatePool2", status::INVALID_PARAMETER);
    scene.kernel.faults.fail_always("FwpsFlowAssociateContext0", status::INVALID_PARAMETER);
    let connection = scene.connect();
    scene.kernel.faults.clear();
    assert_eq!(connection.established.action, action::CONTINUE);
    assert_eq!((scene.log().as_str(), scene.events::<ErrorEvent>()), ("new0", vec![]));
}

#[test]
fn s09_at_max_flows_nobody_is_asked_and_the_policy_decides() {
    for is_closed in [false, true] {
        let setup = Setup { is_closed, max_flows: Some(1), ..Setup::default() };
        let Some(scene) = Scene::boot(&setup) else { return };
        scene.attach(&[MORE]);
        let first = scene.connect();
        scene.log();
        let second = scene.connect();
        assert_eq!(scene.log(), "");
        let wanted = if is_closed { action::BLOCK } else { action::CONTINUE };
        assert_eq!((second.established.action, second.is_refused()), (wanted, is_closed));
        let errors = scene.events::<ErrorEvent>();
        assert_eq!(errors.iter().map(|it| it.api).collect::<Vec<_>>(), [ErrorApi::MaxFlows]);
        // It had no fate, as nobody was asked.
        assert_eq!(scene.events::<Verdict>(), []);
        first.close();
        assert!(scene.connect().has_context());
    }
}
