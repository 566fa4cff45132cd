//! A replay's ends, marks and order, without a capture file.
#![expect(clippy::unwrap_used, reason = "a test fails loudly")]

use std::sync::{Arc, Mutex};
use weir_abi::wire::Text;
use weir_abi::{EventHead, Record};
use weir_usermode::capture::{CloseReason, FlowKey, StreamEvent};
use weir_usermode::hook::{Hook, HookOptions};
use weir_usermode::replay::{Perspective, Replay};

type Seen = Arc<Mutex<Vec<(u8, Option<u8>)>>>;

/// A replay from both ends whose program gives these answers; what it saw, as direction and first byte.
/// Whether a flow is loopback, and its number, in the order of their events.
type Loopback = Arc<Mutex<Vec<(bool, u64)>>>;

fn both(answers: &'static [u32]) -> (Replay, Seen, Loopback) {
    let (seen, flows) = (Seen::default(), Arc::new(Mutex::new(Vec::new())));
    let kept = flows.clone();
    let sink = Box::new(move |head: &EventHead, payload: &[u8]| {
        if let Ok((_, Record::FlowEstablished(event))) = Record::decode(head.id, payload) {
            kept.lock().unwrap().push((event.loopback, event.flow_id));
        }
    });
    let mut hook = Hook::start(HookOptions::default(), sink, 0);
    let (kept, mut answers) = (seen.clone(), answers.iter());
    let program = move |context: &[u8; 104], data: Option<&[u8]>| {
        kept.lock().unwrap().push((context[64], data.map(|it| it[0])));
        Ok(*answers.next().unwrap_or(&2))
    };
    hook.attach(Text::new("p").unwrap(), 0, Box::new(program), 0).unwrap();
    let mut replay = Replay::new(hook, Perspective::Both);
    replay.event(&StreamEvent::Established {
        flow: FlowKey(1),
        at_ns: 0,
        initiator: "10.0.0.1:5".parse().unwrap(),
        responder: "10.0.0.2:6".parse().unwrap(),
        mid_capture: false,
    });
    (replay, seen, flows)
}

fn data(from_initiator: bool, bytes: &[u8]) -> StreamEvent<'_> {
    StreamEvent::Data { flow: FlowKey(1), at_ns: 1, from_initiator, missed_bytes: 0, bytes }
}

#[test]
fn a_connection_seen_from_both_ends_is_two_loopback_flows_shown_sender_first() {
    let (mut replay, seen, flows) = both(&[]);
    replay.event(&data(false, b"r"));
    replay.event(&data(true, b"i"));
    let r = Some(b'r');
    let i = Some(b'i');
    assert_eq!(*seen.lock().unwrap(), [(1, None), (0, None), (1, r), (0, r), (1, i), (0, i)]);
    assert_eq!(*flows.lock().unwrap(), [(true, 1), (true, 2)]);
}

#[test]
fn s16_what_the_senders_end_absorbs_never_reaches_the_other_end() {
    let (mut replay, seen, _) = both(&[2, 2, 1]);
    replay.event(&data(true, b"x"));
    replay.event(&data(true, b"y"));
    assert_eq!(*seen.lock().unwrap(), [(1, None), (0, None), (1, Some(b'x'))]);
}

#[test]
fn both_flows_of_a_connection_that_outlives_its_capture_are_open_at_end() {
    let (mut replay, ..) = both(&[]);
    replay.event(&StreamEvent::Closed {
        flow: FlowKey(1),
        at_ns: 2,
        reason: CloseReason::CaptureEnd,
    });
    assert_eq!([1, 2].map(|it| replay.take_marks(it).open_at_end), [true, true]);
    assert_eq!(replay.take_marks(1), Default::default(), "taken once");
}
