//! What happens when a bound is reached.

use super::transcript::{OPEN, play_limited};
use crate::capture::Limits;
use crate::capture::synthetic::{Conversation, TcpPacket};

fn between(client: u16) -> Conversation {
    let server = ([192, 0, 2, 1], 443).into();
    let mut talk = Conversation::between(([10, 0, 0, 1], client).into(), server);
    talk.handshake();
    talk
}

fn check_overflow(limits: Limits) {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(b"lost!");
    let lost = talk.lose_last();
    for _ in 0..3 {
        talk.client(&[b'x'; 100]);
    }
    talk.push(lost);
    let played = play_limited(talk.packets(), limits);
    let expect = format!("1 > (5) {}", "x".repeat(300));
    played.shows(&[OPEN, &expect, "1 - capture_end"]);
    assert_eq!(played.counters.reorder_overflows, 1);
    assert_eq!(played.counters.retransmitted_bytes, 5);
}

#[test]
fn direction_that_waits_for_too_much_gives_up_its_hole() {
    check_overflow(Limits { reorder_bytes: 400, ..Limits::default() });
}

#[test]
fn flows_that_wait_for_too_much_together_give_up_a_hole() {
    check_overflow(Limits { reorder_bytes_total: 400, ..Limits::default() });
}

#[test]
fn small_pieces_count_with_their_overhead() {
    let mut talk = Conversation::v4();
    talk.handshake();
    for _ in 0..40 {
        talk.client(b"x");
        talk.lose_last();
        talk.client(b"y");
    }
    let limits = Limits { reorder_bytes: 650, ..Limits::default() };
    let played = play_limited(talk.packets(), limits);
    assert_eq!((played.counters.reorder_overflows, played.counters.delivered_bytes), (30, 30));
    assert_eq!(played.counters.undelivered_bytes, 10);
}

#[test]
fn early_data_beyond_the_bound_is_dropped() {
    let mut talk = Conversation::v4();
    talk.client_flags(TcpPacket::SYN, &[b'x'; 500]);
    talk.server_flags(TcpPacket::SYN | TcpPacket::ACK, b"");
    talk.client(b"y");
    let limits = Limits { reorder_bytes: 400, ..Limits::default() };
    let played = play_limited(talk.packets(), limits);
    played.shows(&[OPEN, "1 > (500) y", "1 - capture_end"]);
    assert_eq!(played.counters.undelivered_bytes, 500);
}

#[test]
fn longest_idle_flow_is_evicted() {
    let (mut first, second, third) = (between(1_001), between(1_002), between(1_003));
    let mut packets = [first.packets(), second.packets()].concat();
    first.client(b"busy");
    packets.push(first.last().clone());
    packets.extend_from_slice(third.packets());
    let played = play_limited(&packets, Limits { live_flows: 2, ..Limits::default() });
    played.shows(&[
        "1 + 10.0.0.1:1001 to 192.0.2.1:443",
        "2 + 10.0.0.1:1002 to 192.0.2.1:443",
        "1 > busy",
        "2 - evicted",
        "3 + 10.0.0.1:1003 to 192.0.2.1:443",
        "1 - capture_end",
        "3 - capture_end",
    ]);
    assert_eq!(played.counters.evicted, 1);
}

#[test]
fn flood_of_attempts_evicts_and_counts_them() {
    let mut packets = Vec::new();
    for client in 1..=1_000 {
        packets.push(between(client).packets()[0].clone());
    }
    let limits = Limits { live_flows: 10, closed_flows: 10, ..Limits::default() };
    let played = play_limited(&packets, limits);
    played.shows(&[]);
    assert_eq!((played.counters.attempts, played.counters.evicted), (1_000, 990));
}

#[test]
fn oldest_closed_flow_is_forgotten_first() {
    let mut packets = Vec::new();
    let mut late = Vec::new();
    for client in 1_001..=1_003 {
        let mut talk = between(client);
        talk.close();
        packets.extend_from_slice(talk.packets());
        late.push(talk.last().clone());
    }
    packets.extend(late.into_iter().rev());
    let played = play_limited(&packets, Limits { closed_flows: 2, ..Limits::default() });
    assert_eq!((played.counters.flows, played.counters.mid_capture), (4, 1));
    assert_eq!(played.lines[6], "4 + 10.0.0.1:1001 to 192.0.2.1:443 mid-capture");
}
