//! Contexts, levels, stacks and pool (S37 to S40).
//!
//! What happens at once on two processors is played here by a program of one flow that calls the
//! driver for another flow, on another processor. Invocations for one flow at once, and waits of
//! processors for each other, are played by threads under a seed: `tests/sim/tests/interleavings`.

use crate::counted::errors;
use crate::scene::{ALLOW, Answers, BLOCK, FAIL, MORE, Scene, Setup};
use core::cell::Cell;
use std::rc::Rc;
use weir_sim_kernel::Kernel;
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec};
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::kernel::{DISPATCH_LEVEL, PASSIVE_LEVEL};
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Connection;

const REMOVE: &str = "FwpsFlowRemoveContext0";
const STACK: &str = "KeExpandKernelStackAndCalloutEx";
const ALLOCATE: &str = "ExAllocatePool2";

fn calls<T>(kernel: &Kernel, name: &str, run: impl FnOnce() -> T) -> (u64, T) {
    let before = kernel.calls.of(name);
    let result = run();
    (kernel.calls.of(name) - before, result)
}

/// Numbers that are not that of a flow, given one that is.
fn garbage(right: u64) -> Vec<u64> {
    let bits = (0..64).map(|bit| right ^ (1 << bit));
    let others = [0, 1, u64::MAX, 0xffff_ffff, 1 << 32, 0xffff_ffff_ffff_ff00];
    bits.chain(others).filter(|number| *number != right).collect()
}

#[test]
fn s37_a_number_that_is_nobodys_does_nothing() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    for spec in [FlowSpec::default(), FlowSpec::v6()] {
        let connection = scene.net.connect(&spec);
        let right = scene.kernel.fwp.context_of(connection.flow).unwrap();
        scene.log();
        for forged in garbage(right) {
            scene.kernel.fwp.forge_context(connection.flow, forged);
            assert!(connection.send(b"x").is_permitted, "{forged:#x}");
            assert_eq!(scene.log(), "", "{forged:#x} is taken for {right:#x}");
            for is_v6 in [false, true] {
                scene.kernel.fwp.tell_deleted(scene.kernel, is_v6, forged);
            }
            assert_eq!(scene.log(), "", "{forged:#x} is taken for {right:#x}");
        }
        scene.kernel.fwp.forge_context(connection.flow, right);
        connection.send(b"x");
        connection.close();
        assert_eq!(scene.log(), "established0 deleted0");
    }
}

#[test]
fn s37_a_number_of_a_flow_that_is_gone_is_not_taken_for_its_successor() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let mut gone = Vec::new();
    for _ in 0..50 {
        let connection = scene.connect();
        let right = scene.kernel.fwp.context_of(connection.flow).unwrap();
        assert!(!gone.contains(&right), "a number is given twice");
        scene.log();
        for late in &gone {
            scene.kernel.fwp.tell_deleted(scene.kernel, false, *late);
            scene.kernel.fwp.forge_context(connection.flow, *late);
            connection.send(b"x");
        }
        assert_eq!(scene.log(), "");
        scene.kernel.fwp.forge_context(connection.flow, right);
        connection.close();
        assert_eq!(scene.log(), "deleted0");
        gone.push(right);
    }
    let place = |number: &u64| *number & 0xffff_ffff;
    let is_used_again = gone.iter().skip(1).any(|number| place(number) == place(&gone[0]));
    assert!(is_used_again, "no place was used twice: the test sees nothing");
}

#[test]
fn s37_a_context_is_removed_once_even_if_everybody_wants_it() {
    for deletes in [Deletes::AtOnce, Deletes::Later] {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(deletes);
        scene.attach(&[ALLOW]);
        let second = scene.attach(&[MORE, ALLOW]);
        let connection = scene.connect();
        // From inside the classify: always pending.
        let (removals, _) = calls(scene.kernel, REMOVE, || connection.send(b"x"));
        assert_eq!((removals, connection.has_context()), (1, false));
        let (removals, ()) = calls(scene.kernel, REMOVE, || {
            scene.detach(&second);
            connection.close();
            scene.net.deliver_deletes();
        });
        assert_eq!((removals, scene.kernel.fwp.deletes_delivered()), (0, 1));
        assert!(errors(&scene).is_empty(), "{:?}", errors(&scene));
    }
}

#[test]
fn s37_a_deletion_by_itself_asks_for_no_removal() {
    let Some(scene) = Scene::open() else { return };
    scene.attach(&[MORE]);
    let connection = scene.connect();
    let (removals, ()) = calls(scene.kernel, REMOVE, || connection.close());
    assert_eq!((removals, scene.kernel.fwp.deletes_delivered()), (0, 1));
}

#[test]
fn s37_a_context_that_has_gone_already_is_no_error() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    let attached = scene.attach(&[MORE]);
    let connection = scene.connect();
    connection.close();
    // The deletion is on its way, and the detach walk comes first.
    let (removals, ()) = calls(scene.kernel, REMOVE, || scene.detach(&attached));
    assert_eq!(removals, 1);
    scene.log();
    scene.net.deliver_deletes();
    assert_eq!((scene.log().as_str(), scene.kernel.fwp.context_count()), ("", 0));
    assert!(errors(&scene).is_empty(), "{:?}", errors(&scene));
}

/// A connection that a program of another flow plays with.
type Other = Rc<Cell<Option<Connection>>>;

/// Two programs, each for a compartment of its own; the first one plays with `Other` once.
///
/// What is played must not ask the platform to associate or remove a context: this kernel counts
/// the locks of all processors together, and would take the first flow's for its own.
fn two_flows(
    second: &[Reply],
    play: impl Fn(Connection) + 'static,
) -> Option<(Scene, Connection, Connection, Other)> {
    let scene = Scene::open()?;
    let other = Other::default();
    let (played, kernel) = (Rc::clone(&other), scene.kernel);
    let script = move |_: &_| {
        if let Some(connection) = played.take() {
            kernel.on_processor(1, || play(connection));
        }
        MORE
    };
    scene.try_attach(&Params::compartment(1), script).unwrap();
    scene.attach_with(&Params::compartment(2), Answers::of(second));
    let first = scene.connect();
    let second = scene.net.connect(&FlowSpec { compartment_id: 2, ..FlowSpec::v6() });
    scene.log();
    Some((scene, first, second, other))
}

#[test]
fn s38_data_of_two_flows_is_shown_at_once() {
    let copied = || Indication::sent(b"0123456789").shaped(Shape::SplitMdls);
    let play = move |it: Connection| {
        it.indicate(&copied());
    };
    let Some((scene, first, second, other)) = two_flows(&[MORE], play) else { return };
    other.set(Some(second));
    assert!(first.indicate(&copied()).is_permitted);
    let told = scene.take_told();
    let seen: Vec<_> = told.iter().map(|it| (it.program, it.seen.processor)).collect();
    assert_eq!(seen, [(0, 0), (1, 1)]);
    assert!(told.iter().all(|it| it.seen.data.as_deref() == Some(b"0123456789")));
    assert_ne!(told[0].seen.context.data_start, told[1].seen.context.data_start);
}

#[test]
fn s38_one_flow_ends_while_data_of_another_is_shown() {
    let play = |it: Connection| it.close();
    let Some((scene, first, second, other)) = two_flows(&[MORE], play) else { return };
    other.set(Some(second));
    assert!(first.send(b"x").is_permitted);
    assert_eq!(scene.log(), "established0 deleted1");
}

#[test]
fn s38_a_flow_is_established_while_data_of_another_is_shown() {
    let play = |it: Connection| {
        it.authorize_again();
    };
    let Some((scene, first, second, other)) = two_flows(&[ALLOW], play) else { return };
    other.set(Some(second));
    assert!(first.send(b"x").is_permitted);
    assert_eq!(scene.log(), "established0 new1");
}

/// Everything that can happen to a flow, at one level.
fn everything(scene: &Scene, irql: u8) {
    for (number, answers) in
        [&[MORE][..], &[MORE, ALLOW], &[MORE, BLOCK], &[BLOCK], &[ALLOW], &[FAIL]]
            .iter()
            .enumerate()
    {
        let attached = scene.attach(answers);
        let base = if number % 2 == 0 { FlowSpec::default() } else { FlowSpec::v6() };
        let connection = scene.net.connect(&FlowSpec { irql, ..base });
        for shape in [Shape::Contiguous, Shape::ManyOfEach, Shape::Unmapped] {
            let bytes = vec![1; 70_000];
            connection.indicate(&Indication { irql, ..Indication::sent(&bytes).shaped(shape) });
        }
        connection.close();
        scene.detach(&attached);
    }
}

#[test]
fn s39_programs_run_at_dispatch_level_whatever_the_callout_was_called_at() {
    let Some(scene) = Scene::open() else { return };
    for irql in [PASSIVE_LEVEL, DISPATCH_LEVEL] {
        everything(&scene, irql);
        let told = scene.take_told();
        assert!(told.len() > 10 && told.iter().all(|it| it.seen.irql == DISPATCH_LEVEL));
    }
}

#[test]
fn s39_flow_established_makes_one_pool_call_at_most_and_the_others_none() {
    let Some(scene) = Scene::boot(&Setup { aborts: true, ..Setup::default() }) else { return };
    scene.attach(&[MORE, MORE, BLOCK]);
    scene.attach(&[MORE]);
    let mut all = 0;
    for _ in 0..200 {
        let (pool, connection) = calls(scene.kernel, ALLOCATE, || scene.connect());
        assert!(pool <= 1, "{pool} pool calls at flow established");
        all += pool;
        let (pool, ()) = calls(scene.kernel, ALLOCATE, || {
            for shape in [Shape::Contiguous, Shape::ManyLists, Shape::Unmapped] {
                connection.indicate(&Indication::sent(&[1; 70_000]).shaped(shape));
            }
        });
        assert_eq!(pool, 0, "at the stream");
        let (pool, ()) = calls(scene.kernel, ALLOCATE, || connection.close());
        assert_eq!(pool, 0, "at the deletion");
    }
    assert!(all >= 1, "no pool call at all: the test sees nothing");
}

/// Calls of one callout: stack expansions, and whether a lock was held when one was asked for.
fn stacks(scene: &Scene, run: impl FnOnce()) -> (usize, bool) {
    scene.kernel.calls.keep_order();
    let _before = scene.kernel.calls.take_order();
    run();
    let (mut held, mut expansions, mut is_held) = (0, 0, false);
    for call in scene.kernel.calls.take_order() {
        match call {
            "KeAcquireSpinLockRaiseToDpc" => held += 1,
            "KeReleaseSpinLock" => held -= 1,
            STACK => {
                expansions += 1;
                is_held |= held != 0;
            }
            _ => {}
        }
    }
    (expansions, is_held)
}

#[test]
fn s39_each_walk_has_one_stack_that_was_asked_for_before_the_lock() {
    let Some(scene) = Scene::open() else { return };
    for _ in 0..5 {
        scene.attach(&[MORE]);
    }
    let flow = Cell::new(None);
    assert_eq!(stacks(&scene, || flow.set(Some(scene.connect()))), (1, false));
    let connection = flow.take().unwrap();
    let large = Indication::sent(&[1; 200_000]).shaped(Shape::SplitMdls);
    assert_eq!(stacks(&scene, || assert!(connection.indicate(&large).is_permitted)), (1, false));
    assert_eq!(stacks(&scene, || connection.close()), (1, false));
    assert_eq!(scene.take_told().len(), 5 + 4 * 5 + 5);
}

#[test]
fn s39_nothing_waits_in_callouts() {
    let Some(scene) = Scene::open() else { return };
    let attached = scene.attach(&[MORE, MORE, BLOCK]);
    let waits = ["KeDelayExecutionThread", "ExWaitForRundownProtectionRelease"];
    let before: Vec<_> = waits.iter().map(|name| scene.kernel.calls.of(name)).collect();
    let connection = scene.net.connect(&FlowSpec { irql: PASSIVE_LEVEL, ..FlowSpec::default() });
    connection.indicate(&Indication { irql: PASSIVE_LEVEL, ..Indication::sent(b"x") });
    connection.send(b"y");
    connection.close();
    attached.detach();
    let after: Vec<_> = waits.iter().map(|name| scene.kernel.calls.of(name)).collect();
    assert_eq!(before, after);
}

#[test]
fn s39_each_entry_point_stays_within_a_kernel_stack() {
    let Some(scene) = Scene::open() else { return };
    for irql in [PASSIVE_LEVEL, DISPATCH_LEVEL] {
        everything(&scene, irql);
    }
    scene.kernel.etw.capture_state();
    scene.kernel.advance(3_000_000_000);
    scene.net.stop_engine();
    scene.net.start_engine();
    scene.unload();
    let marks = scene.kernel.stacks.marks();
    println!("bytes of stack: {marks:?}");
    for (entry, bytes) in &marks {
        assert!(*bytes < 24 << 10, "{entry} uses {bytes} bytes of stack");
    }
    for entry in ["DriverEntry", "DriverUnload", "flow established", "stream", "flowDeleteFn"] {
        assert!(marks.get(entry).is_some_and(|bytes| *bytes > 0), "{entry} was not measured");
    }
}

#[test]
fn s40_the_image_imports_nothing_that_reads_or_sets_a_level_but_the_lock_calls() {
    let Some(image) = image_or_skip() else { return };
    let bytes = std::fs::read(image).unwrap();
    let has = |name: &str| bytes.windows(name.len()).any(|window| window == name.as_bytes());
    assert!(has("KeAcquireSpinLockRaiseToDpc"), "names of imports are not found");
    for name in ["KfRaiseIrql", "KeRaiseIrql", "KeLowerIrql", "KeGetCurrentIrql"] {
        assert!(!has(name), "{name} is imported");
    }
}
