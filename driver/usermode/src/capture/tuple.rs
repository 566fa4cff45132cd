//! The addresses and ports of a connection, in an order that both directions agree on.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One end of a connection, small enough to compare in two instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Endpoint {
    address: u128,
    port: u16,
}

impl Endpoint {
    /// An IPv4 end.
    pub(super) fn v4(address: [u8; 4], port: u16) -> Self {
        Self { address: u128::from(u32::from_be_bytes(address)), port }
    }

    /// An IPv6 end.
    pub(super) fn v6(address: [u8; 16], port: u16) -> Self {
        Self { address: u128::from_be_bytes(address), port }
    }
}

/// The two ends of a packet's connection and which of them sent it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path {
    /// The connection.
    pub(super) tuple: Tuple,
    /// The end that sent the packet.
    pub(super) sender: Side,
}

impl Path {
    /// The path from `source` to `destination`.
    pub(super) fn new(source: Endpoint, destination: Endpoint, is_v6: bool) -> Self {
        if source <= destination {
            Self { tuple: Tuple { low: source, high: destination, is_v6 }, sender: Side::Low }
        } else {
            Self { tuple: Tuple { low: destination, high: source, is_v6 }, sender: Side::High }
        }
    }
}

/// What identifies a connection; equal for packets of both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Tuple {
    low: Endpoint,
    high: Endpoint,
    is_v6: bool,
}

impl Tuple {
    /// The address of one end.
    pub(super) fn address(&self, side: Side) -> SocketAddr {
        let end = self.end(side);
        let address = if self.is_v6 {
            IpAddr::V6(Ipv6Addr::from_bits(end.address))
        } else {
            IpAddr::V4(Ipv4Addr::from_bits((end.address & 0xffff_ffff) as u32))
        };
        SocketAddr::new(address, end.port)
    }

    /// The end with the lower port, `otherwise` where they are equal.
    pub(super) fn lower_port(&self, otherwise: Side) -> Side {
        match self.low.port.cmp(&self.high.port) {
            core::cmp::Ordering::Less => Side::Low,
            core::cmp::Ordering::Equal => otherwise,
            core::cmp::Ordering::Greater => Side::High,
        }
    }

    fn end(&self, side: Side) -> Endpoint {
        match side {
            Side::Low => self.low,
            Side::High => self.high,
        }
    }
}

/// One of the two ends of a [`Tuple`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The end that compares lower.
    Low,
    /// The other.
    High,
}

impl Side {
    /// The other end.
    pub(super) fn peer(self) -> Self {
        match self {
            Self::Low => Self::High,
            Self::High => Self::Low,
        }
    }
}
