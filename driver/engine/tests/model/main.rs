//! The engine against the text: every sequence of answers, attach, detach, error and deletion for
//! up to 3 attachments and 4 steps, compared call by call with a reference model.
//!
//! * `reference`, `reference_new`: the model, written from the document's text.
//! * `invariants`: claims about the engine's account alone.
//! * `enumerate`, `odometer`, `roster`: how the sequences come about.
//! * `record`: what is compared. `mutant`, `subject`: mistakes that must be found.

mod departure;
mod enumerate;
mod invariants;
mod mutant;
mod odometer;
mod record;
mod reference;
mod reference_new;
mod roster;
mod subject;

use departure::Departure;
use enumerate::{Mismatch, Plan, Search, Tally};
use mutant::Mutant;
use subject::{Subject, Tamper, Tampered};
use weir_abi::event::FailurePolicy;
use weir_engine::Flow;

/// Bindings of an attachment: any compartment, the flow's, a foreign one.
const BINDINGS: [u32; 3] = [0, 1, 7];

fn plan(policy: FailurePolicy, steps: usize) -> Plan {
    Plan {
        policy,
        steps,
        is_segments_only: false,
        mutant: None,
        departures: Departure::ACCEPTED.to_vec(),
        has_reference: true,
    }
}

/// Every mix of bindings of `count` attachments.
fn mixes(count: usize) -> Vec<Vec<u32>> {
    let mut mixes = vec![Vec::new()];
    for _ in 0..count {
        mixes = mixes
            .iter()
            .flat_map(|mix| BINDINGS.map(|binding| [mix.as_slice(), &[binding]].concat()))
            .collect();
    }
    mixes
}

fn run<S: Subject>(plan: &Plan, mixes: &[Vec<u32>], subject: &S) -> Result<Tally, Box<Mismatch>> {
    let mut all = Tally::default();
    for mix in mixes {
        let tally = Search::run(plan, mix, subject)?;
        all.sequences += tally.sequences;
        all.calls += tally.calls;
    }
    Ok(all)
}

/// Fails with the whole sequence, and where fewer sequences were run than once were.
fn hold(plan: &Plan, mixes: &[Vec<u32>], sequences_min: u64) {
    match run(plan, mixes, &Flow::default()) {
        Ok(tally) => {
            println!("{:?}, {} steps: {tally:?}", plan.policy, plan.steps);
            assert!(tally.sequences >= sequences_min, "only {} sequences", tally.sequences);
        }
        Err(mismatch) => panic!("{mismatch}"),
    }
}

#[test]
fn up_to_two_attachments_follow_the_text() {
    let mixes = [mixes(0), mixes(1), mixes(2)].concat();
    hold(&plan(FailurePolicy::Open, 4), &mixes, 1);
    hold(&plan(FailurePolicy::Closed, 4), &mixes, 1);
}
