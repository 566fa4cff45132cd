//! Start, and the filtering engine coming and going (S34).

use crate::counted::{INTERVAL_NS, counted, errors, fates, states};
use crate::scene::{BLOCK, MORE, Scene, Setup};
use weir_abi::event::{DriverState, ErrorApi, Fate, FateReason, PairEnd, StateKind};
use weir_sim_kernel::bfe::ServiceState;
use weir_sim_kernel::ebpf::{Core, Params};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::{Kernel, Options};

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

const DOWN: Setup =
    Setup { is_closed: false, aborts: false, max_flows: None, is_engine_down: true };

/// What the filtering engine does while the driver lives.
#[derive(Clone, Copy, Debug)]
enum Engine {
    Runs,
    ComesLate,
    StopsAndReturns,
    StopsForGood,
}

/// One life, in which the fault point of that number fails; what is wrong, and whether the point
/// was reached.
fn life_with_fault(point: u64, engine: Engine) -> Option<(Vec<String>, bool)> {
    let kernel = Kernel::boot(Options { image: Some(image_or_skip()?), ..Options::default() });
    kernel.etw.enable(0, 0);
    if matches!(engine, Engine::ComesLate) {
        kernel.bfe.begin_stopped();
    }
    kernel.faults.fail_point(point);
    if kernel.load_driver() >= 0 {
        kernel.run_work();
        let _attached = Core::new(kernel).attach_constant(&Params::default(), 2);
        let _connection = Net::new(kernel).connect(&FlowSpec::default());
        match engine {
            Engine::Runs => {}
            Engine::ComesLate => kernel.bfe.start(kernel),
            Engine::StopsAndReturns => {
                kernel.bfe.stop(kernel);
                kernel.run_work();
                kernel.bfe.start(kernel);
            }
            Engine::StopsForGood => kernel.bfe.stop(kernel),
        }
        kernel.advance(2 * INTERVAL_NS);
        let filters = if matches!(engine, Engine::StopsForGood) { 0 } else { 4 };
        assert_eq!(kernel.fwp.filter_count(), filters, "fault point {point}: not up again");
        kernel.unload_driver();
    }
    let is_reached = kernel.faults.points() >= point;
    Some((kernel.end(), is_reached))
}

#[test]
fn s34_a_life_with_any_one_failure_leaves_nothing_whatever_the_engine_does() {
    for engine in [Engine::Runs, Engine::ComesLate, Engine::StopsAndReturns, Engine::StopsForGood] {
        let mut point = 0;
        loop {
            point += 1;
            let Some((wrong, is_reached)) = life_with_fault(point, engine) else { return };
            assert!(wrong.is_empty(), "{engine:?}, fault point {point}: {wrong:?}");
            if !is_reached {
                break;
            }
        }
        println!("{engine:?}: {} fault points", point - 1);
        assert!(point > 40, "{engine:?}: only {point} fault points");
    }
}

#[test]
fn s34_a_start_that_fails_undoes_what_it_had_done_in_reverse_order() {
    let Some(image) = image_or_skip() else { return };
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    kernel.calls.keep_order();
    // The hook's own provider, the last of all.
    kernel.faults.fail("NmrRegisterProvider", 2, NO_MEMORY);
    assert!(kernel.load_driver() < 0);
    let order = kernel.calls.take_order();
    let first = |name: &str| order.iter().position(|call| *call == name).unwrap();
    let last = |name: &str| order.iter().rposition(|call| *call == name).unwrap();
    let done = [
        "IoCreateDevice",
        "EtwRegister",
        "FwpsCalloutRegister1",
        "IoAllocateWorkItem",
        "FwpmBfeStateSubscribeChanges0",
        "KeSetTimerEx",
        "NmrRegisterProvider",
    ];
    let undone = [
        "NmrDeregisterProvider",
        "KeCancelTimer",
        "FwpmBfeStateUnsubscribeChanges0",
        "IoFreeWorkItem",
        "FwpsCalloutUnregisterById0",
        "EtwUnregister",
        "IoDeleteDevice",
    ];
    assert!(done.is_sorted_by_key(|name| first(name)), "{order:?}");
    assert!(undone.is_sorted_by_key(|name| last(name)), "{order:?}");
    kernel.finish();
}

#[test]
fn s34_the_engine_may_come_after_the_driver() {
    let Some(scene) = Scene::boot(&DOWN) else { return };
    scene.attach(&[MORE]);
    assert_eq!(scene.kernel.fwp.filter_count(), 0);
    let before = scene.connect();
    assert!(!before.established.is_called);
    assert!(scene.events::<DriverState>().iter().all(|state| !state.engine_up));
    scene.net.start_engine();
    scene.kernel.run_work();
    let states = scene.events::<DriverState>();
    let last = states.last().unwrap();
    assert_eq!((last.kind, last.engine_up), (StateKind::EngineUp, true));
    assert_eq!(scene.kernel.fwp.filter_count(), 4);
    assert!(scene.connect().has_context() && !before.send(b"x").is_called);
    assert!(errors(&scene).is_empty(), "an engine that is not there yet is no error");
}

#[test]
fn s34_one_transaction_adds_every_object() {
    let Some(scene) = Scene::boot(&DOWN) else { return };
    scene.kernel.calls.keep_order();
    for _ in 0..2 {
        let _before = scene.kernel.calls.take_order();
        scene.net.start_engine();
        scene.kernel.run_work();
        let calls = scene.kernel.calls.take_order();
        let of = |name: &str| calls.iter().filter(|call| **call == name).count();
        let at = |name: &str| calls.iter().position(|call| *call == name).unwrap();
        let (begin, commit) = (at("FwpmTransactionBegin0"), at("FwpmTransactionCommit0"));
        let added: Vec<_> = calls[begin..commit].iter().filter(|it| it.contains("Add0")).collect();
        assert_eq!(added[..2], [&"FwpmProviderAdd0", &"FwpmSubLayerAdd0"]);
        assert_eq!((of("FwpmCalloutAdd0"), of("FwpmFilterAdd0"), added.len()), (4, 4, 10));
        assert_eq!((of("FwpmTransactionBegin0"), of("FwpmTransactionCommit0")), (1, 1));
        scene.net.stop_engine();
        scene.kernel.run_work();
    }
}

#[test]
fn s34_an_engine_that_refuses_is_asked_again() {
    let steps = [
        ("FwpmEngineOpen0", 1),
        ("FwpmTransactionBegin0", 1),
        ("FwpmProviderAdd0", 1),
        ("FwpmSubLayerAdd0", 1),
        ("FwpmCalloutAdd0", 3),
        ("FwpmFilterAdd0", 4),
        ("FwpmTransactionCommit0", 1),
    ];
    for (name, nth) in steps {
        let Some(scene) = Scene::boot(&DOWN) else { return };
        scene.kernel.faults.fail(name, nth, NO_MEMORY);
        scene.net.start_engine();
        scene.kernel.run_work();
        assert_eq!(scene.kernel.fwp.filter_count(), 0, "{name}: half of the objects are there");
        assert_eq!(errors(&scene), [(ErrorApi::Engine, NO_MEMORY.cast_unsigned())], "{name}");
        assert!(!states(&scene).contains(&StateKind::EngineUp), "{name}");
        scene.kernel.advance(INTERVAL_NS);
        assert_eq!(scene.kernel.fwp.filter_count(), 4, "{name}");
        assert_eq!(states(&scene).last(), Some(&StateKind::EngineUp), "{name}");
    }
}

#[test]
fn s34_when_the_engine_returns_pairs_that_missed_bytes_end_and_the_policy_decides() {
    for (is_closed, is_quick) in [(false, false), (false, true), (true, false), (true, true)] {
        let setup = Setup { is_closed, ..Setup::default() };
        let Some(scene) = Scene::boot(&setup) else { return };
        scene.attach(&[MORE]);
        scene.attach(&[MORE]);
        let connection = scene.connect();
        scene.forget_events();
        scene.log();
        scene.net.stop_engine();
        if !is_quick {
            scene.kernel.run_work();
            assert_eq!(states(&scene), [StateKind::EngineDown]);
        }
        assert!(!connection.send(b"nobody sees this").is_called);
        scene.net.start_engine();
        scene.kernel.run_work();
        assert_eq!(states(&scene), [StateKind::EngineDown, StateKind::EngineUp]);
        assert_eq!(scene.log(), "deleted0 deleted1");
        let fate = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
        assert_eq!(fates(&scene), [(fate, FateReason::Engine)]);
        let later = connection.send(b"x");
        assert_eq!((later.is_called, later.is_absorbed), (is_closed, is_closed));
        assert_eq!((scene.log().as_str(), connection.has_context()), ("", is_closed));
        let set = counted(&scene);
        assert_eq!(set.pairs(1).1[PairEnd::Engine.index()], 1);
    }
}

#[test]
fn s34_pairs_that_missed_bytes_end_even_without_stack() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.log();
    scene.net.stop_engine();
    scene.net.start_engine();
    scene.kernel.faults.fail("KeExpandKernelStackAndCalloutEx", 1, NO_MEMORY);
    scene.kernel.run_work();
    assert_eq!((scene.log().as_str(), connection.has_context()), ("", false));
    assert!(errors(&scene).contains(&(ErrorApi::Stack, NO_MEMORY.cast_unsigned())));
    assert_eq!(counted(&scene).pairs(1).1[PairEnd::Engine.index()], 1);
}

#[test]
fn s34_blocked_flows_absorb_again_when_the_engine_returns() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    let connection = scene.connect();
    assert!(connection.send(b"x").is_absorbed);
    for _ in 0..2 {
        scene.net.stop_engine();
        scene.kernel.run_work();
        assert!(!connection.send(b"x").is_called, "while it is down nothing is enforced");
        scene.net.start_engine();
        scene.kernel.run_work();
        assert!(connection.send(b"x").is_absorbed && connection.receive(b"x").is_absorbed);
    }
    assert_eq!(fates(&scene), [(Fate::Block, FateReason::Answer)]);
}

#[test]
fn s34_flows_of_the_time_without_engine_are_never_inspected() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.net.stop_engine();
    scene.kernel.run_work();
    let connection = scene.connect();
    scene.net.start_engine();
    scene.kernel.run_work();
    connection.send(b"x");
    connection.close();
    assert_eq!(scene.log(), "");
    assert!(scene.connect().has_context());
}

#[test]
fn s34_every_state_of_the_service_but_running_is_down() {
    let Some(scene) = Scene::open() else { return };
    let states_then = |state| {
        scene.forget_events();
        scene.kernel.bfe.change(scene.kernel, state);
        scene.kernel.run_work();
        states(&scene)
    };
    assert_eq!(states_then(ServiceState::Running), [], "nothing has changed");
    assert_eq!(states_then(ServiceState::StopPending), [StateKind::EngineDown]);
    assert_eq!(states_then(ServiceState::Stopped), []);
    assert_eq!(states_then(ServiceState::StartPending), []);
    assert_eq!(states_then(ServiceState::Running), [StateKind::EngineUp]);
    assert_eq!(scene.kernel.fwp.filter_count(), 4);
}
