//! The rules of a flow's life through the real driver: every sequence of answers, failures, attach,
//! detach, deletion, engine and unload for up to two attachments and three steps, and a sample of
//! longer ones, against the reference model that `driver/engine` was tested with.
//!
//! `WEIR_SEQUENCES=all` runs what the model's own search runs of the engine, four steps of three
//! attachments included: millions of sequences, on every processor; in a release build about an
//! hour on two.
//!
//! * `sequence`: one sequence and what the model expects of it; `search`: how they come about.
//! * `stage`: a machine that runs sequences; `script`: programs that answer as the sequence says.
//! * `told`: what the driver's events say of a step, in the words of the model.
//!
//! The model's own files are those of `driver/engine/tests/model`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::print_stdout, reason = "how much was run is part of the result")]

#[expect(dead_code, reason = "the engine's own search uses the rest")]
#[path = "../../../../driver/engine/tests/model/enumerate.rs"]
mod enumerate;
#[path = "../../../../driver/engine/tests/model/invariants.rs"]
mod invariants;
#[path = "../../../../driver/engine/tests/model/mutant.rs"]
mod mutant;
#[path = "../../../../driver/engine/tests/model/odometer.rs"]
mod odometer;
#[path = "../../../../driver/engine/tests/model/record.rs"]
mod record;
#[path = "../../../../driver/engine/tests/model/reference.rs"]
mod reference;
#[path = "../../../../driver/engine/tests/model/reference_end.rs"]
mod reference_end;
#[path = "../../../../driver/engine/tests/model/reference_new.rs"]
mod reference_new;
#[path = "../../../../driver/engine/tests/model/roster.rs"]
mod roster;
#[path = "../../../../driver/engine/tests/model/sides.rs"]
mod sides;
#[expect(dead_code, reason = "as above")]
#[path = "../../../../driver/engine/tests/model/subject.rs"]
mod subject;

mod script;
mod search;
mod sequence;
mod stage;
mod told;

use core::sync::atomic::{AtomicUsize, Ordering};
use enumerate::Plan;
use mutant::Mutant;
use odometer::ANSWERS;
use search::{Search, sample};
use stage::{Stage, Tally};
use std::path::Path;
use weir_abi::event::FailurePolicy;
use weir_sim::on_failure;
use weir_sim_kernel::image::image_or_skip;
use weir_usermode::capture::synthetic::Random;

/// Bindings of an attachment: any compartment, the flow's, a foreign one.
const BINDINGS: [u32; 3] = [0, 1, 7];

const POLICIES: [FailurePolicy; 2] = [FailurePolicy::Open, FailurePolicy::Closed];

fn plan(policy: FailurePolicy, steps: usize) -> Plan {
    Plan {
        policy,
        steps,
        is_segments_only: false,
        answers: ANSWERS,
        mutant: None,
        has_reference: true,
    }
}

/// Every mix of bindings of `count` attachments.
fn mixes(count: usize) -> Vec<Vec<u32>> {
    (0..count).fold(vec![Vec::new()], |mixes, _| {
        let longer = |mix: &Vec<u32>| BINDINGS.map(|it| [mix.as_slice(), &[it]].concat());
        mixes.iter().flat_map(longer).collect()
    })
}

/// The same on every processor, a mix at a time.
fn all_at_once(image: &Path, plan: &Plan, mixes: &[Vec<u32>]) -> Result<Tally, String> {
    let next = AtomicUsize::new(0);
    let work = || -> Result<Tally, String> {
        let mut total = Tally::default();
        while let Some(mix) = mixes.get(next.fetch_add(1, Ordering::Relaxed)) {
            let tally = all(image, plan, core::slice::from_ref(mix))?;
            println!("  {mix:?}: {tally:?}");
            total.add(&tally);
        }
        Ok(total)
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut total = Tally::default();
        for worker in workers {
            total.add(&worker.join().map_err(|_| "a thread panicked".to_owned())??);
        }
        Ok(total)
    })
}

/// Runs every sequence of a plan for these mixes.
fn all(image: &Path, plan: &Plan, mixes: &[Vec<u32>]) -> Result<Tally, String> {
    let mut stage = Stage::new(image, plan.policy)?;
    for mix in mixes {
        Search::new(plan, mix, &mut |sequence| stage.run(sequence)).run()?;
    }
    stage.finish()
}

fn hold(result: Result<Tally, String>, sequences_min: u64) {
    match result {
        Ok(tally) => {
            println!("{tally:?}");
            assert!(tally.sequences >= sequences_min, "only {tally:?}");
        }
        Err(told) => panic!("{told}"),
    }
}

#[test]
fn no_attachment_and_one_follow_the_text_under_every_policy() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    for (policy, least) in POLICIES.into_iter().zip([1_690, 4_010]) {
        let mixes = [mixes(0), mixes(1)].concat();
        hold(all(&image, &plan(policy, 3), &mixes), least);
    }
}

/// A binding matters at NEW only, so one mix per set of matching places is enough.
fn two() -> Vec<Vec<u32>> {
    [[0, 1], [7, 0], [1, 7], [7, 7]].map(|mix| mix.to_vec()).to_vec()
}

#[test]
fn two_attachments_follow_the_text_under_open() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    hold(all(&image, &plan(FailurePolicy::Open, 3), &two()), 14_600);
}

#[test]
fn two_attachments_follow_the_text_under_closed() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    hold(all(&image, &plan(FailurePolicy::Closed, 3), &two()), 14_900);
}

/// Mixes of three attachments for four steps, as the engine's own search has them: one for each set
/// of matching places.
const THREE: [[u32; 3]; 8] =
    [[0, 1, 0], [7, 1, 0], [1, 7, 0], [0, 1, 7], [7, 7, 0], [7, 0, 7], [0, 7, 7], [7, 7, 7]];

/// What the model's own search runs of the engine: four steps of up to two attachments, two of
/// three with all bindings, four of three.
#[test]
fn the_sequences_of_the_engines_own_search_follow_the_text() {
    if std::env::var_os("WEIR_SEQUENCES").is_none_or(|asked| asked != "all") {
        println!("skipped: WEIR_SEQUENCES=all runs it, for an hour");
        return;
    }
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    // A little less than was counted, where it was: a search that loses a part is seen.
    let parts = [
        (4, mixes(0), [1, 1]),
        (4, mixes(1), [10_700, 28_400]),
        (2, mixes(3), [127_000, 49_100]),
        (4, mixes(2), [1, 1]),
        (4, THREE.map(|mix| mix.to_vec()).to_vec(), [1, 1]),
    ];
    for (steps, mixes, least) in parts {
        for (policy, least) in POLICIES.into_iter().zip(least) {
            println!("{} attachments, {steps} steps, {policy:?}:", mixes[0].len());
            hold(all_at_once(&image, &plan(policy, steps), &mixes), least);
        }
    }
}

/// The 8th failure in a row ends the pair, a valid answer starts the count again (S32).
#[test]
fn streaks_of_failures_follow_the_text() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    let answers = &[weir_abi::Action::Error, weir_abi::Action::NeedMoreData];
    let plan = Plan { is_segments_only: true, answers, ..plan(FailurePolicy::Open, 9) };
    hold(all(&image, &plan, &[vec![0]]), 500);
}

/// What the comparison is worth: a text with one mistake does not describe the driver.
#[test]
fn mistakes_of_the_text_are_found() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    for mutant in Mutant::ALL {
        let is_segments_only = mutant == Mutant::SeventhErrorEnds;
        let (steps, mix) = if is_segments_only { (9, vec![0]) } else { (2, vec![0, 1]) };
        let is_found = POLICIES.into_iter().any(|policy| {
            let plan = Plan { mutant: Some(mutant), is_segments_only, ..plan(policy, steps) };
            all(&image, &plan, core::slice::from_ref(&mix)).is_err()
        });
        assert!(is_found, "{mutant:?} passes for the text");
    }
}

/// Longer lives with up to four attachments, from a seed.
#[test]
fn long_sequences_follow_the_text() {
    let Some(image) = image_or_skip() else { return };
    let _told = on_failure!();
    for policy in POLICIES {
        hold(sampled(&image, &plan(policy, 14), (1, 5_000)), 5_000);
    }
}

/// Runs so many sequences from a seed, each with other attachments.
fn sampled(image: &Path, plan: &Plan, (seed, count): (u64, u64)) -> Result<Tally, String> {
    let mut stage = Stage::new(image, plan.policy)?;
    let mut random = Random::new(seed);
    for _ in 0..count {
        let attachments = 1 + random.below(4);
        let mix: Vec<u32> = (0..attachments).map(|_| [0, 0, 1, 7][random.below(4)]).collect();
        stage.run(&sample(plan, &mix, &mut random)?)?;
    }
    stage.finish()
}
