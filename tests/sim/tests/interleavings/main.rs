//! Threads under a seed: callouts of both directions, deletions, attach, detach, unload, the
//! filtering engine, sessions, timers and work items, interleaved at every import and every atomic
//! instruction of the image.
//!
//! Each seed is a story of its own ([`story`]) and a way of taking turns; [`run`] plays it in a
//! machine of its own ([`world`]) and holds the events, the counters and the kernel's books
//! against each other. A seed that ends the process fails like any other: seeds run in processes of
//! their own ([`batch`]). What fails is made smaller, and printed with the command that repeats it.
//!
//! `WEIR_SEEDS=FIRST..LAST` chooses other seeds than those of the gate.
#![expect(unused_crate_dependencies, reason = "dependencies of the crate's other targets")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "figures of a test")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

mod run;
mod story;
mod world;

use story::Story;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::threads::plan::Plan;

#[test]
fn one_seed() {
    let Some(image) = image_or_skip() else { return };
    let Ok(seeds) = std::env::var("WEIR_SEEDS") else { return };
    let (first, last) = seeds.split_once("..").unwrap();
    for seed in first.parse::<u64>().unwrap()..last.parse().unwrap() {
        println!("seed {seed}");
        let outcome = run::run(&image, seed, &Story::new(seed), Plan::of_seed(seed)).unwrap();
        println!("seed {seed}: {outcome}");
        for wrong in &outcome.wrong {
            println!("    {wrong}");
        }
    }
}
