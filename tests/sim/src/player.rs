//! The streams of a capture as connections of a machine.
//!
//! What `weir_usermode::replay` does for the hook of user mode, written again for a network: which
//! end is this machine, and that bytes which the sender's end absorbs never reach the other.

use crate::machine::{Data, Network};
use core::net::SocketAddr;
use std::collections::BTreeMap;
use weir_abi::Direction;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::ndis::Shape;
use weir_usermode::capture::StreamEvent;
use weir_usermode::replay::Perspective;

/// Compartment of the flows of a capture: the default one of Windows.
const COMPARTMENT: u32 = 1;

/// The flows of a connection: the initiator's end, the responder's.
type Ends = [Option<u64>; 2];

/// Plays streams to a network.
#[derive(Debug)]
pub struct Player<'a, N> {
    network: &'a mut N,
    perspective: Perspective,
    live: BTreeMap<u64, Ends>,
    last_ns: u64,
    /// Captures whose clock went back are not what they were on a machine's own clock.
    pub went_back: bool,
}

impl<'a, N: Network> Player<'a, N> {
    /// Nothing played yet.
    pub const fn new(network: &'a mut N, perspective: Perspective) -> Self {
        Self { network, perspective, live: BTreeMap::new(), last_ns: 0, went_back: false }
    }

    /// Plays one event.
    ///
    /// # Errors
    /// What the network finds.
    pub fn event(&mut self, event: &StreamEvent<'_>) -> Result<(), N::Error> {
        match *event {
            StreamEvent::Established { flow, at_ns, initiator, responder, .. } => {
                self.at(at_ns)?;
                let ends = self.connect(initiator, responder)?;
                self.live.insert(flow.0, ends);
            }
            StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                self.at(at_ns)?;
                let ends = self.live.get(&flow.0).copied().unwrap_or_default();
                self.data(ends, from_initiator, (bytes, missed_bytes))?;
            }
            StreamEvent::Closed { flow, at_ns, .. } => {
                self.at(at_ns)?;
                for end in self.live.remove(&flow.0).unwrap_or_default().into_iter().flatten() {
                    self.network.close(end)?;
                }
            }
        }
        Ok(())
    }

    fn at(&mut self, at_ns: u64) -> Result<(), N::Error> {
        self.went_back |= at_ns < self.last_ns;
        self.last_ns = self.last_ns.max(at_ns);
        self.network.reach(self.last_ns)
    }

    fn connect(&mut self, initiator: SocketAddr, responder: SocketAddr) -> Result<Ends, N::Error> {
        let opened = FlowSpec {
            local: initiator,
            remote: responder,
            direction: Direction::Outbound,
            process_id: None,
            compartment_id: COMPARTMENT,
            interface_luid: None,
            is_loopback: self.perspective == Perspective::Both || initiator.ip() == responder.ip(),
            ..FlowSpec::default()
        };
        let accepted = opened.peer();
        Ok(match self.perspective {
            Perspective::Initiator => [self.network.connect(&opened)?, None],
            Perspective::Responder => [None, self.network.connect(&accepted)?],
            Perspective::Both => [self.network.connect(&opened)?, self.network.connect(&accepted)?],
        })
    }

    fn data(
        &mut self,
        [initiator, responder]: Ends,
        from_initiator: bool,
        (bytes, missed_bytes): (&[u8], u64),
    ) -> Result<(), N::Error> {
        let [sender, receiver] =
            if from_initiator { [initiator, responder] } else { [responder, initiator] };
        for (flow, direction) in [(sender, Direction::Outbound), (receiver, Direction::Inbound)] {
            let Some(flow) = flow else { continue };
            let data = Data { direction, bytes, missed_bytes, shape: Shape::Contiguous };
            if !self.network.data(flow, &data)? {
                break;
            }
        }
        Ok(())
    }
}
