//! Link layers and IP.

use super::transcript::{OPEN, Played, play_file};
use crate::capture::LinkType;
use crate::capture::synthetic::{Conversation, Framing, PcapFile};

const OPEN_V6: &str = "1 + [2001:db8::1]:40000 to [2001:db8::2]:443";

fn talk(mut talk: Conversation) -> Conversation {
    talk.handshake();
    talk.client(b"hello");
    talk.server(b"world");
    talk.close();
    talk
}

fn play(framing: &Framing, talk: &Conversation) -> Played {
    play_file(PcapFile::new(framing.link).packets(framing, talk.packets()).into_bytes())
}

#[track_caller]
fn check_both_families(framing: &Framing) {
    let body = ["1 > hello", "1 < world", "1 - fin"];
    play(framing, &talk(Conversation::v4())).shows(&[&[OPEN], body.as_slice()].concat());
    play(framing, &talk(Conversation::v6())).shows(&[&[OPEN_V6], body.as_slice()].concat());
}

#[test]
fn every_named_link_type_is_decoded() {
    for link in [
        LinkType::NULL,
        LinkType::ETHERNET,
        LinkType::PPP,
        LinkType::RAW_12,
        LinkType::RAW_14,
        LinkType::RAW,
        LinkType::LOOP,
        LinkType::LINUX_SLL,
        LinkType::LINUX_SLL2,
    ] {
        check_both_families(&Framing::new(link));
    }
    let body = ["1 > hello", "1 < world", "1 - fin"];
    let v4 = play(&Framing::new(LinkType::IPV4), &talk(Conversation::v4()));
    v4.shows(&[&[OPEN], body.as_slice()].concat());
    let v6 = play(&Framing::new(LinkType::IPV6), &talk(Conversation::v6()));
    v6.shows(&[&[OPEN_V6], body.as_slice()].concat());
}

#[test]
fn vlan_tags_are_passed_over_however_many() {
    for count in 1..=6 {
        let vlans: Vec<u16> = (1..=count).collect();
        check_both_families(&Framing { vlans: vlans.clone(), ..Framing::ethernet() });
        check_both_families(&Framing { vlans, ..Framing::new(LinkType::LINUX_SLL) });
    }
}

#[test]
fn ipv6_extension_headers_are_passed_over() {
    check_both_families(&Framing { has_extensions: true, ..Framing::ethernet() });
}

#[test]
fn tcp_options_are_no_payload() {
    check_both_families(&Framing { options: vec![1; 40], ..Framing::ethernet() });
}

#[test]
fn ethernet_padding_is_no_payload() {
    check_both_families(&Framing { trailer: vec![0xee; 18], ..Framing::ethernet() });
}

#[test]
fn padding_that_the_ip_length_counts_is_no_payload() {
    let mut talk = talk(Conversation::v4());
    let packets: Vec<_> = talk.packets().to_vec();
    talk = Conversation::v4();
    for mut packet in packets {
        if packet.payload.is_empty() {
            packet.payload = vec![0; 6];
        }
        talk.push(packet);
    }
    let played = play(&Framing::ethernet(), &talk);
    played.shows(&[OPEN, "1 > hello", "1 < world", "1 - fin"]);
    // The SYN is no acknowledgement: what it carries may be data.
    assert_eq!(played.counters.padding_bytes, 5 * 6);
}

#[test]
fn ip_length_of_zero_means_all_that_was_sent() {
    check_both_families(&Framing { has_zero_length: true, ..Framing::ethernet() });
}

#[test]
fn pppoe_is_decoded() {
    let framing = Framing::new(LinkType::RAW);
    let mut file = PcapFile::new(LinkType::ETHERNET);
    for packet in talk(Conversation::v4()).packets() {
        let header = [[2; 12].as_slice(), &[0x88, 0x64, 0x11, 0, 0, 1, 0, 0, 0, 0x21]].concat();
        file = file.frame(&[header, framing.frame(packet)].concat());
    }
    play_file(file.into_bytes()).shows(&[OPEN, "1 > hello", "1 < world", "1 - fin"]);
}

#[test]
fn fragments_are_counted_and_skipped() {
    let framing = Framing { is_fragment: true, ..Framing::ethernet() };
    for conversation in [Conversation::v4(), Conversation::v6()] {
        let played = play(&framing, &talk(conversation));
        played.shows(&[]);
        assert_eq!(played.counters.fragments, played.counters.packets);
    }
}

#[test]
fn other_protocols_and_tunnels_are_counted_and_not_decoded() {
    let inner = Framing::new(LinkType::RAW).frame(&talk(Conversation::v6()).packets()[3]);
    let mut six_in_four = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, 41, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2];
    six_in_four.extend(inner);
    let mut udp = six_in_four.clone();
    udp[9] = 17;
    let link = [2; 12];
    let frame = |rest: &[u8]| [link.as_slice(), rest].concat();
    let file = PcapFile::new(LinkType::ETHERNET)
        .frame(&frame(&[[8, 0].as_slice(), &six_in_four].concat()))
        .frame(&frame(&[[8, 0].as_slice(), &udp].concat()))
        .frame(&frame(&[8, 6, 0, 1, 8, 0]))
        .frame(&frame(&[0, 38, 0x42, 0x42, 3]));
    let played = play_file(file.into_bytes());
    played.shows(&[]);
    assert_eq!((played.counters.non_tcp, played.counters.malformed), (4, 0));
}

#[test]
fn unsupported_link_type_is_counted_and_named() {
    let played = play_file(PcapFile::new(LinkType(105)).frame(b"radio").into_bytes());
    assert_eq!(played.counters.unsupported_link, 1);
    let named = played.counters.unsupported_link_type.map(|link| link.to_string());
    assert_eq!(named.as_deref(), Some("802.11 (105)"));
}

#[test]
fn headers_that_are_cut_off_or_lie_are_malformed() {
    let talk = talk(Conversation::v4());
    let whole = Framing::ethernet().frame(&talk.packets()[3]);
    let mut file = PcapFile::new(LinkType::ETHERNET);
    for length in 0..14 + 20 + 20 {
        file = file.frame(&whole[..length]);
    }
    // IP header longer than its packet, TCP header too short, TCP header too long, version 5.
    for (at, value) in [(14 + 3, 19), (14 + 20 + 12, 0x40), (14 + 20 + 12, 0xf0), (14, 0x55)] {
        let mut wrong = whole.clone();
        wrong[at] = value;
        file = file.frame(&wrong);
    }
    let played = play_file(file.into_bytes());
    played.shows(&[]);
    assert_eq!(played.counters.malformed, played.counters.packets);
}
