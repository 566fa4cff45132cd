//! Lessons from the history of netebpfext, the network extension of eBPF for Windows, and of the
//! usermode simulation that it is tested with. Tests are named after the issue.

use crate::counted::errors;
use crate::kept::{REMOVE, assert_ended_once, calls, deleted};
use crate::scene::{ALLOW, Answers, BLOCK, FAIL, MORE, Scene};
use weir_abi::event::ErrorApi;
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, Notifications, flows::FlowSpec, status};

const DELETE_FILTER: &str = "FwpmFilterDeleteById0";
/// `RPC_NT_CALL_FAILED`.
///
/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const CALL_FAILED: i32 = 0xC002_001B_u32.cast_signed();

/// Programs leave before contexts do, and contexts before callouts.
///
/// Source: microsoft/ebpf-for-windows issues 1272 and 1402 (read 2026-11)
#[test]
fn a09_1272_no_callout_is_asked_to_go_while_a_program_or_a_context_is_there() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::WithTime);
    scene.attach(&[MORE, MORE, ALLOW]);
    scene.attach(&[MORE, MORE, BLOCK]);
    let flows: Vec<_> = (0..20).map(|_| scene.connect()).collect();
    flows.iter().take(10).for_each(|it| it.close());
    assert_eq!(scene.kernel.fwp.context_count(), 20);
    scene.log();
    scene.kernel.calls.keep_order();
    scene.unload();
    let order = scene.kernel.calls.take_order();
    let unregister = order.iter().position(|it| *it == "FwpsCalloutUnregisterById0").unwrap();
    for before in ["NmrWaitForProviderDeregisterComplete", REMOVE] {
        assert!(order.iter().rposition(|it| *it == before).unwrap() < unregister, "{before}");
    }
    // A callout with contexts is busy, which would be an Error event.
    assert_eq!((scene.log().as_str(), scene.kernel.fwp.callout_count()), ("", 0));
    assert_ended_once(&scene, 20);
}

/// Deleting a filter can fail in passing or for good, and the callout may hear of it late or never:
/// neither hangs the unload, nor does a flow hang on the filter.
///
/// Source: microsoft/ebpf-for-windows issues 4192, 5472 and 5486 (read 2026-11)
#[test]
fn a09_4192_a_filter_that_stays_or_is_told_of_late_does_not_stop_the_unload() {
    use Notifications::{AtOnce, Later, Never};
    for (when, fails) in [AtOnce, Later, Never]
        .into_iter()
        .flat_map(|it| [0, 1, 2, 3, u64::MAX].map(|fails| (it, fails)))
    {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_notifications(when);
        scene.attach(&[MORE]);
        let flows: Vec<_> = (0..5).map(|_| scene.connect()).collect();
        assert!(flows.iter().all(|it| it.has_context()));
        match fails {
            u64::MAX => scene.kernel.faults.fail_always(DELETE_FILTER, CALL_FAILED),
            _ => (1..=fails)
                .for_each(|nth| scene.kernel.faults.fail(DELETE_FILTER, nth, CALL_FAILED)),
        }
        let tries = calls(&scene, DELETE_FILTER, || scene.unload());
        // Each of the four is tried three times.
        let wanted = if fails == u64::MAX { 12 } else { 4 + fails.min(2) };
        assert_eq!(tries, wanted, "{when:?}, {fails} failures");
        let left = [(ErrorApi::FilterDelete, CALL_FAILED.cast_unsigned())];
        assert_eq!(errors(&scene), if fails < 3 { &[][..] } else { &left }, "{fails} failures");
        scene.kernel.fwp.deliver_notifications(scene.kernel);
        let fwp = &scene.kernel.fwp;
        assert_eq!((fwp.filter_count(), fwp.callout_count(), fwp.context_count()), (0, 0, 0));
    }
}

/// Every filter lets traffic pass while its callout is not registered; and without the driver
/// everything does.
///
/// Source: microsoft/ebpf-for-windows issue 5496 (read 2026-11)
#[test]
fn a09_5496_every_filter_permits_without_its_callout_and_nothing_is_left_to_block() {
    const PERMIT_IF_CALLOUT_UNREGISTERED: u32 = 0x10;
    let Some(scene) = Scene::open() else { return };
    let filters = scene.kernel.fwp.filters();
    let flags: Vec<_> = filters.iter().map(|it| it.flags).collect();
    assert_eq!(flags, [PERMIT_IF_CALLOUT_UNREGISTERED; 4]);
    scene.attach(&[BLOCK]);
    assert!(scene.connect().send(b"x").is_absorbed);
    scene.unload();
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        assert!(!connection.established.is_called && !connection.is_refused());
        let data = connection.send(b"x");
        assert!(!data.is_called && data.is_permitted);
    }
}

/// A program whose flow has no context is not invoked for it any more, whatever the status was.
///
/// Source: microsoft/ebpf-for-windows issue 4587 (read 2026-11)
#[test]
fn a09_4587_no_program_is_invoked_for_data_whose_association_failed() {
    let failures =
        [status::INVALID_PARAMETER, status::OBJECT_NAME_EXISTS, status::NOT_FOUND, CALL_FAILED];
    for status in failures {
        let Some(scene) = Scene::open() else { return };
        let program = scene.attach(&[MORE]);
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            scene.kernel.faults.fail("FwpsFlowAssociateContext0", 1, status);
            let failed = scene.net.connect(&spec);
            assert_eq!(scene.log(), "new0 deleted0", "{status:#x}");
            assert!(!failed.has_context() && !failed.send(b"x").is_called, "{status:#x}");
            failed.close();
        }
        assert_eq!((scene.log().as_str(), program.invocations()), ("", 4), "{status:#x}");
        let next = scene.connect();
        assert!(next.has_context() && next.send(b"x").is_permitted);
        assert_eq!(scene.log(), "new0 established0", "the next one is inspected");
    }
}

/// A flow for which nothing was decided has the verdict of nobody, least of all that of the flow
/// before it or of what was in the action.
///
/// Source: microsoft/ebpf-for-windows commit d26597c61 (read 2026-11)
#[test]
fn a09_d26597c61_a_flow_that_nobody_decides_about_does_not_have_the_verdict_of_another() {
    let Some(scene) = Scene::open() else { return };
    let of = |compartment, answers: &[Reply]| {
        scene.attach_with(&Params::compartment(compartment), Answers::of(answers));
    };
    of(1, &[BLOCK]);
    of(2, &[MORE, FAIL, MORE, FAIL]);
    of(3, &[FAIL]);
    let connect =
        |compartment_id| scene.net.connect(&FlowSpec { compartment_id, ..FlowSpec::default() });
    let undecided = connect(2);
    for _ in 0..4 {
        // Blocked flows right before, and a block in the action on entry.
        let blocked = connect(1);
        assert!(blocked.send(b"x").is_absorbed);
        for compartment in [3, 4] {
            let connection = connect(compartment);
            assert_eq!(connection.established.action, action::CONTINUE, "{compartment}");
            assert!(!connection.is_refused() && connection.send(b"x").is_permitted);
        }
        let entry = Indication { action_on_entry: action::BLOCK, ..Indication::sent(b"x") };
        let outcome = undecided.indicate(&entry);
        assert_eq!((outcome.action, outcome.flags), (action::PERMIT, 0));
    }
    assert!(undecided.has_context());
}

/// Flows may end before the detach, and flows without a context are nobody's: neither is told
/// twice, nor told at all.
///
/// Source: microsoft/usersim issues 263 and 272, microsoft/ebpf-for-windows issues 4555, 4584 and
/// 4636 (read 2026-11)
#[test]
fn a09_263_flows_that_end_before_a_detach_are_told_once_and_those_without_context_never() {
    let Some(scene) = Scene::open() else { return };
    let early = scene.connect();
    assert!(!early.has_context());
    let attached = [scene.attach(&[MORE]), scene.attach(&[ALLOW])];
    let (closed, open) = (scene.connect(), scene.connect());
    early.send(b"x");
    closed.send(b"x");
    early.close();
    closed.close();
    let told = scene.take_told();
    assert_eq!(deleted(&told), [(0, closed.flow)]);
    assert!(told.iter().all(|it| it.seen.context.flow_id != early.flow));
    attached.iter().for_each(|it| scene.detach(it));
    assert!(!open.has_context() && open.send(b"x").is_permitted);
    open.close();
    let late = scene.connect();
    late.send(b"x");
    late.close();
    assert_eq!(scene.log(), "");
    assert_ended_once(&scene, 2);
}
