//! Memory that is gone from one allocation on, and stays gone in the unload: every scenario, from
//! each allocation of it.

use crate::scenarios::ALL;
use crate::world::{Setup, World};

/// What takes memory of the driver's own.
const TAKES_MEMORY: [&str; 2] = ["ExAllocatePool2", "IoAllocateWorkItem"];

// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();

#[test]
fn without_memory_from_any_allocation_on_each_decision_is_right_and_the_unload_completes() {
    let (mut wrong, mut runs) = (Vec::new(), 0);
    for (scenario, is_closed) in ALL.iter().flat_map(|it| [(it, false), (it, true)]) {
        let setup = Setup { is_closed, ..scenario.setup };
        let Some(world) = World::boot(setup) else { return };
        let names = world.live(scenario.run).names;
        for import in TAKES_MEMORY {
            let calls = names.iter().filter(|it| **it == import).count();
            for nth in 1..=u64::try_from(calls).unwrap() {
                let Some(world) = World::boot(setup) else { return };
                world.kernel.faults.fail_from(import, nth, NO_MEMORY);
                let report = world.live(scenario.run);
                let at = format!("{}, closed {is_closed}, {import} {nth}", scenario.name);
                wrong.extend(report.wrong.into_iter().map(|it| format!("{at}: {it}")));
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}
