//! One run of a story: its threads under a plan, then the books.

use crate::story::{Part, Story};
use crate::world::World;
use core::fmt;
use std::path::Path;
use std::rc::Rc;
use weir_abi::counters::Series;
use weir_abi::event::Record;
use weir_sim::account::Account;
use weir_sim::machine::head_of;
use weir_sim::sets::Sets;
use weir_sim_kernel::fwp::Deletes;
use weir_sim_kernel::threads::plan::Plan;
use weir_sim_kernel::threads::{Run, Thread};

/// Series whose values come from the times of events, which threads can delay.
const TIMED: [Series; 4] = [
    Series::DecisionTime,
    Series::DecisionTimeAllow,
    Series::DecisionTimeBlock,
    Series::DecisionTimeUndecided,
];

/// What a run came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) run: Run,
    /// Indications for which the driver was called.
    pub(crate) called: u64,
    pub(crate) events: u64,
    /// Everything that was wrong.
    pub(crate) wrong: Vec<String>,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Run { points, switches, hash, .. } = &self.run;
        let (called, events) = (self.called, self.events);
        write!(f, "{points} points, {switches} turns, {called} calls, {events} events, {hash:016x}")
    }
}

/// Runs a story.
pub(crate) fn run(image: &Path, seed: u64, story: &Story, plan: Plan) -> Result<Outcome, String> {
    let world = World::new(image, seed, story)?;
    let threads = story.parts.iter().map(|part| thread(&world, part)).collect();
    let kernel = world.kernel();
    let run = kernel.run_threads(plan, seed, threads);
    let called = world.called.get();
    if std::env::var_os("WEIR_SHOW").is_some() {
        println!("{:?}", kernel.take_violations());
    }
    let mut wrong = world.wrong.take();
    if let Some(failure) = &run.failure {
        // The machine stands still in the middle of what it did, so there are no books.
        wrong.push(failure.clone());
        wrong.extend(kernel.take_violations());
        return Ok(Outcome { run, called, events: 0, wrong });
    }
    kernel.run_work();
    world.machine.net.deliver_deletes();
    // No thread tells deletions any more; who waits lets them come.
    kernel.fwp.set_deletes(Deletes::WithTime);
    if std::env::var_os("WEIR_SHOW").is_some() {
        println!("{story:#?} {run:?}\n {:?}", kernel.leftovers());
    }
    world.unload();
    wrong.extend(kernel.end());
    let overlaps = kernel.threads.overlaps();
    if overlaps > 0 {
        wrong.push(format!("{overlaps} invocations for a flow began during another (S38)"));
    }
    let events = world.machine.take_events();
    if std::env::var_os("WEIR_SHOW").is_some() {
        show(&events);
    }
    wrong.extend(books(&events).err());
    let events = u64::try_from(events.len()).unwrap_or(0);
    Ok(Outcome { run, called, events, wrong })
}

fn thread(world: &Rc<World>, part: &Part) -> Thread {
    let (world, steps) = (Rc::clone(world), part.steps.clone());
    Thread::new(part.name.clone(), move || {
        for step in steps {
            if world.is_ending.get()
                && world.kernel().life() != weir_sim_kernel::kernel::Life::Loaded
            {
                return;
            }
            world.step(step);
        }
    })
}

/// Prints events, for whoever looks into a failure.
fn show(events: &[weir_sim_kernel::etw::Written]) {
    for event in events {
        match Record::decode(event.id, &event.payload) {
            Ok((_, Record::Counters(_))) => {
                println!("{} cpu {}: Counters", event.unix_ns, event.cpu)
            }
            Ok((_, record)) => println!("{} cpu {}: {record:?}", event.unix_ns, event.cpu),
            Err(error) => println!("{} cpu {}: {error}", event.unix_ns, event.cpu),
        }
    }
}

/// Holds the last counters against all events, and the events against each other.
fn books(events: &[weir_sim_kernel::etw::Written]) -> Result<(), String> {
    let (mut account, mut sets) = (Account::of_threads(), Sets::default());
    let (mut last, mut sets_told) = (Vec::new(), 0);
    for event in events {
        let head = head_of(event);
        account.event(&head, &event.payload)?;
        if let Ok((_, Record::Counters(part))) = Record::decode(event.id, &event.payload)
            && let Some(set) = sets.part(&part)?
        {
            // Before the end others write events while a set is put together.
            sets_told += 1;
            let mut ended = account.clone();
            last = ended.unloaded(head.time_ns).err().into_iter().collect();
            last.extend(ended.set(&set));
            let _told_while_others_run = account.set(&set);
        }
    }
    if sets_told == 0 {
        return Err("no set of counters was told".to_owned());
    }
    last.retain(|told| !TIMED.iter().any(|series| told.starts_with(series.name())));
    if last.is_empty() { Ok(()) } else { Err(last.join("; ")) }
}
