//! One flow context: what is captured at flow established, and what is counted since (S01, S02).

use core::net::{IpAddr, SocketAddr};
use weir_abi::context::{AF_INET, AF_INET6, FlowClassify, IPPROTO_TCP};
use weir_abi::wire::{Address, Port};
use weir_abi::{Direction, FlowState};
use weir_engine::{Flow, Slots};
use weir_nt::lock::SpinLock;
use weir_nt::time::Instant;
use weir_nt::wfp::EstablishedValues;

/// What never changes of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tuple {
    pub(crate) serial: u64,
    /// What every invocation is built from: addresses, ports, protocol, compartment, interface,
    /// flow id, and the connection's direction.
    fixed: FlowClassify,
    pub(crate) process_id: u32,
    pub(crate) is_loopback: bool,
    pub(crate) direction: Direction,
    pub(crate) since: Instant,
}

/// One flow context.
#[derive(Debug)]
pub(crate) struct FlowContext {
    pub(crate) tuple: Tuple,
    /// Serialises what happens to the flow (S38). Order of locks: this, then a shard of the slab.
    pub(crate) state: SpinLock<FlowLife>,
}

/// What changes of a flow, under its lock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FlowLife {
    pub(crate) engine: Flow,
    pub(crate) account: Account,
    /// The hook is done with the flow: nobody is asked any more.
    pub(crate) is_released: bool,
    /// Somebody asked WFP to let go of the context, or WFP does by itself.
    pub(crate) is_removing: bool,
    /// WFP may not have the context yet: whoever gives it is the one who takes it back.
    pub(crate) is_associating: bool,
}

impl FlowLife {
    /// A flow that nobody has been asked about.
    pub(crate) fn new(now: Instant) -> Self {
        Self {
            engine: Flow::default(),
            account: Account::new(now),
            is_released: false,
            is_removing: false,
            is_associating: true,
        }
    }
}

/// What is counted of a flow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account {
    seq: u32,
    pub(crate) last_segment: Instant,
    /// By direction, as the context numbers it.
    pub(crate) segments: [u64; 2],
    pub(crate) bytes: [u64; 2],
    /// Bytes of the segment that is being shown, already counted above.
    current: Option<u64>,
    pub(crate) absorbed_segments: u64,
    pub(crate) absorbed_bytes: u64,
    /// Slots that answered NEED_MORE_DATA at least once.
    pub(crate) answered: Slots,
}

/// The bytes of an address in network order, read as the little-endian words of the context.
fn words(address: IpAddr) -> [u32; 4] {
    let bytes = match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            [a, b, c, d, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        }
        IpAddr::V6(v6) => v6.octets(),
    };
    let mut out = [0; 4];
    for (word, bytes) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    out
}

/// A port in network order in the low 16 bits of a word.
fn port(port: u16) -> u32 {
    u32::from(port.to_be())
}

impl Tuple {
    pub(crate) fn new(
        serial: u64,
        values: &EstablishedValues,
        flow_id: u64,
        (local, remote): (SocketAddr, SocketAddr),
        since: Instant,
    ) -> Self {
        let fixed = FlowClassify {
            family: if local.is_ipv4() { AF_INET } else { AF_INET6 },
            local_ip: words(local.ip()),
            local_port: port(local.port()),
            remote_ip: words(remote.ip()),
            remote_port: port(remote.port()),
            protocol: IPPROTO_TCP,
            compartment_id: values.compartment_id,
            interface_luid: values.interface_luid,
            direction: values.direction.raw(),
            flow_id,
            ..FlowClassify::default()
        };
        Self {
            serial,
            fixed,
            process_id: values.process_id,
            is_loopback: values.is_loopback,
            direction: values.direction,
            since,
        }
    }

    /// The context of one invocation, built anew (S02); the data pointers are still missing.
    pub(crate) fn context(&self, state: FlowState, direction: Direction) -> FlowClassify {
        FlowClassify { direction: direction.raw(), state: u32::from(state.raw()), ..self.fixed }
    }

    pub(crate) const fn flow_id(&self) -> u64 {
        self.fixed.flow_id
    }

    pub(crate) const fn compartment_id(&self) -> u32 {
        self.fixed.compartment_id
    }

    pub(crate) const fn interface_luid(&self) -> u64 {
        self.fixed.interface_luid
    }

    pub(crate) const fn is_v6(&self) -> bool {
        self.fixed.family == AF_INET6
    }

    /// `AF_INET` or `AF_INET6`, as events have it.
    pub(crate) const fn family(&self) -> u16 {
        if self.is_v6() { 23 } else { 2 }
    }

    fn address(&self, words: [u32; 4]) -> Address {
        let [first, second, third, fourth] = words.map(u32::to_le_bytes);
        if !self.is_v6() {
            return Address::v4(first);
        }
        let mut bytes = [0; 16];
        for (to, from) in bytes.iter_mut().zip([first, second, third, fourth].as_flattened()) {
            *to = *from;
        }
        Address(bytes)
    }

    /// Addresses and ports: local, remote.
    pub(crate) fn ends(&self) -> ((Address, Port), (Address, Port)) {
        // Stored in network order in the low 16 bits.
        let port = |word: u32| {
            let [high, low, ..] = word.to_le_bytes();
            Port(u16::from_be_bytes([high, low]))
        };
        let local = (self.address(self.fixed.local_ip), port(self.fixed.local_port));
        (local, (self.address(self.fixed.remote_ip), port(self.fixed.remote_port)))
    }
}

impl Account {
    pub(crate) const fn new(since: Instant) -> Self {
        Self {
            seq: 0,
            last_segment: since,
            segments: [0; 2],
            bytes: [0; 2],
            current: None,
            absorbed_segments: 0,
            absorbed_bytes: 0,
            answered: Slots::NONE,
        }
    }

    /// The next number of an event of this flow.
    pub(crate) const fn next_seq(&mut self) -> u32 {
        self.seq = self.seq.wrapping_add(1);
        self.seq
    }

    /// Leaves numbers to events that are written later.
    pub(crate) const fn skip_seq(&mut self, events: u32) {
        self.seq = self.seq.wrapping_add(events);
    }

    /// Counts a segment that is being shown.
    pub(crate) fn count_segment(&mut self, direction: Direction, bytes: usize, now: Instant) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        if let Some(count) = self.segments.get_mut(direction.index()) {
            *count = count.wrapping_add(1);
        }
        if let Some(count) = self.bytes.get_mut(direction.index()) {
            *count = count.wrapping_add(bytes);
        }
        self.current = Some(bytes);
        self.last_segment = now;
    }

    /// No segment is being shown.
    pub(crate) const fn no_segment(&mut self) {
        self.current = None;
    }

    /// Segments and bytes shown so far, both directions, with or without the current segment.
    pub(crate) const fn shown(&self, with_current: bool) -> (u64, u64) {
        let ([s0, s1], [b0, b1]) = (self.segments, self.bytes);
        let (segments, bytes) = (s0.wrapping_add(s1), b0.wrapping_add(b1));
        match self.current {
            Some(current) if !with_current => {
                (segments.wrapping_sub(1), bytes.wrapping_sub(current))
            }
            _ => (segments, bytes),
        }
    }
}
