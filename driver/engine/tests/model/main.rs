//! The engine against the text: every sequence of answers, attach, detach, error and deletion for
//! up to 3 attachments and 4 steps, compared call by call with a reference model.
//!
//! * `reference`, `reference_new`, `reference_end`: the model, written from the document's text.
//! * `invariants`: claims about the engine's account alone.
//! * `enumerate`, `odometer`, `roster`: how the sequences come about; `sides`: one step on both
//!   sides.
//! * `record`: what is compared. `mutant`, `subject`: mistakes that must be found.

mod enumerate;
mod invariants;
mod mutant;
mod odometer;
mod record;
mod reference;
mod reference_end;
mod reference_new;
mod roster;
mod sides;
mod subject;

use enumerate::{Mismatch, Plan, Search, Tally};
use mutant::Mutant;
use odometer::ANSWERS;
use subject::{Subject, Tamper, Tampered};
use weir_abi::Action;
use weir_abi::event::FailurePolicy;
use weir_engine::Flow;

/// Bindings of an attachment: any compartment, the flow's, a foreign one.
const BINDINGS: [u32; 3] = [0, 1, 7];

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
#[expect(clippy::print_stdout, reason = "how much was run is part of the result")]
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
    hold(&plan(FailurePolicy::Open, 4), &mixes, 500_000);
    hold(&plan(FailurePolicy::Closed, 4), &mixes, 450_000);
}

/// Four steps: a binding matters at NEW only, so one mix per set of matching places is enough;
/// two steps are run for all 27 mixes.
const THREE: [[u32; 3]; 8] =
    [[0, 1, 0], [7, 1, 0], [1, 7, 0], [0, 1, 7], [7, 7, 0], [7, 0, 7], [0, 7, 7], [7, 7, 7]];

#[test]
fn three_attachments_follow_the_text_under_open() {
    hold(&plan(FailurePolicy::Open, 4), &THREE.map(|mix| mix.to_vec()), 5_500_000);
}

#[test]
fn three_attachments_follow_the_text_under_closed() {
    hold(&plan(FailurePolicy::Closed, 4), &THREE.map(|mix| mix.to_vec()), 850_000);
}

#[test]
fn three_attachments_of_every_binding_follow_the_text() {
    hold(&plan(FailurePolicy::Open, 2), &mixes(3), 130_000);
    hold(&plan(FailurePolicy::Closed, 2), &mixes(3), 50_000);
}

/// The 8th failure in a row ends the pair, a valid answer starts the count again (S32): every
/// string of answers over ten segments of one attachment, and of "need more data" and "error"
/// over nine segments of two.
#[test]
fn streaks_of_failures_follow_the_text() {
    let one = Plan { is_segments_only: true, ..plan(FailurePolicy::Open, 10) };
    hold(&one, &[vec![0]], 100_000);
    let answers = &[Action::NeedMoreData, Action::Error];
    let two = Plan { is_segments_only: true, answers, ..plan(FailurePolicy::Open, 9) };
    hold(&two, &[vec![0, 1]], 100_000);
}

#[test]
fn mistakes_of_the_model_are_found() {
    for mutant in Mutant::ALL {
        let is_segments_only = mutant == Mutant::SeventhErrorEnds;
        let (steps, count) = if is_segments_only { (9, 1) } else { (3, 2) };
        let is_found = [FailurePolicy::Open, FailurePolicy::Closed].into_iter().any(|policy| {
            let mutant = Some(mutant);
            let plan = Plan { mutant, is_segments_only, ..plan(policy, steps) };
            run(&plan, &mixes(count), &Flow::default()).is_err_and(|it| it.is_from_reference())
        });
        assert!(is_found, "{mutant:?} passes for the text");
    }
}

#[test]
fn a_mismatch_names_the_rule_that_the_engine_breaks() {
    for (tamper, rule) in [(Tamper::DoesNothing, 4), (Tamper::UnblocksLater, 17)] {
        let subject = Tampered { flow: Flow::default(), tamper };
        let found = run(&plan(FailurePolicy::Open, 2), &mixes(1), &subject);
        let report = found.err().map(|mismatch| mismatch.to_string()).unwrap_or_default();
        assert!(report.starts_with(&format!("S{rule:02} is broken")), "{tamper:?}: {report}");
    }
}

#[test]
fn tampered_engines_are_found_by_the_model_and_by_the_invariants() {
    for tamper in Tamper::ALL {
        let subject = Tampered { flow: Flow::default(), tamper };
        for has_reference in [true, false] {
            let plan = Plan { has_reference, ..plan(FailurePolicy::Open, 2) };
            assert!(run(&plan, &mixes(2), &subject).is_err(), "{tamper:?}, {has_reference}");
        }
    }
}
