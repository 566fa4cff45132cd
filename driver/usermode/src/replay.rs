//! From the streams of a capture to the hook: what the driver would have been shown.

use crate::capture::{CloseReason, FlowKey, StreamEvent};
use crate::hook::{FlowHandle, FlowInfo, Hook, SegmentVerdict};
use core::net::SocketAddr;
use hashbrown::HashMap;
use weir_abi::Direction;

/// From which end a captured connection is seen.
///
/// The hook runs on one host; a capture does not say on which.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Perspective {
    /// The host that opened the connection: an outbound flow.
    #[default]
    Initiator,
    /// The host that accepted it: an inbound flow.
    Responder,
    /// Both on one machine, as on loopback: two flows for each connection, the initiator's first.
    Both,
}

/// The compartment of replayed flows: the default one of Windows.
const COMPARTMENT: u32 = 1;

/// What a capture says of a flow that its events do not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The connection began before the capture.
    pub mid_capture: bool,
    /// The capture ended before the connection did.
    pub open_at_end: bool,
}

#[derive(Clone, Copy, Default)]
struct Ends {
    initiator: Option<FlowHandle>,
    responder: Option<FlowHandle>,
}

/// Shows streams to a hook.
pub struct Replay {
    /// The hook; attach programs before the first event.
    pub hook: Hook,
    perspective: Perspective,
    live: HashMap<FlowKey, Ends>,
    marks: HashMap<u64, Marks>,
    /// Flows of the captures before this one.
    base: u64,
    flows: u64,
}

impl Replay {
    /// A replay with nothing shown yet.
    #[must_use]
    pub fn new(hook: Hook, perspective: Perspective) -> Self {
        Self { hook, perspective, live: HashMap::new(), marks: HashMap::new(), base: 0, flows: 0 }
    }

    /// Shows one event.
    pub fn event(&mut self, event: &StreamEvent<'_>) {
        match *event {
            StreamEvent::Established { flow, at_ns, initiator, responder, mid_capture } => {
                self.hook.tick(at_ns);
                self.flows = self.flows.max(flow.0);
                let ends = self.established(flow, (initiator, responder), mid_capture, at_ns);
                if ends.initiator.is_some() || ends.responder.is_some() {
                    self.live.insert(flow, ends);
                }
            }
            StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
                self.hook.tick(at_ns);
                let Some(ends) = self.live.get(&flow).copied() else { return };
                let order = if from_initiator {
                    [(ends.initiator, Direction::Outbound), (ends.responder, Direction::Inbound)]
                } else {
                    [(ends.responder, Direction::Outbound), (ends.initiator, Direction::Inbound)]
                };
                for (handle, direction) in order {
                    let Some(handle) = handle else { continue };
                    if missed_bytes > 0 {
                        self.hook.missed(handle, direction, missed_bytes, at_ns);
                    }
                    let verdict = self.hook.segment(handle, direction, bytes, at_ns);
                    if verdict == SegmentVerdict::Block {
                        // What the sender's end absorbs never reaches the other end.
                        return;
                    }
                }
            }
            StreamEvent::Closed { flow, at_ns, reason } => {
                self.hook.tick(at_ns);
                let Some(ends) = self.live.remove(&flow) else { return };
                if reason == CloseReason::CaptureEnd {
                    for flow_id in self.flow_ids(flow) {
                        self.marks.entry(flow_id).or_default().open_at_end = true;
                    }
                }
                for handle in [ends.initiator, ends.responder].into_iter().flatten() {
                    self.hook.deleted(handle, at_ns);
                }
            }
        }
    }

    fn established(
        &mut self,
        flow: FlowKey,
        (initiator, responder): (SocketAddr, SocketAddr),
        mid_capture: bool,
        at_ns: u64,
    ) -> Ends {
        let number = self.base.saturating_add(flow.0);
        let is_both = self.perspective == Perspective::Both;
        let is_loopback = is_both || initiator.ip() == responder.ip();
        let mut open = |direction, flow_id| {
            let (local, remote) = match direction {
                Direction::Outbound => (initiator, responder),
                Direction::Inbound | Direction::Unknown => (responder, initiator),
            };
            if mid_capture {
                self.marks.entry(flow_id).or_default().mid_capture = true;
            }
            let info = FlowInfo {
                flow_id,
                local,
                remote,
                direction,
                compartment_id: COMPARTMENT,
                interface_luid: 0,
                process_id: 0,
                is_loopback,
            };
            self.hook.established(&info, at_ns).handle
        };
        match self.perspective {
            Perspective::Initiator => {
                Ends { initiator: open(Direction::Outbound, number), responder: None }
            }
            Perspective::Responder => {
                Ends { initiator: None, responder: open(Direction::Inbound, number) }
            }
            Perspective::Both => {
                let [initiator, responder] = both(number);
                Ends {
                    initiator: open(Direction::Outbound, initiator),
                    responder: open(Direction::Inbound, responder),
                }
            }
        }
    }

    /// The numbers that the ends of a connection have as flows.
    fn flow_ids(&self, flow: FlowKey) -> impl Iterator<Item = u64> + use<> {
        let number = self.base.saturating_add(flow.0);
        let [first, second] = match self.perspective {
            Perspective::Both => both(number).map(Some),
            Perspective::Initiator | Perspective::Responder => [Some(number), None],
        };
        first.into_iter().chain(second)
    }

    /// The next event comes from another capture, whose flows are numbered from 1 again.
    ///
    /// Take the marks of this one's flows before.
    pub fn next_capture(&mut self) {
        self.base = self.base.saturating_add(core::mem::take(&mut self.flows));
        self.live.clear();
        self.marks.clear();
    }

    /// What the capture says of a flow; forgets it.
    pub fn take_marks(&mut self, flow_id: u64) -> Marks {
        self.marks.remove(&flow_id).unwrap_or_default()
    }
}

/// The flow numbers of a connection that is seen from both ends.
const fn both(number: u64) -> [u64; 2] {
    let responder = number.saturating_mul(2);
    [responder.saturating_sub(1), responder]
}
