//! What fails uses up nothing: places for programs and for flows are there again afterwards.

use crate::world::{Setup, World};
use weir_sim_kernel::ebpf::Reply;
use weir_sim_kernel::fwp::status;

const MORE: &[Reply] = &[Reply::Answer(2)];

/// Places for programs (S28).
const PROGRAMS: usize = 64;

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// Attaches fail at each of their allocations, more often than there are places.
fn attaches_that_fail(world: &World) {
    // An attach makes fewer calls than these.
    const CALLS: u64 = 24;
    let mut failed = 0;
    for (import, nth) in ["ExAllocatePool2", "IoAllocateWorkItem"]
        .iter()
        .flat_map(|it| (1..=CALLS).map(move |nth| (it, nth)))
    {
        for _ in 0..10 {
            world.kernel.faults.fail(import, nth, NO_MEMORY);
            match world.attach(MORE) {
                None => failed += 1,
                Some(attached) => world.detach(Some(attached)),
            }
            world.kernel.faults.clear();
        }
    }
    if failed <= PROGRAMS {
        world.tell(format!("only {failed} attaches failed"));
    }
    let attached = (0..=PROGRAMS).filter(|_| world.attach(MORE).is_some()).count();
    if attached != PROGRAMS {
        world.tell(format!("{attached} programs can be attached, not {PROGRAMS}"));
    }
}

#[test]
fn an_attach_that_fails_uses_up_no_place() {
    let Some(world) = World::boot(Setup::default()) else { return };
    world.is_told.set(false);
    assert_none(&world.live(attaches_that_fail).wrong);
}

/// Contexts that are not kept, more often than there are places; `MaxFlows` is 3.
fn flows_that_fail(world: &World) {
    world.attach(MORE);
    let all = [
        ("FwpsFlowAssociateContext0", status::OBJECT_NAME_EXISTS),
        ("FwpsFlowAssociateContext0", status::INVALID_PARAMETER),
        ("KeExpandKernelStackAndCalloutEx", NO_MEMORY),
        ("ExAllocatePool2", NO_MEMORY),
    ];
    for (import, status) in all {
        for _ in 0..10 {
            world.kernel.faults.fail(import, 1, status);
            world.connect_v4();
            world.kernel.faults.clear();
        }
    }
    let kept = |world: &World| world.kernel.fwp.context_count();
    // What had memory already was kept.
    let flows = world.flows.borrow().len();
    (0..flows).for_each(|it| world.close(it));
    world.deliver();
    if kept(world) != 0 {
        world.tell(format!("{} contexts are left", kept(world)));
    }
    for _ in 0..4 {
        world.connect_v4();
    }
    if kept(world) != 3 {
        world.tell(format!("{} flows can be inspected, not 3", kept(world)));
    }
}

#[test]
fn a_flow_whose_context_fails_uses_up_no_place() {
    for is_closed in [false, true] {
        let Some(world) = World::boot(Setup { is_closed, ..Setup::default() }) else { return };
        world.kernel.registry.set_dword("Parameters", "MaxFlows", 3);
        world.is_told.set(false);
        assert_none(&world.live(flows_that_fail).wrong);
    }
}
