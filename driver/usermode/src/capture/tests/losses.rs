//! Bytes that the capture does not show.

use super::transcript::{OPEN, check, play, play_file};
use crate::capture::LinkType;
use crate::capture::synthetic::{Conversation, Framing, PcapFile, TcpPacket};

fn open() -> Conversation {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk
}

#[test]
fn acknowledged_hole_is_reported_before_the_data_behind_it() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.client(b"seen");
    talk.server(b"");
    talk.client(b" too");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > (5) seen too", "1 - capture_end"]);
    assert_eq!(played.counters.missed_bytes, 5);
}

#[test]
fn hole_acknowledged_before_any_data_behind_it_is_reported_with_the_next_data() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.server(b"ok");
    talk.client(b"seen");
    check(&talk, &[OPEN, "1 < ok", "1 > (5) seen", "1 - capture_end"]);
}

#[test]
fn data_captured_after_its_acknowledgement_is_no_hole() {
    let mut talk = open();
    talk.client(b"ab");
    let late = talk.lose_last();
    talk.server(b"");
    talk.push(late);
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > ab", "1 - capture_end"]);
    assert_eq!(played.counters.missed_bytes, 0);
}

#[test]
fn acknowledgement_of_one_hole_does_not_release_the_next() {
    let mut talk = open();
    talk.client(b"1");
    talk.lose_last();
    talk.client(b"ab");
    talk.server(b"");
    let ack = talk.lose_last();
    talk.client(b"2");
    let second = talk.lose_last();
    talk.client(b"cd");
    talk.push(ack);
    talk.push(second);
    check(&talk, &[OPEN, "1 > (1) ab2cd", "1 - capture_end"]);
}

#[test]
fn data_behind_a_hole_that_nobody_acknowledged_is_dropped() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.client(b"seen");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 - capture_end"]);
    assert_eq!((played.counters.undelivered_bytes, played.counters.missed_bytes), (4, 0));
}

#[test]
fn hole_at_the_end_of_a_stream_is_counted() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.server(b"");
    talk.close();
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 - fin"]);
    assert_eq!(played.counters.missed_bytes, 5);
}

#[test]
fn reset_that_acknowledges_a_hole_delivers_what_is_behind_it() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.client(b"seen");
    talk.server_flags(TcpPacket::RST | TcpPacket::ACK, b"");
    check(&talk, &[OPEN, "1 > (5) seen", "1 - reset"]);
}

#[test]
fn bytes_beyond_the_captured_length_are_a_hole() {
    let mut talk = open();
    talk.client(b"abcdefgh");
    talk.server(b"");
    talk.client(b"ijklmnop");
    talk.server(b"");
    talk.close();
    let file = PcapFile::new(LinkType::ETHERNET).snap(14 + 20 + 20 + 3);
    let played = play_file(file.packets(&Framing::ethernet(), talk.packets()).into_bytes());
    played.shows(&[OPEN, "1 > abc", "1 > (5) ijk", "1 - fin"]);
    assert_eq!((played.counters.cut_off_bytes, played.counters.missed_bytes), (10, 10));
}

#[test]
fn headers_without_their_options_are_enough_to_follow_a_flow() {
    let mut talk = open();
    talk.client(b"abc");
    talk.close();
    let framing = Framing { options: vec![1; 12], ..Framing::ethernet() };
    let file = PcapFile::new(LinkType::ETHERNET).snap(14 + 20 + 20);
    let played = play_file(file.packets(&framing, talk.packets()).into_bytes());
    played.shows(&[OPEN, "1 - fin"]);
    assert_eq!((played.counters.malformed, played.counters.missed_bytes), (0, 3));
}

#[test]
fn fin_of_a_stream_with_an_unacknowledged_hole_does_not_end_the_flow() {
    let mut talk = open();
    talk.client(b"late");
    let late = talk.lose_last();
    talk.client_flags(TcpPacket::FIN | TcpPacket::ACK, b"r");
    talk.server_flags(TcpPacket::FIN | TcpPacket::ACK, b"");
    talk.last().ack = late.seq;
    talk.push(late);
    check(&talk, &[OPEN, "1 > later", "1 - fin"]);
}

#[test]
fn an_acknowledgement_far_ahead_of_everything_makes_no_hole() {
    let mut talk = open();
    talk.client(b"lost!");
    talk.lose_last();
    talk.client(b"seen");
    talk.server(b"");
    let ack = &mut talk.last().ack;
    *ack = ack.wrapping_add(1_500_000_000);
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 - capture_end"]);
    assert_eq!(played.counters.missed_bytes, 0);
}
