//! What several hazards come to: a flow that ends twice or never, a place that is not given back.

use crate::counted::{cleanups, errors};
use crate::scene::{DELETED, Scene, Told};
use std::collections::BTreeSet;
use weir_abi::event::{Cleanup, ErrorApi, FlowClosed, FlowEstablished};

/// The call that asks WFP for a context.
pub(crate) const REMOVE: &str = "FwpsFlowRemoveContext0";

/// How often an import was called while something ran.
pub(crate) fn calls(scene: &Scene, name: &str, run: impl FnOnce()) -> u64 {
    let before = scene.kernel.calls.of(name);
    run();
    scene.kernel.calls.of(name) - before
}

/// That `flows` flows had a context, that each of them was told closed once, that WFP has told each
/// of their contexts deleted once, and that nothing but programs failed on the way.
pub(crate) fn assert_ended_once(scene: &Scene, flows: usize) {
    let begun = scene.events::<FlowEstablished>();
    let begun: BTreeSet<_> = begun.iter().map(|it| it.flow_serial).collect();
    let closed = scene.events::<FlowClosed>();
    let ended: BTreeSet<_> = closed.iter().map(|it| it.flow_serial).collect();
    assert_eq!((begun.len(), closed.len()), (flows, flows));
    assert_eq!(begun, ended);
    let fwp = &scene.kernel.fwp;
    let delivered = usize::try_from(fwp.deletes_delivered()).unwrap();
    assert_eq!((delivered, fwp.context_count()), (flows, 0));
    let pairs = scene.events::<Cleanup>();
    let once: BTreeSet<_> = pairs.iter().map(|it| (it.flow_serial, it.attach_id)).collect();
    assert_eq!(once.len(), pairs.len(), "a pair ended twice: {:?}", cleanups(scene));
    let failed = errors(scene).into_iter().filter(|it| it.0 != ErrorApi::Invoke);
    assert_eq!(failed.collect::<Vec<_>>(), []);
}

/// Which program was told DELETED for which flow, in order.
pub(crate) fn deleted(told: &[Told]) -> Vec<(usize, u64)> {
    let deleted = told.iter().filter(|it| it.seen.context.state == DELETED);
    deleted.map(|it| (it.program, it.seen.context.flow_id)).collect()
}
