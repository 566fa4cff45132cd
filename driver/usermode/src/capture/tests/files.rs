//! File formats, whole and damaged.

use core::time::Duration;
use std::io::{self, Read};

use super::transcript::{OPEN, Played, play_file};
use crate::capture::synthetic::{Conversation, Framing, PcapFile, PcapngFile, Precision};
use crate::capture::{Capture, CaptureError, LinkType, Streams};

fn talk() -> Conversation {
    let mut talk = Conversation::v4();
    talk.handshake();
    talk.client(b"hello");
    talk.close();
    talk
}

fn frames(link: LinkType) -> Vec<Vec<u8>> {
    talk().packets().iter().map(|packet| Framing::new(link).frame(packet)).collect()
}

#[track_caller]
fn check_whole(played: &Played) {
    played.shows(&[OPEN, "1 > hello", "1 - fin"]);
    assert!(played.error.is_none(), "{:?}", played.error);
}

#[test]
fn pcap_of_every_byte_order_and_precision_is_read() {
    for is_big_endian in [false, true] {
        for precision in [Precision::Microseconds, Precision::Nanoseconds] {
            let file = PcapFile::with_format(LinkType::ETHERNET, is_big_endian, precision);
            let file = file.packets(&Framing::ethernet(), talk().packets());
            let played = play_file(file.into_bytes());
            check_whole(&played);
            assert_eq!(played.times_ns[..2], [1_002_000_000, 1_003_000_000]);
        }
    }
}

#[test]
fn pcapng_of_either_byte_order_is_read() {
    for is_big_endian in [false, true] {
        let mut file = PcapngFile::new().section(is_big_endian).interface(
            LinkType::ETHERNET,
            0,
            9,
            if is_big_endian { 2 } else { 0 },
        );
        for (index, frame) in (0..).zip(frames(LinkType::ETHERNET)) {
            file = file.packet(0, index, &frame);
        }
        let played = play_file(file.into_bytes());
        check_whole(&played);
        assert_eq!(played.times_ns[0], if is_big_endian { 2_000_000_002 } else { 2 });
    }
}

#[test]
fn every_interface_has_its_own_link_type_and_clock() {
    let mut file = PcapngFile::new().section(false).interface(LinkType::RAW, 0, 6, 0).interface(
        LinkType::LINUX_SLL2,
        0,
        0x80 | 10,
        1,
    );
    let raw = frames(LinkType::RAW);
    for (index, cooked) in frames(LinkType::LINUX_SLL2).iter().enumerate() {
        file = if index % 2 == 0 {
            file.packet(1, 512, cooked)
        } else {
            file.packet(0, 7, &raw[index])
        };
    }
    let played = play_file(file.into_bytes());
    check_whole(&played);
    assert_eq!(played.times_ns, [1_500_000_000, 7_000, 7_000]);
}

#[test]
fn sections_forget_the_interfaces_and_byte_order_before_them() {
    let frames = frames(LinkType::RAW);
    let mut file = PcapngFile::new();
    for (index, frame) in frames.iter().enumerate() {
        file = file.section(index % 2 == 0).interface(LinkType::RAW, 0, 6, 0).packet(0, 1, frame);
    }
    check_whole(&play_file(file.clone().into_bytes()));
    let played = play_file(file.section(false).packet(0, 1, &frames[0]).into_bytes());
    assert!(matches!(played.error, Some(CaptureError::Corrupt { packets: 7, .. })));
}

#[test]
fn simple_and_obsolete_packet_blocks_are_read() {
    for is_big_endian in [false, true] {
        let mut file =
            PcapngFile::new().section(is_big_endian).interface(LinkType::ETHERNET, 60, 6, 0);
        for (index, frame) in frames(LinkType::ETHERNET).iter().enumerate() {
            let length = u32::try_from(frame.len()).expect("frames are short");
            file = match index % 2 {
                0 => file.simple_packet(length, frame),
                _ => file.obsolete_packet(0, 1_500_000, frame),
            };
        }
        check_whole(&play_file(file.into_bytes()));
    }
}

#[test]
fn blocks_without_packets_are_skipped() {
    let mut file = PcapngFile::new()
        .section(false)
        .block(0x8000_0001, &[1, 2, 3], b"custom")
        .interface(LinkType::ETHERNET, 0, 6, 0)
        .block(10, &[], &[0; 100_000])
        .block(5, &[], b"");
    for frame in frames(LinkType::ETHERNET) {
        file = file.packet(0, 1, &frame).block(11, &[u32::MAX, 5], b"not what it says");
    }
    check_whole(&play_file(file.into_bytes()));
}

#[test]
fn source_that_gives_single_bytes_and_interrupts_is_read() {
    struct Slow(Vec<u8>, bool);
    impl Read for Slow {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() {
                return Ok(0);
            }
            into[0] = self.0.remove(0);
            Ok(1)
        }
    }
    let file = PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), talk().packets());
    let capture = Capture::open(Box::new(Slow(file.into_bytes(), false))).expect("a capture");
    let mut streams = Streams::new();
    capture.run(&mut streams, &mut |_| {}).expect("a whole capture");
    assert_eq!(streams.counters().packets, 7);
}

#[test]
fn failing_source_is_an_error_that_tells_what_was_read() {
    struct Failing(io::Cursor<Vec<u8>>);
    impl Read for Failing {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            match self.0.read(into)? {
                0 => Err(io::Error::other("disk on fire")),
                count => Ok(count),
            }
        }
    }
    let file = PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), talk().packets());
    let source = Failing(io::Cursor::new(file.into_bytes()));
    let capture = Capture::open(Box::new(source)).expect("a capture");
    let error = capture.run(&mut Streams::new(), &mut |_| {}).expect_err("the source fails");
    assert_eq!((error.kind(), error.packets_read()), ("io", 7));
}

#[test]
fn cut_file_tells_where_and_how_much_was_read() {
    let whole = PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), talk().packets());
    let whole = whole.into_bytes();
    let played = play_file(whole[..whole.len() - 1].to_vec());
    played.shows(&[OPEN, "1 > hello", "1 - fin"]);
    let Some(CaptureError::Truncated { offset, packets: 6 }) = played.error else {
        panic!("{:?}", played.error);
    };
    let cut = usize::try_from(offset).expect("the file is short");
    assert!(play_file(whole[..cut].to_vec()).error.is_none(), "what precedes is whole");
}

#[test]
fn every_cut_is_whole_or_an_error() {
    let mut ng = PcapngFile::new().section(true).interface(LinkType::ETHERNET, 0, 6, 0);
    for frame in frames(LinkType::ETHERNET) {
        ng = ng.packet(0, 1, &frame);
    }
    let pcap = PcapFile::new(LinkType::ETHERNET).packets(&Framing::ethernet(), talk().packets());
    for whole in [ng.into_bytes(), pcap.into_bytes()] {
        for length in 0..whole.len() {
            match play_file(whole[..length].to_vec()).error {
                None => {}
                Some(CaptureError::Empty) => assert_eq!(length, 0),
                Some(CaptureError::NotACapture { .. }) => assert!(length < 4),
                Some(CaptureError::Truncated { offset, .. }) => {
                    assert!(offset < length as u64);
                }
                Some(error) => panic!("{length} bytes: {error}"),
            }
        }
    }
}

#[test]
fn impossible_lengths_are_refused() {
    let pcap = PcapFile::new(LinkType::ETHERNET).frame(b"frame").into_bytes();
    let ng = PcapngFile::new().section(false).interface(LinkType::ETHERNET, 0, 6, 0);
    let ng_bytes = ng.packet(0, 1, b"frame").into_bytes();
    let block = ng_bytes.len() - 40;
    for (file, at, length) in [
        (&pcap, 24 + 8, u32::MAX),
        (&pcap, 24 + 8, 16 * 1024 * 1024),
        (&ng_bytes, block + 4, u32::MAX - 3),
        (&ng_bytes, block + 4, 16 * 1024 * 1024 + 4),
        (&ng_bytes, block + 4, 0),
        (&ng_bytes, block + 4, 38),
        (&ng_bytes, block + 20, 500),
        (&ng_bytes, block + 20, u32::MAX),
        (&ng_bytes, block + 36, 44),
    ] {
        let mut damaged = file.clone();
        damaged[at..at + 4].copy_from_slice(&length.to_le_bytes());
        let error = play_file(damaged).error.expect("an impossible length");
        assert_eq!(error.kind(), "corrupt", "{at} {length}");
    }
}

#[test]
fn other_files_are_refused_with_a_hint() {
    for (start, found, hint) in [
        (b"\x1f\x8b\x08\x00data".as_slice(), "gzip", "decompress"),
        (b"\x28\xb5\x2f\xfddata", "zstd", "decompress"),
        (b"PK\x03\x04data", "zip", "unpack"),
        (b"<!DOCTYPE html>", "markup", "download"),
        (b"\x00\x10\x00\x00\x5a", "bytes", "etl2pcapng"),
        (b"\xd4\xc3", "bytes", "pcap"),
    ] {
        let error = play_file(start.to_vec()).error.expect("not a capture");
        assert_eq!(error.kind(), "not_a_capture");
        assert!(error.to_string().contains(found), "{error}");
        assert!(error.hint().contains(hint), "{}", error.hint());
    }
    let error = play_file(Vec::new()).error.expect("nothing to read");
    assert_eq!(error.kind(), "empty");
}

#[test]
fn time_is_passed_on_as_it_is() {
    let frames = frames(LinkType::ETHERNET);
    let mut file = PcapngFile::new().section(false).interface(LinkType::ETHERNET, 0, 9, 0);
    let times = [9, 8, 7, 6, 5, 4, 3].map(|seconds| Duration::from_secs(seconds).as_nanos());
    for (frame, at) in frames.iter().zip(times) {
        file = file.packet(0, u64::try_from(at).expect("small"), frame);
    }
    let played = play_file(file.into_bytes());
    assert_eq!(played.times_ns, [7_000_000_000, 6_000_000_000, 4_000_000_000]);
}
