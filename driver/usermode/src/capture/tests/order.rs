//! Bytes come out once and in order.

use super::transcript::{OPEN, check, play};
use crate::capture::synthetic::{Conversation, TcpPacket};

fn open() -> Conversation {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk
}

#[test]
fn repeated_bytes_are_delivered_once() {
    let mut talk = open();
    talk.client(b"abcd");
    let again = talk.last().clone();
    talk.push(again);
    talk.client(b"ef");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > abcdef", "1 - capture_end"]);
    assert_eq!(played.counters.retransmitted_bytes, 4);
}

#[test]
fn segments_that_change_places_are_delivered_in_order() {
    let mut talk = open();
    talk.client(b"ab");
    let late = talk.lose_last();
    talk.client(b"cd");
    talk.client(b"ef");
    talk.push(late);
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > abcdef", "1 - capture_end"]);
    assert_eq!(played.counters.out_of_order_segments, 2);
}

#[test]
fn bytes_received_first_win_over_others_at_the_same_place() {
    let mut talk = open();
    talk.client(b"abcdef");
    let mut hostile = talk.lose_last();
    let [_, mut tail] = hostile.split_at(3);
    tail.payload = b"DE".to_vec();
    talk.push(tail);
    hostile.payload = b"abcdef".to_vec();
    talk.push(hostile.clone());
    hostile.payload = b"ABCDEF".to_vec();
    talk.push(hostile);
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > abcDEf", "1 - capture_end"]);
    assert_eq!((played.counters.overlap_bytes, played.counters.retransmitted_bytes), (2, 6));
}

#[test]
fn segment_that_repeats_and_goes_on_gives_the_new_part() {
    let mut talk = open();
    talk.client(b"abcd");
    let mut longer = talk.last().clone();
    longer.payload = b"ABCDef".to_vec();
    talk.push(longer);
    check(&talk, &[OPEN, "1 > abcdef", "1 - capture_end"]);
}

#[test]
fn sequence_numbers_may_wrap() {
    let mut talk = Conversation::v4().isn(u32::MAX - 2, u32::MAX);
    talk.handshake();
    talk.client(b"abcdef");
    talk.server(b"gh");
    talk.client(b"ij");
    let late = talk.lose_last();
    talk.client(b"kl");
    talk.push(late);
    talk.close();
    check(&talk, &[OPEN, "1 > abcdef", "1 < gh", "1 > ijkl", "1 - fin"]);
}

#[test]
fn keep_alives_and_window_probes_deliver_nothing() {
    let mut talk = open();
    talk.client(b"abc");
    let mut probe = talk.last().clone();
    probe.seq += 2;
    probe.payload = b"?".to_vec();
    talk.push(probe.clone());
    probe.payload.clear();
    talk.push(probe);
    talk.server(b"");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > abc", "1 - capture_end"]);
    assert_eq!(played.counters.retransmitted_bytes, 1);
}

#[test]
fn segments_far_outside_the_window_are_ignored() {
    let mut talk = open();
    talk.client(b"ab");
    for distance in [(1 << 30) + 3, (1 << 31), 0_u32.wrapping_sub((1 << 30) + 3)] {
        let mut garbage = talk.packets()[3].clone();
        garbage.seq = garbage.seq.wrapping_add(distance);
        garbage.payload = b"garbage".to_vec();
        talk.push(garbage);
    }
    talk.client(b"cd");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > abcd", "1 - capture_end"]);
    assert_eq!((played.counters.implausible, played.counters.ignored_bytes), (3, 21));
}

#[test]
fn data_behind_the_fin_is_ignored() {
    let mut talk = open();
    talk.client_flags(TcpPacket::FIN | TcpPacket::ACK, b"last");
    talk.client(b"more");
    talk.server(b"answer");
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > last", "1 < answer", "1 - capture_end"]);
    assert_eq!(played.counters.ignored_bytes, 4);
}

#[test]
fn data_that_waits_behind_a_fin_is_ignored() {
    let mut talk = open();
    talk.client(b"ab");
    let late = talk.lose_last();
    talk.client(b"cd");
    let mut fin = late.clone();
    fin.flags |= TcpPacket::FIN;
    talk.push(fin);
    let played = play(talk.packets());
    played.shows(&[OPEN, "1 > ab", "1 - capture_end"]);
    assert_eq!(played.counters.ignored_bytes, 2);
}

#[test]
fn each_direction_is_a_stream_of_its_own() {
    let mut talk = open();
    talk.client(b"a");
    let late = talk.lose_last();
    talk.client(b"b");
    talk.server(b"1");
    talk.last().ack = late.seq;
    talk.push(late);
    check(&talk, &[OPEN, "1 < 1", "1 > ab", "1 - capture_end"]);
}
