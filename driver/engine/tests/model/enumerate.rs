//! Every sequence: a tree search over answers and steps that runs engine, reference model and
//! invariants side by side, one call at a time.

use crate::departure::Departure;
use crate::invariants::{Invariants, Kind};
use crate::mutant::Mutant;
use crate::odometer::{Odometer, Recorder};
use crate::record::{Account, Expected, Rule, Seat, Walk};
use crate::reference::Reference;
use crate::roster::Roster;
use crate::subject::{Call, Subject};
use core::fmt;
use weir_abi::event::{FailurePolicy, FateReason};
use weir_engine::{Established, Slot};

/// The compartment of every flow; attachments are bound to 0 (any), 1 or a foreign one.
pub(crate) const COMPARTMENT: u32 = 1;

/// What is enumerated and what is checked.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) policy: FailurePolicy,
    /// Steps after the flow is kept.
    pub(crate) steps: usize,
    /// Only segments as steps: for streaks, which four steps cannot reach.
    pub(crate) is_segments_only: bool,
    pub(crate) mutant: Option<Mutant>,
    /// Where the engine's reading is taken instead of the model's.
    pub(crate) departures: Vec<Departure>,
    /// Whether the reference model is asked, or the invariants alone.
    pub(crate) has_reference: bool,
}

/// One step of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Establish,
    Kept,
    NotKept,
    Call(Call),
    Unpublish(Seat),
    Walk(Seat),
    Attach,
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
    pub(crate) rule: Rule,
    plan: Plan,
    mix: Vec<u32>,
    trail: Vec<(Step, Account)>,
    expected: Option<Account>,
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

/// A state of the search.
#[derive(Clone)]
struct Node<S> {
    subject: S,
    roster: Roster,
    model: Reference,
    invariants: Invariants,
    is_over: bool,
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
        let invariants = Invariants::new(&plan.departures);
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
        let mut odometer = Odometer::default();
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
            _ => None,
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

/// Whether the flow has no context after this call, hence gets no further one.
fn is_over(step: Step, seen: &Account) -> bool {
    let is_last = matches!(step, Step::NotKept | Step::Call(Call::Deleted | Call::Unload));
    is_last || seen.is_released || seen.walk.is_some_and(|walk| walk != Walk::Keep)
}

const fn kind(step: Step) -> Kind {
    match step {
        Step::Establish => Kind::New,
        Step::Call(Call::Segment) => Kind::Segment,
        Step::Call(Call::Deleted) => Kind::Deleted,
        Step::Call(Call::Unload) => Kind::Unload,
        _ => Kind::Other,
    }
}

/// The engine's account of a step.
fn observe<S: Subject>(
    node: &mut Node<S>,
    step: Step,
    policy: FailurePolicy,
    odometer: &mut Odometer,
) -> Account {
    let order = &node.roster.engine;
    let host = &mut Recorder::new(odometer);
    let call = match step {
        Step::Establish => {
            let (walk, settled) = match node.subject.establish(host, order, policy, COMPARTMENT) {
                Established::Ignored => (Walk::Ignored, None),
                Established::Uninspected(settled) => (Walk::Uninspected, Some(settled)),
                Established::Keep => (Walk::Keep, None),
            };
            host.account.walk = Some(walk);
            host.account.settled = settled;
            host.account.is_blocked = node.subject.is_blocked();
            return core::mem::take(&mut host.account);
        }
        Step::Kept => {
            host.account.settled = node.subject.kept();
            host.account.is_blocked = node.subject.is_blocked();
            return core::mem::take(&mut host.account);
        }
        Step::NotKept => {
            let not_kept = node.subject.not_kept(host, order, policy);
            host.account.settled = Some(not_kept.settled);
            host.account.is_blocked = not_kept.is_blocked;
            return core::mem::take(&mut host.account);
        }
        Step::Call(call) => call,
        Step::Walk(seat) => match Slot::new(seat.slot) {
            Some(slot) => Call::Walk(slot),
            None => return Account::default(),
        },
        Step::Unpublish(_) | Step::Attach => return Account::default(),
    };
    let outcome = node.subject.call(host, order, policy, call);
    host.account.is_blocked = outcome.is_blocked;
    host.account.is_released = outcome.is_released;
    host.account.settled = outcome.settled;
    core::mem::take(&mut host.account)
}

/// The text's account of the same step, with the same answers.
fn expect<S>(node: &mut Node<S>, step: Step, odometer: &mut Odometer) -> Expected {
    odometer.rewind();
    let order = &node.roster.published;
    let answers = &mut |_slot: u8| odometer.answer();
    match step {
        Step::Establish => node.model.establish(order, COMPARTMENT, answers),
        Step::Kept => node.model.kept(),
        Step::NotKept => node.model.not_kept(order),
        Step::Call(Call::Segment) => node.model.segment(order, answers),
        Step::Call(Call::Unshown(reason)) => node.model.unshown(order, reason),
        Step::Call(Call::Deleted) => node.model.deleted(order),
        Step::Call(Call::EngineReturned) => node.model.engine_returned(order),
        Step::Call(Call::Unload) => node.model.unloaded(),
        Step::Walk(seat) => node.model.detached(seat),
        Step::Call(Call::Walk(_)) | Step::Unpublish(_) | Step::Attach => Expected::default(),
    }
}
