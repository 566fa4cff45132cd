//! Link layers: where in a frame the IP packet begins.
//!
//! `etherparse` stops at three VLAN tags and refuses cooked captures of most devices, so these few
//! fixed offsets are read here and `etherparse` begins at the IP header.

use core::fmt;

use super::packet::Skip;

/// Link-layer type of a packet, numbered as in pcap files.
///
/// Source: tcpdump.org/linktypes.html (read 2026-11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: address family in the byte order of the capturing host, then IP.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// Point-to-point protocol, with or without HDLC framing.
    pub const PPP: Self = Self(9);
    /// IP without a link layer, as some systems write [`RAW`](Self::RAW).
    pub const RAW_12: Self = Self(12);
    /// IP without a link layer, as OpenBSD writes [`RAW`](Self::RAW).
    pub const RAW_14: Self = Self(14);
    /// IPv4 or IPv6 without a link layer.
    pub const RAW: Self = Self(101);
    /// OpenBSD loopback: address family in network byte order, then IP.
    pub const LOOP: Self = Self(108);
    /// Linux "any" device, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// IPv4 without a link layer.
    pub const IPV4: Self = Self(228);
    /// IPv6 without a link layer.
    pub const IPV6: Self = Self(229);
    /// Linux "any" device, version 2.
    pub const LINUX_SLL2: Self = Self(276);

    /// The usual name, "other" for types that are rarely seen.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self.0 {
            0 => "BSD loopback",
            1 => "Ethernet",
            6 => "Token Ring",
            9 => "PPP",
            12 | 14 | 101 => "raw IP",
            105 => "802.11",
            107 => "Frame Relay",
            108 => "OpenBSD loopback",
            113 => "Linux cooked v1",
            119 | 127 | 163 | 192 => "802.11 with radio header",
            147..=162 => "user-defined",
            187 | 201 => "Bluetooth",
            189 | 220 | 249 => "USB",
            195 | 215 | 230 => "802.15.4",
            228 => "raw IPv4",
            229 => "raw IPv6",
            239 => "nflog",
            276 => "Linux cooked v2",
            _ => "other",
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.0)
    }
}

/// The IP packet inside `frame`, with whatever the link layer put behind it.
pub(super) fn network_layer(link: LinkType, frame: &[u8]) -> Result<&[u8], Skip> {
    match link {
        LinkType::ETHERNET => by_ether_type(word(frame, 12)?, &frame[14..]),
        LinkType::LINUX_SLL => by_ether_type(word(frame, 14)?, &frame[16..]),
        LinkType::LINUX_SLL2 => by_ether_type(word(frame, 0)?, rest(frame, 20)?),
        LinkType::RAW | LinkType::RAW_12 | LinkType::RAW_14 | LinkType::IPV4 | LinkType::IPV6 => {
            Ok(frame)
        }
        LinkType::NULL | LinkType::LOOP => loopback(frame),
        LinkType::PPP => ppp(frame.strip_prefix(&[0xff, 0x03]).unwrap_or(frame)),
        _ => Err(Skip::UnsupportedLink),
    }
}

/// Every VLAN tag is one turn of the loop and four bytes, so hostile stacks end with the frame.
fn by_ether_type(mut ether_type: u16, mut payload: &[u8]) -> Result<&[u8], Skip> {
    loop {
        match ether_type {
            0x0800 | 0x86dd => return Ok(payload),
            // 802.1Q, 802.1ad, and two older numbers of stacked tags.
            0x8100 | 0x88a8 | 0x9100 | 0x9200 => {
                ether_type = word(payload, 2)?;
                payload = &payload[4..];
            }
            // PPPoE session: six bytes, then PPP.
            0x8864 => return ppp(rest(payload, 6)?),
            _ => return Err(Skip::NotTcp),
        }
    }
}

fn ppp(frame: &[u8]) -> Result<&[u8], Skip> {
    // An odd first byte is a protocol number compressed to one byte (RFC 1661, section 6.5).
    let (protocol, payload) = match frame {
        [first, payload @ ..] if first & 1 == 1 => (u16::from(*first), payload),
        [first, second, payload @ ..] => (u16::from_be_bytes([*first, *second]), payload),
        _ => return Err(Skip::Malformed),
    };
    match protocol {
        0x0021 | 0x0057 => Ok(payload),
        _ => Err(Skip::NotTcp),
    }
}

fn loopback(frame: &[u8]) -> Result<&[u8], Skip> {
    let Some((family, payload)) = frame.split_first_chunk::<4>() else {
        return Err(Skip::Malformed);
    };
    // AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD and Darwin; in either byte order.
    match (u32::from_le_bytes(*family), u32::from_be_bytes(*family)) {
        (2 | 10 | 24 | 28 | 30, _) | (_, 2 | 10 | 24 | 28 | 30) => Ok(payload),
        _ => Err(Skip::NotTcp),
    }
}

/// The big-endian word at `at`; what follows it exists too, if empty.
fn word(bytes: &[u8], at: usize) -> Result<u16, Skip> {
    match rest(bytes, at)? {
        [high, low, ..] => Ok(u16::from_be_bytes([*high, *low])),
        _ => Err(Skip::Malformed),
    }
}

fn rest(bytes: &[u8], from: usize) -> Result<&[u8], Skip> {
    bytes.get(from..).ok_or(Skip::Malformed)
}
