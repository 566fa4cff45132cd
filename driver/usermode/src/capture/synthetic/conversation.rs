//! Two ends that talk TCP, and the packets that they send.

use core::net::SocketAddr;

/// One TCP packet, before it is framed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpPacket {
    /// Sender.
    pub source: SocketAddr,
    /// Receiver.
    pub destination: SocketAddr,
    /// Sequence number.
    pub seq: u32,
    /// Acknowledgement number, meaningful with [`TcpPacket::ACK`].
    pub ack: u32,
    /// Flags as in the thirteenth byte of the header.
    pub flags: u8,
    /// Payload.
    pub payload: Vec<u8>,
}

impl TcpPacket {
    /// The sender finished.
    pub const FIN: u8 = 0x01;
    /// The sender opens.
    pub const SYN: u8 = 0x02;
    /// The sender gives up.
    pub const RST: u8 = 0x04;
    /// The payload ends a write.
    pub const PSH: u8 = 0x08;
    /// `ack` is meaningful.
    pub const ACK: u8 = 0x10;

    /// The packet in two, the first with `first_bytes` of the payload.
    #[must_use]
    pub fn split_at(&self, first_bytes: usize) -> [Self; 2] {
        let (first, second) = self.payload.split_at(first_bytes);
        let syn = self.flags & Self::SYN;
        let after = self.seq.wrapping_add(u32::from(syn != 0)).wrapping_add(length(first));
        [
            Self { flags: self.flags & !Self::FIN, payload: first.to_vec(), ..self.clone() },
            Self {
                seq: after,
                flags: self.flags & !Self::SYN,
                payload: second.to_vec(),
                ..self.clone()
            },
        ]
    }
}

/// A connection that writes down what is sent.
///
/// Sequence numbers advance by themselves and every packet acknowledges all that the other end has
/// sent, so packets can be left out, repeated or moved afterwards.
#[derive(Debug, Clone)]
pub struct Conversation {
    client: End,
    server: End,
    packets: Vec<TcpPacket>,
}

#[derive(Debug, Clone)]
struct End {
    address: SocketAddr,
    next: u32,
}

impl Conversation {
    /// A client on 10.0.0.1:40000 and a server on 192.0.2.1:443.
    #[must_use]
    pub fn v4() -> Self {
        Self::between(
            SocketAddr::from(([10, 0, 0, 1], 40_000)),
            SocketAddr::from(([192, 0, 2, 1], 443)),
        )
    }

    /// The same over IPv6.
    #[must_use]
    pub fn v6() -> Self {
        let address = |last| [0x2001, 0xdb8, 0, 0, 0, 0, 0, last];
        Self::between(SocketAddr::from((address(1), 40_000)), SocketAddr::from((address(2), 443)))
    }

    /// A conversation between two addresses of the same family.
    #[must_use]
    pub fn between(client: SocketAddr, server: SocketAddr) -> Self {
        Self {
            client: End { address: client, next: 1_000 },
            server: End { address: server, next: 9_000 },
            packets: Vec::new(),
        }
    }

    /// Chooses the initial sequence numbers.
    #[must_use]
    pub fn isn(mut self, client: u32, server: u32) -> Self {
        self.client.next = client;
        self.server.next = server;
        self
    }

    /// SYN, SYN-ACK, ACK.
    pub fn handshake(&mut self) {
        self.client_flags(TcpPacket::SYN, b"");
        self.server_flags(TcpPacket::SYN | TcpPacket::ACK, b"");
        self.client(b"");
    }

    /// The client sends data, or with none an acknowledgement.
    pub fn client(&mut self, payload: &[u8]) {
        self.client_flags(flags_of(payload), payload);
    }

    /// The server sends data, or with none an acknowledgement.
    pub fn server(&mut self, payload: &[u8]) {
        self.server_flags(flags_of(payload), payload);
    }

    /// Both ends finish and acknowledge it.
    pub fn close(&mut self) {
        self.client_flags(TcpPacket::FIN | TcpPacket::ACK, b"");
        self.server_flags(TcpPacket::FIN | TcpPacket::ACK, b"");
        self.client(b"");
    }

    /// The client sends a packet with these flags.
    pub fn client_flags(&mut self, flags: u8, payload: &[u8]) {
        let packet = send(&mut self.client, &self.server, flags, payload);
        self.packets.push(packet);
    }

    /// The server sends a packet with these flags.
    pub fn server_flags(&mut self, flags: u8, payload: &[u8]) {
        let packet = send(&mut self.server, &self.client, flags, payload);
        self.packets.push(packet);
    }

    /// The last packet, to be changed.
    ///
    /// # Panics
    /// Nothing was sent yet.
    pub fn last(&mut self) -> &mut TcpPacket {
        let Some(last) = self.packets.last_mut() else { panic!("nothing was sent yet") };
        last
    }

    /// Takes back the last packet without undoing its sequence numbers: the capture lost it.
    pub fn lose_last(&mut self) -> TcpPacket {
        let lost = self.last().clone();
        self.packets.pop();
        lost
    }

    /// Puts a packet at the end.
    pub fn push(&mut self, packet: TcpPacket) {
        self.packets.push(packet);
    }

    /// All packets in the order of sending.
    #[must_use]
    pub fn packets(&self) -> &[TcpPacket] {
        &self.packets
    }
}

fn flags_of(payload: &[u8]) -> u8 {
    if payload.is_empty() { TcpPacket::ACK } else { TcpPacket::ACK | TcpPacket::PSH }
}

fn send(from: &mut End, to: &End, flags: u8, payload: &[u8]) -> TcpPacket {
    let seq = from.next;
    let counted = flags & (TcpPacket::SYN | TcpPacket::FIN);
    from.next = seq.wrapping_add(length(payload)).wrapping_add(u32::from(counted != 0));
    TcpPacket {
        source: from.address,
        destination: to.address,
        seq,
        ack: if flags & TcpPacket::ACK == 0 { 0 } else { to.next },
        flags,
        payload: payload.to_vec(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "payloads are shorter than 4 GiB")]
fn length(payload: &[u8]) -> u32 {
    payload.len() as u32
}
