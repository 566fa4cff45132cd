//! Many flows in every state at unload, with threads still classifying.

use core::cell::Cell;
use std::path::Path;
use std::rc::Rc;
use weir_abi::Direction;
use weir_sim::machine::{Machine, Setup};
use weir_sim_kernel::breakpoints::Breakpoints;
use weir_sim_kernel::ebpf::{Body, Params, Reply, Seen};
use weir_sim_kernel::fwp::Deletes;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::kernel::Life;
use weir_sim_kernel::net::Connection;
use weir_sim_kernel::threads::Thread;
use weir_sim_kernel::threads::plan::Plan;

/// Threads that go on classifying.
const THREADS: usize = 8;

/// What a flow of this number comes to, as far as programs decide it.
fn answer(seen: &Seen) -> Reply {
    let number = seen.context.flow_id >> 4;
    let is_new = seen.context.state == 0;
    Reply::Answer(match (number % 8, is_new) {
        // Allowed at once, and blocked at once.
        (0, true) => 0,
        (1, true) => 1,
        // Allowed, and blocked, by data.
        (2, false) => 0,
        (3, false) => 1,
        _ => 2,
    })
}

fn machine(image: &Path) -> Machine {
    let setup = Setup {
        processors: 4,
        keywords: 0,
        breakpoints: Some(Breakpoints { seed: 1, others: 0 }),
        ..Setup::default()
    };
    let machine = Machine::start(image, &setup).unwrap();
    for _ in 0..2 {
        machine.attach(&Params::default(), Body::Script(Box::new(answer))).unwrap();
    }
    machine.kernel.fwp.set_deletes(Deletes::Later);
    machine
}

/// Connections that were opened and brought into states.
fn connections(machine: &Machine, count: usize) -> Vec<Connection> {
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        let spec = if number % 3 == 0 { FlowSpec::v6() } else { FlowSpec::default() };
        let connection = machine.net.connect(&spec);
        if number % 2 == 0 || number % 8 == 3 {
            connection.send(b"data");
        }
        if number % 16 == 5 {
            connection.finish(Direction::Inbound);
        }
        if number % 32 == 6 {
            // Its deletion is kept back.
            connection.close();
        }
        all.push(connection);
    }
    all
}

/// Imports that the driver called for an unload among so many flows, and turns that threads took.
fn unload_among(image: &Path, count: usize) -> (u64, u64) {
    let machine = machine(image);
    let kernel = machine.kernel;
    let flows = Rc::new(connections(&machine, count));
    let with_context = kernel.fwp.context_count();
    assert!(with_context > count / 2, "{with_context} of {count} flows have a context");
    let classified: Rc<[Cell<u64>; THREADS]> = Rc::default();
    let unloads = Rc::new(Cell::new(false));
    let mut threads: Vec<Thread> = (0..THREADS)
        .map(|number| {
            let (flows, classified) = (Rc::clone(&flows), Rc::clone(&classified));
            let unloads = Rc::clone(&unloads);
            Thread::new(format!("network {number}"), move || {
                for turn in 0_usize.. {
                    if kernel.life() != Life::Loaded {
                        return;
                    }
                    let of = flows[(turn * 13 + number * 17) % flows.len()].flow;
                    let indication = Indication::received(&[0x57; 1_460]);
                    let outcome = kernel.fwp.try_stream(kernel, of, &indication);
                    let is_called = unloads.get() && outcome.is_some_and(|it| it.is_called);
                    let mine = &classified[number];
                    mine.set(mine.get() + u64::from(is_called));
                    kernel.stand(3_000);
                }
            })
        })
        .collect();
    kernel.threads.allow_points(200 * u64::try_from(count).unwrap() + 1_000_000);
    let calls = Rc::new(Cell::new(0));
    let counted = Rc::clone(&calls);
    threads.push(Thread::new("unload", move || {
        kernel.stand(100_000);
        let before = kernel.calls.total();
        unloads.set(true);
        kernel.unload_driver();
        counted.set(kernel.calls.total() - before);
    }));
    let run = kernel.run_threads(Plan::Coin { seed: 5, one_in: 40 }, 5, threads);
    assert_eq!(run.failure, None, "{count} flows");
    assert_eq!(kernel.end(), [""; 0], "{count} flows");
    let classified = classified.each_ref().map(Cell::get);
    assert!(
        !classified.contains(&0),
        "{count} flows, segments while it was unloaded: {classified:?}"
    );
    (calls.get(), run.switches)
}

/// Linear: as many calls for each flow among many as among few.
#[test]
fn s35_unload_among_many_flows_in_every_state_ends_and_leaves_nothing() {
    let Some(image) = image_or_skip() else { return };
    let counts = [1_000, 10_000, 100_000];
    let mut each = Vec::new();
    for count in counts {
        let (calls, turns) = unload_among(&image, count);
        println!("{count} flows: {calls} calls of imports, {turns} turns of threads");
        each.push(calls / u64::try_from(count).unwrap());
    }
    assert!(each[2] <= 2 * each[0].max(1), "calls a flow: {each:?}");
}
