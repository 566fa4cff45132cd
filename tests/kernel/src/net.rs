//! The network as a test sees it: connections that are opened, carry bytes and end.
//!
//! A thin face over [`crate::fwp`], [`crate::bfe`] and [`crate::ebpf`] of one machine.

use crate::ebpf::Core;
use crate::fwp::established::Outcome;
use crate::fwp::flows::FlowSpec;
use crate::fwp::stream::{Indication, Prepared, StreamOutcome};
use crate::kernel::Kernel;
use weir_abi::Direction;

/// The network of a machine.
#[derive(Clone, Copy, Debug)]
pub struct Net {
    kernel: &'static Kernel,
}

/// One end of a connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    kernel: &'static Kernel,
    /// The flow's handle.
    pub flow: u64,
    /// What flow established came to.
    pub established: Outcome,
}

impl Net {
    /// The network of a machine.
    #[must_use]
    pub const fn new(kernel: &'static Kernel) -> Self {
        Self { kernel }
    }

    /// The eBPF core of the machine.
    #[must_use]
    pub const fn core(&self) -> Core {
        Core::new(self.kernel)
    }

    /// A connection is established.
    #[must_use]
    pub fn connect(&self, spec: &FlowSpec) -> Connection {
        let (flow, established) = self.kernel.fwp.establish(self.kernel, spec);
        Connection { kernel: self.kernel, flow, established }
    }

    /// A connection of this machine with itself: the end that connects, then the one that accepts.
    #[must_use]
    pub fn connect_loopback(&self, spec: &FlowSpec) -> (Connection, Connection) {
        let client = FlowSpec { is_loopback: true, ..spec.clone() };
        let server = client.peer();
        (self.connect(&client), self.connect(&server))
    }

    /// The base filtering engine stops.
    pub fn stop_engine(&self) {
        self.kernel.bfe.stop(self.kernel);
    }

    /// The base filtering engine starts.
    pub fn start_engine(&self) {
        self.kernel.bfe.start(self.kernel);
    }

    /// Deletions that were kept back are delivered.
    pub fn deliver_deletes(&self) {
        self.kernel.fwp.deliver_deletes(self.kernel);
    }

    /// Every connection ends.
    pub fn close_all(&self) {
        for flow in self.kernel.fwp.flows() {
            self.kernel.fwp.close(self.kernel, flow);
        }
    }
}

impl Connection {
    /// Whether it was blocked when it was established.
    #[must_use]
    pub const fn is_refused(&self) -> bool {
        self.established.is_blocked
    }

    /// Bytes to the peer.
    pub fn send(&self, bytes: &[u8]) -> StreamOutcome {
        self.indicate(&Indication::sent(bytes))
    }

    /// Bytes from the peer.
    pub fn receive(&self, bytes: &[u8]) -> StreamOutcome {
        self.indicate(&Indication::received(bytes))
    }

    /// The end of a direction: inbound is the peer's.
    pub fn finish(&self, direction: Direction) -> StreamOutcome {
        self.indicate(&Indication::end(direction))
    }

    /// Any indication.
    pub fn indicate(&self, indication: &Indication) -> StreamOutcome {
        self.kernel.fwp.stream(self.kernel, self.flow, indication)
    }

    /// An indication that is in memory already.
    pub fn indicate_prepared(&self, prepared: &Prepared) -> StreamOutcome {
        self.kernel.fwp.indicate(self.kernel, self.flow, prepared)
    }

    /// Flow established once more, as a reauthorization has it.
    pub fn authorize_again(&self) -> Outcome {
        self.kernel.fwp.authorize_again(self.kernel, self.flow)
    }

    /// The connection ends; without any indication, as after a reset.
    pub fn close(&self) {
        self.kernel.fwp.close(self.kernel, self.flow);
    }

    /// Whether the connection is there: neither closed nor aborted.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.kernel.fwp.is_open(self.flow)
    }

    /// Whether the driver keeps a context with it.
    #[must_use]
    pub fn has_context(&self) -> bool {
        self.kernel.fwp.has_context(self.flow)
    }
}

/// One connection of a machine that carries bytes both ways and ends, for tests that need many.
pub fn converse(connection: &Connection, request: &[u8], response: &[u8]) -> [StreamOutcome; 2] {
    let outcomes = [connection.send(request), connection.receive(response)];
    connection.finish(Direction::Inbound);
    connection.finish(Direction::Outbound);
    connection.close();
    outcomes
}
