//! The reference model at NEW, and what follows if the context cannot be kept (S04 to S09).

use crate::mutant::Mutant;
use crate::record::{Expected, Line, Seat, Walk};
use crate::reference::{Answers, Reference, settled};
use weir_abi::event::{Fate, FateReason, PairEnd};
use weir_abi::{Action, FlowState};

impl Reference {
    /// The walk at flow established (S04).
    pub(crate) fn establish(
        &mut self,
        order: &[Seat],
        compartment: u32,
        answers: Answers<'_>,
    ) -> Expected {
        let mut out = Expected { outcome_rule: 7, fate_rule: 27, ..Expected::default() };
        let mut last = None;
        let mut is_anybody_asked = false;
        for seat in order {
            if seat.compartment != 0 && seat.compartment != compartment {
                continue;
            }
            is_anybody_asked = true;
            let slot = seat.slot;
            let answer = answers(slot);
            out.line(Line::Invoked(slot, FlowState::New, answer), 4);
            match answer {
                Action::NeedMoreData => self.classify(*seat),
                Action::Allow => {
                    last = Some(slot);
                    out.line(Line::Ended(slot, PairEnd::Allowed), 5);
                }
                Action::Block => self.blocked_at_new(&mut out, order, slot),
                Action::Invalid | Action::Error | Action::Unknown => {
                    last = Some(slot);
                    self.wrong_at_new(&mut out, order, *seat);
                }
            }
            if self.block.is_some() && !self.is(Mutant::WalkGoesOnAfterBlock) {
                break;
            }
        }
        out.account.is_blocked = self.block.is_some();
        out.account.walk = Some(if !is_anybody_asked {
            Walk::Ignored
        } else if self.block.is_some() || !self.pairs.is_empty() {
            out.outcome_rule = 8;
            Walk::Keep
        } else {
            out.account.settled = Some(self.fate_of_the_last(last, self.classifying()));
            Walk::Uninspected
        });
        out
    }

    /// The walk stops; those classifying get one DELETED each (S06).
    fn blocked_at_new(&mut self, out: &mut Expected, order: &[Seat], slot: u8) {
        let before = self.classifying();
        out.line(Line::Ended(slot, PairEnd::Blocked), 6);
        self.end_all(out, order, 6, |_| PairEnd::BlockedByOther);
        self.block = Some(settled(Fate::Block, FateReason::Answer, Some(slot), before));
    }

    /// The pair never had a valid answer, so its end has no DELETED (S26, S32).
    fn wrong_at_new(&mut self, out: &mut Expected, order: &[Seat], seat: Seat) {
        let before = self.classifying();
        let slot = seat.slot;
        out.line(Line::Ended(slot, PairEnd::Failed), 32);
        self.failed.push(seat);
        if self.is_closed() {
            self.end_all(out, order, 32, |_| PairEnd::BlockedByOther);
            let reason = FateReason::ProgramError;
            self.block = Some(settled(Fate::FailedClosed, reason, Some(slot), before));
        }
    }

    /// The context is associated (S08).
    pub(crate) fn kept(&self) -> Expected {
        let mut out = Expected { outcome_rule: 6, fate_rule: 27, ..Expected::default() };
        out.account.is_blocked = self.block.is_some();
        out.account.settled = self.block;
        out
    }

    /// The context could not be kept (S09).
    pub(crate) fn not_kept(&mut self, order: &[Seat]) -> Expected {
        let mut out = Expected { outcome_rule: 9, fate_rule: 9, ..Expected::default() };
        if let Some(mut fate) = self.block {
            out.account.is_blocked = !self.is(Mutant::BlockNotKeptPermits);
            if fate.fate == Fate::Block {
                fate.reason = FateReason::BlockNotKept;
            }
            out.account.settled = Some(fate);
            return out;
        }
        let before = self.classifying();
        self.end_all(&mut out, order, 9, |_| PairEnd::Failed);
        out.account.is_blocked = self.is_closed();
        let fate = if self.is_closed() { Fate::FailedClosed } else { Fate::FailedOpen };
        out.account.settled = Some(settled(fate, FateReason::NoContext, None, before));
        out
    }
}
