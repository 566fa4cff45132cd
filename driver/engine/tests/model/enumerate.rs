//! Every sequence: a tree search over answers and steps that runs engine, reference model and
//! invariants side by side, one call at a time.

use crate::invariants::Invariants;
use crate::mutant::Mutant;
use crate::odometer::Odometer;
use crate::record::{Account, Rule};
use crate::reference::Reference;
use crate::roster::Roster;
use crate::sides::{Node, Step, expect, is_over, kind, observe};
use crate::subject::{Call, Subject};
use core::fmt;
use weir_abi::Action;
use weir_abi::event::{FailurePolicy, FateReason};

/// What is enumerated and what is checked.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) policy: FailurePolicy,
    /// Steps after the flow is kept.
    pub(crate) steps: usize,
    /// Only segments as steps: for streaks, which four steps cannot reach.
    pub(crate) is_segments_only: bool,
    /// What attachments can answer.
    pub(crate) answers: &'static [Action],
    pub(crate) mutant: Option<Mutant>,
    /// Whether the reference model is asked, or the invariants alone.
    pub(crate) has_reference: bool,
}

/// How much was run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Sequences run to their end: all steps taken, or the flow over.
    pub(crate) sequences: u64,
    /// Calls checked.
    pub(crate) calls: u64,
}

/// The whole sequence up to the call that broke a rule.
pub(crate) struct Mismatch {
    rule: Rule,
    plan: Plan,
    mix: Vec<u32>,
    trail: Vec<(Step, Account)>,
    expected: Option<Account>,
}

impl Mismatch {
    /// Whether the comparison with the model found it, not an invariant.
    pub(crate) const fn is_from_reference(&self) -> bool {
        self.expected.is_some()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "S{:02} is broken; attachments bound to {:?}", self.rule, self.mix)?;
        writeln!(out, "under {:?}", self.plan)?;
        for (step, account) in &self.trail {
            writeln!(out, "  {step:?}\n    -> {account:?}")?;
        }
        match &self.expected {
            Some(expected) => writeln!(out, "    expected {expected:?}"),
            None => writeln!(out, "    an invariant fails"),
        }
    }
}

/// The search below one set of attachments.
pub(crate) struct Search {
    plan: Plan,
    mix: Vec<u32>,
    trail: Vec<(Step, Account)>,
    tally: Tally,
}

impl Search {
    /// Runs every sequence of `plan` with attachments bound to the compartments of `mix`.
    pub(crate) fn run<S: Subject>(
        plan: &Plan,
        mix: &[u32],
        subject: &S,
    ) -> Result<Tally, Box<Mismatch>> {
        let mut search = Self {
            plan: plan.clone(),
            mix: mix.to_vec(),
            trail: Vec::new(),
            tally: Tally::default(),
        };
        let mut roster = Roster::default();
        for compartment in mix {
            roster.attach(*compartment).map_err(|rule| search.mismatch(rule, None))?;
        }
        let model = Reference::new(plan);
        let invariants = Invariants::default();
        let root = Node { subject: subject.clone(), roster, model, invariants, is_over: false };
        search.branch(&root, Step::Establish, plan.steps)?;
        Ok(search.tally)
    }

    /// One step with every string of answers, and what follows each.
    fn branch<S: Subject>(
        &mut self,
        node: &Node<S>,
        step: Step,
        left: usize,
    ) -> Result<(), Box<Mismatch>> {
        let mut odometer = Odometer::new(self.plan.answers);
        loop {
            let mut child = node.clone();
            self.advance(&mut child, step, &mut odometer)?;
            self.follow(&child, step, left)?;
            self.trail.pop();
            if !odometer.advance() {
                return Ok(());
            }
        }
    }

    fn follow<S: Subject>(
        &mut self,
        node: &Node<S>,
        step: Step,
        left: usize,
    ) -> Result<(), Box<Mismatch>> {
        if node.is_over || (left == 0 && step != Step::Establish) {
            self.tally.sequences += 1;
            return Ok(());
        }
        if step == Step::Establish {
            self.branch(node, Step::Kept, left)?;
            return self.branch(node, Step::NotKept, left);
        }
        for next in self.steps(node) {
            self.branch(node, next, left - 1)?;
        }
        Ok(())
    }

    fn steps<S>(&self, node: &Node<S>) -> Vec<Step> {
        let mut steps = vec![Step::Call(Call::Segment)];
        if self.plan.is_segments_only {
            return steps;
        }
        steps.extend(
            [
                Call::Unshown(FateReason::Unreadable),
                Call::Unshown(FateReason::MissedBytes),
                Call::Unshown(FateReason::NoStack),
                Call::Deleted,
                Call::EngineReturned,
                Call::Unload,
            ]
            .map(Step::Call),
        );
        steps.push(Step::Attach);
        steps.extend(node.roster.published.iter().copied().map(Step::Unpublish));
        steps.extend(node.roster.leaving.iter().copied().map(Step::Walk));
        steps
    }

    /// Takes one step on all sides and compares.
    fn advance<S: Subject>(
        &mut self,
        node: &mut Node<S>,
        step: Step,
        odometer: &mut Odometer,
    ) -> Result<(), Box<Mismatch>> {
        self.tally.calls += 1;
        let roster_only = match step {
            Step::Attach => Some(node.roster.attach(0).map(|_seat| ())),
            Step::Unpublish(seat) => Some(node.roster.unpublish(seat)),
            Step::Establish | Step::Kept | Step::NotKept | Step::Call(_) | Step::Walk(_) => None,
        };
        if let Some(result) = roster_only {
            self.trail.push((step, Account::default()));
            return result.map_err(|rule| self.mismatch(rule, None));
        }
        let seen = observe(node, step, self.plan.policy, odometer);
        let expected = self.plan.has_reference.then(|| expect(node, step, odometer));
        node.is_over = is_over(step, &seen);
        let kind = kind(step);
        let held = node.invariants.observe(&seen, kind, &node.roster.published, node.is_over);
        let broken = expected.as_ref().and_then(|expected| expected.broken_by(&seen));
        self.trail.push((step, seen));
        if let Some(rule) = broken {
            return Err(self.mismatch(rule, expected.map(|expected| expected.account)));
        }
        held.map_err(|rule| self.mismatch(rule, None))?;
        if let Step::Walk(seat) = step {
            node.roster.walked(seat).map_err(|rule| self.mismatch(rule, None))?;
        }
        Ok(())
    }

    fn mismatch(&self, rule: Rule, expected: Option<Account>) -> Box<Mismatch> {
        Box::new(Mismatch {
            rule,
            plan: self.plan.clone(),
            mix: self.mix.clone(),
            trail: self.trail.clone(),
            expected,
        })
    }
}
