//! The layer of a connection's data: indications, and what callouts made of them.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/network/stream-inspection and
//! learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_callout_io_packet0_
//! (read 2026-11)

use super::classify::Classify;
use super::layout::{
    CLASSIFY_OUT_FLAG_ABSORB, RIGHT_ACTION_WRITE, StreamData, StreamPacket, action,
};
use crate::kernel::{DISPATCH_LEVEL, Kernel};
use crate::ndis::{Chain, Shape};
use core::cell::UnsafeCell;
use weir_abi::Direction;

/// Bytes on their way, or the end of them.
#[derive(Clone, Debug)]
pub struct Indication {
    /// The bytes; none with a disconnect is the usual end.
    pub bytes: Vec<u8>,
    /// How they lie in memory.
    pub shape: Shape,
    /// Received (inbound) or sent.
    pub direction: Direction,
    /// This is the end of this direction (FIN).
    pub is_disconnect: bool,
    /// The connection is reset.
    pub is_abort: bool,
    /// Bytes that a filter above took away before these.
    pub missed_bytes: usize,
    /// `dataLength`, where it is to differ from the number of bytes.
    pub declared_length: Option<usize>,
    /// `actionType` on entry.
    pub action_on_entry: u32,
    /// Level of the call.
    pub irql: u8,
}

impl Default for Indication {
    fn default() -> Self {
        Self {
            bytes: Vec::new(),
            shape: Shape::Contiguous,
            direction: Direction::Inbound,
            is_disconnect: false,
            is_abort: false,
            missed_bytes: 0,
            declared_length: None,
            action_on_entry: 0,
            irql: DISPATCH_LEVEL,
        }
    }
}

impl Indication {
    /// Bytes from the peer.
    #[must_use]
    pub fn received(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), ..Self::default() }
    }

    /// Bytes to the peer.
    #[must_use]
    pub fn sent(bytes: &[u8]) -> Self {
        Self { direction: Direction::Outbound, ..Self::received(bytes) }
    }

    /// The end of a direction, without data.
    #[must_use]
    pub fn end(direction: Direction) -> Self {
        Self { direction, is_disconnect: true, ..Self::default() }
    }

    /// The same bytes in another shape.
    #[must_use]
    pub fn shaped(self, shape: Shape) -> Self {
        Self { shape, ..self }
    }

    /// `FWPS_STREAM_FLAG_*`.
    fn flags(&self) -> u32 {
        let bit = |is_set: bool, bit: u32| if is_set { bit } else { 0 };
        let events = bit(self.is_disconnect, DISCONNECT) | bit(self.is_abort, ABORT);
        if self.direction == Direction::Outbound {
            SEND | if self.is_disconnect || self.is_abort { send_events(events) } else { 0 }
        } else {
            RECEIVE | events | bit(!self.bytes.is_empty(), PUSH)
        }
    }
}

const RECEIVE: u32 = 1;
const DISCONNECT: u32 = 4;
const ABORT: u32 = 8;
const PUSH: u32 = 0x10;
const SEND: u32 = 0x1_0000;

/// `_SEND_DISCONNECT` and `_SEND_ABORT` for the receive bits of the same name.
const fn send_events(receive: u32) -> u32 {
    let disconnect = if receive & DISCONNECT != 0 { 0x8_0000 } else { 0 };
    disconnect | if receive & ABORT != 0 { 0x10_0000 } else { 0 }
}

/// What became of an indication.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StreamOutcome {
    /// Whether a callout was called.
    pub is_called: bool,
    /// Whether the bytes go on.
    pub is_permitted: bool,
    /// Whether they were dropped silently.
    pub is_absorbed: bool,
    /// `actionType` as the callout left it; 0 if none was called.
    pub action: u32,
    /// `flags` as the callout left them.
    pub flags: u32,
    /// `streamAction` as the callout left it.
    pub stream_action: u32,
    /// `countBytesEnforced` as the callout left it.
    pub bytes_enforced: usize,
}

/// An indication in memory; it can be indicated again and again, as benchmarks do.
#[derive(Debug)]
pub struct Prepared {
    chain: Chain,
    flags: u32,
    length: usize,
    missed_bytes: usize,
    irql: u8,
    action_on_entry: u32,
}

impl Prepared {
    /// Lays an indication out in memory.
    #[must_use]
    pub fn new(indication: &Indication) -> Self {
        Self {
            chain: Chain::build(&indication.bytes, indication.shape),
            flags: indication.flags(),
            length: indication.declared_length.unwrap_or(indication.bytes.len()),
            missed_bytes: indication.missed_bytes,
            irql: indication.irql,
            action_on_entry: indication.action_on_entry,
        }
    }

    /// What a callout is given.
    pub(crate) fn stream_data(&self) -> StreamData {
        self.chain.stream_data(self.flags, self.length)
    }

    /// Whether an address lies in the memory of the indication's MDLs.
    #[must_use]
    pub fn contains(&self, address: usize) -> bool {
        self.chain.memory().any(|memory| memory.contains(&address))
    }
}

impl super::Fwp {
    /// Indicates bytes of a flow.
    ///
    /// # Panics
    /// If there is no such flow.
    pub fn stream(&self, kernel: &Kernel, flow: u64, indication: &Indication) -> StreamOutcome {
        self.indicate(kernel, flow, &Prepared::new(indication))
    }

    /// Indicates bytes of a flow, if it is there: another thread may have closed it.
    pub fn try_stream(
        &self,
        kernel: &Kernel,
        flow: u64,
        indication: &Indication,
    ) -> Option<StreamOutcome> {
        self.flows.spec(flow).map(|_| self.stream(kernel, flow, indication))
    }

    /// Indicates bytes that are in memory already.
    ///
    /// # Panics
    /// If there is no such flow.
    pub fn indicate(&self, kernel: &Kernel, flow: u64, prepared: &Prepared) -> StreamOutcome {
        let Some(spec) = self.flows.spec(flow) else { panic!("there is no flow {flow:#x}") };
        let data = UnsafeCell::new(prepared.chain.stream_data(prepared.flags, prepared.length));
        let packet = UnsafeCell::new(StreamPacket {
            data: data.get(),
            missed_bytes: prepared.missed_bytes,
            bytes_required: 0,
            bytes_enforced: 0,
            stream_action: 0,
        });
        let classify = Classify {
            spec: &spec,
            layer: spec.stream_layer(),
            flow,
            layer_data: packet.get().cast(),
            // Rights have no meaning at this layer, and are there all the same.
            rights: RIGHT_ACTION_WRITE,
            irql: prepared.irql,
            action_on_entry: prepared.action_on_entry,
            after_each: &|kernel| check(kernel, packet.get(), data.get(), prepared),
        };
        let outcome = classify.run(kernel);
        let packet = packet.into_inner();
        let is_absorbed = outcome.is_blocked && outcome.flags & CLASSIFY_OUT_FLAG_ABSORB != 0;
        if outcome.flags & CLASSIFY_OUT_FLAG_ABSORB != 0 && outcome.action != action::BLOCK {
            kernel.violation("a stream callout set ABSORB without BLOCK".to_owned());
        }
        StreamOutcome {
            is_called: outcome.is_called,
            is_permitted: !outcome.is_blocked,
            is_absorbed,
            action: outcome.action,
            flags: outcome.flags,
            stream_action: packet.stream_action,
            bytes_enforced: packet.bytes_enforced,
        }
    }
}

/// What a callout that only inspects and blocks must have left alone (S16).
fn check(
    kernel: &Kernel,
    packet: *const StreamPacket,
    data: *const StreamData,
    prepared: &Prepared,
) {
    // SAFETY: the packet lives until the classification is over, and nobody writes it now.
    let packet = unsafe { *packet };
    // SAFETY: so does the data.
    let data = unsafe { *data };
    if packet.bytes_enforced != 0 || packet.bytes_required != 0 {
        let (enforced, required) = (packet.bytes_enforced, packet.bytes_required);
        kernel.violation(format!(
            "a stream callout set countBytesEnforced to {enforced}, countBytesRequired to {required}"
        ));
    }
    if packet.stream_action != 0 {
        kernel.violation(format!("a stream callout set streamAction to {}", packet.stream_action));
    }
    let original = prepared.chain.stream_data(prepared.flags, prepared.length);
    let fields = |it: &StreamData| (it.flags, it.length, it.list, it.buffer, it.mdl, it.chain);
    let offsets = |it: &StreamData| (it.mdl_offset, it.buffer_offset, it.stream_offset);
    if fields(&data) != fields(&original) || offsets(&data) != offsets(&original) {
        kernel.violation("a stream callout changed the stream data it was given".to_owned());
    }
}
