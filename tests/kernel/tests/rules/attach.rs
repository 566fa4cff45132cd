//! Attach and detach (S28 to S30).

use crate::counted::{INTERVAL_NS, cleanups, counted, errors, fates};
use crate::scene::{Answers, MORE, Scene, Setup};
use core::cell::Cell;
use std::rc::Rc;
use weir_abi::attach::AttachParameter;
use weir_abi::counters::Series;
use weir_abi::event::{Attached as Came, Detached as Went, ErrorApi, Fate, FateReason, PairEnd};
use weir_abi::wire::Text;
use weir_sim_kernel::ebpf::{Attached, Params, Refused};
use weir_sim_kernel::fwp::flows::FlowSpec;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const INVALID_PARAMETER: u32 = 0xC000_000D;
const QUOTA_EXCEEDED: u32 = 0xC000_0044;

/// `EBPF_EXTENSION_FAILED_TO_LOAD`, which is all that user mode sees.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11)
const EXTENSION_FAILED_TO_LOAD: i32 = 23;

fn refusal(status: u32) -> Refused {
    Refused { result: EXTENSION_FAILED_TO_LOAD, status: Some(status.cast_signed()) }
}

/// Programs in the order in which they are asked about a new flow.
fn asked(scene: &Scene) -> Vec<usize> {
    scene.take_told();
    scene.connect().close();
    scene.take_told().iter().filter(|it| it.seen.context.state == 0).map(|it| it.program).collect()
}

#[test]
fn s28_64_programs_are_asked_in_attach_order_and_the_65th_is_refused() {
    let Some(scene) = Scene::open() else { return };
    for number in 0..64_u32 {
        // Any compartment, that of the flow, another one.
        let parameters = [Params::default(), Params::compartment(1), Params::compartment(2)];
        let parameter = &parameters[number as usize % 3];
        scene.attach_with(parameter, Answers::of(&[MORE]));
    }
    let refused = scene.try_attach(&Params::default(), |_| MORE).unwrap_err();
    assert_eq!(refused, refusal(QUOTA_EXCEEDED));
    assert_eq!(errors(&scene), [(ErrorApi::AttachLimit, QUOTA_EXCEEDED)]);
    let expected: Vec<_> = (0..64).filter(|number| number % 3 != 2).collect();
    assert_eq!(asked(&scene), expected);
}

#[test]
fn s28_a_place_that_became_free_can_be_taken_once() {
    let Some(scene) = Scene::open() else { return };
    let all: Vec<_> = (0..64).map(|_| scene.attach(&[MORE])).collect();
    scene.detach(&all[20]);
    scene.attach(&[MORE]);
    assert!(scene.try_attach(&Params::default(), |_| MORE).is_err());
    let expected: Vec<_> = (0..65).filter(|number| *number != 20).collect();
    assert_eq!(asked(&scene), expected);
}

#[test]
fn s28_programs_attach_while_the_filtering_engine_is_down() {
    let setup = Setup { is_engine_down: true, ..Setup::default() };
    let Some(scene) = Scene::boot(&setup) else { return };
    let attached = scene.attach(&[MORE]);
    assert!(attached.is_attached() && asked(&scene).is_empty());
    scene.net.start_engine();
    scene.kernel.run_work();
    assert_eq!(asked(&scene), [0]);
}

#[test]
fn s28_each_form_of_the_parameter_is_understood_and_told() {
    let Some(scene) = Scene::open() else { return };
    let structure = |compartment_id, label| {
        let label = Text::new(label).unwrap();
        Params::data(&AttachParameter { compartment_id, label }.to_bytes())
    };
    let nothing = Params { has_extension_data: false, ..Params::default() };
    let forms = [
        Params::default(),
        Params::compartment(7),
        structure(1, "sni"),
        structure(0, "förster"),
        nothing,
    ];
    for form in &forms {
        scene.attach_with(form, Answers::of(&[MORE]));
    }
    let came = scene.events::<Came>();
    let told = |it: &Came| (it.slot, it.attach_id, it.chain_index, it.compartment_id);
    let expected = [(0, 1, 0, 0), (1, 2, 1, 7), (2, 3, 2, 1), (3, 4, 3, 0), (4, 5, 4, 0)];
    assert_eq!(came.iter().map(told).collect::<Vec<_>>(), expected);
    let labels: Vec<_> = came.iter().map(|it| it.label.as_str().to_owned()).collect();
    assert_eq!(labels, ["", "", "sni", "förster", ""]);
    assert_eq!(asked(&scene), [0, 2, 3, 4]);
    let connection = scene.net.connect(&FlowSpec { compartment_id: 7, ..FlowSpec::v6() });
    assert_eq!(scene.log(), "new0 new1 new3 new4");
    connection.close();
}

#[test]
fn s28_garbage_of_every_length_is_refused_and_told() {
    let Some(scene) = Scene::open() else { return };
    let lengths = (1..=100).chain([255, 256, 4095, 4096, 4097, 5000, 65_536]);
    let good = AttachParameter::default().to_bytes();
    let mut garbage: Vec<_> = lengths.filter(|it| *it != 4).map(|it| vec![0xee; it]).collect();
    // A structure of another version, of another size, with a label that has no end.
    for (at, byte) in [(0, 2), (2, 71), (3, 1), (8, 0xff)] {
        let mut bad = good;
        bad[at] = byte;
        garbage.push(bad.to_vec());
    }
    garbage.push([&good[..8], &[b'x'; 64]].concat());
    // A good one with more behind it than is looked at.
    garbage.push([good.as_slice(), &[0; 8000]].concat());
    let mut accepted = Vec::new();
    for bytes in &garbage {
        // Errors of one kind are told ten times a second.
        scene.kernel.advance(INTERVAL_NS);
        scene.forget_events();
        let outcome = scene.try_attach(&Params::data(bytes), |_| MORE);
        let is_told = errors(&scene) == [(ErrorApi::AttachParameter, INVALID_PARAMETER)];
        if outcome.err() != Some(refusal(INVALID_PARAMETER)) || !is_told {
            accepted.push(bytes.len());
        }
    }
    assert!(accepted.is_empty(), "parameters of so many bytes: {accepted:?}");
    assert!(asked(&scene).is_empty() && scene.events::<Came>().is_empty());
}

#[test]
fn s29_a_new_program_sees_only_flows_that_are_established_after_it() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let before = scene.connect();
    scene.attach(&[MORE]);
    let after = scene.connect();
    scene.log();
    before.send(b"x");
    assert_eq!(scene.log(), "established0");
    after.send(b"x");
    assert_eq!(scene.log(), "established0 established1");
    before.close();
    assert_eq!(scene.log(), "deleted0");
}

#[test]
fn s29_a_slot_is_given_again_only_after_the_walk_and_never_with_its_flows() {
    let Some(scene) = Scene::open() else { return };
    let first = scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    let connection = scene.connect();
    first.detach();
    // The walk has not come yet.
    scene.attach(&[MORE]);
    scene.kernel.run_work();
    scene.attach(&[MORE]);
    let slots: Vec<_> = scene.events::<Came>().iter().map(|it| it.slot).collect();
    assert_eq!(slots, [0, 1, 2, 0]);
    scene.log();
    connection.send(b"x");
    connection.close();
    assert_eq!(scene.log(), "established1 deleted1", "the slot's new program has no old flows");
}

#[test]
fn s29_attach_ids_are_never_given_again() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..70 {
        let attached = scene.attach(&[MORE]);
        scene.detach(&attached);
    }
    let ids: Vec<_> = scene.events::<Came>().iter().map(|it| it.attach_id).collect();
    assert_eq!(ids, (1..=70).collect::<Vec<_>>());
    let slots = scene.events::<Came>();
    assert!(slots.iter().all(|it| it.slot == 0), "a slot that is free is given again");
}

#[test]
fn s29_a_walk_goes_on_with_the_order_that_it_began_with() {
    let Some(scene) = Scene::open() else { return };
    let second: Rc<Cell<Option<Attached>>> = Rc::default();
    let to_detach = Rc::clone(&second);
    let script = move |_: &_| {
        if let Some(attached) = to_detach.take() {
            attached.detach();
        }
        MORE
    };
    scene.try_attach(&Params::default(), script).unwrap();
    let attached = scene.attach(&[MORE]);
    let connection = scene.connect();
    second.set(Some(attached));
    scene.log();
    connection.send(b"x");
    assert_eq!(scene.log(), "established0 established1");
    connection.send(b"y");
    assert_eq!(scene.log(), "established0", "a walk that begins after the detach");
    scene.kernel.run_work();
    assert!(attached.is_detached());
    connection.close();
    assert_eq!(scene.log(), "deleted0");
}

#[test]
fn s30_a_detach_ends_in_the_worker_and_nobody_is_asked_meanwhile() {
    let Some(scene) = Scene::open() else { return };
    let attached = scene.attach(&[MORE]);
    let connection = scene.connect();
    scene.log();
    assert!(!attached.detach(), "the callback must not wait");
    assert!(!attached.is_attached() && !attached.is_detached());
    assert!(connection.send(b"x").is_permitted);
    assert!(!scene.connect().has_context());
    assert_eq!(scene.log(), "");
    scene.kernel.run_work();
    assert!(attached.is_detached());
    let went: Vec<_> = scene.events::<Went>().iter().map(|it| (it.slot, it.attach_id)).collect();
    assert_eq!(went, [(0, 1)]);
}

#[test]
fn s30_detaches_that_were_asked_for_together_end_in_any_order() {
    for is_reversed in [false, true] {
        let Some(scene) = Scene::open() else { return };
        if is_reversed {
            scene.kernel.io.reverse_queue();
        }
        let all: Vec<_> = (0..5).map(|_| scene.attach(&[MORE])).collect();
        let connection = scene.connect();
        for attached in &all[1..4] {
            attached.detach();
        }
        scene.kernel.run_work();
        // What one of them left undone may be done in a while.
        scene.kernel.advance(INTERVAL_NS);
        let ended: Vec<_> = all.iter().map(Attached::is_detached).collect();
        assert_eq!(ended, [false, true, true, true, false], "reversed: {is_reversed}");
        assert_eq!(scene.events::<Went>().len(), 3);
        assert_eq!(cleanups(&scene).len(), 3);
        scene.log();
        connection.send(b"x");
        assert_eq!(scene.log(), "established0 established4");
        // The unload detaches the others, in this order too.
    }
}

#[test]
fn s30_the_walk_releases_flows_that_only_the_detached_was_classifying() {
    let Some(scene) = Scene::open() else { return };
    let only = scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
    scene.attach_with(&Params::compartment(2), Answers::of(&[MORE]));
    for number in 0..40 {
        let base = if number % 2 == 0 { FlowSpec::default() } else { FlowSpec::v6() };
        let compartment_id = if number % 4 < 3 { 1 } else { 2 };
        assert!(scene.net.connect(&FlowSpec { compartment_id, ..base }).has_context());
    }
    scene.log();
    scene.kernel.calls.keep_order();
    scene.detach(&only);
    assert_eq!(scene.log(), "", "no DELETED once rundown has begun");
    assert_eq!(scene.kernel.fwp.context_count(), 10);
    assert_eq!(cleanups(&scene), [(1, PairEnd::Detached, true); 30]);
    assert_eq!(fates(&scene), [(Fate::Undecided, FateReason::Detached); 30]);
    let order = scene.kernel.calls.take_order();
    let at = |name| order.iter().position(|call| *call == name);
    let is_first = at("NmrProviderDetachClientComplete") < at("FwpsFlowRemoveContext0");
    assert!(is_first && at("FwpsFlowRemoveContext0").is_some(), "the detach waits for the walk");
}

/// Data goes on between the detach and its walk; only who saw it has it counted, and each pair once.
#[test]
fn s30_what_comes_before_the_walk_is_not_counted_as_shown_to_who_left() {
    const MORE_PLACE: u16 = 2;
    let Some(scene) = Scene::open() else { return };
    let all: Vec<_> = (0..3).map(|_| scene.attach(&[MORE])).collect();
    let connection = scene.connect();
    connection.send(&[0x57; 100]);
    all[0].detach();
    connection.send(&[0x57; 1_000]);
    all[1].detach();
    connection.send(&[0x57; 10_000]);
    connection.receive(&[0x57; 20_000]);
    scene.kernel.run_work();
    connection.close();
    let set = counted(&scene);
    let shown = |attach_id| {
        let bytes = set.of(attach_id, Series::InspectedBytes, MORE_PLACE);
        (set.of(attach_id, Series::InspectedSegments, MORE_PLACE), bytes)
    };
    assert_eq!([shown(1), shown(2), shown(3)], [(1, 100), (2, 1_100), (4, 31_100)]);
    for attach_id in 1..4 {
        assert_eq!(set.sum(attach_id, Series::DecisionTimeUndecided), 1, "{attach_id}");
    }
}

#[test]
fn s30_the_order_of_the_rest_stays_and_who_attaches_again_is_the_last() {
    let Some(scene) = Scene::open() else { return };
    let first = scene.attach(&[MORE]);
    let second = scene.attach(&[MORE]);
    scene.attach(&[MORE]);
    scene.detach(&first);
    assert_eq!(asked(&scene), [1, 2]);
    // The same program once more; tests number attachments.
    scene.attach(&[MORE]);
    assert_eq!(asked(&scene), [1, 2, 3]);
    scene.detach(&second);
    assert_eq!(asked(&scene), [2, 3]);
    let came: Vec<_> = scene.events::<Came>().iter().map(|it| it.chain_index).collect();
    let went: Vec<_> = scene.events::<Went>().iter().map(|it| it.chain_index).collect();
    assert_eq!((came, went), (vec![0, 1, 2, 2], vec![0, 0]));
}

#[test]
fn s30_what_an_attachment_took_is_given_back_after_its_final_counters() {
    let Some(scene) = Scene::open() else { return };
    let kernel = scene.kernel;
    let come_and_go = || {
        let attached = scene.attach(&[MORE]);
        scene.connect().close();
        let most = kernel.pool.live_bytes();
        scene.detach(&attached);
        most
    };
    come_and_go();
    kernel.advance(20 * INTERVAL_NS);
    let (before, blocks) = (kernel.pool.live_bytes(), kernel.pool.live_blocks());
    for _ in 0..3 {
        let most = come_and_go();
        kernel.advance(9 * INTERVAL_NS);
        let while_told = kernel.pool.live_bytes();
        assert!(before < while_told && while_told <= most, "{before} {while_told} {most}");
        kernel.advance(INTERVAL_NS);
        assert_eq!((kernel.pool.live_bytes(), kernel.pool.live_blocks()), (before, blocks));
    }
}
