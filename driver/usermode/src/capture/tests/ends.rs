//! How flows end, and what comes after.

use super::transcript::{OPEN, check, play, play_timed};
use crate::capture::Limits;
use crate::capture::synthetic::{Conversation, TcpPacket};

const ACK: u8 = TcpPacket::ACK;
const FIN: u8 = TcpPacket::FIN;
const RST: u8 = TcpPacket::RST;

fn open() -> Conversation {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk
}

#[test]
fn one_fin_leaves_the_other_direction_open() {
    let mut talk = open();
    talk.client_flags(FIN | ACK, b"bye");
    talk.server(b"still");
    talk.server(b" here");
    talk.server_flags(FIN | ACK, b".");
    check(&talk, &[OPEN, "1 > bye", "1 < still here.", "1 - fin"]);
}

#[test]
fn reset_closes() {
    let mut talk = open();
    talk.client(b"a");
    talk.server_flags(RST, b"");
    check(&talk, &[OPEN, "1 > a", "1 - reset"]);
}

#[test]
fn reset_with_an_implausible_number_does_not_close() {
    let mut talk = open();
    talk.server_flags(RST, b"");
    talk.last().seq = 3_000_000_000;
    talk.client(b"a");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > a", "1 - capture_end"]);
    assert_eq!(played.counters.implausible, 1);
}

#[test]
fn late_packets_of_a_closed_flow_are_stray() {
    let mut talk = open();
    talk.client(b"data");
    talk.close();
    let again = talk.packets().to_vec();
    for packet in &again[2..] {
        talk.push(packet.clone());
    }
    talk.client_flags(RST | ACK, b"");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > data", "1 - fin"]);
    // The last acknowledgement of the close comes after both ends have finished.
    assert_eq!((played.counters.stray, played.counters.flows), (1 + 5 + 1, 1));
}

#[test]
fn packets_after_a_reset_are_stray() {
    let mut talk = open();
    talk.client_flags(RST | ACK, b"");
    talk.server(b"late");
    talk.client_flags(RST, b"");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 - reset"]);
    assert_eq!((played.counters.stray, played.counters.ignored_bytes), (2, 4));
}

#[test]
fn port_reuse_after_close_is_a_new_flow() {
    let mut talk = open();
    talk.close();
    let mut second = Conversation::v4().isn(700_000, 800_000);
    second.handshake();
    second.client(b"again");
    second.packets().iter().for_each(|packet| talk.push(packet.clone()));
    let reopened = OPEN.replacen('1', "2", 1);
    check(&talk, &[OPEN, "1 - fin", &reopened, "2 > again", "2 - capture_end"]);
}

#[test]
fn syn_with_another_number_replaces_a_live_flow() {
    let mut talk = open();
    talk.client(b"first");
    let mut second = Conversation::v4().isn(700_000, 800_000);
    second.handshake();
    second.client(b"again");
    second.packets().iter().for_each(|packet| talk.push(packet.clone()));
    let reopened = OPEN.replacen('1', "2", 1);
    check(&talk, &[OPEN, "1 > first", "1 - replaced", &reopened, "2 > again", "2 - capture_end"]);
}

#[test]
fn syn_ack_of_an_uncaptured_syn_replaces_a_live_flow() {
    let mut talk = open();
    let mut second = Conversation::v4().isn(700_000, 800_000);
    second.handshake();
    second.packets()[1..].iter().for_each(|packet| talk.push(packet.clone()));
    let reopened = OPEN.replacen('1', "2", 1);
    check(&talk, &[OPEN, "1 - replaced", &reopened, "2 - capture_end"]);
}

#[test]
fn closed_flow_is_forgotten_after_twice_the_segment_lifetime() {
    let mut talk = open();
    talk.close();
    talk.client(b"back");
    let limits = Limits::default();
    let last = talk.packets().len() - 1;
    let mut at_ns: Vec<u64> = (0..=last as u64).collect();
    at_ns[last] = limits.closed_ns;
    let played = play_timed(talk.packets().iter().zip(at_ns.iter().copied()), limits);
    assert_eq!(played.counters.flows, 1);
    at_ns[last] = limits.closed_ns + 1_000;
    let played = play_timed(talk.packets().iter().zip(at_ns.iter().copied()), limits);
    let again = format!("{} mid-capture", OPEN.replacen('1', "2", 1));
    played.shows(&[OPEN, "1 - fin", &again, "2 > back", "2 - capture_end"]);
}

#[test]
fn flows_still_open_close_at_the_end_in_the_order_of_their_numbers() {
    let mut packets = Vec::new();
    let mut late_data = Vec::new();
    for port in [30, 10, 20] {
        let server = ([192, 0, 2, 1], port).into();
        let mut talk = Conversation::between(([10, 0, 0, 1], 40_000).into(), server);
        talk.handshake();
        packets.extend_from_slice(talk.packets());
        talk.client(b"x");
        late_data.insert(0, talk.last().clone());
    }
    packets.extend(late_data);
    let played = play(&packets);
    let ends = &played.lines[played.lines.len() - 3..];
    assert_eq!(ends, ["1 - capture_end", "2 - capture_end", "3 - capture_end"]);
    let last_ns = (packets.len() as u64 - 1) * 1_000;
    assert!(played.times_ns.ends_with(&[last_ns; 3]));
}

#[test]
fn the_first_fin_says_where_a_stream_ends() {
    let mut talk = open();
    talk.client_flags(FIN | ACK, b"bye");
    talk.client_flags(FIN | ACK, b"more");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > bye", "1 - capture_end"]);
    assert!(played.counters.ignored_bytes >= 3, "{:?}", played.counters);
}
