//! Counters and marks: what is told every so often, exact however many single events are lost.

use crate::counted::{INTERVAL_NS, counted, sets};
use crate::scene::{ALLOW, BLOCK, MORE, Scene};
use std::collections::BTreeMap;
use weir_abi::Event;
use weir_abi::counters::Series;
use weir_abi::event::{
    Attached, Counters, DriverState, EVENT_BYTES_MAX, Invocation, Record, Verdict,
};
use weir_sim_kernel::ebpf::Params;
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::{Kernel, Options};

/// Sequence numbers of one kind, by processor, in the order of writing.
fn sequences(events: &[Written], id: u16) -> BTreeMap<u16, Vec<u32>> {
    let mut sequences: BTreeMap<u16, Vec<u32>> = BTreeMap::new();
    for event in events.iter().filter(|event| event.id == id) {
        let (prefix, _) = Record::decode(event.id, &event.payload).unwrap();
        assert_eq!(u32::from(prefix.cpu), event.cpu, "it is not from where it was written");
        sequences.entry(prefix.cpu).or_default().push(prefix.sequence);
    }
    sequences
}

/// Some flows on each processor.
fn traffic(scene: &Scene) {
    for processor in 0..scene.kernel.processors.count() {
        scene.kernel.on_processor(processor, || {
            for _ in 0..=processor {
                let connection = scene.connect();
                connection.indicate(&Indication::sent(b"0123").shaped(Shape::SplitMdls));
                connection.close();
            }
        });
    }
}

#[test]
fn counters_come_once_an_interval_and_once_at_stop() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    traffic(&scene);
    let before = sets(scene.kernel).len();
    for count in 1..=5 {
        scene.kernel.advance(INTERVAL_NS);
        assert_eq!(sets(scene.kernel).len(), before + count);
    }
    scene.kernel.advance(INTERVAL_NS / 2);
    assert_eq!(sets(scene.kernel).len(), before + 5);
    scene.unload();
    assert_eq!(sets(scene.kernel).len(), before + 6);
}

#[test]
fn counters_come_where_there_is_nothing_to_count_yet() {
    let Some(image) = image_or_skip() else { return };
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    kernel.etw.enable(Counters::KEYWORD, 0);
    assert_eq!(kernel.load_driver(), 0);
    kernel.advance(3 * INTERVAL_NS);
    assert_eq!(sets(kernel).len(), 3);
    kernel.unload_driver();
    kernel.finish();
}

#[test]
fn a_detached_attachment_is_in_exactly_the_next_ten_sets_marked_final() {
    let Some(scene) = Scene::open() else { return };
    let attached = scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    traffic(&scene);
    assert!(!counted(&scene).is_final(1));
    let before = counted(&scene).pairs(1);
    scene.detach(&attached);
    for set in 1..=10 {
        let told = counted(&scene);
        assert!(told.is_final(1) && told.pairs(1) == before, "set {set}");
        assert!(!told.is_final(2) && told.tells(2), "set {set}");
    }
    for _ in 0..2 {
        let told = counted(&scene);
        assert!(!told.tells(1) && told.tells(2));
    }
}

#[test]
fn final_totals_of_as_many_as_can_be_attached_are_told_whenever_they_went() {
    let Some(scene) = Scene::open() else { return };
    let come_and_go = || {
        let attached = scene.attach(&[MORE]);
        scene.connect().close();
        scene.detach(&attached);
    };
    come_and_go();
    counted(&scene);
    (2..=64).for_each(|_| come_and_go());
    // The first is told for the tenth time, and makes room at the front of what is kept.
    for _ in 0..9 {
        counted(&scene);
    }
    come_and_go();
    come_and_go();
    let told = counted(&scene);
    let missing: Vec<_> = (3..=66).filter(|id| !told.is_final(*id)).collect();
    assert!(missing.is_empty(), "the newest 64 are told, not {missing:?}");
}

#[test]
fn a_set_in_several_parts_is_whole_and_no_part_is_too_large() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..64 {
        scene.attach(&[MORE, ALLOW]);
    }
    traffic(&scene);
    // Puts the parts together, or fails.
    let set = counted(&scene);
    assert_eq!(set.pairs(1).0, 10);
    let events = scene.kernel.etw.events();
    let parts: Vec<_> = events.iter().filter(|event| event.id == Counters::ID).collect();
    assert!(parts.iter().all(|part| part.payload.len() <= EVENT_BYTES_MAX));
    let (_, last) = Counters::decode(&parts.last().unwrap().payload).unwrap();
    assert!(last.header.parts > 5, "{:?}: the test sees no parts", last.header);
}

#[test]
fn marks_are_written_on_their_processor_and_say_what_was_numbered_there() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    traffic(&scene);
    let set = counted(&scene);
    let processors = scene.kernel.processors.count();
    assert!(set.marks_from.iter().all(|(of, from)| of == from), "{:?}", set.marks_from);
    for processor in 0..processors {
        assert!(set.marks_from.contains(&(processor, processor)), "processor {processor}");
    }
    // A mark is what was written there so far, its own event not yet.
    let mut written: BTreeMap<(u32, u16), u64> = BTreeMap::new();
    let mut marks = 0;
    for event in scene.kernel.etw.events() {
        if let Ok((_, counters)) = Counters::decode(&event.payload)
            && event.id == Counters::ID
        {
            let is_mark = |series| series == Series::MarkNumbered.number();
            for mark in counters.entries().filter(|it| is_mark(it.series)) {
                let known = written.get(&(event.cpu, mark.index)).copied().unwrap_or(0);
                assert_eq!(mark.value, known, "{mark:?} on processor {}", event.cpu);
                marks += 1;
            }
        }
        *written.entry((event.cpu, event.id)).or_insert(0) += 1;
    }
    assert!(marks > 20, "{marks} marks: the test sees too little");
}

#[test]
fn marks_of_a_processor_are_in_the_first_set_after_it_wrote() {
    let Some(image) = image_or_skip() else { return };
    let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
    kernel.etw.enable(Verdict::KEYWORD | Counters::KEYWORD, 0);
    assert_eq!(kernel.load_driver(), 0);
    kernel.run_work();
    let net = Net::new(kernel);
    net.core().attach_constant(&Params::default(), 1).unwrap();
    // Nothing was numbered elsewhere so far: writing the set is the first thing there.
    kernel.on_processor(3, || net.connect(&FlowSpec::default()).close());
    kernel.advance(INTERVAL_NS);
    let set = sets(kernel).pop().unwrap();
    assert!(set.marks_from.contains(&(3, 3)), "{:?}", set.marks_from);
    kernel.unload_driver();
    kernel.finish();
}

#[test]
fn numbers_count_from_one_on_each_processor_and_for_each_kind() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    traffic(&scene);
    counted(&scene);
    let events = scene.kernel.etw.events();
    for id in 1..=14 {
        for (processor, numbers) in sequences(&events, id) {
            let expected: Vec<_> = (1..=u32::try_from(numbers.len()).unwrap()).collect();
            assert_eq!(numbers, expected, "kind {id} on processor {processor}");
        }
    }
    assert_eq!(sequences(&events, Invocation::ID).len(), 4);
}

#[test]
fn events_that_could_not_be_written_leave_a_gap_that_the_marks_explain() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    counted(&scene);
    for nth in [1, 4, 9] {
        scene.kernel.faults.fail("EtwWriteTransfer", nth, 0xC000_0017_u32.cast_signed());
    }
    traffic(&scene);
    assert_eq!(scene.kernel.etw.failed(), 3);
    let set = counted(&scene);
    let failed: u64 = (0..4).map(|processor| set.sum(processor, Series::MarkFailed)).sum();
    assert_eq!(failed, 3);
    let events = scene.kernel.etw.events();
    let mut lost = 0;
    for id in (1..=14).filter(|id| *id != Counters::ID) {
        for (processor, numbers) in sequences(&events, id) {
            let mark = set.of(u32::from(processor), Series::MarkNumbered, id);
            let received = u64::try_from(numbers.len()).unwrap();
            let of_kind = set.of(u32::from(processor), Series::MarkFailed, id);
            assert_eq!(mark - received, of_kind, "kind {id} on processor {processor}");
            lost += mark - received;
        }
    }
    assert_eq!(lost, 3);
}

#[test]
fn nothing_is_written_or_numbered_while_nobody_listens() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.etw.disable();
    let before = scene.kernel.calls.of("EtwWriteTransfer");
    let connection = scene.connect();
    let attached = scene.attach(&[MORE, BLOCK]);
    traffic(&scene);
    connection.close();
    scene.kernel.advance(3 * INTERVAL_NS);
    assert_eq!(scene.kernel.calls.of("EtwWriteTransfer"), before);
    scene.detach(&attached);
    let _before = scene.kernel.etw.take_events();
    scene.kernel.etw.enable(0, 0);
    scene.attach(&[MORE]);
    scene.connect().close();
    let events = scene.kernel.etw.events();
    for id in [Attached::ID, Invocation::ID, Verdict::ID] {
        assert_eq!(sequences(&events, id).get(&0).and_then(|it| it.first()), Some(&1), "kind {id}");
    }
}

#[test]
fn kinds_that_nobody_wants_are_neither_written_nor_numbered() {
    let Some(scene) = Scene::open() else { return };
    let _before = scene.kernel.etw.take_events();
    scene.kernel.etw.enable(Verdict::KEYWORD | Counters::KEYWORD, 4);
    let before = scene.kernel.calls.of("EtwWriteTransfer");
    scene.attach(&[MORE, BLOCK]);
    traffic(&scene);
    scene.kernel.advance(INTERVAL_NS);
    let events = scene.kernel.etw.events();
    let calls = scene.kernel.calls.of("EtwWriteTransfer") - before;
    assert_eq!(calls, u64::try_from(events.len()).unwrap(), "written for nobody");
    let keywords = Verdict::KEYWORD | Counters::KEYWORD;
    assert!(events.iter().all(|it| it.keyword & keywords != 0));
    // A keyword with too low a level wants nothing of it either.
    scene.kernel.etw.enable(Invocation::KEYWORD | Counters::KEYWORD, 4);
    traffic(&scene);
    assert!(scene.kernel.etw.events().iter().all(|it| it.id != Invocation::ID));
    scene.kernel.etw.enable(0, 0);
    traffic(&scene);
    let numbers = sequences(&scene.kernel.etw.events(), Invocation::ID);
    assert_eq!(numbers.get(&0).and_then(|it| it.first()), Some(&1));
}

#[test]
fn invocations_are_plain_unless_somebody_asks_and_all_else_describes_itself() {
    const SELF_DESCRIBING: u64 = 0x2000;
    const ALL_BUT: u64 = 0x1ff0;
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE, BLOCK]);
    for keywords in [ALL_BUT, ALL_BUT | SELF_DESCRIBING] {
        let _before = scene.kernel.etw.take_events();
        scene.kernel.etw.enable(keywords, 5);
        scene.kernel.etw.capture_state();
        traffic(&scene);
        counted_kinds(&scene, keywords & SELF_DESCRIBING != 0);
    }
}

fn counted_kinds(scene: &Scene, is_described: bool) {
    scene.kernel.advance(INTERVAL_NS);
    let events = scene.kernel.etw.events();
    let (invocations, others): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.id == Invocation::ID);
    assert!(!invocations.is_empty() && others.iter().any(|it| it.id == DriverState::ID));
    assert!(invocations.iter().all(|it| it.is_self_describing() == is_described));
    let expected = |it: &&&Written| it.is_self_describing() && it.channel == 11;
    assert_eq!(others.iter().filter(expected).count(), others.len());
    // 12 bytes of prefix, 60 fixed in all, 8 for the MAC.
    assert!(
        invocations.iter().all(|it| it.payload.len() == 68),
        "{}",
        invocations[0].payload.len()
    );
}

#[test]
fn totals_of_more_than_64_that_came_and_went_within_an_interval_are_told() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..70 {
        let attached = scene.attach(&[MORE]);
        scene.connect().close();
        scene.detach(&attached);
    }
    scene.kernel.advance(INTERVAL_NS);
    let sets = sets(scene.kernel);
    let is_told = |id| sets.iter().any(|set| set.pairs(id).0 == 1 && set.is_final(id));
    let missing: Vec<_> = (1..=70).filter(|id| !is_told(*id)).collect();
    assert!(missing.is_empty(), "nothing final was ever told of {missing:?}");
}
