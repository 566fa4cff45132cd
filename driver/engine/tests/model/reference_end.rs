//! The reference model where pairs end without having been asked: what cannot be shown, deletion,
//! detach, engine and unload (S20, S23, S25, S30, S34, S35).

use crate::record::{Expected, Line, Rule, Seat};
use crate::reference::{Reference, settled};
use weir_abi::event::{Fate, FateReason, PairEnd};

impl Reference {
    /// A segment that cannot be shown whole (S20, S23, S32).
    pub(crate) fn unshown(&mut self, order: &[Seat], reason: FateReason) -> Expected {
        self.give_up(order, reason, 32, PairEnd::Failed)
    }

    /// The filtering engine is back: who still classifies has missed bytes (S34).
    pub(crate) fn engine_returned(&mut self, order: &[Seat]) -> Expected {
        self.give_up(order, FateReason::Engine, 34, PairEnd::Engine)
    }

    fn give_up(
        &mut self,
        order: &[Seat],
        reason: FateReason,
        rule: Rule,
        end: PairEnd,
    ) -> Expected {
        let mut out = Expected { outcome_rule: rule, fate_rule: rule, ..Expected::default() };
        if self.absorbs(&mut out) {
            return out;
        }
        let before = self.classifying();
        self.end_all(&mut out, order, rule, |_| end);
        if self.is_closed() {
            let fate = settled(Fate::FailedClosed, reason, None, before);
            self.turn_blocked(&mut out, fate, rule);
        } else {
            out.account.is_released = true;
            out.account.settled = Some(settled(Fate::FailedOpen, reason, None, before));
        }
        out
    }

    /// WFP deletes the flow (S25).
    pub(crate) fn deleted(&mut self, order: &[Seat]) -> Expected {
        let mut out = self.goes(FateReason::Closed, 25);
        self.end_all(&mut out, order, 25, |_| PairEnd::Closed);
        out
    }

    /// Unload: no DELETED (S26, S35).
    pub(crate) fn unloaded(&mut self) -> Expected {
        let mut out = self.goes(FateReason::Unload, 35);
        for pair in core::mem::take(&mut self.pairs) {
            out.line(Line::Ended(pair.seat.slot, PairEnd::Unload), 26);
        }
        out
    }

    fn goes(&self, reason: FateReason, rule: Rule) -> Expected {
        let mut out = Expected { outcome_rule: rule, fate_rule: 27, ..Expected::default() };
        out.account.is_released = true;
        out.account.is_blocked = self.block.is_some();
        if self.block.is_none() {
            out.account.settled = Some(settled(Fate::Undecided, reason, None, self.classifying()));
        }
        out
    }

    /// The detach walk comes by (S30).
    pub(crate) fn detached(&mut self, seat: Seat) -> Expected {
        let mut out = Expected { outcome_rule: 30, fate_rule: 30, ..Expected::default() };
        out.account.is_blocked = self.block.is_some();
        if self.failed.last() == Some(&seat) {
            self.is_failure_gone = true;
        }
        let before = self.classifying();
        let Some(at) = self.pairs.iter().position(|pair| pair.seat == seat) else { return out };
        self.pairs.remove(at);
        out.line(Line::Ended(seat.slot, PairEnd::Detached), 30);
        if self.pairs.is_empty() {
            out.account.is_released = true;
            let fate = settled(Fate::Undecided, FateReason::Detached, None, before);
            out.account.settled = Some(fate);
        }
        out
    }
}
