//! How sequences come about: all of a plan, or one from a seed.
//!
//! Left out, because the kernel's queue of work runs in its order: the detach walk of one attachment
//! while an earlier one waits for its own, and the filtering engine coming back before a walk that
//! was asked for earlier.

use crate::enumerate::Plan;
use crate::odometer::{ANSWERS, Odometer};
use crate::reference::Reference;
use crate::roster::Roster;
use crate::sequence::{Sequence, State, Taken};
use crate::sides::Step;
use crate::subject::Call;
use weir_abi::Action;
use weir_abi::event::FateReason;
use weir_usermode::capture::synthetic::Random;

/// What runs a sequence.
type Run<'a> = &'a mut dyn FnMut(&Sequence) -> Result<(), String>;

/// Every sequence below one set of attachments.
pub(crate) struct Search<'a> {
    plan: &'a Plan,
    mix: &'a [u32],
    sequence: Sequence,
    run: Run<'a>,
}

/// The model before a connection, with these attachments.
fn beginning(plan: &Plan, mix: &[u32]) -> Result<(State, Sequence), String> {
    let mut roster = Roster::default();
    let mut seats = Vec::new();
    for compartment in mix {
        let seat = roster.attach(*compartment);
        seats.push(seat.map_err(|rule| format!("the roster breaks S{rule:02}"))?);
    }
    let state = State { roster, model: Reference::new(plan), is_over: false };
    Ok((state, Sequence { seats, steps: Vec::new() }))
}

/// What can follow.
fn next_steps(state: &State, is_segments_only: bool) -> Vec<Step> {
    let mut steps = vec![Step::Call(Call::Segment)];
    if is_segments_only {
        return steps;
    }
    let calls = [
        Call::Unshown(FateReason::Unreadable),
        Call::Unshown(FateReason::MissedBytes),
        Call::Unshown(FateReason::NoStack),
        Call::Deleted,
        Call::Unload,
    ];
    steps.extend(calls.map(Step::Call));
    if state.roster.leaving.is_empty() {
        steps.push(Step::Call(Call::EngineReturned));
    }
    steps.push(Step::Attach);
    steps.extend(state.roster.published.iter().copied().map(Step::Unpublish));
    steps.extend(state.roster.leaving.first().copied().map(Step::Walk));
    steps
}

impl<'a> Search<'a> {
    pub(crate) fn new(plan: &'a Plan, mix: &'a [u32], run: Run<'a>) -> Self {
        let sequence = Sequence { seats: Vec::new(), steps: Vec::new() };
        Self { plan, mix, sequence, run }
    }

    /// Runs them all.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let (state, sequence) = beginning(self.plan, self.mix)?;
        self.sequence = sequence;
        self.branch(&state, Step::Establish, self.plan.steps)
    }

    /// One step with every string of answers, and what follows each.
    fn branch(&mut self, state: &State, step: Step, left: usize) -> Result<(), String> {
        let mut odometer = Odometer::new(self.plan.answers);
        loop {
            let mut child = state.clone();
            odometer.rewind();
            let taken = child.take(step, &mut || odometer.answer())?;
            self.sequence.steps.push(taken);
            self.follow(&child, step, left)?;
            self.sequence.steps.pop();
            if !odometer.advance() {
                return Ok(());
            }
        }
    }

    fn follow(&mut self, state: &State, step: Step, left: usize) -> Result<(), String> {
        // One run of the kernel's work does all walks that were asked for.
        if let (Step::Walk(_), Some(next)) = (step, state.roster.leaving.first()) {
            return self.branch(state, Step::Walk(*next), left);
        }
        if state.is_over {
            return (self.run)(&self.sequence);
        }
        if step == Step::Establish {
            self.branch(state, Step::Kept, left)?;
            return self.branch(state, Step::NotKept, left);
        }
        if left == 0 {
            // What the driver thinks of the flow shows in how it ends.
            return self.branch(state, Step::Call(Call::Deleted), 0);
        }
        for next in next_steps(state, self.plan.is_segments_only) {
            self.branch(state, next, left - 1)?;
        }
        Ok(())
    }
}

/// One sequence from a seed.
pub(crate) fn sample(plan: &Plan, mix: &[u32], random: &mut Random) -> Result<Sequence, String> {
    let (mut state, mut sequence) = beginning(plan, mix)?;
    // Mostly undecided, else few flows get far.
    let weights = [30, 34, 36, 38, 40].map(|it| it * 2_usize);
    let mut draw = Random::new(random.next_u64());
    let mut answer = || {
        let place = draw.below(80);
        let at = weights.iter().position(|end| place < *end).unwrap_or(0);
        ANSWERS.get(at).copied().unwrap_or(Action::NeedMoreData)
    };
    let mut take = |state: &mut State, step| -> Result<(), String> {
        let taken: Taken = state.take(step, &mut answer)?;
        sequence.steps.push(taken);
        Ok(())
    };
    take(&mut state, Step::Establish)?;
    if !state.is_over {
        take(&mut state, if random.one_in(20) { Step::NotKept } else { Step::Kept })?;
    }
    for _ in 0..plan.steps {
        if state.is_over {
            break;
        }
        let steps = next_steps(&state, plan.is_segments_only);
        let at = if random.one_in(2) { 0 } else { random.below(steps.len()) };
        take(&mut state, steps.get(at).copied().unwrap_or(Step::Call(Call::Segment)))?;
        while let Some(Step::Walk(_)) = steps.get(at) {
            let Some(next) = state.roster.leaving.first().copied() else { break };
            take(&mut state, Step::Walk(next))?;
        }
    }
    if !state.is_over {
        take(&mut state, Step::Call(Call::Deleted))?;
    }
    Ok(sequence)
}
