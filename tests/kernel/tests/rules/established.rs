//! The walk at flow established: rules S04 to S08.

use crate::scene::{ALLOW, Answers, BLOCK, FAIL, MORE, Scene};
use core::cell::{Cell, RefCell};
use std::rc::Rc;
use weir_abi::Direction;
use weir_abi::event::{FlowEstablished, FlowUninspected};
use weir_sim_kernel::ebpf::{Attached, Params, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::net::Connection;

const ASSOCIATE: &str = "FwpsFlowAssociateContext0";

fn families() -> [FlowSpec; 2] {
    [FlowSpec::default(), FlowSpec::v6()]
}

/// Bytes both ways and the end of both, as of a connection that nobody looks at.
fn converse(connection: &Connection) {
    for _ in 0..3 {
        connection.send(b"request");
        connection.receive(b"response");
    }
    connection.finish(Direction::Inbound);
    connection.finish(Direction::Outbound);
}

#[test]
fn s04_each_matching_attachment_is_invoked_once_in_attach_order() {
    let Some(scene) = Scene::open() else { return };
    for compartment in [1, 7, 0, 1] {
        scene.attach_with(&Params::compartment(compartment), Answers::of(&[MORE]));
    }
    for spec in families() {
        let connection = scene.net.connect(&spec);
        assert_eq!(scene.log(), "new0 new2 new3");
        connection.send(b"x");
        assert_eq!(scene.log(), "established0 established2 established3");
    }
    let foreign = FlowSpec { compartment_id: 7, ..FlowSpec::default() };
    assert!(scene.net.connect(&foreign).has_context());
    assert_eq!(scene.log(), "new1 new2");
}

#[test]
fn s04_a_flow_of_a_compartment_that_nobody_wants_is_not_shown() {
    let Some(scene) = Scene::open() else { return };
    scene.attach_with(&Params::compartment(7), Answers::of(&[BLOCK]));
    let connection = scene.connect();
    assert!(!connection.is_refused() && !connection.has_context());
    assert!(!connection.send(b"x").is_called);
    assert_eq!(scene.log(), "");
    let wanted = FlowSpec { compartment_id: 7, ..FlowSpec::default() };
    assert!(scene.net.connect(&wanted).send(b"x").is_absorbed);
}

#[test]
fn s04_the_order_is_kept_with_64_attachments() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..64 {
        scene.attach(&[MORE]);
    }
    let connection = scene.connect();
    let wanted = |state: &str| {
        let words: Vec<_> = (0..64).map(|program| format!("{state}{program}")).collect();
        words.join(" ")
    };
    assert_eq!(scene.log(), wanted("new"));
    connection.send(b"x");
    assert_eq!(scene.log(), wanted("established"));
    connection.close();
    assert_eq!(scene.log(), wanted("deleted"));
}

#[test]
fn s04_a_walk_follows_the_order_that_was_published_when_it_began() {
    let Some(scene) = Scene::open() else { return };
    let victim: Rc<Cell<Option<Attached>>> = Rc::default();
    let (kernel, seen) = (scene.kernel, Rc::clone(&victim));
    // The first program's walk is under way when the second is detached on another processor.
    let script = move |_: &_| {
        if let Some(attached) = seen.take() {
            kernel.on_processor(1, || kernel.at_irql(0, || attached.detach()));
        }
        MORE
    };
    assert!(scene.try_attach(&Params::default(), script).is_ok());
    let second = scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    victim.set(Some(second));
    let connection = scene.connect();
    assert_eq!(scene.log(), "new0 new1 new2");
    assert!(!second.is_attached() && !second.is_detached());
    // A later walk has the new order, whether the detach is complete or not.
    connection.send(b"x");
    assert_eq!(scene.log(), "established0 established2");
    kernel.run_work();
    assert!(second.is_detached());
    scene.connect();
    assert_eq!(scene.log(), "new0 new2");
}

#[test]
fn s05_allow_is_never_invoked_for_the_flow_again_whatever_happens_to_it() {
    for ending in [MORE, ALLOW, BLOCK, FAIL] {
        let Some(scene) = Scene::open() else { return };
        let allowing = scene.attach(&[ALLOW]);
        scene.attach(&[MORE, ending]);
        let connection = scene.connect();
        assert_eq!(scene.log(), "new0 new1");
        converse(&connection);
        connection.close();
        assert!(scene.log().starts_with("established1"));
        assert_eq!(allowing.invocations(), 1, "{ending:?}");
        // For this flow only.
        scene.connect();
        assert_eq!(allowing.invocations(), 2);
    }
}

#[test]
fn s05_need_more_data_is_classifying_the_flow() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let connection = scene.connect();
    assert_eq!(scene.log(), "new0");
    assert!(connection.has_context());
    assert!(connection.send(b"x").is_called);
    assert_eq!(scene.log(), "established0");
}

#[test]
fn s06_a_block_stops_the_walk_and_those_classifying_get_one_deleted_each() {
    let Some(scene) = Scene::open() else { return };
    for answer in [MORE, ALLOW, MORE, BLOCK, MORE, BLOCK] {
        scene.attach(&[answer]);
    }
    for spec in families() {
        let connection = scene.net.connect(&spec);
        assert_eq!(scene.log(), "new0 new1 new2 new3 deleted0 deleted2");
        converse(&connection);
        connection.close();
        assert_eq!(scene.log(), "", "invoked after a block");
    }
}

#[test]
fn s06_a_block_takes_effect_at_the_first_stream_callout() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[BLOCK]);
    for spec in families() {
        for is_sent in [false, true] {
            let connection = scene.net.connect(&spec);
            assert_eq!(connection.established.action, action::CONTINUE);
            assert!(!connection.is_refused() && connection.is_open());
            let first = if is_sent { connection.send(b"x") } else { connection.receive(b"x") };
            assert!(first.is_absorbed && !first.is_permitted, "{first:?}");
        }
    }
    let events = scene.events::<FlowEstablished>();
    assert!(events.len() == 4 && events.iter().all(|it| it.blocked && it.classifying == 0));
}

/// That a flow costs nothing from here on: no callout, no import of any kind.
fn costs_nothing(scene: &Scene, connection: &Connection) {
    assert!(!connection.is_refused() && !connection.has_context());
    let (before, deletes) = (scene.kernel.calls.snapshot(), scene.kernel.fwp.deletes_delivered());
    for direction in [Direction::Inbound, Direction::Outbound] {
        assert!(!connection.finish(direction).is_called);
    }
    assert!(!connection.send(b"x").is_called && !connection.receive(b"y").is_called);
    connection.close();
    assert_eq!(scene.kernel.calls.snapshot(), before);
    assert_eq!(scene.kernel.fwp.deletes_delivered(), deletes);
}

#[test]
fn s07_a_flow_that_everybody_allows_costs_nothing_after_flow_established() {
    let Some(scene) = Scene::open() else { return };
    for count in 0..3 {
        for spec in families() {
            scene.forget_events();
            let connection = scene.net.connect(&spec);
            assert_eq!(scene.take_told().len(), count);
            assert_eq!(scene.events::<FlowUninspected>().len(), 1);
            costs_nothing(&scene, &connection);
            assert_eq!(scene.log(), "");
        }
        scene.attach(&[ALLOW]);
    }
    assert_eq!(scene.kernel.calls.of(ASSOCIATE), 0);
}

#[test]
fn s07_neither_do_flows_of_foreign_compartments_nor_those_that_passed_by_failure() {
    let Some(scene) = Scene::open() else { return };
    scene.attach_with(&Params::compartment(7), Answers::of(&[MORE]));
    costs_nothing(&scene, &scene.connect());
    scene.attach(&[FAIL]);
    costs_nothing(&scene, &scene.connect());
    scene.attach(&[Reply::Answer(3)]);
    costs_nothing(&scene, &scene.connect());
    assert_eq!(scene.log(), "new1 new1 new2");
    assert_eq!(scene.kernel.calls.of(ASSOCIATE), 0);
}

#[test]
fn s07_flows_that_nobody_inspects_take_no_memory() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[ALLOW]);
    let before = scene.kernel.pool.allocations();
    for _ in 0..100 {
        assert!(!scene.connect().is_refused());
    }
    assert_eq!(scene.take_told().len(), 100);
    assert_eq!(scene.kernel.pool.allocations(), before);
    assert_eq!(scene.kernel.fwp.context_count(), 0);
}

#[test]
fn s07_no_context_exists_before_the_walk_needs_one() {
    let Some(scene) = Scene::open() else { return };
    let (kernel, during) = (scene.kernel, Rc::new(RefCell::new(Vec::new())));
    let look =
        || (kernel.pool.allocations(), kernel.fwp.context_count(), kernel.calls.of(ASSOCIATE));
    for _ in 0..3 {
        let during = Rc::clone(&during);
        let script = move |_: &_| {
            let pool = kernel.pool.allocations();
            let seen = (pool, kernel.fwp.context_count(), kernel.calls.of(ASSOCIATE));
            during.borrow_mut().push(seen);
            MORE
        };
        assert!(scene.try_attach(&Params::default(), script).is_ok());
    }
    let before = look();
    scene.connect();
    assert_eq!(during.take(), [before; 3]);
    assert_eq!(kernel.fwp.context_count(), 1);
}

#[test]
fn s08_one_context_is_associated_with_the_stream_callout_after_the_walk() {
    let Some(scene) = Scene::open() else { return };
    let kernel = scene.kernel;
    for answer in [ALLOW, MORE, MORE] {
        scene.attach(&[answer]);
    }
    let mut contexts = Vec::new();
    for spec in families() {
        let before = kernel.calls.of(ASSOCIATE);
        let connection = scene.net.connect(&spec);
        assert_eq!(kernel.calls.of(ASSOCIATE), before + 1);
        assert!(connection.has_context());
        contexts.push(kernel.fwp.context_of(connection.flow));
        // With the layer of its own family: the other one's callout would never be called.
        assert!(connection.send(b"x").is_called && connection.receive(b"x").is_called);
        assert_eq!(kernel.calls.of(ASSOCIATE), before + 1);
    }
    assert_eq!(kernel.fwp.context_count(), 2);
    assert_ne!(contexts[0], contexts[1]);
}

#[test]
fn s08_a_block_keeps_a_context_although_nobody_classifies() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[BLOCK]);
    let connection = scene.connect();
    assert!(connection.has_context());
    assert_eq!(scene.kernel.calls.of(ASSOCIATE), 1);
}

#[test]
fn s08_a_name_that_exists_is_no_success() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    assert_eq!(scene.log(), "new0 new1");
    let context = scene.kernel.fwp.context_of(connection.flow);
    // The same flow once more, without a word that it is an old one: it has a context already, and
    // WFP says OBJECT_NAME_EXISTS, which is no error to NT_SUCCESS.
    let again = connection.authorize_again();
    assert_eq!(
        (again.action, scene.log().as_str()),
        (action::CONTINUE, "new0 new1 deleted0 deleted1")
    );
    assert_eq!(scene.kernel.fwp.context_of(connection.flow), context);
    // The first one is as it was.
    connection.send(b"x");
    connection.close();
    assert_eq!(scene.log(), "established0 established1 deleted0 deleted1");
}
