//! What no simulation of the filtering platform tests so far: F.4 8 and 9 of `table`. What else is
//! of that list stands in `bytes`, `history`, `scenarios`, `verdicts`, or in `rules`.

use crate::kept::assert_ended_once;
use crate::scene::{Answers, BLOCK, ESTABLISHED, MORE, Scene};
use weir_abi::event::FlowEstablished;
use weir_sim_kernel::ebpf::Params;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::layout::metadata;

/// A connection of the machine with itself is two flows, each with its own verdict; what one end
/// sends and the other receives is shown to each.
///
/// Source: learn.microsoft.com/windows/win32/fwp/ale-stateful-filtering and
/// learn.microsoft.com/windows-hardware/drivers/network/stream-inspection (read 2026-11)
#[test]
fn f04_08_each_end_of_a_loopback_connection_has_its_own_verdict() {
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let Some(scene) = Scene::open() else { return };
        // The server's end blocks with its second segment.
        scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
        let server_compartment = 2;
        scene.attach_with(&Params::compartment(2), Answers::of(&[MORE, MORE, BLOCK]));
        let client = FlowSpec { is_loopback: true, ..spec };
        let server = FlowSpec { compartment_id: server_compartment, ..client.peer() };
        let (client, server) = (scene.net.connect(&client), scene.net.connect(&server));
        assert_ne!(client.flow, server.flow);
        let mut outcomes = Vec::new();
        for bytes in [b"one", b"two", b"six"] {
            outcomes.push((client.send(bytes).is_permitted, server.receive(bytes).is_permitted));
        }
        assert_eq!(outcomes, [(true, true), (true, false), (true, false)]);
        let told = scene.take_told();
        let shown = |program| {
            let of = told.iter().filter(move |it| it.program == program);
            let data = of.filter(|it| it.seen.context.state == ESTABLISHED);
            data.map(|it| (it.seen.context.flow_id, it.seen.data.clone().unwrap_or_default()))
        };
        assert_eq!((shown(0).count(), shown(1).count()), (3, 2));
        assert!(shown(0).all(|it| it.0 == client.flow) && shown(1).all(|it| it.0 == server.flow));
        assert!(scene.events::<FlowEstablished>().iter().all(|it| it.loopback));
        client.close();
        server.close();
        assert_eq!(scene.log(), "deleted0");
        assert_ended_once(&scene, 2);
    }
}

/// Metadata that may be there or not, as a bit each. The handle of the flow is `rules`'.
fn masks() -> impl Iterator<Item = u32> {
    let bits = (0..32).map(|bit| 1_u32 << bit).filter(|bit| *bit != metadata::FLOW_HANDLE);
    bits.chain([0, !metadata::FLOW_HANDLE])
}

/// Older systems show fewer values and say less beside them; a flow is inspected all the same.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/
/// ns-fwpsk-fwps_incoming_values0_ and ns-fwpsk-fwps_incoming_metadata_values0_ (read 2026-11)
#[test]
fn f04_09_a_flow_is_inspected_with_whatever_values_and_metadata_there_are() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, MORE, BLOCK]);
    let mut flows = 0;
    for base in [FlowSpec::default(), FlowSpec::v6()] {
        for (mask, (established, stream)) in
            masks().flat_map(|it| [(8, 7), (24, 8), (25, 7), (70, 0)].map(|count| (it, count)))
        {
            let spec = FlowSpec {
                metadata_absent: mask,
                established_values: established,
                stream_values: stream,
                ..base.clone()
            };
            let connection = scene.net.connect(&spec);
            let about = format!("{mask:#x}, {established} and {stream} values");
            assert!(connection.send(b"x").is_permitted && connection.has_context(), "{about}");
            assert!(connection.receive(b"y").is_absorbed, "{about}");
            let told = scene.take_told();
            assert_eq!(told.len(), 3, "{about}");
            let process = if mask & metadata::PROCESS_ID == 0 { 4242 } else { 0 };
            for it in told {
                assert_eq!(it.seen.pid_tgid.map(|pid| pid >> 32), Some(process), "{about}");
                assert_eq!(it.seen.context.flow_id, connection.flow);
            }
            connection.close();
            flows += 1;
        }
    }
    assert_ended_once(&scene, flows);
}
