//! The image of `weir.sys` on the network side of the simulated kernel: it attaches programs, sees
//! connections, and leaves nothing behind.

use core::cell::RefCell;
use std::rc::Rc;
use weir_abi::Direction;
use weir_sim_kernel::ebpf::{Params, Reply, Seen};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::action;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::{Kernel, Options};

const BLOCK_ALL: &[u8] = include_bytes!("../../../driver/programs/obj/block_all.o");
const ALLOW_ALL: &[u8] = include_bytes!("../../../driver/programs/obj/allow_all.o");

const ALLOW: u32 = 0;
const BLOCK: u32 = 1;
const NEED_MORE_DATA: u32 = 2;

/// A machine with the driver loaded.
fn loaded() -> Option<(&'static Kernel, Net)> {
    let image = image_or_skip()?;
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    assert_eq!(kernel.load_driver(), 0);
    kernel.run_work();
    Some((kernel, Net::new(kernel)))
}

fn unload(kernel: &Kernel) {
    kernel.unload_driver();
    kernel.finish();
}

/// What a program saw, in order: state, and the segment.
type Story = Rc<RefCell<Vec<(u32, Option<Vec<u8>>)>>>;

fn told(story: &Story, seen: &Seen) {
    story.borrow_mut().push((seen.context.state, seen.data.clone()));
}

#[test]
fn a_connection_nobody_inspects_has_no_context() {
    let Some((kernel, net)) = loaded() else { return };
    let connection = net.connect(&FlowSpec::default());
    assert!(!connection.is_refused() && !connection.has_context());
    let core = net.core();
    let attached = core.attach_code(&Params::default(), ALLOW_ALL).unwrap();
    let connection = net.connect(&FlowSpec::v6());
    assert!(connection.established.is_called && !connection.has_context());
    assert_eq!((connection.established.action, attached.invocations()), (action::CONTINUE, 1));
    net.close_all();
    unload(kernel);
}

#[test]
fn a_program_sees_every_shape_of_data_whole() {
    let Some((kernel, net)) = loaded() else { return };
    let story = Story::default();
    let kept = Rc::clone(&story);
    let script = move |seen: &Seen| {
        told(&kept, seen);
        assert_eq!((seen.irql, seen.pid_tgid.map(|it| it >> 32)), (2, Some(4242)));
        Reply::Answer(NEED_MORE_DATA)
    };
    let attached = net.core().attach_scripted(&Params::default(), script).unwrap();
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = net.connect(&spec);
        assert!(connection.has_context());
        assert_eq!(story.take(), [(0, None)]);
        let bytes: Vec<u8> = (0..3000_u32).map(|it| it.to_le_bytes()[0]).collect();
        for shape in Shape::ALL {
            let outcome = connection.indicate(&Indication::sent(&bytes).shaped(shape));
            assert_eq!((outcome.action, outcome.flags), (action::PERMIT, 0), "{shape:?}");
            assert_eq!(story.take(), [(1, Some(bytes.clone()))], "{shape:?}");
        }
        connection.finish(Direction::Inbound);
        connection.close();
        assert_eq!(story.take(), [(2, None)]);
    }
    attached.detach();
    kernel.run_work();
    assert!(attached.is_detached());
    unload(kernel);
}

#[test]
fn a_block_lasts_and_the_end_passes() {
    let Some((kernel, net)) = loaded() else { return };
    net.core().attach_code(&Params::default(), BLOCK_ALL).unwrap();
    let connection = net.connect(&FlowSpec::default());
    assert!(!connection.is_refused() && connection.has_context());
    for _ in 0..3 {
        assert!(connection.send(b"x").is_absorbed && connection.receive(b"y").is_absorbed);
    }
    assert!(connection.finish(Direction::Outbound).is_permitted);
    connection.close();
    unload(kernel);
}

#[test]
fn an_allow_within_the_data_ends_the_inspection() {
    let Some((kernel, net)) = loaded() else { return };
    let script =
        |seen: &Seen| Reply::Scribble(if seen.context.state == 0 { NEED_MORE_DATA } else { ALLOW });
    net.core().attach_scripted(&Params::default(), script).unwrap();
    let connection = net.connect(&FlowSpec::default());
    assert!(connection.send(b"x").is_permitted && !connection.has_context());
    assert!(!connection.send(b"y").is_called);
    assert_eq!(kernel.fwp.deletes_delivered(), 1);
    unload(kernel);
}

#[test]
fn live_connections_do_not_stop_the_unload() {
    let Some((kernel, net)) = loaded() else { return };
    let script = |seen: &Seen| {
        Reply::Answer(if seen.context.flow_id & 0x10 == 0 { BLOCK } else { NEED_MORE_DATA })
    };
    net.core().attach_scripted(&Params::default(), script).unwrap();
    for _ in 0..20 {
        let (client, server) = net.connect_loopback(&FlowSpec::default());
        assert!(client.has_context() && server.has_context());
    }
    unload(kernel);
}

#[test]
fn the_engine_may_stop_and_return() {
    let Some((kernel, net)) = loaded() else { return };
    net.core().attach_code(&Params::default(), BLOCK_ALL).unwrap();
    assert_eq!(kernel.fwp.filter_count(), 4);
    let blocked = net.connect(&FlowSpec::default());
    net.stop_engine();
    kernel.run_work();
    assert!(!net.connect(&FlowSpec::default()).established.is_called);
    assert!(!blocked.send(b"x").is_called);
    net.start_engine();
    kernel.run_work();
    assert_eq!(kernel.fwp.filter_count(), 4);
    assert!(blocked.send(b"x").is_absorbed);
    unload(kernel);
}
