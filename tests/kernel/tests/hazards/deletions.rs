//! Lessons from the history of netebpfext about deletions: they come late, and while programs go.
//! Tests are named after the issue.

use crate::counted::counted;
use crate::kept::assert_ended_once;
use crate::scene::{ALLOW, Answers, BLOCK, FAIL, MORE, Scene};
use weir_abi::counters::Series;
use weir_abi::event::FlowClosed;
use weir_sim_kernel::ebpf::{Params, Reply};
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec};

/// A deletion may come when the program, the filters and the engine of the flow are long gone: a
/// flow owns what it needs for its end.
///
/// Source: microsoft/ebpf-for-windows issue 5291 (read 2026-11)
#[test]
fn a09_5291_a_deletion_that_comes_after_programs_and_filters_are_gone_finds_its_flow() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    let more = scene.attach_with(&Params::compartment(1), Answers::of(&[MORE]));
    let block = scene.attach_with(&Params::compartment(2), Answers::of(&[MORE, BLOCK]));
    let spec = |compartment_id| FlowSpec { compartment_id, ..FlowSpec::default() };
    let flows: Vec<_> = [1, 2].repeat(8).iter().map(|it| scene.net.connect(&spec(*it))).collect();
    for connection in &flows {
        connection.send(b"12345");
        connection.close();
    }
    assert_eq!(scene.kernel.fwp.context_count(), 16);
    for attached in [more, block] {
        scene.detach(&attached);
        attached.loaded().unload();
    }
    // What is told of attachments that are gone is forgotten after ten sets.
    scene.kernel.advance(20_000_000_000);
    scene.net.stop_engine();
    scene.kernel.run_work();
    scene.log();
    scene.net.deliver_deletes();
    assert_eq!(scene.log(), "", "a program that is gone was asked");
    assert_ended_once(&scene, 16);
    let closed = scene.events::<FlowClosed>();
    let absorbed: Vec<_> = closed.iter().filter(|it| it.absorbed_bytes == 5).collect();
    assert_eq!(absorbed.len(), 8, "{closed:?}");
}

/// What happens to a flow and to the program that classifies it, in every order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// The connection ends.
    Close,
    /// WFP tells of it.
    Deliver,
    Detach,
    /// The detach walk comes.
    Work,
}

fn orders() -> Vec<[Step; 4]> {
    use Step::{Close, Deliver, Detach, Work};
    let all = [Close, Deliver, Detach, Work];
    let mut orders = Vec::new();
    for number in 0..256_usize {
        let order = [0, 2, 4, 6].map(|shift| all[number >> shift & 3]);
        let at = |step| order.iter().position(|it| *it == step);
        let [close, deliver, detach, work] = all.map(at);
        let is_permutation = [close, deliver, detach, work].iter().all(Option::is_some);
        if is_permutation && close < deliver && detach < work {
            orders.push(order);
        }
    }
    orders
}

/// Flows end while programs unload, among them some whose program failed: each leaves its list
/// once, is freed once, and a failed invocation frees nothing that WFP still has.
///
/// Source: microsoft/ebpf-for-windows issue 5555 (read 2026-11)
#[test]
fn a09_5555_flows_that_end_while_programs_unload_end_once_in_every_order() {
    // A failure, an allow and a block come with the data, before anything else.
    let answers: [&[Reply]; 4] = [&[MORE], &[MORE, BLOCK], &[MORE, FAIL], &[MORE, ALLOW]];
    assert_eq!(orders().len(), 6);
    for (order, answers) in orders().into_iter().flat_map(|it| answers.map(|to| (it, to))) {
        let Some(scene) = Scene::open() else { return };
        scene.kernel.fwp.set_deletes(Deletes::Later);
        let attached = scene.attach(answers);
        let flows: Vec<_> = (0..9).map(|_| scene.connect()).collect();
        flows.iter().for_each(|it| assert!(it.has_context()));
        flows.iter().for_each(|it| assert!(it.send(b"x").is_called));
        for step in order {
            match step {
                Step::Close => flows.iter().for_each(|it| it.close()),
                Step::Deliver => scene.net.deliver_deletes(),
                Step::Detach => assert!(!attached.detach()),
                Step::Work => scene.kernel.run_work(),
            }
        }
        assert!(attached.is_detached(), "{order:?}");
        scene.net.deliver_deletes();
        assert_ended_once(&scene, 9);
    }
}

/// A deletion gives back what the flow had, also when the program has detached before.
///
/// Source: microsoft/ebpf-for-windows issue 1093 (read 2026-11)
#[test]
fn a09_1093_a_deletion_after_the_detach_gives_back_what_the_flow_had() {
    let Some(scene) = Scene::open() else { return };
    scene.kernel.fwp.set_deletes(Deletes::Later);
    let cycle = |is_before: bool| {
        let attached = scene.attach(&[MORE]);
        let connection = scene.connect();
        assert!(connection.has_context());
        if is_before {
            connection.close();
            scene.detach(&attached);
        } else {
            connection.send(b"x");
            scene.detach(&attached);
            connection.close();
        }
        scene.net.deliver_deletes();
        // Long enough for what is told of the attachment to be forgotten.
        scene.kernel.advance(20_000_000_000);
    };
    cycle(true);
    cycle(false);
    let (bytes, blocks) = (scene.kernel.pool.live_bytes(), scene.kernel.pool.live_blocks());
    // More flows than a piece of the pool has places.
    for number in 0..100 {
        cycle(number % 2 == 0);
    }
    assert_eq!((scene.kernel.pool.live_bytes(), scene.kernel.pool.live_blocks()), (bytes, blocks));
    assert_eq!(counted(&scene).sum(0, Series::Contexts), 0);
    assert_ended_once(&scene, 102);
}
