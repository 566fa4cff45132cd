//! TCP packets to frames of a link type.

use core::net::IpAddr;

use super::TcpPacket;
use crate::capture::LinkType;

/// How packets are framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    /// Link type; any that [`LinkType`] names.
    pub link: LinkType,
    /// VLAN identifiers, outermost first; of link types that have an EtherType.
    pub vlans: Vec<u16>,
    /// IPv6 extension headers between IP and TCP: hop-by-hop, routing, destination options.
    pub has_extensions: bool,
    /// Whether the packet claims to be the first fragment of a larger one.
    pub is_fragment: bool,
    /// Whether the length field of the IP header is 0, as in packets that the network card cuts up.
    pub has_zero_length: bool,
    /// Bytes behind the IP packet.
    pub trailer: Vec<u8>,
    /// TCP option bytes; a multiple of 4, at most 40.
    pub options: Vec<u8>,
}

impl Framing {
    /// Plain frames of a link type.
    #[must_use]
    pub fn new(link: LinkType) -> Self {
        Self {
            link,
            vlans: Vec::new(),
            has_extensions: false,
            is_fragment: false,
            has_zero_length: false,
            trailer: Vec::new(),
            options: Vec::new(),
        }
    }

    /// Plain Ethernet frames.
    #[must_use]
    pub fn ethernet() -> Self {
        Self::new(LinkType::ETHERNET)
    }

    /// The frame of one packet.
    ///
    /// # Panics
    /// The two addresses are of different families, or the link type is unknown.
    #[must_use]
    pub fn frame(&self, packet: &TcpPacket) -> Vec<u8> {
        let is_v6 = packet.source.is_ipv6();
        let mut frame = self.link_header(is_v6);
        frame.extend(self.ip(packet));
        frame.extend(&self.trailer);
        frame
    }

    fn link_header(&self, is_v6: bool) -> Vec<u8> {
        let ip: u16 = if is_v6 { 0x86dd } else { 0x0800 };
        let ether_type = if self.vlans.is_empty() { ip } else { 0x8100 };
        let mut header = match self.link {
            LinkType::NULL => [if is_v6 { 24 } else { 2 }, 0, 0, 0].to_vec(),
            LinkType::LOOP => [0, 0, 0, if is_v6 { 24 } else { 2 }].to_vec(),
            LinkType::PPP => [0xff, 0x03, 0, if is_v6 { 0x57 } else { 0x21 }].to_vec(),
            LinkType::ETHERNET => [[2; 12].as_slice(), &ether_type.to_be_bytes()].concat(),
            LinkType::LINUX_SLL => [[0; 14].as_slice(), &ether_type.to_be_bytes()].concat(),
            LinkType::LINUX_SLL2 => [ether_type.to_be_bytes().as_slice(), &[0; 18]].concat(),
            LinkType::RAW
            | LinkType::RAW_12
            | LinkType::RAW_14
            | LinkType::IPV4
            | LinkType::IPV6 => Vec::new(),
            other => panic!("no frames of link type {other}"),
        };
        for (index, vlan) in self.vlans.iter().enumerate() {
            let is_last = index + 1 == self.vlans.len();
            header.extend(vlan.to_be_bytes());
            header.extend(if is_last { ip } else { 0x8100 }.to_be_bytes());
        }
        header
    }

    fn ip(&self, packet: &TcpPacket) -> Vec<u8> {
        let tcp = self.tcp(packet);
        match (packet.source.ip(), packet.destination.ip()) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => {
                let total = if self.has_zero_length { 0 } else { length16(20 + tcp.len()) };
                let fragment = if self.is_fragment { 0x20 } else { 0x40 };
                let mut ip = vec![0x45, 0, 0, 0, 0, 0, fragment, 0, 64, 6, 0, 0];
                ip[2..4].copy_from_slice(&total.to_be_bytes());
                ip.extend(source.octets());
                ip.extend(destination.octets());
                ip.extend(tcp);
                ip
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                let (first, extensions) = self.extensions();
                let after = if self.has_zero_length { 0 } else { extensions.len() + tcp.len() };
                let mut ip = vec![0x60, 0, 0, 0, 0, 0, first, 64];
                ip[4..6].copy_from_slice(&length16(after).to_be_bytes());
                ip.extend(source.octets());
                ip.extend(destination.octets());
                ip.extend(extensions);
                ip.extend(tcp);
                ip
            }
            _ => panic!("both ends must have the same address family"),
        }
    }

    /// The first next-header number and the headers that lead to TCP.
    fn extensions(&self) -> (u8, Vec<u8>) {
        let mut numbers = Vec::new();
        if self.has_extensions {
            numbers.extend([0, 43, 60]);
        }
        if self.is_fragment {
            numbers.push(44);
        }
        numbers.push(6);
        let mut bytes = Vec::new();
        for pair in numbers.windows(2) {
            let more_fragments = u8::from(pair[0] == 44);
            bytes.extend([pair[1], 0, 0, more_fragments, 0, 0, 0, 0]);
        }
        (numbers[0], bytes)
    }

    fn tcp(&self, packet: &TcpPacket) -> Vec<u8> {
        let mut tcp = Vec::new();
        tcp.extend(packet.source.port().to_be_bytes());
        tcp.extend(packet.destination.port().to_be_bytes());
        tcp.extend(packet.seq.to_be_bytes());
        tcp.extend(packet.ack.to_be_bytes());
        let header_words = length16(20 + self.options.len()) / 4;
        tcp.extend((header_words << 12 | u16::from(packet.flags)).to_be_bytes());
        tcp.extend([0xff, 0xff, 0, 0, 0, 0]);
        tcp.extend(&self.options);
        tcp.extend(&packet.payload);
        tcp
    }
}

/// # Panics
/// The packet is longer than IP allows.
fn length16(length: usize) -> u16 {
    let Ok(length) = u16::try_from(length) else { panic!("{length} bytes do not fit in a packet") };
    length
}
