//! Events as lines of text, so that a test shows what its user would see.
//!
//! `1 + A to B` a flow, `1 > text` bytes from the initiator, `1 < text` from the responder,
//! `1 > (5) text` with five missed before, `1 - fin` its end.
//! Adjoining bytes of one direction are one line.

use std::io::Cursor;

use crate::capture::synthetic::{Conversation, Framing, TcpPacket};
use crate::capture::{Capture, CaptureError, Counters, Limits, StreamEvent, Streams};

/// Ends of [`Conversation::v4`].
pub(super) const OPEN: &str = "1 + 10.0.0.1:40000 to 192.0.2.1:443";

/// What came of a capture.
pub(super) struct Played {
    pub(super) lines: Vec<String>,
    pub(super) times_ns: Vec<u64>,
    pub(super) counters: Counters,
    pub(super) error: Option<CaptureError>,
}

impl Played {
    /// Asserts that the transcript has these lines.
    #[track_caller]
    pub(super) fn shows(&self, expect: &[&str]) {
        assert_eq!(self.lines, expect, "{:?} {:?}", self.error, self.counters);
    }
}

/// Plays packets in plain Ethernet frames.
pub(super) fn play(packets: &[TcpPacket]) -> Played {
    play_limited(packets, Limits::default())
}

/// Plays packets in plain Ethernet frames with other limits.
pub(super) fn play_limited(packets: &[TcpPacket], limits: Limits) -> Played {
    play_timed(packets.iter().zip((0..).map(|index| index * 1_000)), limits)
}

/// Plays packets, each at a time of its own.
pub(super) fn play_timed<'a>(
    packets: impl Iterator<Item = (&'a TcpPacket, u64)>,
    limits: Limits,
) -> Played {
    let framing = Framing::ethernet();
    record(limits, |streams, sink| {
        for (packet, at_ns) in packets {
            let frame = framing.frame(packet);
            let length = u32::try_from(frame.len()).expect("frames are short");
            streams.packet(framing.link, at_ns, length, &frame, sink);
        }
        Ok(())
    })
}

/// Plays a file.
pub(super) fn play_file(bytes: Vec<u8>) -> Played {
    record(Limits::default(), |streams, sink| {
        Capture::open(Box::new(Cursor::new(bytes)))?.run(streams, sink)
    })
}

/// Asserts the transcript of a conversation.
#[track_caller]
pub(super) fn check(talk: &Conversation, expect: &[&str]) {
    play(talk.packets()).shows(expect);
}

fn record(
    limits: Limits,
    run: impl FnOnce(&mut Streams, &mut dyn FnMut(StreamEvent<'_>)) -> Result<(), CaptureError>,
) -> Played {
    let mut streams = Streams::with_limits(limits);
    let mut lines = Vec::new();
    let mut times_ns = Vec::new();
    let mut sink = |event: StreamEvent<'_>| note(event, &mut lines, &mut times_ns);
    let error = run(&mut streams, &mut sink).err();
    streams.finish(&mut sink);
    let counters = *streams.counters();
    assert_sums(&counters);
    Played { lines, times_ns, counters, error }
}

fn note(event: StreamEvent<'_>, lines: &mut Vec<String>, times_ns: &mut Vec<u64>) {
    match event {
        StreamEvent::Established { flow, at_ns, initiator, responder, mid_capture } => {
            let note = if mid_capture { " mid-capture" } else { "" };
            lines.push(format!("{flow} + {initiator} to {responder}{note}"));
            times_ns.push(at_ns);
        }
        StreamEvent::Data { flow, at_ns, from_initiator, missed_bytes, bytes } => {
            assert!(!bytes.is_empty(), "data events have bytes");
            let text = bytes.escape_ascii();
            let arrow = if from_initiator { ">" } else { "<" };
            let start = format!("{flow} {arrow} ");
            match lines.last_mut() {
                Some(last) if last.starts_with(&start) && missed_bytes == 0 => {
                    last.push_str(&text.to_string());
                }
                _ if missed_bytes > 0 => lines.push(format!("{start}({missed_bytes}) {text}")),
                _ => lines.push(format!("{start}{text}")),
            }
            times_ns.push(at_ns);
        }
        StreamEvent::Closed { flow, at_ns, reason } => {
            lines.push(format!("{flow} - {}", reason.name()));
            times_ns.push(at_ns);
        }
    }
}

/// Every packet and every payload byte is counted once, whatever the capture.
#[track_caller]
fn assert_sums(c: &Counters) {
    let packets = c.tcp_packets + c.non_tcp + c.fragments + c.unsupported_link + c.malformed;
    assert_eq!(c.packets, packets, "{c:?}");
    let bytes = c.delivered_bytes
        + c.retransmitted_bytes
        + c.overlap_bytes
        + c.undelivered_bytes
        + c.ignored_bytes;
    assert_eq!(c.payload_bytes, bytes, "{c:?}");
}
