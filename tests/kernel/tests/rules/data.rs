//! Data of a flow that somebody is classifying: rules S12 to S15.

use crate::scene::{ALLOW, BLOCK, ESTABLISHED, MORE, Scene, Told};
use weir_abi::Direction;
use weir_abi::context::SEGMENT_BYTES_MAX;
use weir_abi::event::{Fate, FateReason, FlowClosed, Invocation, Verdict};
use weir_sim_kernel::ebpf::Reply;
use weir_sim_kernel::fwp::Deletes;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Connection;

/// The log of a scene between flow established and now.
fn begin(answers: &[&[Reply]]) -> Option<(Scene, Connection)> {
    let scene = Scene::open()?;
    for answers in answers {
        scene.attach(answers);
    }
    let connection = scene.connect();
    scene.log();
    Some((scene, connection))
}

/// Bytes of which no four in a row come twice.
fn distinct(count: usize) -> Vec<u8> {
    let words = (0..u32::MAX).flat_map(|word| word.wrapping_mul(0x9e37_79b9).to_le_bytes());
    words.take(count).collect()
}

/// The segments that one program was shown, in order.
fn segments(told: &[Told], program: usize) -> Vec<Vec<u8>> {
    let shown = told.iter().filter(|it| it.program == program);
    let shown = shown.filter(|it| it.seen.context.state == ESTABLISHED);
    shown.filter_map(|it| it.seen.data.clone()).collect()
}

#[test]
fn s12_each_classifying_attachment_sees_each_segment_once_and_whole_in_both_directions() {
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let Some(scene) = Scene::open() else { return };
        for answer in [MORE, ALLOW, MORE] {
            scene.attach(&[answer]);
        }
        let connection = scene.net.connect(&spec);
        scene.log();
        for length in [1, 2, 1460, 4096, SEGMENT_BYTES_MAX] {
            for shape in Shape::ALL {
                for make in [Indication::sent, Indication::received] {
                    let indication = make(&distinct(length)).shaped(shape);
                    let outcome = connection.indicate(&indication);
                    assert!(outcome.is_permitted, "{length} bytes, {shape:?}");
                    let told = scene.take_told();
                    let programs: Vec<_> = told.iter().map(|it| it.program).collect();
                    assert_eq!(programs, [0, 2], "{length} bytes, {shape:?}");
                    for it in &told {
                        let is_same = it.seen.data.as_ref() == Some(&indication.bytes);
                        assert!(is_same, "{length} bytes, {shape:?}");
                        assert_eq!(it.seen.context.direction, indication.direction.raw());
                    }
                }
            }
        }
    }
}

#[test]
fn s12_a_larger_indication_is_consecutive_segments_in_stream_order() {
    let Some((scene, connection)) = begin(&[&[MORE], &[MORE]]) else { return };
    let most = SEGMENT_BYTES_MAX;
    assert_eq!(most, 65_534);
    for length in [most + 1, 2 * most, 2 * most + 1, 200_001] {
        for shape in Shape::ALL {
            scene.forget_events();
            let indication = Indication::received(&distinct(length)).shaped(shape);
            assert!(connection.indicate(&indication).is_permitted);
            let told = scene.take_told();
            let parts = length.div_ceil(most);
            let programs: Vec<_> = told.iter().map(|it| it.program).collect();
            assert_eq!(programs, [0, 1].repeat(parts), "{length} bytes, {shape:?}");
            for program in [0, 1] {
                let seen = segments(&told, program);
                let lengths: Vec<_> = seen.iter().map(Vec::len).collect();
                let mut wanted = vec![most; parts];
                wanted[parts - 1] = length - (parts - 1) * most;
                assert_eq!(lengths, wanted, "{shape:?}");
                assert!(seen.concat() == indication.bytes, "{length} bytes, {shape:?}");
            }
            let bytes = scene.events::<Invocation>();
            let bytes: u64 = bytes.iter().map(|it| u64::from(it.segment_bytes)).sum();
            assert_eq!(bytes, 2 * u64::try_from(length).unwrap());
        }
    }
}

#[test]
fn s12_megabytes_are_no_different() {
    let most = SEGMENT_BYTES_MAX;
    // Around the 16 segments after which the driver lets others have a turn, twice.
    for length in [16 * most, 16 * most + 1, 32 * most, 33 * most + 5] {
        for shape in [Shape::Contiguous, Shape::ManyOfEach, Shape::Unmapped] {
            let Some((scene, connection)) = begin(&[&[MORE], &[MORE]]) else { return };
            let indication = Indication::sent(&distinct(length)).shaped(shape);
            assert!(connection.indicate(&indication).is_permitted);
            let told = scene.take_told();
            assert_eq!(told.len(), 2 * length.div_ceil(most));
            for program in [0, 1] {
                let is_same = segments(&told, program).concat() == indication.bytes;
                assert!(is_same, "{length} bytes, {shape:?}");
            }
        }
    }
}

#[test]
fn s12_a_late_part_decides_about_megabytes_too() {
    let bytes = distinct(40 * SEGMENT_BYTES_MAX);
    for part in [15, 16, 17, 32, 33, 40] {
        for (answer, is_blocked) in [(BLOCK, true), (ALLOW, false)] {
            let mut answers = vec![MORE; part];
            answers.push(answer);
            let Some((scene, connection)) = begin(&[&answers]) else { return };
            let outcome = connection.receive(&bytes);
            assert_eq!((outcome.is_absorbed, outcome.is_permitted), (is_blocked, !is_blocked));
            assert_eq!(scene.take_told().len(), part, "{answer:?} to part {part}");
            assert_eq!(connection.has_context(), is_blocked);
            let closed = scene.events::<FlowClosed>();
            assert_eq!(closed.len(), usize::from(!is_blocked));
            connection.close();
            let absorbed: Vec<_> = scene.events::<FlowClosed>();
            let wanted = if is_blocked { (1, u64::try_from(bytes.len()).unwrap()) } else { (0, 0) };
            let absorbed = absorbed.iter().map(|it| (it.absorbed_segments, it.absorbed_bytes));
            assert_eq!(absorbed.collect::<Vec<_>>(), [wanted]);
        }
    }
}

#[test]
fn s12_a_block_in_any_part_blocks_the_whole_indication() {
    let bytes = distinct(4 * SEGMENT_BYTES_MAX);
    for part in 1..=4 {
        let mut answers = vec![MORE; part];
        answers.push(BLOCK);
        let Some((scene, connection)) = begin(&[&[MORE], &answers, &[MORE]]) else { return };
        let outcome = connection.send(&bytes);
        assert!(outcome.is_absorbed && !outcome.is_permitted, "part {part}");
        let mut wanted = ["established0 established1 established2"].repeat(part - 1);
        wanted.push("established0 established1 deleted0 deleted2");
        assert_eq!(scene.log(), wanted.join(" "));
    }
}

#[test]
fn s12_an_attachment_that_allows_is_not_invoked_for_the_rest() {
    let Some((scene, connection)) = begin(&[&[MORE, ALLOW], &[MORE]]) else { return };
    assert!(connection.send(&distinct(3 * SEGMENT_BYTES_MAX)).is_permitted);
    assert_eq!(scene.log(), "established0 established1 established1 established1");
}

#[test]
fn s12_after_the_last_allow_the_rest_is_permitted_unseen() {
    let Some((scene, connection)) = begin(&[&[MORE, MORE, ALLOW]]) else { return };
    assert!(connection.send(&distinct(3 * SEGMENT_BYTES_MAX)).is_permitted);
    assert_eq!(scene.log(), "established0 established0");
    assert!(!connection.has_context());
}

#[test]
fn s12_an_allow_in_one_part_does_not_outweigh_a_block_in_a_later_one() {
    let Some((scene, connection)) = begin(&[&[MORE, ALLOW], &[MORE, MORE, BLOCK]]) else { return };
    assert!(connection.send(&distinct(3 * SEGMENT_BYTES_MAX)).is_absorbed);
    assert_eq!(scene.log(), "established0 established1 established1");
}

#[test]
fn s13_need_more_data_permits_and_goes_on() {
    let Some((scene, connection)) = begin(&[&[MORE]]) else { return };
    for _ in 0..1000 {
        assert!(connection.send(b"x").is_permitted && connection.receive(b"y").is_permitted);
    }
    assert_eq!(scene.take_told().len(), 2000);
    assert!(connection.has_context());
    assert_eq!(scene.events::<Verdict>(), []);
}

#[test]
fn s13_allow_ends_this_attachments_interest_and_the_others_go_on_without_deleted() {
    let Some((scene, connection)) = begin(&[&[MORE], &[MORE, ALLOW], &[MORE]]) else { return };
    assert!(connection.send(b"x").is_permitted);
    assert_eq!(scene.log(), "established0 established1 established2");
    assert!(connection.receive(b"y").is_permitted);
    assert_eq!(scene.log(), "established0 established2");
    connection.close();
    assert_eq!(scene.log(), "deleted0 deleted2");
}

#[test]
fn s14_a_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none() {
    let answers: [&[Reply]; 5] = [&[MORE], &[MORE, ALLOW], &[MORE, BLOCK], &[MORE], &[ALLOW]];
    let Some((scene, connection)) = begin(&answers) else { return };
    assert!(connection.send(b"x").is_absorbed);
    assert_eq!(scene.log(), "established0 established1 established2 deleted0 deleted3");
    let verdicts = scene.events::<Verdict>();
    let [verdict] = &verdicts[..] else { panic!("{verdicts:?}") };
    let by = (verdict.fate, verdict.reason, verdict.decider_chain_index);
    assert_eq!(by, (Fate::Block, FateReason::Answer, 2));
}

#[test]
fn s14_the_first_blocker_decides_and_the_others_do_not_see_the_segment() {
    let answers: [&[Reply]; 3] = [&[MORE, BLOCK], &[MORE, BLOCK], &[MORE, ALLOW]];
    let Some((scene, connection)) = begin(&answers) else { return };
    assert!(connection.receive(b"x").is_absorbed);
    assert_eq!(scene.log(), "established0 deleted1 deleted2");
}

#[test]
fn s14_a_block_is_final() {
    // Whoever blocked would allow from now on.
    let Some((scene, connection)) = begin(&[&[MORE], &[MORE, BLOCK, ALLOW]]) else { return };
    connection.send(b"x");
    scene.log();
    for _ in 0..10 {
        assert!(connection.send(b"x").is_absorbed && connection.receive(b"y").is_absorbed);
    }
    connection.close();
    assert_eq!((scene.log().as_str(), scene.events::<Verdict>().len()), ("", 1));
    // For this flow: the next one is judged anew.
    scene.connect();
    assert_eq!(scene.log(), "new0 new1");
}

#[test]
fn s15_the_context_goes_at_the_last_allow_not_at_the_first() {
    for when in [Deletes::AtOnce, Deletes::Later] {
        let answers: [&[Reply]; 2] = [&[MORE, MORE, ALLOW], &[MORE, ALLOW]];
        let Some((scene, connection)) = begin(&answers) else { return };
        scene.kernel.fwp.set_deletes(when);
        let removed = || scene.kernel.calls.of("FwpsFlowRemoveContext0");
        assert!(connection.send(b"x").is_permitted);
        assert!(connection.has_context() && removed() == 0);
        assert_eq!(scene.events::<FlowClosed>(), []);
        assert!(connection.send(b"y").is_permitted);
        assert_eq!(scene.log(), "established0 established1 established0");
        assert!(!connection.has_context() && removed() == 1, "{when:?}");
        let closed = scene.events::<FlowClosed>();
        assert_eq!(closed.len(), 1, "{when:?}");
        // WFP tells of it on its own time; from here the flow costs nothing and nobody hears of it.
        scene.net.deliver_deletes();
        assert_eq!(scene.kernel.fwp.context_count(), 0);
        let before = scene.kernel.calls.snapshot();
        assert!(!connection.send(b"z").is_called);
        connection.close();
        assert_eq!(scene.kernel.calls.snapshot(), before);
        assert_eq!((scene.log().as_str(), removed()), ("", 1));
    }
}

#[test]
fn s15_each_direction_may_bring_the_last_allow() {
    for direction in [Direction::Inbound, Direction::Outbound] {
        let Some((scene, connection)) = begin(&[&[MORE, ALLOW]]) else { return };
        let indication = Indication { direction, ..Indication::received(b"x") };
        assert!(connection.indicate(&indication).is_permitted && !connection.has_context());
        assert_eq!(scene.kernel.fwp.deletes_delivered(), 1);
        let verdicts = scene.events::<Verdict>();
        let fates: Vec<_> = verdicts.iter().map(|it| (it.fate, it.decider_chain_index)).collect();
        assert_eq!(fates, [(Fate::Allow, 0)]);
    }
}
