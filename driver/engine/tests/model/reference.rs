//! The reference model: one flow as the text of the hook's semantics tells it.
//!
//! Written from rules S04 to S34, not from the engine, and in another shape: a list of pairs
//! that end, where the engine keeps masks. Each thing it says carries the number of its rule.
//! `establish` is in `reference_new`, ends without an answer are in `reference_end`, deliberate
//! mistakes in `mutant`.

use crate::enumerate::Plan;
use crate::mutant::Mutant;
use crate::record::{Expected, Line, Rule, Seat};
use weir_abi::event::{FailurePolicy, Fate, FateReason, PairEnd};
use weir_abi::{Action, FlowState};
use weir_engine::{Settled, Slot, Slots};

/// Where answers come from: the slot that is asked.
pub(crate) type Answers<'a> = &'a mut dyn FnMut(u8) -> Action;

/// A flow and one attachment that is classifying it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pair {
    pub(crate) seat: Seat,
    /// Failures since its last valid answer (S32).
    wrong_in_a_row: u8,
}

/// One flow.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) policy: FailurePolicy,
    pub(crate) mutant: Option<Mutant>,
    /// Those classifying, in attach order.
    pub(crate) pairs: Vec<Pair>,
    /// Attachments whose pair a failure of their own ended, the latest last.
    pub(crate) failed: Vec<Seat>,
    /// The latest of them was detached: its slot names nobody any more.
    pub(crate) is_failure_gone: bool,
    /// The block's fate, from the block on (S14).
    pub(crate) block: Option<Settled>,
}

/// A fate, its reason and who decided.
pub(crate) const fn settled(
    fate: Fate,
    reason: FateReason,
    decider: Option<u8>,
    classifying: Slots,
) -> Settled {
    let decider = match decider {
        Some(slot) => Slot::new(slot),
        None => None,
    };
    Settled { fate, reason, decider, classifying }
}

impl Reference {
    pub(crate) fn new(plan: &Plan) -> Self {
        Self {
            policy: plan.policy,
            mutant: plan.mutant,
            pairs: Vec::new(),
            failed: Vec::new(),
            is_failure_gone: false,
            block: None,
        }
    }

    pub(crate) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.policy == FailurePolicy::Closed && !self.is(Mutant::PolicyIsOpen)
    }

    pub(crate) fn classify(&mut self, seat: Seat) {
        self.pairs.push(Pair { seat, wrong_in_a_row: 0 });
    }

    pub(crate) fn classifying(&self) -> Slots {
        Slots::from_mask(self.pairs.iter().fold(0, |mask, pair| mask | 1 << pair.seat.slot))
    }

    /// Ends every pair still classifying: one DELETED each, in attach order (S06, S14, S25).
    ///
    /// A pair whose attachment has left the published order ends as `detached`, without one:
    /// its rundown has begun (S30).
    pub(crate) fn end_all(
        &mut self,
        out: &mut Expected,
        order: &[Seat],
        rule: Rule,
        end: impl Fn(u8) -> PairEnd,
    ) {
        for pair in core::mem::take(&mut self.pairs) {
            let slot = pair.seat.slot;
            if order.contains(&pair.seat) || self.is(Mutant::DeletedAfterRundown) {
                if !self.is(Mutant::NoDeleted) {
                    let invoked = Line::Invoked(slot, FlowState::Deleted, Action::Unknown);
                    out.line(invoked, rule);
                }
                out.line(Line::Ended(slot, end(slot)), rule);
            } else {
                out.line(Line::Ended(slot, PairEnd::Detached), 30);
            }
        }
    }

    /// One segment (S12 to S15, S17).
    pub(crate) fn segment(&mut self, order: &[Seat], answers: Answers<'_>) -> Expected {
        let mut out = Expected { outcome_rule: 13, fate_rule: 27, ..Expected::default() };
        if self.absorbs(&mut out) {
            return out;
        }
        for seat in order {
            let Some(at) = self.pairs.iter().position(|pair| pair.seat == *seat) else { continue };
            let answer = answers(seat.slot);
            out.line(Line::Invoked(seat.slot, FlowState::Established, answer), 12);
            match answer {
                Action::NeedMoreData => self.pairs[at].wrong_in_a_row = 0,
                Action::Allow => self.allowed(&mut out, at),
                Action::Block => self.blocked(&mut out, order, at),
                Action::Invalid | Action::Error | Action::Unknown => {
                    self.wrong(&mut out, order, at);
                }
            }
            if out.account.is_blocked || out.account.is_released {
                break;
            }
        }
        out
    }

    pub(crate) fn absorbs(&self, out: &mut Expected) -> bool {
        if self.block.is_none() || self.is(Mutant::BlockForgotten) {
            return false;
        }
        out.outcome_rule = 17;
        out.account.is_blocked = true;
        true
    }

    /// Only this attachment's interest ends (S13); after the last, the context goes (S15).
    fn allowed(&mut self, out: &mut Expected, at: usize) {
        let before = self.classifying();
        let slot = self.pairs.remove(at).seat.slot;
        out.line(Line::Ended(slot, PairEnd::Allowed), 13);
        if self.pairs.is_empty() || self.is(Mutant::ReleaseAtFirstAllow) {
            out.outcome_rule = 15;
            out.account.is_released = true;
            out.account.settled = Some(self.fate_of_the_last(Some(slot), before));
        }
    }

    /// The fate where the last one classifying ended its interest: `allow` only if nobody failed,
    /// since a failure let the flow pass one inspection short (S27).
    pub(crate) fn fate_of_the_last(&self, last: Option<u8>, before: Slots) -> Settled {
        match self.failed.last() {
            Some(failed) => {
                let decider = (!self.is_failure_gone).then_some(failed.slot);
                settled(Fate::FailedOpen, FateReason::ProgramError, decider, before)
            }
            None => settled(Fate::Allow, FateReason::Answer, last, before),
        }
    }

    /// Immediate and final: every other one gets one DELETED, the blocker none (S14).
    fn blocked(&mut self, out: &mut Expected, order: &[Seat], at: usize) {
        let before = self.classifying();
        let slot = self.pairs.remove(at).seat.slot;
        if self.is(Mutant::BlockerGetsDeleted) {
            out.line(Line::Invoked(slot, FlowState::Deleted, Action::Unknown), 14);
        }
        out.line(Line::Ended(slot, PairEnd::Blocked), 14);
        self.end_all(out, order, 14, |_| PairEnd::BlockedByOther);
        let fate = settled(Fate::Block, FateReason::Answer, Some(slot), before);
        self.turn_blocked(out, fate, 14);
    }

    pub(crate) fn turn_blocked(&mut self, out: &mut Expected, fate: Settled, rule: Rule) {
        self.block = Some(fate);
        out.outcome_rule = rule;
        out.account.is_blocked = true;
        out.account.settled = Some(fate);
    }

    /// A program error or an answer outside the three (S31, S32).
    fn wrong(&mut self, out: &mut Expected, order: &[Seat], at: usize) {
        let before = self.classifying();
        let slot = self.pairs[at].seat.slot;
        if self.is_closed() {
            let own = |other| {
                if other == slot { PairEnd::Failed } else { PairEnd::BlockedByOther }
            };
            self.end_all(out, order, 32, own);
            let fate = settled(Fate::FailedClosed, FateReason::ProgramError, Some(slot), before);
            return self.turn_blocked(out, fate, 32);
        }
        let wrong_max = if self.is(Mutant::SeventhErrorEnds) { 7 } else { 8 };
        self.pairs[at].wrong_in_a_row += 1;
        if self.pairs[at].wrong_in_a_row < wrong_max {
            return;
        }
        let pair = self.pairs.remove(at);
        self.failed.push(pair.seat);
        self.is_failure_gone = false;
        out.line(Line::Invoked(slot, FlowState::Deleted, Action::Unknown), 26);
        out.line(Line::Ended(slot, PairEnd::Failed), 32);
        if self.pairs.is_empty() {
            out.outcome_rule = 32;
            out.account.is_released = true;
            out.account.settled = Some(self.fate_of_the_last(Some(slot), before));
        }
    }
}
