//! Many flows, programs that answer anything, attachments that come and go: whatever happens, each
//! pair ends once and each flow has one fate (S25 to S27), and counters say what events say.

use crate::counted::{counted, sets};
use crate::scene::{DELETED, ESTABLISHED, NEW, Scene, Setup, Told};
use std::collections::{BTreeMap, BTreeSet};
use weir_abi::counters::Series;
use weir_abi::event::{
    Cleanup, Fate, FlowClosed, FlowEstablished, FlowUninspected, Invocation, PairEnd, Verdict,
};
use weir_sim_kernel::ebpf::{Attached, Params, Reply, Seen};
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Deletes, flows::FlowSpec};
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Connection;

/// Numbers that look random and are the same each time.
///
/// Source: `SplitMix64`, Sebastiano Vigna, prng.di.unimi.it (public domain, read 2026-11)
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound).unwrap()).unwrap()
    }

    /// Mostly "more", sometimes each of the others.
    fn reply(&mut self) -> Reply {
        match self.below(20) {
            0..4 => Reply::Answer(0),
            4 => Reply::Answer(1),
            5 => Reply::Fail(17),
            6 => Reply::Answer(3),
            7 => Reply::Scribble(2),
            _ => Reply::Answer(2),
        }
    }
}

fn attach(scene: &Scene, seed: u64) -> Attached {
    let mut random = Random(seed);
    let script = move |_: &Seen| random.reply();
    scene.try_attach(&Params::default(), script).unwrap()
}

/// One step of everything that can happen.
fn step(scene: &Scene, random: &mut Random, flows: &mut Vec<Connection>, all: &mut Vec<Attached>) {
    let pick = random.below(flows.len().max(1));
    match random.below(40) {
        0..8 => {
            let spec = if random.below(2) == 0 { FlowSpec::default() } else { FlowSpec::v6() };
            let spec = if random.below(2) == 0 { spec } else { spec.peer() };
            let connection = scene.net.connect(&spec);
            if !connection.is_refused() {
                flows.push(connection);
            }
        }
        8..13 if !flows.is_empty() => flows.swap_remove(pick).close(),
        13 if random.below(4) == 0 => {
            scene.net.stop_engine();
            if random.below(2) == 0 {
                scene.kernel.run_work();
            }
            scene.net.start_engine();
        }
        14 if all.len() < 4 => all.push(attach(scene, random.next())),
        15 if all.len() > 1 => {
            let which = random.below(all.len());
            all.swap_remove(which).detach();
        }
        16 | 17 => scene.kernel.run_work(),
        18 => scene.net.deliver_deletes(),
        19 => scene.kernel.faults.fail("KeExpandKernelStackAndCalloutEx", 3, -1),
        20 => scene.kernel.faults.fail("FwpsCopyStreamDataToBuffer0", 1, 0),
        21 => scene.kernel.faults.fail("FwpsFlowAssociateContext0", 1, -1),
        _ if !flows.is_empty() && scene.kernel.fwp.is_open(flows[pick].flow) => {
            let shape = Shape::ALL[random.below(Shape::ALL.len())];
            let bytes = vec![7; 1 + random.below(3000)];
            let shown = Indication::sent(&bytes).shaped(shape);
            let processor = u32::try_from(random.below(4)).unwrap();
            scene.kernel.on_processor(processor, || flows[pick].indicate(&shown));
        }
        _ => {}
    }
}

/// What a pair went through: how often it was asked in each state.
type Pairs = BTreeMap<(u64, usize), [usize; 3]>;

fn pairs(told: &[Told]) -> Pairs {
    let mut pairs = Pairs::new();
    for it in told {
        let state = usize::try_from(it.seen.context.state).unwrap();
        let pair = pairs.entry((it.seen.context.flow_id, it.program)).or_default();
        assert_eq!(pair[usize::try_from(DELETED).unwrap()], 0, "asked after its DELETED");
        assert!(state != 0 || pair[0] == 0, "NEW twice");
        pair[state] += 1;
    }
    pairs
}

fn look(scene: &Scene, told: &[Told], attachments: u32, is_closed: bool) {
    let pairs = pairs(told);
    let invoked: BTreeSet<u64> = pairs.keys().map(|(flow, _)| *flow).collect();
    let verdicts = scene.events::<Verdict>();
    let uninspected = scene.events::<FlowUninspected>();
    let told_fates = verdicts.iter().map(|it| it.flow_id);
    let told_fates = told_fates.chain(uninspected.iter().map(|it| it.flow_id));
    let (mut fates, mut times) = (BTreeSet::new(), 0);
    for flow in told_fates.filter(|flow| invoked.contains(flow)) {
        times += 1;
        fates.insert(flow);
    }
    assert_eq!((fates.len(), times), (invoked.len(), invoked.len()), "one fate for each flow");
    let set = sets(scene.kernel).pop().unwrap();
    assert_eq!(set.sum(0, Series::Flows), u64::try_from(invoked.len()).unwrap());
    let never = if is_closed { Fate::FailedOpen } else { Fate::FailedClosed };
    for fate in Fate::ALL {
        assert_eq!(set.flows(*fate) > 0, *fate != never, "{fate:?}");
    }
    let cleanups = scene.events::<Cleanup>();
    let deleted: usize = pairs.values().map(|it| it[2]).sum();
    // A DELETED that had no stack is told with its result, though nobody was asked.
    let made = cleanups.iter().filter(|it| !it.omitted && it.result != 12).count();
    assert_eq!(made, deleted, "a Cleanup event for each DELETED");
    assert_eq!(scene.events::<FlowEstablished>().len(), scene.events::<FlowClosed>().len());
    let asked: usize = pairs.values().flatten().sum();
    let no_stack = scene.events::<Invocation>().iter().filter(|it| it.result == 12).count();
    assert_eq!(scene.events::<Invocation>().len(), asked + no_stack);
    let mut reasons = [0_u64; 8];
    for set in sets(scene.kernel) {
        for attach_id in 1..=attachments {
            if set.is_final(attach_id) {
                let (begun, ended) = set.pairs(attach_id);
                assert_eq!(begun, ended.iter().sum::<u64>(), "attachment {attach_id}");
                for (sum, count) in reasons.iter_mut().zip(ended) {
                    *sum += count;
                }
            }
        }
    }
    for (reason, count) in PairEnd::ALL.iter().zip(reasons) {
        assert!(count > 0, "{reason:?} never came: the test sees too little");
    }
}

fn life(seed: u64, setup: &Setup) {
    let Some(scene) = Scene::boot(setup) else { return };
    let mut random = Random(seed);
    let (mut flows, mut all) = (Vec::new(), Vec::new());
    let mut told = Vec::new();
    scene.kernel.fwp.set_deletes(if seed.is_multiple_of(2) {
        Deletes::AtOnce
    } else {
        Deletes::Later
    });
    for _ in 0..3 {
        all.push(attach(&scene, random.next()));
    }
    for _ in 0..3000 {
        step(&scene, &mut random, &mut flows, &mut all);
        told.extend(scene.take_told());
        if random.below(500) == 0 {
            counted(&scene);
        }
    }
    scene.kernel.faults.clear();
    scene.kernel.run_work();
    scene.net.deliver_deletes();
    // Something for the unload to end.
    let _left: Vec<_> = (0..20).map(|_| scene.connect()).collect();
    told.extend(scene.take_told());
    let attachments = u32::try_from(told.iter().map(|it| it.program).max().unwrap()).unwrap() + 1;
    scene.unload();
    told.extend(scene.take_told());
    look(&scene, &told, attachments, setup.is_closed);
    assert!(told.iter().any(|it| it.seen.context.state == NEW));
    assert!(told.iter().any(|it| it.seen.context.state == ESTABLISHED));
}

#[test]
fn s27_each_flow_has_one_fate_and_each_pair_one_end_whatever_happens_when_open() {
    for seed in 0..4 {
        life(seed, &Setup::default());
    }
}

#[test]
fn s27_each_flow_has_one_fate_and_each_pair_one_end_whatever_happens_when_closed() {
    for seed in 4..8 {
        life(seed, &Setup { is_closed: true, ..Setup::default() });
    }
}

#[test]
fn s27_each_flow_has_one_fate_and_each_pair_one_end_where_blocked_flows_are_aborted() {
    for seed in 8..12 {
        life(seed, &Setup { aborts: true, ..Setup::default() });
    }
}
