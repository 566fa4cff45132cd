//! The bounds of inspected and of blocked flows (S33).

use crate::counted::{counted, errors, fates};
use crate::scene::{ALLOW, Answers, BLOCK, MORE, Scene, Setup};
use weir_abi::counters::Series;
use weir_abi::event::ErrorApi;
use weir_sim_kernel::ebpf::Params;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::net::Connection;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const QUOTA_EXCEEDED: u32 = 0xC000_0044;
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

fn bounded(flows: u32, is_closed: bool) -> Option<Scene> {
    Scene::boot(&Setup { max_flows: Some(flows), is_closed, ..Setup::default() })
}

fn connect(scene: &Scene, count: usize) -> Vec<Connection> {
    (0..count).map(|_| scene.connect()).collect()
}

#[test]
fn s33_inspected_flows_are_bounded_before_any_program_runs() {
    for is_closed in [false, true] {
        let Some(scene) = bounded(3, is_closed) else { return };
        scene.attach(&[MORE]);
        let flows = connect(&scene, 3);
        assert!(flows.iter().all(Connection::has_context));
        scene.log();
        let beyond = connect(&scene, 2);
        assert_eq!(scene.log(), "", "nobody may be asked");
        assert!(beyond.iter().all(|it| it.is_refused() == is_closed && !it.has_context()));
        assert_eq!(errors(&scene), [(ErrorApi::MaxFlows, QUOTA_EXCEEDED); 2]);
        assert!(fates(&scene).is_empty(), "a flow for which nobody was invoked has no fate");
        let set = counted(&scene);
        assert_eq!(set.driver(Series::FlowsRefused, 0), 2);
        assert_eq!(set.driver(Series::Contexts, 0), 3);
        flows[1].close();
        assert!(scene.connect().has_context(), "a place became free");
        assert!(!scene.connect().has_context(), "one place became free");
    }
}

#[test]
fn s33_blocked_flows_have_a_bound_of_their_own() {
    let Some(scene) = bounded(3, false) else { return };
    let blocking = scene.attach_with(&Params::compartment(2), Answers::of(&[BLOCK]));
    scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
    let blocked =
        |scene: &Scene| scene.net.connect(&FlowSpec { compartment_id: 2, ..FlowSpec::default() });
    let inspected = connect(&scene, 2);
    let first: Vec<_> = (0..2).map(|_| blocked(&scene)).collect();
    // Two of each, within both bounds, though together more than one of them.
    assert!(inspected.iter().chain(&first).all(Connection::has_context));
    let third = blocked(&scene);
    assert!(third.has_context() && third.send(b"x").is_absorbed);
    scene.log();
    assert!(!blocked(&scene).has_context() && !scene.connect().has_context());
    assert_eq!(scene.log(), "", "the bound of blocked flows is reached");
    let set = counted(&scene);
    let contexts = [0, 1].map(|index| set.driver(Series::Contexts, index));
    assert_eq!((contexts, set.driver(Series::FlowsRefused, 0)), ([2, 3], 2));
    first[0].close();
    assert!(scene.connect().has_context());
    scene.detach(&blocking);
    assert!(third.send(b"x").is_absorbed, "a block outlives its attachment");
}

#[test]
fn s33_inspected_flows_may_turn_blocked_beyond_the_bound() {
    let Some(scene) = bounded(2, false) else { return };
    scene.attach(&[MORE, BLOCK]);
    let first = connect(&scene, 2);
    first[0].send(b"x");
    // One blocked, one inspected: there is room for one more of each.
    let later = scene.connect();
    first[1].send(b"x");
    // The bound of blocked flows is reached; what is inspected already may still be blocked.
    assert!(!scene.connect().has_context());
    assert!(later.send(b"x").is_absorbed && later.has_context());
    assert_eq!(counted(&scene).driver(Series::Contexts, 1), 3);
    for flow in first.iter().chain([&later]) {
        assert!(flow.receive(b"y").is_absorbed);
        flow.close();
    }
    assert_eq!(counted(&scene).sum(0, Series::Contexts), 0);
    assert!(scene.connect().has_context());
}

#[test]
fn s33_flows_that_nobody_inspects_take_no_place() {
    let Some(scene) = bounded(1, true) else { return };
    scene.attach(&[ALLOW]);
    assert!(connect(&scene, 10).iter().all(|it| !it.is_refused()));
    let set = counted(&scene);
    let (refused, contexts) = (set.driver(Series::FlowsRefused, 0), set.sum(0, Series::Contexts));
    assert_eq!((refused, contexts, set.driver(Series::FlowsUninspected, 0)), (0, 0, 10));
}

#[test]
fn s33_a_flow_that_nobody_would_inspect_is_not_refused() {
    let Some(scene) = bounded(1, true) else { return };
    let attached = scene.attach_with(&Params::compartment(1), Answers::of(&[MORE, BLOCK]));
    let connection = scene.connect();
    let elsewhere = || scene.net.connect(&FlowSpec { compartment_id: 2, ..FlowSpec::default() });
    assert!(!elsewhere().is_refused(), "no program sees flows of this compartment");
    assert!(scene.connect().is_refused());
    assert!(connection.send(b"x").is_absorbed);
    assert!(!elsewhere().is_refused(), "no program sees flows of this compartment");
    scene.detach(&attached);
    assert!(!scene.connect().is_refused(), "no program is attached");
    assert_eq!(counted(&scene).driver(Series::FlowsRefused, 0), 1);
}

#[test]
fn s33_pool_failures_do_not_use_up_the_contexts() {
    let Some(scene) = bounded(1, false) else { return };
    scene.attach(&[MORE]);
    scene.kernel.faults.fail_always("ExAllocatePool2", NO_MEMORY);
    for _ in 0..1000 {
        assert!(!scene.connect().has_context());
    }
    scene.kernel.faults.clear();
    assert!(scene.connect().has_context(), "there is memory again");
}
