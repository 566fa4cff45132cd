//! Traffic made up from a seed: captures of conversations that a browser, a mail client or a broken
//! network could have had.

use core::net::SocketAddr;
use weir_usermode::capture::LinkType;
use weir_usermode::capture::synthetic::{Conversation, Framing, PcapFile, Random, TcpPacket};
use weir_usermode::traffic::{client_hello, client_hello_in_records, http_get};

/// Names that clients ask for; the first two are blocked by the samples.
const NAMES: [&str; 6] = [
    "ads.tracker.test",
    "blocked.example",
    "www.blocked.example",
    "www.example.org",
    "intranet.example",
    "notblocked.example",
];

/// Conversations that overlap.
const AT_ONCE: usize = 24;

/// One packet in so many is missing from the capture, in conversations that lose any.
const LOST_ONE_IN: usize = 6;

/// A capture of so many conversations; equal seeds give equal bytes.
#[must_use]
pub fn capture(seed: u64, flows: u32) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut waiting: Vec<std::vec::IntoIter<TcpPacket>> = Vec::new();
    let mut packets = Vec::new();
    let mut numbers = 0..flows;
    loop {
        while waiting.len() < AT_ONCE {
            let Some(number) = numbers.next() else { break };
            waiting.push(conversation(&mut random, number).into_iter());
        }
        if waiting.is_empty() {
            break;
        }
        let at = random.below(waiting.len());
        match waiting.get_mut(at).and_then(Iterator::next) {
            Some(packet) => packets.push(packet),
            None => drop(waiting.swap_remove(at)),
        }
    }
    PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), &packets).into_bytes()
}

/// Client and server of a conversation; no two conversations share both.
fn ends(random: &mut Random, number: u32, port: u16) -> (SocketAddr, SocketAddr) {
    let client = u16::try_from(number % 50_000).unwrap_or(0) + 10_000;
    let host = u8::try_from(number / 50_000 % 200).unwrap_or(0) + 1;
    if random.one_in(4) {
        let address = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
        let (local, remote) = (address(u16::from(host)), address(0x700));
        (SocketAddr::from((local, client)), SocketAddr::from((remote, port)))
    } else {
        (SocketAddr::from(([10, 0, 0, host], client)), SocketAddr::from(([192, 0, 2, 1], port)))
    }
}

fn conversation(random: &mut Random, number: u32) -> Vec<TcpPacket> {
    let name = NAMES.get(random.below(NAMES.len())).copied().unwrap_or("www.example.org");
    let (port, first) = first_flight(random, name);
    let (client, server) = ends(random, number, port);
    let mut talk = Conversation::between(client, server);
    if !random.one_in(12) {
        // Otherwise it began before the capture.
        talk.handshake();
    }
    if port == 25 {
        talk.server(b"220 mail.example ESMTP\r\n");
    }
    for part in pieces(random, &first) {
        talk.client(part);
    }
    for _ in 0..random.below(5) {
        let length = 1 + random.below(4_000);
        let bytes = random.bytes(length);
        for part in bytes.chunks(1_400) {
            if random.one_in(3) { talk.client(part) } else { talk.server(part) }
        }
    }
    match random.below(6) {
        0 => {}
        1 => talk.client_flags(TcpPacket::RST | TcpPacket::ACK, b""),
        _ => talk.close(),
    }
    let loses = random.one_in(10);
    let is_kept = |packet: &TcpPacket, random: &mut Random| {
        packet.payload.is_empty() || !loses || !random.one_in(LOST_ONE_IN)
    };
    talk.packets().iter().filter(|packet| is_kept(packet, random)).cloned().collect()
}

/// The server's port and what the client says first.
fn first_flight(random: &mut Random, name: &str) -> (u16, Vec<u8>) {
    match random.below(6) {
        0..=2 => (443, client_hello(name)),
        3 => (443, client_hello_in_records(name, 1 + random.below(200))),
        4 => (80, http_get(name)),
        _ if random.one_in(2) => (25, b"EHLO client.example\r\n".to_vec()),
        _ => {
            let length = 1 + random.below(600);
            (9_000, random.bytes(length))
        }
    }
}

/// The bytes in one to four segments.
fn pieces<'a>(random: &mut Random, bytes: &'a [u8]) -> Vec<&'a [u8]> {
    let size = bytes.len().div_ceil(1 + random.below(4)).max(1);
    bytes.chunks(size).collect()
}
