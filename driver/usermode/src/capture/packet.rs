//! One packet: from the IP header to the TCP payload.

use etherparse::{IpNumber, LaxIpv4Slice, LaxIpv6Slice};

use super::link::{self, LinkType};
use super::tuple::{Endpoint, Path};

/// A packet as the capture holds it.
#[derive(Debug)]
pub(super) struct Packet<'a> {
    /// What the frame begins with.
    pub(super) link: LinkType,
    /// Nanoseconds since 1970.
    pub(super) at_ns: u64,
    /// Length on the wire.
    pub(super) original_len: u32,
    /// The bytes that were captured.
    pub(super) captured: &'a [u8],
}

/// A TCP packet.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    /// Connection and sender.
    pub(super) path: Path,
    /// Sequence number.
    pub(super) seq: u32,
    /// Acknowledgement number, if the ACK flag is set.
    pub(super) ack: Option<u32>,
    /// The SYN flag.
    pub(super) is_syn: bool,
    /// The FIN flag.
    pub(super) is_fin: bool,
    /// The RST flag.
    pub(super) is_rst: bool,
    /// Captured payload.
    pub(super) payload: &'a [u8],
    /// Payload bytes on the wire, never fewer than captured.
    pub(super) wire_bytes: usize,
    /// Bytes that look like payload and are Ethernet padding.
    pub(super) padding_bytes: usize,
}

/// Why a packet is not a [`Segment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    /// It carries something else.
    NotTcp,
    /// It is a part of an IP packet.
    Fragment,
    /// Its link type is not decoded.
    UnsupportedLink,
    /// Its headers are cut off or contradict themselves.
    Malformed,
}

/// The TCP segment inside a packet.
pub(super) fn decode<'a>(packet: &Packet<'a>) -> Result<Segment<'a>, Skip> {
    let ip = link::network_layer(packet.link, packet.captured)?;
    let cut_off = (packet.original_len as usize).saturating_sub(packet.captured.len());
    match ip.first().map(|first| first >> 4) {
        Some(4) => ipv4(ip, cut_off),
        Some(6) => ipv6(ip, cut_off),
        _ => Err(Skip::Malformed),
    }
}

fn ipv4(ip: &[u8], cut_off: usize) -> Result<Segment<'_>, Skip> {
    let Ok((packet, extension_error)) = LaxIpv4Slice::from_slice(ip) else {
        return Err(Skip::Malformed);
    };
    let header = packet.header();
    let payload = packet.payload();
    whole_tcp(payload.fragmented, extension_error.is_some(), payload.ip_number)?;
    let header_bytes =
        header.slice().len() + packet.extensions().auth.map_or(0, |auth| auth.slice().len());
    let total_bytes = match header.total_len() {
        // The host left it to the network card to cut this packet up (TSO).
        0 => ip.len() + cut_off,
        length => usize::from(length),
    };
    let Some(wire_bytes) = total_bytes.checked_sub(header_bytes) else {
        return Err(Skip::Malformed);
    };
    let end = |address, port| Endpoint::v4(address, port);
    tcp(payload.payload, wire_bytes, |source, destination| {
        Path::new(end(header.source(), source), end(header.destination(), destination), false)
    })
}

/// Passes what is a whole TCP segment behind sound headers.
fn whole_tcp(is_fragment: bool, is_malformed: bool, protocol: IpNumber) -> Result<(), Skip> {
    match (is_fragment, is_malformed) {
        (true, _) => Err(Skip::Fragment),
        (false, true) => Err(Skip::Malformed),
        (false, false) if protocol == IpNumber::TCP => Ok(()),
        (false, false) => Err(Skip::NotTcp),
    }
}

fn ipv6(ip: &[u8], cut_off: usize) -> Result<Segment<'_>, Skip> {
    let Ok((packet, extension_error)) = LaxIpv6Slice::from_slice(ip) else {
        return Err(Skip::Malformed);
    };
    let header = packet.header();
    let payload = packet.payload();
    whole_tcp(payload.fragmented, extension_error.is_some(), payload.ip_number)?;
    let after_header = match header.payload_length() {
        0 => ip.len() + cut_off - header.slice().len(),
        length => usize::from(length),
    };
    let Some(wire_bytes) = after_header.checked_sub(packet.extensions().slice().len()) else {
        return Err(Skip::Malformed);
    };
    let end = |address, port| Endpoint::v6(address, port);
    tcp(payload.payload, wire_bytes, |source, destination| {
        Path::new(end(header.source(), source), end(header.destination(), destination), true)
    })
}

/// TCP in the shortest Ethernet frame: 46 bytes without the IPv4 header.
const PADDED_BYTES_MAX: usize = 46 - 20;

/// Reads the fixed part of the header by hand: `etherparse` refuses a header whose options lie
/// beyond the captured bytes, which short captures of headers only produce all the time.
fn tcp(
    bytes: &[u8],
    wire_bytes: usize,
    path: impl FnOnce(u16, u16) -> Path,
) -> Result<Segment<'_>, Skip> {
    const FIXED_BYTES: usize = 20;
    let Some(header) = bytes.first_chunk::<FIXED_BYTES>() else {
        return Err(Skip::Malformed);
    };
    let header_bytes = usize::from(header[12] >> 4) * 4;
    if header_bytes < FIXED_BYTES || header_bytes > wire_bytes {
        return Err(Skip::Malformed);
    }
    let half = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
    let word = |at: usize| u32::from(half(at)) << 16 | u32::from(half(at + 2));
    let flags = header[13];
    let mut payload = bytes.get(header_bytes..).unwrap_or_default();
    let mut payload_bytes = wire_bytes - header_bytes;
    let mut padding_bytes = 0;
    if wire_bytes <= PADDED_BYTES_MAX && is_padding(flags, payload) {
        padding_bytes = payload.len();
        (payload, payload_bytes) = (&[], 0);
    }
    Ok(Segment {
        path: path(half(0), half(2)),
        seq: word(4),
        ack: (flags & 0x10 != 0).then(|| word(8)),
        is_syn: flags & 0x02 != 0,
        is_fin: flags & 0x01 != 0,
        is_rst: flags & 0x04 != 0,
        payload,
        wire_bytes: payload_bytes,
        padding_bytes,
    })
}

/// Zeros in a packet that is no longer than an Ethernet frame must be, without the PSH flag that
/// ends every write: a device on the way took the padding of a short frame for its content and
/// corrected the IP length to match. The receiver's acknowledgements do not count such bytes.
///
/// Seen in nDPI's `heuristic_tcp_ack_payload.pcap`, where every acknowledgement has two or six.
fn is_padding(flags: u8, payload: &[u8]) -> bool {
    let is_ack_without_push = flags & 0x18 == 0x10;
    is_ack_without_push && !payload.is_empty() && payload.iter().all(|byte| *byte == 0)
}
