//! Unload, and the flags of callouts (S35, S36).
//!
//! That no context is made once the driver is stopping cannot be seen here: nothing of a test runs
//! between the first step of an unload and its last.

use crate::counted::{errors, fates, sets, states};
use crate::scene::{ALLOW, Answers, BLOCK, MORE, Scene, Setup};
use weir_abi::Event as _;
use weir_abi::counters::Series;
use weir_abi::event::{Counters, DriverState, ErrorApi, ErrorEvent, Fate, FateReason, StateKind};
use weir_sim_kernel::ebpf::Params;
use weir_sim_kernel::fwp::{Aborts, Deletes, flows::FlowSpec};
use weir_sim_kernel::net::Connection;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const DEVICE_BUSY: i32 = 0x8000_0011_u32.cast_signed();
const UNSUCCESSFUL: i32 = 0xC000_0001_u32.cast_signed();

/// Flows in every state, of both families: classifying, blocked at NEW and within the data, closed
/// or allowed with the deletion of the context still to come.
fn flows_in_every_state(scene: &Scene) -> Vec<Connection> {
    let of = |compartment, answers: &[_]| {
        scene.attach_with(&Params::compartment(compartment), Answers::of(answers));
    };
    of(1, &[MORE]);
    of(2, &[BLOCK]);
    of(3, &[MORE, BLOCK]);
    of(4, &[MORE, ALLOW]);
    let mut flows = Vec::new();
    for base in [FlowSpec::default(), FlowSpec::v6()] {
        for compartment_id in 1..=4 {
            let connection = scene.net.connect(&FlowSpec { compartment_id, ..base.clone() });
            connection.send(b"x");
            flows.push(connection);
        }
        scene.net.connect(&base).close();
    }
    flows
}

#[test]
fn s35_unload_ends_flows_in_every_state() {
    for deletes in [Deletes::AtOnce, Deletes::WithTime] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(deletes);
        let flows = flows_in_every_state(&scene);
        let is_late = deletes == Deletes::WithTime;
        let pending = if is_late { 10 } else { 6 };
        assert_eq!(scene.kernel.fwp.context_count(), pending);
        scene.log();
        scene.unload();
        assert_eq!(scene.log(), "", "no program runs in an unload");
        assert_eq!((scene.kernel.fwp.context_count(), scene.kernel.fwp.callout_count()), (0, 0));
        let open: Vec<_> = flows.iter().map(|it| scene.kernel.fwp.is_aborted(it.flow)).collect();
        // Blocked flows were aborted, nobody else's connection was touched.
        assert_eq!(open, [[false, true, true, false]; 2].concat());
        let set = sets(scene.kernel).pop().unwrap();
        assert_eq!(set.driver(Series::Aborts, 0), 4);
        assert_eq!(set.sum(0, Series::Contexts), 0);
        let unloaded = fates(&scene).iter().filter(|it| it.1 == FateReason::Unload).count();
        // What was closed and not yet told ends with the driver, its programs being gone.
        assert_eq!((unloaded, fates(&scene).len()), (if is_late { 4 } else { 2 }, 10));
    }
}

#[test]
fn s35_unload_goes_in_its_order() {
    let Some(scene) = Scene::open() else { return };
    flows_in_every_state(&scene);
    scene.kernel.calls.keep_order();
    scene.unload();
    let order = scene.kernel.calls.take_order();
    let first = |name: &str| order.iter().position(|call| *call == name).unwrap();
    let last = |name: &str| order.iter().rposition(|call| *call == name).unwrap();
    // Each step is over before the next one begins.
    let steps = [
        ("NmrDeregisterProvider", "NmrWaitForProviderDeregisterComplete"),
        ("KeCancelTimer", "KeFlushQueuedDpcs"),
        ("IoFreeWorkItem", "IoFreeWorkItem"),
        ("FwpmFilterDeleteById0", "FwpmFilterDeleteById0"),
        ("FwpsFlowAbort0", "FwpsFlowRemoveContext0"),
        ("FwpsCalloutUnregisterById0", "FwpsCalloutUnregisterById0"),
        ("FwpmEngineClose0", "FwpmEngineClose0"),
        ("FwpmBfeStateUnsubscribeChanges0", "FwpmBfeStateUnsubscribeChanges0"),
        ("EtwUnregister", "EtwUnregister"),
        ("IoDeleteDevice", "IoDeleteDevice"),
    ];
    for pair in steps.windows(2) {
        let ((_, before), (after, _)) = (pair[0], pair[1]);
        assert!(last(before) < first(after), "{before} before {after}: {order:?}");
    }
    // Nothing is written once the provider is gone, and something is after the engine is.
    assert!(last("EtwWriteTransfer") < first("EtwUnregister"));
    assert!(last("EtwWriteTransfer") > last("FwpmBfeStateUnsubscribeChanges0"));
    // Each blocked flow is aborted before its context goes.
    let ends = order.iter().filter(|it| it.contains("FlowAbort") || it.contains("FlowRemove"));
    let ends: Vec<_> = ends.collect();
    let aborts = ends.iter().enumerate().filter(|(_, it)| it.contains("Abort"));
    let is_followed = |at: usize| ends.get(at + 1).is_some_and(|it| it.contains("Remove"));
    assert!(aborts.map(|(at, _)| at).all(is_followed), "{ends:?}");
}

#[test]
fn s35_the_last_words_are_a_whole_set_of_counters_and_the_stop() {
    let Some(scene) = Scene::open() else { return };
    flows_in_every_state(&scene);
    scene.unload();
    let events = scene.kernel.etw.events();
    let last = events.iter().rposition(|it| ![Counters::ID, DriverState::ID].contains(&it.id));
    let ids: Vec<_> = events[last.unwrap() + 1..].iter().map(|it| it.id).collect();
    assert!(ids.contains(&Counters::ID), "counters follow everything that they count: {ids:?}");
    assert_eq!(ids.iter().filter(|id| **id == DriverState::ID).count(), 1);
    assert_eq!(states(&scene).last(), Some(&StateKind::Stop));
    let set = sets(scene.kernel).pop().unwrap();
    for attach_id in 1..=4 {
        assert!(set.is_final(attach_id), "attachment {attach_id}");
        let (begun, ended) = set.pairs(attach_id);
        assert_eq!(begun, ended.iter().sum::<u64>(), "attachment {attach_id}");
    }
}

#[test]
fn s35_callouts_that_are_busy_are_tried_again() {
    let Some(scene) = Scene::open() else { return };
    flows_in_every_state(&scene);
    for nth in [1, 2, 3, 7] {
        scene.kernel.faults.fail("FwpsCalloutUnregisterById0", nth, DEVICE_BUSY);
    }
    scene.unload();
    let status = DEVICE_BUSY.cast_unsigned();
    assert_eq!(errors(&scene), [(ErrorApi::CalloutUnregister, status); 4]);
    assert_eq!(scene.kernel.fwp.callout_count(), 0);
}

#[test]
fn s35_filters_that_cannot_be_deleted_go_with_the_session_and_are_told() {
    // Each time the first filter; every filter; a failure in passing, which is none.
    for (fails, is_told) in [(vec![1, 1, 1], true), (vec![], true), (vec![1], false)] {
        let Some(scene) = Scene::open() else { return };
        flows_in_every_state(&scene);
        if fails.is_empty() {
            scene.kernel.faults.fail_always("FwpmFilterDeleteById0", UNSUCCESSFUL);
        }
        for nth in 1..=u64::try_from(fails.len()).unwrap() {
            scene.kernel.faults.fail("FwpmFilterDeleteById0", nth, UNSUCCESSFUL);
        }
        scene.unload();
        let status = UNSUCCESSFUL.cast_unsigned();
        let expected = if is_told { vec![(ErrorApi::FilterDelete, status)] } else { vec![] };
        assert_eq!(errors(&scene), expected, "{fails:?}");
        assert_eq!(scene.kernel.fwp.filter_count(), 0);
    }
}

#[test]
fn s35_flows_that_cannot_be_aborted_do_not_stop_the_unload_and_are_told() {
    for aborts in [Aborts::AtOnce, Aborts::Fail(UNSUCCESSFUL)] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_aborts(aborts);
        scene.attach(&[BLOCK]);
        for _ in 0..25 {
            assert!(scene.connect().has_context());
        }
        scene.unload();
        let is_failing = aborts != Aborts::AtOnce;
        let set = sets(scene.kernel).pop().unwrap();
        assert_eq!(set.driver(Series::Aborts, 0), if is_failing { 0 } else { 25 });
        let told = scene.events::<ErrorEvent>();
        let told: Vec<_> = told.iter().filter(|it| it.api == ErrorApi::Abort).collect();
        assert_eq!(!told.is_empty(), is_failing);
        assert!(told.iter().all(|it| it.flow_id != 0 && it.status == UNSUCCESSFUL.cast_unsigned()));
    }
}

#[test]
fn s35_unload_needs_no_filtering_engine() {
    let down = Setup { is_engine_down: true, ..Setup::default() };
    let Some(scene) = Scene::boot(&down) else { return };
    scene.attach(&[MORE]);
    scene.unload();
    assert_eq!(states(&scene).last(), Some(&StateKind::Stop));
}

#[test]
fn s35_unload_after_the_engine_stopped_removes_the_contexts_of_its_time() {
    for is_noticed in [false, true] {
        let Some(scene) = Scene::open() else { return };
        flows_in_every_state(&scene);
        scene.net.stop_engine();
        if is_noticed {
            scene.kernel.run_work();
        }
        scene.unload();
        assert_eq!(scene.kernel.fwp.context_count(), 0);
    }
}

#[test]
fn s35_unload_with_everything_queued_leaves_nothing() {
    let Some(scene) = Scene::boot(&Setup { aborts: true, ..Setup::default() }) else { return };
    scene.kernel.fwp.set_deletes(Deletes::WithTime);
    let attached = scene.attach(&[MORE]);
    flows_in_every_state(&scene);
    // A detach, aborts, a capture state and a change of the engine, none of which has run.
    attached.detach();
    scene.kernel.etw.capture_state();
    scene.net.stop_engine();
    scene.net.start_engine();
    assert!(scene.kernel.io.queued() >= 4, "{} work items", scene.kernel.io.queued());
    scene.unload();
    assert!(fates(&scene).iter().all(|it| it.0 != Fate::Unknown));
}

#[test]
fn s36_callouts_leave_offloads_on_as_far_as_inspection_allows() {
    let Some(scene) = Scene::open() else { return };
    // FWP_CALLOUT_FLAG_CONDITIONAL_ON_FLOW, _ALLOW_OFFLOAD, _ALLOW_RSC.
    // Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_callout1_ and
    // fwpstypes.h (read 2026-11)
    let (conditional, offload, rsc) = (0x1, 0x2, 0x40);
    let (established, stream) = (Some(offload | rsc), Some(conditional | rsc));
    assert_eq!(scene.kernel.fwp.callout_flags(), [established, established, stream, stream]);
}
