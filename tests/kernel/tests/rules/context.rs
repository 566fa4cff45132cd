//! What a program sees: rules S01 to S03.

use crate::scene::{ALLOW, Answers, BLOCK, DELETED, ESTABLISHED, FAIL, MORE, NEW, Scene, Told};
use core::net::{IpAddr, SocketAddr};
use weir_abi::Direction;
use weir_abi::context::FlowClassify;
use weir_abi::event::{AttachmentVerdict, FlowEstablished, Invocation, Verdict};
use weir_abi::identifiers::Guid;
use weir_abi::wire::Ticks;
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::flows::FlowSpec;

/// The context that a flow has by the public design, without state, direction and data.
fn wanted(spec: &FlowSpec, flow_id: u64) -> FlowClassify {
    let address = |end: SocketAddr| {
        let bytes = match end.ip() {
            IpAddr::V4(it) => [it.octets(), [0; 4], [0; 4], [0; 4]].concat(),
            IpAddr::V6(it) => it.octets().to_vec(),
        };
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_ne_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        words
    };
    let port = |end: SocketAddr| u32::from(u16::from_ne_bytes(end.port().to_be_bytes()));
    FlowClassify {
        family: if spec.local.is_ipv4() { 2 } else { 23 },
        local_ip: address(spec.local),
        local_port: port(spec.local),
        remote_ip: address(spec.remote),
        remote_port: port(spec.remote),
        protocol: 6,
        compartment_id: spec.compartment_id,
        interface_luid: spec.interface_luid.unwrap_or(0),
        flow_id,
        ..FlowClassify::default()
    }
}

/// The context without what belongs to one invocation.
fn fixed(told: &Told) -> FlowClassify {
    FlowClassify { direction: 0, state: 0, data_start: 0, data_end: 0, ..told.seen.context }
}

/// State and direction of each invocation.
fn directions(told: &[Told]) -> Vec<(u32, u8)> {
    told.iter().map(|it| (it.seen.context.state, it.seen.context.direction)).collect()
}

/// A flow of each family, with nothing at its default.
fn flows() -> [FlowSpec; 2] {
    let changed = |spec: FlowSpec| FlowSpec {
        compartment_id: 0x0102_0304,
        interface_luid: Some(0x8877_6655_4433_2211),
        ..spec
    };
    [changed(FlowSpec::default()), changed(FlowSpec::v6()).peer()]
}

#[test]
fn s01_the_tuple_is_captured_at_flow_established_and_equal_in_every_invocation() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE, MORE, ALLOW]);
    for spec in flows() {
        let connection = scene.net.connect(&spec);
        connection.send(b"request");
        connection.receive(b"response");
        connection.close();
        let told = scene.take_told();
        let states: Vec<_> = told.iter().map(|it| it.seen.context.state).collect();
        assert_eq!(states, [NEW, NEW, ESTABLISHED, ESTABLISHED, ESTABLISHED, ESTABLISHED, DELETED]);
        for it in &told {
            assert_eq!(fixed(it), wanted(&spec, connection.flow), "{spec:?}");
        }
    }
}

#[test]
fn s01_what_wfp_does_not_name_is_zero() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let spec = FlowSpec { interface_luid: None, process_id: None, ..FlowSpec::default() };
    let connection = scene.net.connect(&spec);
    connection.send(b"x");
    let told = scene.take_told();
    assert_eq!(told.len(), 2);
    for it in told {
        assert_eq!(it.seen.context.interface_luid, 0);
        assert_eq!(it.seen.pid_tgid, Some(0));
        // Not what the fields hold that metadata does not announce.
        assert_eq!(it.seen.context.flow_id, connection.flow);
    }
}

#[test]
fn s01_nothing_is_taken_from_the_stream_layer() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    // As many values as Windows has had there, and none at all.
    for stream_values in [8, 7, 0] {
        for spec in flows() {
            let spec = FlowSpec { stream_values, ..spec };
            let connection = scene.net.connect(&spec);
            connection.receive(b"x");
            connection.close();
            let told = scene.take_told();
            assert_eq!(told.len(), 3, "{stream_values} values");
            assert!(told.iter().all(|it| fixed(it) == wanted(&spec, connection.flow)));
        }
    }
}

#[test]
fn s01_direction_is_the_connections_at_new_and_deleted_and_the_segments_at_established() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    // By the hook's numbers; FWP_DIRECTION has them the other way round.
    let (inbound, outbound) = (Direction::Inbound.raw(), Direction::Outbound.raw());
    assert_eq!((inbound, outbound), (0, 1));
    for direction in [Direction::Inbound, Direction::Outbound] {
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let connection = scene.net.connect(&FlowSpec { direction, ..spec });
            connection.receive(b"x");
            connection.send(b"y");
            connection.close();
            let segments = [(ESTABLISHED, inbound), (ESTABLISHED, outbound)];
            let ends = [(NEW, direction.raw()), (DELETED, direction.raw())];
            let told = scene.take_told();
            assert_eq!(directions(&told), [ends[0], segments[0], segments[1], ends[1]]);
        }
    }
}

#[test]
fn s01_the_deleted_that_a_block_brings_has_the_connections_direction() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE, BLOCK]);
    // The blocking segment goes the other way than the connection was opened.
    let connection = scene.connect();
    connection.receive(b"x");
    let (inbound, outbound) = (Direction::Inbound.raw(), Direction::Outbound.raw());
    let told = scene.take_told();
    assert_eq!(
        directions(&told),
        [
            (NEW, outbound),
            (NEW, outbound),
            (ESTABLISHED, inbound),
            (ESTABLISHED, inbound),
            (DELETED, outbound)
        ]
    );
    assert!(told[4].seen.data.is_none(), "DELETED with the segment that brought it");
}

#[test]
fn s01_both_ends_of_a_loopback_connection_are_flows_of_their_own() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let spec = FlowSpec::default();
    let (client, server) = scene.net.connect_loopback(&spec);
    let told = scene.take_told();
    let [first, second] = &told[..] else { panic!("{told:?}") };
    assert_eq!(fixed(first), wanted(&spec, client.flow));
    assert_eq!(fixed(second), wanted(&spec.peer(), server.flow));
    assert_eq!(directions(&told), [(NEW, 1), (NEW, 0)]);
}

#[test]
fn s01_data_pointers_are_null_at_new_and_deleted_only() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let connection = scene.connect();
    connection.send(b"x");
    connection.close();
    let pointers = |told: &Told| (told.seen.context.data_start, told.seen.context.data_end);
    let told = scene.take_told();
    let [new, segment, deleted] = &told[..] else { panic!("{told:?}") };
    assert_eq!((pointers(new), pointers(deleted)), ((0, 0), (0, 0)));
    let (start, end) = pointers(segment);
    assert!(start != 0 && end == start + 1, "{start:#x}..{end:#x}");
}

/// What programs write: all over the header and the context, as [`Reply::Scribble`] does.
const fn scribbling(reply: Reply) -> Reply {
    match reply {
        Reply::Answer(answer) => Reply::Scribble(answer),
        Reply::Fail(_) | Reply::Scribble(_) => reply,
    }
}

/// Invocations of two programs in one life of a flow, with the events that tell of it.
fn life(reply: impl Fn(Reply) -> Reply) -> Option<(Vec<Told>, Vec<Invocation>, String)> {
    let scene = Scene::open()?;
    for new in [MORE, MORE, ALLOW] {
        let data = vec![reply(MORE), reply(MORE), reply(FAIL), reply(BLOCK)];
        let answers = Answers { new: reply(new), data, deleted: reply(ALLOW) };
        scene.attach_with(&Params::default(), answers);
    }
    let connection = scene.connect();
    for bytes in [&b"one"[..], b"two", b"three", b"four", b"five"] {
        connection.send(bytes);
    }
    connection.close();
    let mut invocations = scene.events::<Invocation>();
    for it in &mut invocations {
        it.duration = Ticks(0);
    }
    let flow = scene.events::<FlowEstablished>();
    let mut pairs = scene.events::<AttachmentVerdict>();
    let mut verdicts = scene.events::<Verdict>();
    pairs.iter_mut().for_each(|it| it.since_established = Ticks(0));
    verdicts.iter_mut().for_each(|it| it.since_established = Ticks(0));
    Some((scene.take_told(), invocations, format!("{flow:?} {pairs:?} {verdicts:?}")))
}

#[test]
fn s02_what_a_program_writes_reaches_no_other_program_nor_the_driver_nor_an_event() {
    let Some(kind) = life(|reply| reply) else { return };
    let Some(hostile) = life(scribbling) else { return };
    let bytes = |told: &[Told]| -> Vec<_> {
        let seen = told.iter().map(|it| (it.program, fixed(it), it.seen.context.state));
        seen.zip(told.iter().map(|it| it.seen.data.clone())).collect()
    };
    assert!(kind.0.len() > 10, "{:?}", kind.0);
    assert_eq!(bytes(&kind.0), bytes(&hostile.0));
    assert_eq!(kind.1, hostile.1);
    assert_eq!(kind.2, hostile.2);
    // The program before has written 0xcc over all of it, the padding included.
    for told in &hostile.0 {
        assert_eq!(told.seen.bytes, told.seen.context.to_bytes(), "padding is not zero");
    }
}

#[test]
fn s02_header_and_context_lie_on_the_stack_of_the_processor_that_invokes() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[Reply::Scribble(2)]);
    let connection = scene.connect();
    let before = scene.kernel.pool.allocations();
    for processor in 0..4 {
        scene.kernel.on_processor(processor, || connection.send(b"x"));
    }
    assert_eq!(scene.kernel.pool.allocations(), before);
    connection.close();
    let told = scene.take_told();
    assert!(told.iter().all(|it| it.seen.is_on_stack));
    let at: Vec<_> = told.iter().map(|it| it.seen.processor).collect();
    assert_eq!(at, [0, 0, 1, 2, 3, 0]);
    let spec = FlowSpec::default();
    assert!(told.iter().all(|it| fixed(it) == wanted(&spec, connection.flow)));
}

#[test]
fn s02_flows_in_turn_do_not_mix() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[Reply::Scribble(2)]);
    let [first, second] = flows();
    let connections = [scene.net.connect(&first), scene.net.connect(&second)];
    scene.take_told();
    for _ in 0..2 {
        for (spec, connection) in [&first, &second].into_iter().zip(connections) {
            connection.send(b"x");
            let told = scene.take_told();
            assert_eq!(told.len(), 1);
            assert_eq!(fixed(&told[0]), wanted(spec, connection.flow));
        }
    }
}

#[test]
fn s03_there_is_one_program_type_and_one_attach_type() {
    let Some(scene) = Scene::open() else { return };
    let other = Guid::new(1, 2, 3, 4, [5; 6]);
    for params in [
        Params { attach_type: other, ..Params::default() },
        Params { program_type: other, ..Params::default() },
    ] {
        let refused = scene.try_attach(&params, |_| ALLOW);
        assert!(refused.is_err(), "{params:?}");
    }
    // One provider for each, so a program that fits is attached once and asked once.
    let attached = scene.attach(&[MORE]);
    scene.connect();
    assert_eq!((scene.log().as_str(), attached.invocations()), ("new0", 1));
}

#[test]
fn s03_the_process_id_is_that_of_flow_established_in_every_state() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[Reply::Scribble(2)]);
    let spec = |process| FlowSpec { process_id: Some(process), ..FlowSpec::v6() };
    let (first, second) = (scene.net.connect(&spec(0x1234)), scene.net.connect(&spec(7)));
    first.send(b"x");
    second.receive(b"y");
    first.close();
    second.close();
    let told = scene.take_told();
    assert_eq!(told.len(), 12);
    for it in told {
        let process = if it.seen.context.flow_id == first.flow { 0x1234 } else { 7 };
        assert_eq!(it.seen.pid_tgid.map(|it| it >> 32), Some(process), "{it:?}");
    }
}
