//! Capture state: everything that lives, for a reader that comes late or has lost events.

use crate::counted::sets;
use crate::scene::{ALLOW, Answers, BLOCK, MORE, Scene};
use std::collections::BTreeSet;
use weir_abi::Event;
use weir_abi::event::{Attached, Counters, DriverState, FlowClosed, FlowRundown, StateKind};
use weir_sim_kernel::ebpf::Params;
use weir_sim_kernel::fwp::flows::FlowSpec;

/// Ids of the events that a capture state writes, in order, parts of Counters as one.
fn kinds(scene: &Scene) -> Vec<u16> {
    let mut kinds: Vec<_> = scene.kernel.etw.take_events().iter().map(|it| it.id).collect();
    kinds.dedup_by(|next, before| next == before && *next == Counters::ID);
    kinds
}

#[test]
fn a_capture_state_tells_what_lives_between_its_begin_and_its_end() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach_with(&Params::compartment(2), Answers::of(&[MORE, MORE, BLOCK]));
    let first = scene.connect();
    let second = scene.net.connect(&FlowSpec { compartment_id: 2, ..FlowSpec::v6() });
    second.send(b"123");
    second.receive(b"45");
    let closed = scene.connect();
    closed.close();
    let gone = scene.attach(&[MORE]);
    scene.detach(&gone);
    let _before = scene.kernel.etw.take_events();
    scene.kernel.etw.capture_state();
    assert!(scene.kernel.etw.events().is_empty(), "the callback only asks for it");
    scene.kernel.run_work();
    let (flows, states) = (scene.events::<FlowRundown>(), scene.events::<DriverState>());
    let told: Vec<_> = states.iter().map(|it| (it.kind, it.attachments)).collect();
    let begin = [(StateKind::CaptureBegin, 2), (StateKind::Parameters, 2)];
    assert_eq!(told, [begin[0], begin[1], (StateKind::CaptureEnd, 2)]);
    let ids: Vec<_> = scene.events::<Attached>().iter().map(|it| it.attach_id).collect();
    assert_eq!(ids, [1, 2]);
    let find = |id| flows.iter().find(|it| it.flow_id == id).unwrap();
    assert_eq!(flows.len(), 2);
    let (inspected, blocked) = (find(first.flow), find(second.flow));
    assert_eq!((inspected.blocked, inspected.classifying, inspected.invoked), (false, 1, 1));
    assert_eq!((blocked.blocked, blocked.classifying, blocked.invoked), (true, 0, 3));
    assert_eq!((blocked.segments_outbound, blocked.bytes_outbound), (1, 3));
    assert_eq!((blocked.segments_inbound, blocked.bytes_inbound), (1, 2));
    assert_eq!(sets(scene.kernel).len(), 1);
    let (state, flow) = (DriverState::ID, FlowRundown::ID);
    let expected = [state, state, Attached::ID, Attached::ID, flow, flow, Counters::ID, state];
    assert_eq!(kinds(&scene), expected);
}

#[test]
fn a_capture_state_of_a_driver_without_anything_has_its_begin_and_its_end() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[ALLOW]);
    scene.connect().send(b"x");
    let _before = scene.kernel.etw.take_events();
    scene.kernel.etw.capture_state();
    scene.kernel.etw.capture_state();
    scene.kernel.run_work();
    let state = DriverState::ID;
    // Asked for twice before it began, it is done once.
    assert_eq!(kinds(&scene), [state, state, Attached::ID, Counters::ID, state]);
}

#[test]
fn many_flows_are_told_with_a_pause_after_256() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let flows: BTreeSet<_> = (0..300).map(|_| scene.connect().flow).collect();
    let _before = scene.kernel.etw.take_events();
    let pauses = scene.kernel.calls.of("KeDelayExecutionThread");
    scene.kernel.etw.capture_state();
    scene.kernel.run_work();
    assert_eq!(scene.kernel.calls.of("KeDelayExecutionThread") - pauses, 1);
    let told = scene.events::<FlowRundown>();
    assert_eq!(told.iter().map(|it| it.flow_id).collect::<BTreeSet<_>>(), flows);
    assert_eq!(told.len(), 300, "a flow is told twice");
    let events = scene.kernel.etw.events();
    let rundown = events.iter().filter(|it| it.id == FlowRundown::ID);
    let times: Vec<_> = rundown.map(|it| it.unix_ns).collect();
    assert_eq!((times[0], times[256] - times[255]), (times[255], 1_000_000));
}

#[test]
fn flows_that_end_during_a_capture_state_are_not_told_after_their_end() {
    let Some(scene) = Scene::open() else { return };
    let attached = scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
    scene.attach_with(&Params::compartment(2), Answers::of(&[MORE]));
    let spec = |compartment_id| FlowSpec { compartment_id, ..FlowSpec::default() };
    for number in 0..400 {
        let compartment_id = if number % 4 == 0 { 2 } else { 1 };
        assert!(scene.net.connect(&spec(compartment_id)).has_context());
    }
    let _before = scene.kernel.etw.take_events();
    scene.kernel.etw.capture_state();
    // Its walk comes in the pause of the capture state, and takes 300 flows away.
    attached.detach();
    scene.kernel.run_work();
    let (mut closed, mut told) = (BTreeSet::new(), 0);
    for event in scene.kernel.etw.events() {
        if let Ok((_, flow)) = FlowClosed::decode(&event.payload)
            && event.id == FlowClosed::ID
        {
            closed.insert(flow.flow_serial);
        }
        if let Ok((_, flow)) = FlowRundown::decode(&event.payload)
            && event.id == FlowRundown::ID
        {
            told += 1;
            assert!(!closed.contains(&flow.flow_serial), "told after its end");
        }
    }
    assert_eq!((closed.len(), told), (300, 256 + 36), "every fourth of the last 144 is left");
    let states: Vec<_> = scene.events::<DriverState>().iter().map(|it| it.kind).collect();
    assert_eq!(states.last(), Some(&StateKind::CaptureEnd));
}
