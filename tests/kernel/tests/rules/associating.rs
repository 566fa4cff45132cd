//! What happens while a context is being associated: rule S08, "the flow is fully initialised
//! before". From the association on the flow is WFP's, whether the call has returned or not.

use crate::scene::{ALLOW, BLOCK, MORE, Scene};
use core::cell::Cell;
use std::rc::Rc;
use weir_abi::event::{
    AttachmentVerdict, Cleanup, CopyFallback, Fate, FlowClosed, FlowEstablished, Invocation,
    Verdict,
};
use weir_sim_kernel::Kernel;
use weir_sim_kernel::ebpf::{Attached, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::status;
use weir_sim_kernel::fwp::stream::{Indication, StreamOutcome};
use weir_sim_kernel::net::Connection;

/// Data that arrives on another processor while the context is being associated.
fn connect_with_early_data(scene: &Scene, spec: &FlowSpec) -> (Connection, StreamOutcome) {
    let kernel = scene.kernel;
    let outcome = Rc::new(Cell::new(StreamOutcome::default()));
    let early = Rc::clone(&outcome);
    kernel.fwp.while_associating(move |flow| {
        let data = Indication::received(b"early");
        early.set(kernel.on_processor(1, || kernel.fwp.stream(kernel, flow, &data)));
    });
    (scene.net.connect(spec), outcome.get())
}

/// That the events of the only flow are numbered from 1 without gap or repetition.
fn assert_numbered(scene: &Scene) {
    let mut numbers = Vec::new();
    numbers.extend(scene.events::<Invocation>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<Verdict>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<Cleanup>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<CopyFallback>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<FlowEstablished>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<FlowClosed>().iter().map(|it| it.flow_seq));
    numbers.extend(scene.events::<AttachmentVerdict>().iter().map(|it| it.flow_seq));
    numbers.sort_unstable();
    let wanted: Vec<u32> = (1..).take(numbers.len()).collect();
    assert_eq!(numbers, wanted);
}

fn fates(scene: &Scene) -> Vec<Fate> {
    scene.events::<Verdict>().iter().map(|it| it.fate).collect()
}

#[test]
fn s08_data_before_the_association_returns_is_shown_to_those_classifying() {
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let Some(scene) = Scene::open() else { return };
        for answer in [MORE, ALLOW, MORE] {
            scene.attach(&[answer]);
        }
        let (connection, early) = connect_with_early_data(&scene, &spec);
        assert!(early.is_called && early.is_permitted);
        assert_eq!(connection.established.action, action::CONTINUE);
        let told = scene.take_told();
        let order: Vec<_> = told.iter().map(|it| (it.seen.context.state, it.program)).collect();
        assert_eq!(order, [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2)]);
        let first = told[0].seen.context;
        let early = told[3].seen.context;
        let tuple = |it: weir_abi::FlowClassify| (it.local_ip, it.remote_ip, it.flow_id);
        assert_eq!(tuple(first), tuple(early));
        assert_eq!(
            (told[3].seen.data.as_deref(), told[3].seen.processor),
            (Some(&b"early"[..]), 1)
        );
        connection.send(b"x");
        connection.close();
        assert_eq!(scene.log(), "established0 established2 deleted0 deleted2");
        assert_numbered(&scene);
    }
}

#[test]
fn s08_a_flow_that_is_blocked_at_new_absorbs_before_the_association_returns() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[BLOCK]);
    let (connection, early) = connect_with_early_data(&scene, &FlowSpec::default());
    assert!(early.is_absorbed && connection.send(b"x").is_absorbed);
    connection.close();
    assert_eq!(scene.log(), "new0 new1 deleted0");
    assert_eq!(fates(&scene), [Fate::Block]);
    assert_numbered(&scene);
}

#[test]
fn s08_a_verdict_before_the_association_returns_stands() {
    for (answer, fate) in [(ALLOW, Fate::Allow), (BLOCK, Fate::Block)] {
        let Some(scene) = Scene::open() else { return };
        scene.attach(&[MORE, answer]);
        let (connection, early) = connect_with_early_data(&scene, &FlowSpec::default());
        let is_blocked = fate == Fate::Block;
        assert_eq!((early.is_absorbed, early.is_permitted), (is_blocked, !is_blocked));
        // Released before the driver knew that WFP has the context: it must ask for it later.
        assert_eq!(connection.has_context(), is_blocked);
        assert_eq!(connection.send(b"x").is_absorbed, is_blocked);
        connection.close();
        assert_eq!(scene.log(), "new0 established0");
        assert_eq!(fates(&scene), [fate]);
        assert_eq!(scene.kernel.fwp.deletes_delivered(), 1);
        assert_numbered(&scene);
    }
}

#[test]
fn s08_a_flow_may_end_before_the_association_returns() {
    let answers: [&[Reply]; 3] = [&[MORE], &[ALLOW], &[MORE]];
    let Some(scene) = Scene::open() else { return };
    for answers in answers {
        scene.attach(answers);
    }
    let kernel = scene.kernel;
    kernel.fwp.while_associating(move |flow| {
        kernel.on_processor(1, || kernel.fwp.close(kernel, flow));
    });
    let connection = scene.connect();
    assert_eq!(connection.established.action, action::CONTINUE);
    assert!(!connection.is_open() && kernel.fwp.context_count() == 0);
    assert_eq!(scene.log(), "new0 new1 new2 deleted0 deleted2");
    assert_eq!((fates(&scene), kernel.fwp.deletes_delivered()), (vec![Fate::Undecided], 1));
    assert_numbered(&scene);
}

/// Begins to detach a program on another processor; the work of it waits for the walk under way.
fn detach_elsewhere(kernel: &'static Kernel, attached: Attached) {
    kernel.fwp.while_associating(move |_| {
        kernel.on_processor(1, || attached.detach());
    });
}

#[test]
fn s08_the_only_one_classifying_may_be_detached_before_the_association_returns() {
    for data in [false, true] {
        let Some(scene) = Scene::open() else { return };
        let attached = scene.attach(&[MORE]);
        detach_elsewhere(scene.kernel, attached);
        let connection = scene.connect();
        assert!(!attached.is_attached() && !connection.is_refused());
        if data {
            assert!(connection.send(b"x").is_permitted);
        }
        scene.kernel.run_work();
        assert!(attached.is_detached() && !connection.has_context());
        assert!(!connection.send(b"x").is_called);
        assert_eq!((scene.log().as_str(), fates(&scene)), ("new0", vec![Fate::Undecided]));
        assert_eq!(scene.kernel.fwp.deletes_delivered(), 1);
        assert_numbered(&scene);
    }
}

#[test]
fn s08_an_association_that_fails_after_such_a_detach_ends_each_pair_once() {
    for is_closed in [false, true] {
        let opened = if is_closed { Scene::closed() } else { Scene::open() };
        let Some(scene) = opened else { return };
        let attached = scene.attach(&[MORE]);
        scene.attach(&[MORE]);
        detach_elsewhere(scene.kernel, attached);
        scene.kernel.faults.fail("FwpsFlowAssociateContext0", 1, status::INVALID_PARAMETER);
        let connection = scene.connect();
        assert_eq!((connection.is_refused(), connection.has_context()), (is_closed, false));
        scene.kernel.run_work();
        assert!(attached.is_detached());
        // The walk may go on with the order that it began with, or see that the first has left.
        let ended: Vec<_> = scene.events::<Cleanup>().iter().map(|it| it.attach_id).collect();
        assert_eq!(ended, [1, 2]);
        let log = scene.log();
        let wanted = ["new0 new1 deleted0 deleted1", "new0 new1 deleted1"];
        assert!(wanted.contains(&log.as_str()), "{log}");
        let wanted = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
        assert_eq!(fates(&scene), [wanted]);
    }
}
