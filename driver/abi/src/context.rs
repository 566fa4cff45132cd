//! The hook's context: what a flow-classify program sees, field for field.
//!
//! Source: microsoft/ebpf-for-windows, docs/FlowClassifyHook.md (`ebpf_flow_classify_t`); offsets
//! are those of the x64 Windows ABI and stand again, asserted, in `weir_flow_classify.h`.

use crate::names::open_enum;

/// Bytes of the context that a program can read, without the header before it.
pub const CONTEXT_BYTES: usize = 104;

/// Bytes of `EBPF_CONTEXT_HEADER`, which lies directly before the context (S02).
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_extension.h.
pub const CONTEXT_HEADER_BYTES: usize = 64;

/// Longest segment that is presented at once: the largest packet that the verifier assumes
/// (PREVAIL, `packet_size < 0xffff`).
pub const SEGMENT_BYTES_MAX: usize = 65_534;

/// Address family of IPv4 on Windows (`AF_INET`).
pub const AF_INET: u32 = 2;

/// Address family of IPv6 on Windows (`AF_INET6`).
pub const AF_INET6: u32 = 23;

/// IP protocol number of TCP, the only one that the hook classifies (S11).
pub const IPPROTO_TCP: u8 = 6;

/// `ebpf_flow_classify_t`.
///
/// Pointers are `u64`, so the layout is the same on every host that builds this crate.
/// They are 0 while there is no data (S01).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlowClassify {
    /// Address family: [`AF_INET`] or [`AF_INET6`].
    pub family: u32,
    /// Local address in network byte order; IPv4 in the first element.
    pub local_ip: [u32; 4],
    /// Local port in network byte order, in the low 16 bits.
    pub local_port: u32,
    /// Remote address in network byte order; IPv4 in the first element.
    pub remote_ip: [u32; 4],
    /// Remote port in network byte order, in the low 16 bits.
    pub remote_port: u32,
    /// IP protocol, always 6.
    pub protocol: u8,
    /// Network compartment.
    pub compartment_id: u32,
    /// Interface LUID, 0 if WFP did not name one.
    pub interface_luid: u64,
    /// [`Direction`] of the connection (NEW, DELETED) or of the segment (ESTABLISHED).
    pub direction: u8,
    /// WFP flow handle.
    pub flow_id: u64,
    /// [`FlowState`].
    pub state: u32,
    /// First byte of the segment.
    pub data_start: u64,
    /// One past the last byte of the segment.
    pub data_end: u64,
}

impl FlowClassify {
    /// The context as the bytes that a program reads, padding zeroed, little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; CONTEXT_BYTES] {
        let mut out = [0_u8; CONTEXT_BYTES];
        put(&mut out, 0, &self.family.to_le_bytes());
        put_words(&mut out, 4, self.local_ip);
        put(&mut out, 20, &self.local_port.to_le_bytes());
        put_words(&mut out, 24, self.remote_ip);
        put(&mut out, 40, &self.remote_port.to_le_bytes());
        put(&mut out, 44, &[self.protocol]);
        put(&mut out, 48, &self.compartment_id.to_le_bytes());
        put(&mut out, 56, &self.interface_luid.to_le_bytes());
        put(&mut out, 64, &[self.direction]);
        put(&mut out, 72, &self.flow_id.to_le_bytes());
        put(&mut out, 80, &self.state.to_le_bytes());
        put(&mut out, 88, &self.data_start.to_le_bytes());
        put(&mut out, 96, &self.data_end.to_le_bytes());
        out
    }
}

fn put(out: &mut [u8; CONTEXT_BYTES], at: usize, bytes: &[u8]) {
    if let Some(slot) = out.get_mut(at..).and_then(|rest| rest.get_mut(..bytes.len())) {
        slot.copy_from_slice(bytes);
    }
}

fn put_words(out: &mut [u8; CONTEXT_BYTES], at: usize, words: [u32; 4]) {
    for (place, word) in (at..).step_by(4).zip(words) {
        put(out, place, &word.to_le_bytes());
    }
}

open_enum! {
    /// A program's answer, and what became of an invocation that gave none.
    ///
    /// 0 to 2 are the hook's own numbers; the rest is how Weir counts the others (S31).
    pub enum Action {
        /// The program needs to see no more of this flow.
        Allow = 0 => "allow",
        /// The flow is blocked, for good.
        Block = 1 => "block",
        /// Permit this segment, go on invoking.
        NeedMoreData = 2 => "need_more_data",
        /// The invocation succeeded with a number outside the three.
        Invalid = 3 => "invalid",
        /// The invocation itself failed.
        Error = 4 => "error",
    }
}

open_enum! {
    /// Direction of a connection or of a segment.
    ///
    /// The inverse of `FWP_DIRECTION`, where outbound is 0 (S01).
    pub enum Direction {
        /// Accepted here, or received.
        Inbound = 0 => "inbound",
        /// Connected from here, or sent.
        Outbound = 1 => "outbound",
    }
}

open_enum! {
    /// Why a program is invoked.
    pub enum FlowState {
        /// The connection is established; no data yet.
        New = 0 => "new",
        /// A segment of its stream.
        Established = 1 => "established",
        /// It ended, for this program, without the program's own answer.
        Deleted = 2 => "deleted",
    }
}

impl Direction {
    /// The other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Inbound => Self::Outbound,
            Self::Outbound => Self::Inbound,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl Action {
    /// The answer of an invocation that succeeded with `value`.
    #[must_use]
    pub const fn of_answer(value: u32) -> Self {
        match value {
            0 => Self::Allow,
            1 => Self::Block,
            2 => Self::NeedMoreData,
            _ => Self::Invalid,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_lie_where_the_structure_has_them() {
        let context = FlowClassify {
            family: AF_INET6,
            local_ip: [1, 2, 3, 4],
            local_port: 0x5000,
            remote_ip: [5, 6, 7, 8],
            remote_port: 0xbb01,
            protocol: 6,
            compartment_id: 9,
            interface_luid: 10,
            direction: 1,
            flow_id: 11,
            state: 2,
            data_start: 12,
            data_end: 13,
        };
        let bytes = context.to_bytes();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let long = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        let (words, longs) = (core::mem::offset_of!(FlowClassify, remote_ip), 72);
        assert_eq!((word(0), word(4), word(16), word(20)), (23, 1, 4, 0x5000));
        assert_eq!((word(words), word(36), word(40), bytes[44]), (5, 8, 0xbb01, 6));
        assert_eq!((word(48), long(56), bytes[64], long(longs)), (9, 10, 1, 11));
        assert_eq!((word(80), long(88), long(96)), (2, 12, 13));
    }

    #[test]
    fn answers_outside_the_three_are_invalid() {
        assert_eq!(Action::of_answer(2), Action::NeedMoreData);
        assert_eq!(Action::of_answer(3), Action::Invalid);
        assert_eq!(Action::of_answer(u32::MAX), Action::Invalid);
    }
}
