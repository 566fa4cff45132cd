//! Threads under a seed: callouts of both directions, deletions, attach, detach, unload, the
//! filtering engine, sessions, timers and work items, interleaved at every import and every atomic
//! instruction of the image.
//!
//! Each seed is a story of its own (`story`) and a way of taking turns; `run` plays it in a
//! machine of its own (`world`) and holds the events, the counters and the kernel's books
//! against each other. A seed that ends the process fails like any other: seeds run in processes of
//! their own (`batch`). What fails is made smaller (`shrink`), and printed with the command that
//! repeats it. `crowd`: many flows at unload.
//!
//! `WEIR_SEEDS=FIRST..LAST` chooses other seeds than those of the gate; `WEIR_SHOW=1` prints the
//! story, the turns and every event of each seed that `one_seed` runs.
#![expect(unused_crate_dependencies, reason = "dependencies of the crate's other targets")]
#![expect(clippy::print_stdout, reason = "figures of a test")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod batch;
mod crowd;
mod run;
mod shrink;
mod story;
mod world;

use batch::{Order, Told, read_pairs};
use std::path::Path;
use story::Story;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::threads::plan::Plan;

/// Seeds of the gate.
const SEEDS: u64 = 1_200;

/// Failures that are made smaller; each takes many runs.
const SHRUNK_MAX: usize = 2;

fn wanted() -> (u64, u64) {
    let Ok(seeds) = std::env::var("WEIR_SEEDS") else { return (0, SEEDS) };
    let (first, last) = seeds.split_once("..").unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

/// Runs seeds in this process and prints what came of them; other tests run it.
#[test]
fn one_seed() {
    let variable = |name| std::env::var(name).ok();
    if variable("WEIR_SEEDS").is_none() {
        return println!("skipped: WEIR_SEEDS=N..M chooses seeds");
    }
    let Some(image) = image_or_skip() else { return };
    let dropped = variable("WEIR_DROP").map(|it| read_pairs(&it)).unwrap_or_default();
    let dropped: Vec<(usize, usize)> =
        dropped.iter().map(|(thread, step)| (usize::try_from(*thread).unwrap(), *step)).collect();
    let turns = variable("WEIR_TURNS").map(|it| read_pairs(&it));
    let (first, last) = wanted();
    let mut wrong = 0;
    // The test runner has begun a line, and whoever reads this reads lines.
    println!();
    for seed in first..last {
        println!("seed {seed}");
        let plan = match &turns {
            Some(turns) => Plan::Listed(turns.iter().copied().collect()),
            None => Plan::of_seed(seed),
        };
        let story = Story::new(seed).without(&dropped);
        let outcome = run::run(&image, seed, &story, plan).unwrap();
        println!("seed {seed}: {outcome}");
        wrong += outcome.wrong.len();
        for wrong in &outcome.wrong {
            println!("    {wrong}");
        }
        if !outcome.wrong.is_empty() {
            let turns = outcome.run.decisions.iter().map(|(at, who)| format!("{at}:{who}"));
            println!("    turns {}", turns.collect::<Vec<_>>().join(","));
        }
    }
    println!("all ran");
    // Whoever runs this in a process of its own has read it all.
    assert!(
        wrong == 0 || std::env::var_os(batch::IN_A_BATCH).is_some(),
        "{wrong} things are wrong"
    );
}

#[test]
fn seeds_of_the_gate_break_no_rule() {
    let Some(image) = image_or_skip() else { return };
    let (first, last) = wanted();
    let told = side_by_side(&image, first, last);
    let [points, turns, calls, events] = told.sums;
    println!(
        "{} seeds: {points} points, {turns} turns, {calls} calls, {events} events",
        told.seeds
    );
    for (seed, wrong) in &told.failed {
        println!("seed {seed}: {wrong}");
    }
    // What hangs would take its patience each time.
    let to_shrink = told.failed.iter().filter(|(_, how)| !how.starts_with(batch::HANGS));
    for (seed, how) in to_shrink.take(SHRUNK_MAX) {
        let order = shrink::shrink(*seed, how, |order| batch::one(&image, order));
        println!(
            "{:?}\nrepeat with: {}",
            batch::one(&image, &order).failed,
            command(&image, &order)
        );
    }
    assert!(told.failed.is_empty(), "{} of {} seeds fail", told.failed.len(), last - first);
    // A world in which nothing happens breaks no rule either.
    assert_eq!(told.seeds, last - first);
    assert!(turns > 20 * told.seeds && calls > 5 * told.seeds, "{told:?}");
}

/// As many processes as processors.
fn side_by_side(image: &Path, first: u64, last: u64) -> Told {
    let processes = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (last - first).div_ceil(u64::try_from(processes).unwrap()).max(1);
    let starts = (first..last).step_by(usize::try_from(share).unwrap());
    std::thread::scope(|scope| {
        let workers: Vec<_> = starts
            .map(|start| scope.spawn(move || batch::seeds(image, start, (start + share).min(last))))
            .collect();
        let mut told = Told::default();
        for worker in workers {
            told.add(worker.join().unwrap());
        }
        told
    })
}

fn command(image: &Path, order: &Order) -> String {
    let variables: Vec<String> =
        order.variables().iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!(
        "WEIR_SYS='{}' {} cargo test --locked --package weir-sim --test interleavings -- \
         --exact one_seed --nocapture",
        image.display(),
        variables.join(" ")
    )
}

#[test]
fn the_same_seed_is_the_same_run() {
    let Some(image) = image_or_skip() else { return };
    for seed in 0..12 {
        let run = |plan| run::run(&image, seed, &Story::new(seed), plan).unwrap();
        let first = run(Plan::of_seed(seed));
        assert_eq!(first, run(Plan::of_seed(seed)), "seed {seed}");
        let listed = run(Plan::Listed(first.run.decisions.clone()));
        assert_eq!(first.run.hash, listed.run.hash, "seed {seed}, by its turns");
    }
    // And in another process, where everything lies elsewhere in memory.
    let [one, other] = [(); 2].map(|()| batch::seeds(&image, 3, 9));
    assert_eq!((one.sums, one.seeds), (other.sums, 6), "{one:?}");
}

#[test]
fn seeds_differ_in_story_and_turns() {
    let Some(image) = image_or_skip() else { return };
    let hashes: std::collections::BTreeSet<u64> = (20..32)
        .map(|seed| run::run(&image, 7, &Story::new(7), Plan::of_seed(seed)).unwrap().run.hash)
        .collect();
    assert!(hashes.len() > 10, "{} runs differ", hashes.len());
}
