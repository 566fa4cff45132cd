//! When a flow begins, and who opened it.

use super::transcript::{OPEN, check, play};
use crate::capture::synthetic::{Conversation, TcpPacket};

const ACK: u8 = TcpPacket::ACK;
const SYN: u8 = TcpPacket::SYN;

#[test]
fn handshake_establishes_and_close_finishes() {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(b"hello");
    talk.server(b"world");
    talk.close();
    check(&talk, &[OPEN, "1 > hello", "1 < world", "1 - fin"]);
}

#[test]
fn syn_sender_is_the_initiator_whatever_the_ports() {
    let server = ([192, 0, 2, 1], 50_000).into();
    let mut talk = Conversation::between(([10, 0, 0, 1], 20).into(), server);
    talk.handshake();
    check(&talk, &["1 + 10.0.0.1:20 to 192.0.2.1:50000", "1 - capture_end"]);
}

#[test]
fn syn_ack_sender_is_the_responder_where_the_syn_is_lost() {
    let server = ([192, 0, 2, 1], 50_000).into();
    let mut talk = Conversation::between(([10, 0, 0, 1], 20).into(), server);
    talk.handshake();
    talk.client(b"hi");
    let played = play(&talk.packets()[1..]);
    played.shows(&["1 + 10.0.0.1:20 to 192.0.2.1:50000", "1 > hi", "1 - capture_end"]);
}

#[test]
fn syn_and_acknowledgement_establish_where_the_syn_ack_is_lost() {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(b"hi");
    talk.server(b"ho");
    let mut packets = talk.packets().to_vec();
    packets.remove(1);
    play(&packets).shows(&[OPEN, "1 > hi", "1 < ho", "1 - capture_end"]);
    packets.remove(1);
    play(&packets).shows(&[OPEN, "1 > hi", "1 < ho", "1 - capture_end"]);
    packets.remove(1);
    play(&packets).shows(&[OPEN, "1 < ho", "1 - capture_end"]);
}

#[test]
fn data_of_the_responder_completes_the_handshake_where_the_last_ack_is_lost() {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.lose_last();
    talk.server(b"220 hi");
    check(&talk, &[OPEN, "1 < 220 hi", "1 - capture_end"]);
}

#[test]
fn unanswered_and_refused_attempts_are_counted_and_not_reported() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"");
    let played = play(talk.packets());
    played.shows(&[]);
    assert_eq!((played.counters.attempts, played.counters.flows), (1, 0));
    talk.server_flags(TcpPacket::RST | ACK, b"");
    talk.last().seq = 0;
    let played = play(talk.packets());
    played.shows(&[]);
    assert_eq!((played.counters.attempts, played.counters.implausible), (1, 0));
}

#[test]
fn refused_syn_that_is_repeated_may_succeed() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"");
    let syn = talk.last().clone();
    talk.server_flags(TcpPacket::RST | ACK, b"");
    talk.push(syn);
    talk.server_flags(SYN | ACK, b"");
    talk.client(b"hi");
    check(&talk, &[OPEN, "1 > hi", "1 - capture_end"]);
}

#[test]
fn repeated_syn_and_syn_ack_are_one_attempt() {
    let mut talk = Conversation::v4();
    talk.handshake();
    let [syn, syn_ack, ack] = talk.packets() else { panic!("three packets") };
    let mut packets =
        [syn, syn, syn_ack, syn, syn_ack, ack, syn_ack, syn].map(Clone::clone).to_vec();
    talk.client(b"hi");
    packets.push(talk.last().clone());
    let played = play(&packets);
    played.shows(&[OPEN, "1 > hi", "1 - capture_end"]);
    assert_eq!(played.counters.attempts, 0);
}

#[test]
fn acknowledgement_of_an_old_connection_does_not_answer_a_syn() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"");
    talk.server(b"");
    talk.last().ack = 77;
    let played = play(talk.packets());
    played.shows(&[]);
    assert_eq!(played.counters.implausible, 1);
}

#[test]
fn simultaneous_open_belongs_to_the_first_syn() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"");
    talk.server_flags(SYN, b"");
    let [first, second] = talk.packets() else { panic!("two packets") };
    let mut answers = [first.clone(), second.clone()];
    for (answer, peer) in answers.iter_mut().zip([second.seq, first.seq]) {
        answer.flags = SYN | ACK;
        answer.ack = peer + 1;
    }
    answers.into_iter().for_each(|answer| talk.push(answer));
    talk.server(b"hi");
    check(&talk, &[OPEN, "1 < hi", "1 - capture_end"]);
}

#[test]
fn accepted_data_in_the_syn_is_delivered_once_established() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"early ");
    talk.server_flags(SYN | ACK, b"");
    talk.client(b"late");
    check(&talk, &[OPEN, "1 > early late", "1 - capture_end"]);
}

#[test]
fn data_in_the_syn_that_was_not_accepted_is_delivered_when_repeated() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"early ");
    let mut again = talk.last().clone();
    talk.server_flags(SYN | ACK, b"");
    talk.last().ack = again.seq + 1;
    again.flags = ACK;
    again.seq += 1;
    again.ack = talk.last().seq + 1;
    talk.push(again);
    talk.client(b"late");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > early late", "1 - capture_end"]);
    assert_eq!(played.counters.undelivered_bytes, 6);
}

#[test]
fn data_in_an_unanswered_syn_is_never_delivered() {
    let mut talk = Conversation::v4();
    talk.client_flags(SYN, b"early");
    let played = play(talk.packets());
    played.shows(&[]);
    assert_eq!(played.counters.undelivered_bytes, 5);
}

#[test]
fn flow_without_syn_begins_mid_capture_and_the_lower_port_responds() {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.server(b"mid");
    talk.client(b"way");
    let played = play(&talk.packets()[3..]);
    let open = format!("{OPEN} mid-capture");
    played.shows(&[&open, "1 < mid", "1 > way", "1 - capture_end"]);
    assert_eq!((played.counters.flows, played.counters.mid_capture), (1, 1));
}

#[test]
fn keep_alive_as_first_packet_is_no_hole() {
    let mut talk = Conversation::v4();
    talk.client(b"");
    talk.last().seq -= 1;
    talk.server(b"");
    talk.client(b"hi");
    let open = format!("{OPEN} mid-capture");
    check(&talk, &[&open, "1 > hi", "1 - capture_end"]);
}

#[test]
fn scans_and_left_over_resets_begin_no_flow() {
    let mut talk = Conversation::v4();
    for flags in [0, TcpPacket::FIN, 0x29, SYN | TcpPacket::FIN, SYN | TcpPacket::RST] {
        talk.client_flags(flags, b"x");
    }
    talk.client_flags(TcpPacket::RST, b"");
    talk.client_flags(TcpPacket::RST | ACK, b"");
    let played = play(talk.packets());
    played.shows(&[]);
    assert_eq!((played.counters.implausible, played.counters.stray), (5, 2));
    assert_eq!(played.counters.attempts, 0);
}

#[test]
fn syn_cookie_of_a_repeated_syn_may_have_another_number() {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(b"a");
    talk.server(b"b");
    let mut packets = talk.packets().to_vec();
    let mut lost_answer = packets[1].clone();
    lost_answer.seq = 500_000_000;
    lost_answer.payload = b"never taken".to_vec();
    packets.insert(1, lost_answer);
    let played = play(&packets);
    played.shows(&[OPEN, "1 > a", "1 < b", "1 - capture_end"]);
    assert_eq!(played.counters.undelivered_bytes, 11);
}
