//! How segments are read (S21 to S24).
//!
//! That a program must not write is its contract, which the driver cannot see broken (S24): here a
//! program that breaks it fails, because the VM gives it segments that cannot be written.

use crate::counted::{counted, fates};
use crate::scene::{MORE, Scene, Told};
use weir_abi::context::SEGMENT_BYTES_MAX;
use weir_abi::counters::Series;
use weir_abi::event::{CopyFallback, CopyReason, Fate, FateReason, Invocation};
use weir_abi::{Action, Direction, FlowState};
use weir_sim_kernel::ebpf::{Core, Params};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::{Indication, Prepared};
use weir_sim_kernel::ndis::Shape;

const COPY: &str = "FwpsCopyStreamDataToBuffer0";
const ALLOCATE: &str = "ExAllocatePool2";

/// Bytes of which no two pieces are alike.
fn content(length: usize) -> Vec<u8> {
    (0_usize..length).map(|at| (at ^ (at >> 8) ^ (at >> 16)).to_le_bytes()[0]).collect()
}

fn indication(bytes: &[u8], shape: Shape, direction: Direction) -> Indication {
    Indication { direction, ..Indication::received(bytes).shaped(shape) }
}

fn data(told: &Told) -> Vec<u8> {
    told.seen.data.clone().unwrap_or_default()
}

fn start(told: &Told) -> usize {
    usize::try_from(told.seen.context.data_start).unwrap()
}

const WAYS: [Direction; 2] = [Direction::Inbound, Direction::Outbound];

#[test]
fn s21_contiguous_data_is_read_where_it_lies_without_copy_or_allocation() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    let shapes = Shape::ALL.into_iter().filter(|shape| shape.is_contiguous());
    for shape in shapes {
        for (spec, way) in [(FlowSpec::default(), WAYS[0]), (FlowSpec::v6(), WAYS[1])] {
            let connection = scene.net.connect(&spec);
            for bytes in [content(16), content(1), content(3 * SEGMENT_BYTES_MAX + 5)] {
                let prepared = Prepared::new(&indication(&bytes, shape, way));
                scene.take_told();
                let before = scene.kernel.calls.snapshot();
                assert!(connection.indicate_prepared(&prepared).is_permitted);
                let calls = scene.kernel.calls.snapshot().since(&before);
                assert_eq!((calls.of(ALLOCATE), calls.of(COPY)), (0, 0), "{shape:?}");
                let told = scene.take_told();
                for program in 0..2 {
                    let of: Vec<_> = told.iter().filter(|it| it.program == program).collect();
                    let shown: Vec<u8> = of.iter().flat_map(|it| data(it)).collect();
                    assert_eq!(shown, bytes, "{shape:?}");
                    for it in of {
                        let last = start(it) + data(it).len() - 1;
                        let is_there = prepared.contains(start(it)) && prepared.contains(last);
                        assert!(is_there, "{shape:?}: not in place");
                    }
                }
            }
        }
    }
    assert!(scene.events::<CopyFallback>().is_empty());
}

/// Shapes that have to be copied. Bytes that begin right behind the end of an MDL lie in one, and
/// may be read in place.
fn fragmented() -> impl Iterator<Item = Shape> {
    let may_lie_whole = |shape: &Shape| shape.is_contiguous() || *shape == Shape::StartsAtMdlEnd;
    Shape::ALL.into_iter().filter(move |shape| !may_lie_whole(shape))
}

#[test]
fn s22_other_data_is_copied_once_however_many_attachments_there_are() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..3 {
        scene.attach(&[MORE]);
    }
    let bytes = content(3000);
    let mut copied = [0_u64; 2];
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        for (shape, way) in fragmented().flat_map(|shape| WAYS.map(|way| (shape, way))) {
            scene.take_told();
            scene.forget_events();
            let before = scene.kernel.calls.snapshot();
            assert!(connection.indicate(&indication(&bytes, shape, way)).is_permitted);
            let calls = scene.kernel.calls.snapshot().since(&before);
            assert_eq!((calls.of(ALLOCATE), calls.of(COPY)), (0, 1), "{shape:?}");
            let told = scene.take_told();
            assert_eq!(told.len(), 3, "{shape:?}");
            for it in &told {
                assert_eq!(data(it), bytes, "{shape:?}");
                assert_eq!(start(it), start(&told[0]), "{shape:?}: the copy is not shared");
            }
            let events = scene.events::<CopyFallback>();
            let [event] = events.as_slice() else { panic!("{shape:?}: {events:?}") };
            let is_unmapped = shape == Shape::Unmapped;
            let reason = if is_unmapped { CopyReason::Unmapped } else { CopyReason::Fragmented };
            assert_eq!((event.bytes, event.reason, event.status), (3000, reason, 0), "{shape:?}");
            assert_eq!((event.direction, event.flow_id), (way, connection.flow));
            copied[way.index()] += 1;
        }
    }
    let set = counted(&scene);
    for way in WAYS {
        let (index, count) = (u16::from(way.raw()), copied[way.index()]);
        assert_eq!(set.driver(Series::Copies, index), count);
        assert_eq!(set.driver(Series::CopiedBytes, index), 3000 * count);
        assert_eq!(set.driver(Series::CopyFailures, index), 0);
    }
}

#[test]
fn s22_every_shape_is_one_stream_of_its_bytes_in_segments_of_at_most_65534() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        for (shape, way) in Shape::ALL.into_iter().flat_map(|shape| WAYS.map(|way| (shape, way))) {
            for length in [1, 2, 17, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MAX + 1, 200_000] {
                let bytes = content(length);
                scene.take_told();
                scene.forget_events();
                let before = scene.kernel.calls.of(COPY);
                assert!(connection.indicate(&indication(&bytes, shape, way)).is_permitted);
                let copies = scene.kernel.calls.of(COPY) - before;
                let segments: Vec<_> = scene.take_told().iter().map(data).collect();
                let lengths: Vec<_> = segments.iter().map(Vec::len).collect();
                let expected: Vec<_> = bytes.chunks(SEGMENT_BYTES_MAX).map(<[u8]>::len).collect();
                assert_eq!(lengths, expected, "{shape:?}");
                assert!(segments.concat() == bytes, "{shape:?}: other bytes");
                let events = u64::try_from(scene.events::<CopyFallback>().len()).unwrap();
                assert_eq!(events, copies, "{shape:?}: an event for each copy");
            }
        }
    }
}

#[test]
fn s22_the_copy_lies_in_a_buffer_of_the_processor_that_was_there_at_start() {
    let Some(scene) = Scene::open() else { return };
    let pool = scene.kernel.pool.allocations();
    scene.attach(&[MORE]);
    let connection = scene.connect();
    let before = scene.kernel.pool.allocations();
    assert!(before > pool, "nothing is known of allocations");
    let mut starts = Vec::new();
    for processor in (0..scene.kernel.processors.count()).chain([0]) {
        scene.take_told();
        let shown = indication(&content(64), Shape::SplitMdls, Direction::Inbound);
        scene.kernel.on_processor(processor, || connection.indicate(&shown));
        let told = scene.take_told();
        assert_eq!((told[0].seen.processor, data(&told[0])), (processor, content(64)));
        assert!(scene.kernel.pool.contains(start(&told[0])));
        starts.push(start(&told[0]));
    }
    assert_eq!(scene.kernel.pool.allocations(), before);
    assert_eq!(starts.pop(), starts.first().copied(), "a processor has one buffer");
    starts.sort_unstable();
    starts.dedup();
    assert_eq!(starts.len(), 4, "two processors share a buffer");
}

/// Ways in which a segment cannot be read whole: what is indicated, and how many bytes the copy
/// then brings, if one is asked for.
fn unreadable() -> Vec<(Indication, Option<i32>)> {
    let bytes = content(100);
    let received = |shape| Indication::received(&bytes).shaped(shape);
    let longer = |shape| Indication { declared_length: Some(101), ..received(shape) };
    vec![
        (received(Shape::SplitMdls), Some(0)),
        (received(Shape::ManyOfEach), Some(99)),
        (received(Shape::Unmapped), Some(1)),
        (longer(Shape::Contiguous), None),
        (longer(Shape::SplitMdls), None),
        (longer(Shape::ManyLists), None),
        (longer(Shape::EmptyTail), None),
    ]
}

#[test]
fn s23_what_cannot_be_read_whole_is_never_shown_and_passes_when_open() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    let cases = unreadable();
    for (shown, short) in &cases {
        let connection = scene.connect();
        scene.log();
        scene.forget_events();
        if let Some(bytes) = short {
            scene.kernel.faults.fail(COPY, 1, *bytes);
        }
        assert!(connection.indicate(shown).is_permitted, "{shown:?}");
        assert_eq!(scene.log(), "deleted0 deleted1", "{shown:?}");
        assert!(!connection.has_context() && !connection.send(b"x").is_called);
        assert_eq!(fates(&scene), [(Fate::FailedOpen, FateReason::Unreadable)]);
        let copies = scene.events::<CopyFallback>();
        assert!(copies.len() == 1 && copies[0].status != 0, "{copies:?}");
    }
    let failures = counted(&scene).driver(Series::CopyFailures, 0);
    assert_eq!(failures, u64::try_from(cases.len()).unwrap());
}

#[test]
fn s23_what_cannot_be_read_whole_is_never_shown_and_blocks_when_closed() {
    let Some(scene) = Scene::closed() else { return };
    scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    for (shown, short) in unreadable() {
        let connection = scene.connect();
        scene.log();
        scene.forget_events();
        if let Some(bytes) = short {
            scene.kernel.faults.fail(COPY, 1, bytes);
        }
        assert!(connection.indicate(&shown).is_absorbed, "{shown:?}");
        assert_eq!(scene.log(), "deleted0 deleted1", "{shown:?}");
        assert!(connection.has_context() && connection.receive(b"x").is_absorbed);
        assert_eq!(fates(&scene), [(Fate::FailedClosed, FateReason::Unreadable)]);
        assert_eq!(scene.log(), "");
        connection.close();
    }
}

#[test]
fn s23_a_later_segment_that_cannot_be_read_decides_for_the_whole_indication() {
    for is_closed in [false, true] {
        let scene = if is_closed { Scene::closed() } else { Scene::open() };
        let Some(scene) = scene else { return };
        scene.attach(&[MORE]);
        let connection = scene.connect();
        scene.log();
        // The first two segments lie in two buffers each.
        let shown = Indication::sent(&content(200_000)).shaped(Shape::ManyBuffers);
        scene.kernel.faults.fail(COPY, 2, 7);
        let outcome = connection.indicate(&shown);
        assert_eq!(outcome.is_absorbed, is_closed);
        assert_eq!(scene.log(), "established0 deleted0");
        assert_eq!(connection.has_context(), is_closed);
    }
}

/// `programs/writes_segment.c`: writes to each segment, and would allow the flow after that.
const WRITES_SEGMENT: &[u8] = include_bytes!("programs/writes_segment.o");

#[test]
fn s24_a_program_that_writes_to_a_segment_fails_and_nobody_sees_its_bytes() {
    let Some(scene) = Scene::open() else { return };
    let core = Core::new(scene.kernel);
    let writer = core.attach_code(&Params::default(), WRITES_SEGMENT).unwrap();
    scene.attach(&[MORE]);
    let connection = scene.connect();
    let bytes = content(300);
    for shape in [Shape::Contiguous, Shape::ManyMdls] {
        scene.take_told();
        scene.forget_events();
        assert!(connection.indicate(&indication(&bytes, shape, WAYS[0])).is_permitted);
        let told = scene.take_told();
        assert_eq!(told.len(), 1, "{shape:?}: the one after it is still asked");
        assert_eq!(data(&told[0]), bytes, "{shape:?}");
        let invoked = scene.events::<Invocation>();
        let answers: Vec<_> = invoked.iter().map(|it| (it.state, it.answer)).collect();
        let established = FlowState::Established;
        assert_eq!(
            answers,
            [(established, Action::Error), (established, Action::NeedMoreData)],
            "{shape:?}"
        );
        assert_ne!(invoked[0].result, 0);
    }
    connection.close();
    writer.detach();
    scene.kernel.run_work();
}
