//! Random conversations and damaged files. Every failure names its seed.

use super::transcript::play_file;
use crate::capture::synthetic::{Conversation, Framing, PcapFile, PcapngFile, Random, TcpPacket};
use crate::capture::{CloseReason, LinkType, StreamEvent, Streams};

/// What one flow delivered.
#[derive(Default)]
struct Delivered {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    missed_bytes: u64,
    ends: Vec<CloseReason>,
}

fn deliver(packets: &[TcpPacket]) -> Delivered {
    let framing = Framing::ethernet();
    let mut delivered = Delivered::default();
    let mut streams = Streams::new();
    let mut sink = |event: StreamEvent<'_>| match event {
        StreamEvent::Established { flow, .. } => assert_eq!(flow.0, 1),
        StreamEvent::Data { from_initiator, missed_bytes, bytes, .. } => {
            delivered.missed_bytes += missed_bytes;
            let to =
                if from_initiator { &mut delivered.to_server } else { &mut delivered.to_client };
            to.extend_from_slice(bytes);
        }
        StreamEvent::Closed { reason, .. } => delivered.ends.push(reason),
    };
    for packet in packets {
        let frame = framing.frame(packet);
        let length = u32::try_from(frame.len()).expect("frames are short");
        streams.packet(framing.link, 0, length, &frame, &mut sink);
    }
    streams.finish(&mut sink);
    delivered
}

/// One direction's bytes in packets that split, overlap and repeat, and change places.
fn scatter(random: &mut Random, template: &TcpPacket, text: &[u8]) -> Vec<TcpPacket> {
    let mut packets = Vec::new();
    let mut from = 0;
    while from < text.len() {
        let start = from - random.below(from.min(40) + 1);
        let end = (from + 1 + random.below(90)).min(text.len());
        let seq = template.seq.wrapping_add(u32::try_from(start).expect("short"));
        let payload = text[start..end].to_vec();
        let packet = TcpPacket { seq, payload, ..template.clone() };
        if random.one_in(4) {
            packets.push(packet.clone());
        }
        packets.push(packet);
        from = end;
    }
    let distance = random.below(30);
    random.shuffle_within(&mut packets, distance);
    packets
}

/// Two lists as one, each keeping its order.
fn interleave(random: &mut Random, a: Vec<TcpPacket>, b: Vec<TcpPacket>) -> Vec<TcpPacket> {
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    let mut both = Vec::new();
    while a.peek().is_some() || b.peek().is_some() {
        let next = if random.one_in(2) { a.next() } else { b.next() };
        both.extend(next);
    }
    both
}

#[test]
fn any_order_and_division_of_the_segments_gives_the_bytes_that_were_sent() {
    for seed in 0..2_000 {
        let mut random = Random::new(seed);
        let (length, answer_length) = (random.below(3_000), random.below(3_000));
        let (request, answer) = (random.bytes(length), random.bytes(answer_length));
        let near_wrap = u32::MAX - u32::try_from(random.below(4_000)).expect("small");
        let mut talk = Conversation::v4().isn(near_wrap, near_wrap);
        talk.handshake();
        let mut packets = talk.packets().to_vec();
        talk.client(&request);
        let (client, client_last) = (talk.lose_last(), request.len());
        talk.server(&answer);
        let mut server = talk.lose_last();
        server.ack = client.seq;
        let scattered = scatter(&mut random, &client, &request);
        let answered = scatter(&mut random, &server, &answer);
        packets.extend(interleave(&mut random, scattered, answered));
        talk.close();
        packets.extend_from_slice(&talk.packets()[3..]);
        let delivered = deliver(&packets);
        assert!(delivered.to_server == request, "seed {seed}: request of {client_last} bytes");
        assert!(delivered.to_client == answer, "seed {seed}: answer");
        assert_eq!(delivered.missed_bytes, 0, "seed {seed}");
        assert_eq!(delivered.ends, [CloseReason::Fin], "seed {seed}");
    }
}

#[test]
fn lost_segments_are_holes_of_their_size() {
    for seed in 0..1_000 {
        let mut random = Random::new(seed);
        let mut talk = Conversation::v4();
        talk.handshake();
        let (mut seen, mut pending, mut lost) = (Vec::new(), 0, 0);
        for _ in 0..random.below(60) {
            let length = 1 + random.below(50);
            let payload = random.bytes(length);
            talk.client(&payload);
            if random.one_in(3) {
                talk.lose_last();
                pending += payload.len();
            } else {
                seen.extend(payload);
                lost += core::mem::take(&mut pending);
            }
            if random.one_in(4) {
                talk.server(b"");
            }
        }
        talk.close();
        let delivered = deliver(talk.packets());
        assert!(delivered.to_server == seen, "seed {seed}");
        assert_eq!(delivered.missed_bytes, lost as u64, "seed {seed}");
    }
}

fn samples() -> [Vec<u8>; 3] {
    let mut random = Random::new(7);
    let mut talk = Conversation::v4();
    talk.client_flags(TcpPacket::SYN, b"early");
    talk.server_flags(TcpPacket::SYN | TcpPacket::ACK, b"");
    for _ in 0..8 {
        let text = random.bytes(30);
        talk.client(&text);
        talk.server(&text);
    }
    talk.close();
    let mut packets = talk.packets().to_vec();
    random.shuffle_within(&mut packets[2..], 3);
    let tagged = Framing { vlans: vec![1, 2], ..Framing::ethernet() };
    let pcap = PcapFile::new(LinkType::ETHERNET).packets(&tagged, &packets);
    let mut six = Conversation::v6();
    six.handshake();
    (0..9).for_each(|_| six.server(b"some bytes"));
    six.close();
    let extended = Framing { has_extensions: true, ..Framing::new(LinkType::LINUX_SLL2) };
    let cooked = PcapFile::new(LinkType::LINUX_SLL2).packets(&extended, six.packets());
    let mut ng = PcapngFile::new().section(false).interface(LinkType::ETHERNET, 0, 9, 0);
    for (ticks, packet) in (0..).zip(&packets) {
        ng = ng.packet(0, ticks, &tagged.frame(packet));
    }
    ng = ng.section(true).interface(LinkType::LINUX_SLL2, 90, 0x8a, 1);
    for packet in six.packets() {
        let frame = extended.frame(packet);
        let length = u32::try_from(frame.len()).expect("frames are short");
        ng = ng.simple_packet(length, &frame).obsolete_packet(0, 5, &frame);
    }
    [pcap.into_bytes(), cooked.into_bytes(), ng.into_bytes()]
}

#[test]
fn damaged_captures_never_panic() {
    let samples = samples();
    for seed in 0..5_000 {
        let mut random = Random::new(seed);
        let mut file = samples[random.below(samples.len())].clone();
        for _ in 0..=random.below(8) {
            let at = random.below(file.len());
            file[at] = match random.below(3) {
                0 => random.next_u64().to_le_bytes()[0],
                1 => [0, 0xff, 0x7f, 0x80][random.below(4)],
                _ => file[at] ^ (1 << random.below(8)),
            };
        }
        if random.one_in(3) {
            file.truncate(random.below(file.len()));
        }
        // Compares the sums of the counters, too.
        let played = play_file(file.clone());
        let error = played.error.map(|error| error.to_string());
        let again = play_file(file);
        assert_eq!(again.lines, played.lines, "seed {seed}: the same events each time");
        assert_eq!(again.error.map(|e| e.to_string()), error, "seed {seed}");
    }
}
