//! Flows: one end of a connection each, as the filtering platform knows it.

use core::cell::{Cell, RefCell};
use core::net::SocketAddr;
use std::collections::BTreeMap;
use weir_abi::Direction;

use super::layers::{Layer, established, stream};
use super::layout::{RIGHT_ACTION_WRITE, metadata};
use crate::kernel::{DISPATCH_LEVEL, Kernel};

/// What a connection looks like to the driver, with every way in which Windows can say less.
#[derive(Clone, Debug)]
pub struct FlowSpec {
    /// Address and port on this machine; its family is the flow's.
    pub local: SocketAddr,
    /// Address and port of the peer.
    pub remote: SocketAddr,
    /// Who opened the connection.
    pub direction: Direction,
    /// The IP protocol; filters ask for 6.
    pub protocol: u8,
    /// The process; `None` leaves the metadata bit clear.
    pub process_id: Option<u64>,
    /// The network compartment.
    pub compartment_id: u32,
    /// LUID of the interface; `None` gives an empty value.
    pub interface_luid: Option<u64>,
    /// The `FLAGS` field says loopback.
    pub is_loopback: bool,
    /// The `FLAGS` field says reauthorize.
    pub is_reauthorize: bool,
    /// Values at flow established; Windows 11 has 24 or 25.
    pub established_values: usize,
    /// Values at stream; before Windows 10 1703 there were 7.
    pub stream_values: usize,
    /// Metadata bits that are left clear, whatever would be set.
    pub metadata_absent: u32,
    /// Level of the call at flow established.
    pub irql: u8,
    /// Rights at flow established.
    pub rights: u32,
    /// Filters apply whatever their conditions say: anybody may add one without conditions that
    /// names the driver's callouts.
    pub ignores_conditions: bool,
}

impl Default for FlowSpec {
    /// A connection from here to a web server, between addresses for documentation (RFC 5737).
    fn default() -> Self {
        Self {
            local: SocketAddr::from(([192, 0, 2, 1], 50_000)),
            remote: SocketAddr::from(([198, 51, 100, 7], 443)),
            direction: Direction::Outbound,
            protocol: 6,
            process_id: Some(4242),
            compartment_id: 1,
            interface_luid: Some(0x0006_0000_0100_0000),
            is_loopback: false,
            is_reauthorize: false,
            established_values: established::COUNT,
            stream_values: stream::COUNT,
            metadata_absent: 0,
            irql: DISPATCH_LEVEL,
            rights: RIGHT_ACTION_WRITE,
            ignores_conditions: false,
        }
    }
}

impl FlowSpec {
    /// The same between addresses for documentation of IPv6 (RFC 3849).
    #[must_use]
    pub fn v6() -> Self {
        let address = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
        Self {
            local: SocketAddr::from((address(1), 50_000)),
            remote: SocketAddr::from((address(7), 443)),
            ..Self::default()
        }
    }

    /// The other end of the same connection.
    #[must_use]
    pub fn peer(&self) -> Self {
        Self {
            local: self.remote,
            remote: self.local,
            direction: self.direction.reversed(),
            ..self.clone()
        }
    }

    /// The layer at which it is established.
    #[must_use]
    pub const fn established_layer(&self) -> Layer {
        if self.local.is_ipv4() { Layer::EstablishedV4 } else { Layer::EstablishedV6 }
    }

    /// The layer of its data.
    #[must_use]
    pub const fn stream_layer(&self) -> Layer {
        if self.local.is_ipv4() { Layer::StreamV4 } else { Layer::StreamV6 }
    }

    /// The metadata bits of a layer, without those that are absent.
    pub(super) const fn metadata_present(&self, layer: Layer) -> u32 {
        let process = if self.process_id.is_some() { metadata::PROCESS_ID } else { 0 };
        // No process at stream, no compartment in the metadata of flow established.
        let present = if layer.is_stream() { metadata::COMPARTMENT_ID } else { process };
        (metadata::FLOW_HANDLE | present) & !self.metadata_absent
    }
}

/// All flows of a kernel.
#[derive(Debug, Default)]
pub(super) struct Flows {
    flows: RefCell<BTreeMap<u64, Flow>>,
    opened: Cell<u64>,
}

#[derive(Clone, Debug)]
struct Flow {
    spec: std::rc::Rc<FlowSpec>,
    is_aborted: bool,
}

impl Flows {
    /// A new flow; its handle was never used before.
    pub(super) fn open(&self, spec: &FlowSpec) -> u64 {
        self.opened.set(self.opened.get() + 1);
        // Windows' handles are not small numbers either.
        let handle = 0x1_0000_0000 + self.opened.get() * 0x10;
        let flow = Flow { spec: spec.clone().into(), is_aborted: false };
        self.flows.borrow_mut().insert(handle, flow);
        handle
    }

    pub(super) fn spec(&self, handle: u64) -> Option<std::rc::Rc<FlowSpec>> {
        self.flows.borrow().get(&handle).map(|flow| std::rc::Rc::clone(&flow.spec))
    }

    /// Notes that the driver aborted the flow; whether it was there.
    pub(super) fn abort(&self, handle: u64) -> bool {
        let mut flows = self.flows.borrow_mut();
        flows.get_mut(&handle).map(|flow| flow.is_aborted = true).is_some()
    }

    /// Forgets a flow; whether it was there.
    pub(super) fn close(&self, handle: u64) -> bool {
        self.flows.borrow_mut().remove(&handle).is_some()
    }
}

impl super::Fwp {
    /// Whether the flow is there: neither closed nor aborted.
    #[must_use]
    pub fn is_open(&self, flow: u64) -> bool {
        self.flows.flows.borrow().get(&flow).is_some_and(|flow| !flow.is_aborted)
    }

    /// Whether the driver aborted the flow and it is still there.
    #[must_use]
    pub fn is_aborted(&self, flow: u64) -> bool {
        self.flows.flows.borrow().get(&flow).is_some_and(|flow| flow.is_aborted)
    }

    /// Handles of all flows.
    #[must_use]
    pub fn flows(&self) -> Vec<u64> {
        self.flows.flows.borrow().keys().copied().collect()
    }

    /// The flow ends: its contexts are deleted, now or later as [`super::Deletes`] says.
    pub fn close(&self, kernel: &Kernel, flow: u64) {
        if self.flows.close(flow) {
            self.contexts.flow_ended(kernel, flow);
        }
    }
}
