//! What becomes of bytes: P5, P8 and F.4 5 of `table`.

use crate::counted::fates;
use crate::kept::{REMOVE, assert_ended_once, calls};
use crate::scene::{ALLOW, BLOCK, ESTABLISHED, MORE, NEW, Scene, Setup};
use std::collections::BTreeMap;
use weir_abi::Direction;
use weir_abi::event::{Fate, FateReason, FlowClosed};
use weir_sim_kernel::ebpf::{Params, Reply, Seen};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;

const WAYS: [Direction; 2] = [Direction::Inbound, Direction::Outbound];

/// Bytes that pass of a thousand segments in each direction.
fn bytes_passed(connection: weir_sim_kernel::net::Connection) -> usize {
    let mut passed = 0;
    for number in 0..2000 {
        let bytes = vec![7; 1 + number % 50];
        let from = Indication { direction: WAYS[number % 2], ..Indication::received(&bytes) };
        let outcome = connection.indicate(&from);
        passed += if outcome.is_permitted { bytes.len() } else { 0 };
    }
    passed
}

/// The prototype frees the context of a blocked flow, which leaves the rest of it to the platform.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p05_of_a_blocked_flow_no_byte_passes_in_either_direction() {
    for (answers, is_detached) in [(&[BLOCK][..], false), (&[MORE, BLOCK], false), (&[BLOCK], true)]
    {
        let Some(scene) = Scene::open() else { return };
        let attached = scene.attach(answers);
        scene.attach(&[MORE]);
        for spec in [FlowSpec::default(), FlowSpec::v6()] {
            let connection = scene.net.connect(&spec);
            let mut passed = 1;
            let removals = calls(&scene, REMOVE, || passed = bytes_passed(connection));
            assert_eq!((passed, removals), (0, 0), "{answers:?}");
        }
        if is_detached {
            let connection = scene.connect();
            scene.detach(&attached);
            assert_eq!(bytes_passed(connection), 0, "its program is gone");
            // The measure itself: of a flow that is not blocked everything passes.
            assert!(bytes_passed(scene.connect()) > 40_000);
        }
        scene.net.close_all();
        assert_ended_once(&scene, if is_detached { 4 } else { 2 });
    }
}

/// What a program makes of a stream: it wants all bytes so far, in order, whatever the pieces.
fn judge(bytes: &[u8]) -> Reply {
    if bytes.windows(6).any(|it| it == b"NEEDLE") {
        BLOCK
    } else if bytes.len() >= 3000 {
        ALLOW
    } else {
        MORE
    }
}

/// Lengths of pieces that make up `total` bytes, by a generator with this seed; 0 is one piece.
fn pieces(total: usize, seed: u64) -> Vec<usize> {
    let mut state = seed;
    let (mut left, mut pieces) = (total, Vec::new());
    while left > 0 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed | 1);
        let length = match seed {
            0 => left,
            1 => 1,
            _ => 1 + usize::try_from(state >> 33).unwrap() % 700,
        };
        pieces.push(length.min(left));
        left -= length.min(left);
    }
    pieces
}

/// A script that judges the bytes of each direction of each flow.
fn judging() -> impl FnMut(&Seen) -> Reply {
    let mut so_far = BTreeMap::<(u64, u8), Vec<u8>>::new();
    move |seen: &Seen| match (seen.context.state, &seen.data) {
        (NEW, _) => MORE,
        (ESTABLISHED, Some(data)) => {
            let bytes = so_far.entry((seen.context.flow_id, seen.context.direction)).or_default();
            bytes.extend_from_slice(data);
            judge(bytes)
        }
        _ => ALLOW,
    }
}

/// The same bytes come to the same verdict in whatever pieces and shapes they arrive.
///
/// Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook` (read 2026-11)
#[test]
fn p08_the_verdict_does_not_depend_on_the_pieces() {
    let Some(scene) = Scene::open() else { return };
    scene.try_attach(&Params::default(), judging()).unwrap();
    // Without a needle; across the place where pieces of 700 may end; in the last bytes; too late.
    for at in [None, Some(0), Some(697), Some(2990), Some(4000)] {
        let mut bytes: Vec<_> = (0..5000).map(|it| b'a' + u8::try_from(it % 23).unwrap()).collect();
        if let Some(at) = at {
            bytes[at..at + 6].copy_from_slice(b"NEEDLE");
        }
        for (seed, shape) in (0..12).zip(Shape::ALL.into_iter().cycle()) {
            // Pieces that straddle the allowance see what others do not: the program has to have
            // decided by then.
            let judged = if at == Some(4000) { 3000 } else { 2999 };
            scene.forget_events();
            let connection = scene.connect();
            let mut from = 0;
            for length in pieces(judged, seed).into_iter().chain(pieces(5000 - judged, seed)) {
                // Shapes of several parts need some bytes.
                let shape = if length < 16 { Shape::Contiguous } else { shape };
                let piece = &bytes[from..from + length];
                connection.indicate(&Indication::received(piece).shaped(shape));
                from += length;
            }
            let fate = match at {
                Some(0 | 697 | 2990) => Fate::Block,
                _ => Fate::Allow,
            };
            assert_eq!(fates(&scene), [(fate, FateReason::Answer)], "{at:?}, seed {seed}");
            assert_eq!(connection.has_context(), fate == Fate::Block);
            connection.close();
        }
    }
}

/// A length of more than 32 bits is not taken for its low half: what the buffers do not hold is
/// not shown, and the policy decides.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk/ns-fwpsk-fwps_stream_data0_,
/// whose `dataLength` is a `SIZE_T` (read 2026-11)
#[test]
fn p08_a_length_beyond_32_bits_is_not_cut_to_what_fits() {
    for is_closed in [false, true] {
        let Some(scene) = Scene::boot(&Setup { is_closed, ..Setup::default() }) else { return };
        // Whatever is shown is allowed.
        scene.attach(&[MORE, ALLOW]);
        for length in [(1 << 32) + 40, 1 << 32, 1 << 40, usize::MAX, usize::MAX - 39] {
            for shape in [Shape::Contiguous, Shape::SplitMdls, Shape::ManyOfEach] {
                scene.log();
                scene.forget_events();
                let connection = scene.connect();
                let data = Indication::received(&[1; 40]).shaped(shape);
                let data = Indication { declared_length: Some(length), ..data };
                let outcome = connection.indicate(&data);
                assert_eq!(outcome.is_absorbed, is_closed, "{length:#x} {shape:?}");
                assert_eq!(scene.log(), "new0 deleted0", "{length:#x} {shape:?}");
                let fate = if is_closed { Fate::FailedClosed } else { Fate::FailedOpen };
                assert_eq!(fates(&scene), [(fate, FateReason::Unreadable)]);
                connection.close();
            }
        }
    }
}

/// An indication of 8 MB is shown whole and in order, in place and out of many buffers, and is
/// absorbed whole where the last of its segments is blocked.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/network/stream-inspection, which has 8 MB
/// as the most that is buffered for a callout (read 2026-11)
#[test]
fn f04_05_eight_megabytes_are_shown_whole() {
    let bytes: Vec<_> = (0..8 << 20).map(|it: u32| it.to_le_bytes()[(it % 3) as usize]).collect();
    let last = bytes.len().div_ceil(65_534);
    for shape in [Shape::Contiguous, Shape::ManyOfEach] {
        let Some(scene) = Scene::open() else { return };
        let answers: Vec<_> =
            [MORE; 1].into_iter().chain(vec![MORE; last - 1]).chain([BLOCK]).collect();
        scene.attach(&answers);
        let connection = scene.connect();
        let outcome = connection.indicate(&Indication::sent(&bytes).shaped(shape));
        assert!(outcome.is_absorbed, "{shape:?}");
        let told = scene.take_told();
        assert_eq!(told.len(), 1 + last, "{shape:?}");
        let shown: Vec<_> = told.iter().filter_map(|it| it.seen.data.clone()).collect();
        assert!(shown.concat() == bytes, "{shape:?}: other bytes");
        connection.close();
        let closed = scene.events::<FlowClosed>();
        assert_eq!(closed[0].absorbed_bytes, 8 << 20);
    }
}
