//! Flows that end, and programs that leave, at the wrong moment: P1 to P3, P9, F.4 2 and F.4 13 of
//! `table`.

use crate::counted::fates;
use crate::kept::{REMOVE, assert_ended_once, calls, deleted};
use crate::scene::{ALLOW, BLOCK, MORE, Scene};
use core::cell::Cell;
use std::rc::Rc;
use weir_abi::event::{Fate, FateReason};
use weir_sim_kernel::ebpf::{Attached, Params, Reply, Seen};
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec, status};

/// What happens to the flow, on another processor, before the association returns.
#[derive(Clone, Copy, Debug)]
enum Early {
    Close,
    DataThenClose,
    /// WFP tells of it after the association has returned.
    CloseLate,
}

/// The flow of a context is in every list before WFP has the context, so that it may end before
/// the association returns.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook`, and
/// microsoft/ebpf-for-windows issue 5555 (read 2026-11)
#[test]
fn p01_a_flow_may_come_to_its_end_between_association_and_return() {
    let all = [Early::Close, Early::DataThenClose, Early::CloseLate];
    for (early, is_failing) in all.into_iter().flat_map(|it| [(it, false), (it, true)]) {
        let Some(scene) = Scene::open() else { return };
        scene.attach(&[MORE]);
        let kernel = scene.kernel;
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let is_late = matches!(early, Early::CloseLate);
            kernel.fwp.set_deletes(if is_late { Deletes::Later } else { Deletes::AtOnce });
            let is_shown = Rc::new(Cell::new(false));
            let shown = Rc::clone(&is_shown);
            kernel.fwp.while_associating(move |flow| {
                kernel.on_processor(1, || {
                    if matches!(early, Early::DataThenClose) {
                        let data = Indication::received(b"x");
                        shown.set(kernel.fwp.stream(kernel, flow, &data).is_called);
                    }
                    kernel.fwp.close(kernel, flow);
                });
            });
            if is_failing {
                kernel.faults.fail("FwpsFlowAssociateContext0", 1, status::NOT_FOUND);
            }
            let connection = scene.net.connect(&spec);
            assert_eq!(connection.established.action, action::CONTINUE, "{early:?}");
            let with_data = matches!(early, Early::DataThenClose);
            assert_eq!(is_shown.get(), with_data && !is_failing, "{early:?}");
            scene.net.deliver_deletes();
            let told = scene.take_told();
            assert_eq!(deleted(&told), [(0, connection.flow)], "{early:?}, failing {is_failing}");
            assert_eq!(told.len(), 2 + usize::from(is_shown.get()), "{early:?}");
        }
        if !is_failing {
            assert_ended_once(&scene, 2);
        }
        assert_eq!(fates(&scene).len(), 2, "{early:?}");
    }
}

/// What `FwpsFlowRemoveContext0` answers: the context is gone, will go, has gone already. After
/// each of them the flow ends once, and the unload waits for it.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/nf-fwpsk-fwpsflowremovecontext0
/// (read 2026-11)
#[test]
fn p02_each_answer_to_a_removal_is_taken_for_what_it_is() {
    let flows = |scene: &Scene| -> Vec<_> { (0..10).map(|_| scene.connect()).collect() };
    for answer in [status::SUCCESS, status::PENDING, status::UNSUCCESSFUL] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(Deletes::WithTime);
        let attached = scene.attach(&[MORE, ALLOW]);
        let flows = flows(&scene);
        let removals = calls(&scene, REMOVE, || {
            match answer {
                // From within a classification.
                status::PENDING => flows.iter().for_each(|it| assert!(it.send(b"x").is_permitted)),
                // The flow has ended, and WFP has not said so yet.
                status::UNSUCCESSFUL => flows.iter().for_each(|it| it.close()),
                _ => {}
            }
            assert!(flows.iter().all(|it| it.has_context() == (answer == status::SUCCESS)));
            scene.detach(&attached);
        });
        assert_eq!(removals, 10, "{answer:#x}");
        let pending = if answer == status::SUCCESS { 0 } else { 10 };
        // What waits for anything lets one of the deletions come.
        assert!(scene.kernel.fwp.context_count() <= pending);
        scene.unload();
        // A DELETED is owed to nobody: it allowed, or it was detached.
        assert_eq!(deleted(&scene.take_told()), []);
        assert_ended_once(&scene, 10);
    }
}

/// After a removal the flow is touched no more, whether WFP has told of it on the same stack or
/// comes back later. What is freed is poisoned and looked at when the machine ends.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p03_a_context_that_is_removed_on_the_own_stack_or_later_is_not_used_again() {
    for (deletes, answer) in
        [Deletes::AtOnce, Deletes::Later].into_iter().flat_map(|it| [(it, ALLOW), (it, BLOCK)])
    {
        let Some(scene) = Scene::open() else { return };
        let kernel = scene.kernel;
        kernel.fwp.set_deletes(deletes);
        let attached = scene.attach(&[MORE, answer]);
        let is_block = answer == BLOCK;
        for is_early in [false, true] {
            if is_early {
                // Released before the association returns: removed on that stack, by the driver.
                kernel.fwp.while_associating(move |flow| {
                    let data = Indication::sent(b"x");
                    kernel.on_processor(1, || kernel.fwp.stream(kernel, flow, &data));
                });
            }
            let connection = scene.connect();
            // The second and third segment come to a flow that is decided.
            for _ in 0..3 {
                assert_eq!(connection.send(b"x").is_absorbed, is_block, "{deletes:?}");
            }
            assert_eq!(connection.has_context(), is_block);
            connection.close();
        }
        // The flow is idle: removed on the stack of the detach walk.
        let idle = scene.connect();
        scene.detach(&attached);
        assert!(!idle.has_context());
        scene.net.deliver_deletes();
        assert_ended_once(&scene, 3);
        let decided = if is_block { Fate::Block } else { Fate::Allow };
        let wanted = [(decided, FateReason::Answer); 2]
            .into_iter()
            .chain([(Fate::Undecided, FateReason::Detached)]);
        assert!(fates(&scene).into_iter().eq(wanted));
    }
}

/// A flow that has a context is established once more: the old context stays what it is, and a
/// block that cannot be kept is not lost.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/
/// nf-fwpsk-fwpsflowassociatecontext0 (read 2026-11)
#[test]
fn p09_a_flow_that_has_a_context_already_keeps_it_and_a_new_block_is_returned() {
    for (first, again) in [(MORE, MORE), (MORE, BLOCK), (BLOCK, MORE), (BLOCK, BLOCK)] {
        let Some(scene) = Scene::open() else { return };
        let next = Rc::new(Cell::new(first));
        let answer = Rc::clone(&next);
        let script = move |seen: &Seen| if seen.context.state == 0 { answer.get() } else { MORE };
        scene.try_attach(&Params::default(), script).unwrap();
        let connection = scene.connect();
        let context = scene.kernel.fwp.context_of(connection.flow);
        assert!(context.is_some());
        next.set(again);
        let outcome = connection.authorize_again();
        let wanted = if again == BLOCK { action::BLOCK } else { action::CONTINUE };
        assert_eq!(outcome.action, wanted, "{first:?} then {again:?}");
        assert_eq!(scene.kernel.fwp.context_of(connection.flow), context);
        assert_eq!(connection.send(b"x").is_absorbed, first == BLOCK);
        connection.close();
        assert_eq!((scene.kernel.fwp.deletes_delivered(), fates(&scene).len()), (1, 2));
    }
}

/// The flow of the segment ends while a program looks at it; the other processor does not wait.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/
/// nc-fwpsk-fwps_callout_flow_delete_notify_fn0 (read 2026-11)
#[test]
fn f04_02_a_flow_that_ends_while_its_data_is_shown_has_its_verdict_and_ends_once() {
    for answer in [MORE, ALLOW, BLOCK] {
        let Some(scene) = Scene::open() else { return };
        let kernel = scene.kernel;
        let script = move |seen: &Seen| {
            if seen.context.state != 1 {
                return MORE;
            }
            kernel.on_processor(1, || kernel.fwp.close(kernel, seen.context.flow_id));
            answer
        };
        scene.try_attach(&Params::default(), script).unwrap();
        scene.attach(&[MORE]);
        let connection = scene.connect();
        let outcome = connection.send(b"x");
        assert_eq!(outcome.is_absorbed, answer == BLOCK);
        // Who is told that it has ended: not who blocked or allowed.
        let wanted = if answer == BLOCK {
            "new0 new1 established0 deleted1"
        } else if answer == ALLOW {
            "new0 new1 established0 established1 deleted1"
        } else {
            "new0 new1 established0 established1 deleted0 deleted1"
        };
        assert_eq!(scene.log(), wanted);
        assert_ended_once(&scene, 1);
    }
}

/// A program is detached while it looks at a segment: the detach is pending until it has answered,
/// and the answer still counts.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/netioddk/
/// nc-netioddk-npi_provider_detach_client_fn (read 2026-11)
#[test]
fn f04_13_a_detach_is_pending_while_the_program_is_running() {
    for answer in [MORE, ALLOW, BLOCK] {
        let Some(scene) = Scene::open() else { return };
        let kernel = scene.kernel;
        let attached = Rc::new(Cell::new(None::<Attached>));
        let (leaving, is_gone) = (Rc::clone(&attached), Rc::new(Cell::new(false)));
        let gone = Rc::clone(&is_gone);
        let script = move |seen: &Seen| -> Reply {
            if let Some(it) = leaving.get().filter(|_| seen.context.state == 1) {
                let is_at_once = kernel.on_processor(1, || it.detach());
                gone.set(is_at_once || it.is_detached());
            }
            if seen.context.state == 1 { answer } else { MORE }
        };
        attached.set(Some(scene.try_attach(&Params::default(), script).unwrap()));
        let (connection, idle) = (scene.connect(), scene.connect());
        let outcome = connection.send(b"x");
        let it = attached.take().unwrap();
        assert!(!is_gone.get() && !it.is_attached() && !it.is_detached());
        assert_eq!(outcome.is_absorbed, answer == BLOCK);
        scene.kernel.run_work();
        assert!(it.is_detached() && !idle.has_context());
        assert_eq!(connection.send(b"y").is_absorbed, answer == BLOCK);
        scene.net.close_all();
        assert_eq!(scene.log(), "new0 new0 established0");
        assert_ended_once(&scene, 2);
    }
}
