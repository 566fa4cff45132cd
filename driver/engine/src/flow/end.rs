//! Every way in which pairs end without having been asked: deletion, detach, unload, a block by
//! somebody else.

use super::{
    Attachments, Failure, Fate, FateReason, Flow, FlowState, Host, Outcome, PairEnd, Settled, Slot,
    Slots,
};

impl Flow {
    /// WFP deleted the flow: one DELETED for each attachment still classifying (S25).
    pub fn deleted(&mut self, host: &mut impl Host, order: &Attachments) -> Outcome {
        let classifying = self.classifying;
        self.end_classifying(host, order, |_| PairEnd::Closed);
        self.undecided(FateReason::Closed, classifying)
    }

    /// The driver is unloaded: pairs end without a DELETED (S26, S35).
    pub fn unloaded(&mut self, host: &mut impl Host) -> Outcome {
        let classifying = self.classifying;
        self.classifying = Slots::NONE;
        for slot in classifying.iter() {
            host.ended(slot, PairEnd::Unload);
        }
        self.undecided(FateReason::Unload, classifying)
    }

    /// The detach walk came by: the slot leaves every mask, without a DELETED (S29, S30).
    ///
    /// The context goes if that was the only attachment classifying the flow.
    pub fn detached(&mut self, host: &mut impl Host, slot: Slot) -> Outcome {
        let classifying = self.classifying;
        let was_classifying = self.classifying.remove(slot);
        if was_classifying {
            host.ended(slot, PairEnd::Detached);
        }
        let is_last = was_classifying && self.classifying.is_empty() && !self.is_blocked();
        let outcome = if is_last {
            self.undecided(FateReason::Detached, classifying)
        } else {
            Outcome { is_blocked: self.is_blocked(), ..Outcome::default() }
        };
        self.invoked.remove(slot);
        self.allowed.remove(slot);
        self.failed.remove(slot);
        if self.failure == Failure::By(slot) {
            self.failure = Failure::ByGone;
        }
        self.streaks.clear(slot);
        outcome
    }

    fn undecided(&mut self, reason: FateReason, classifying: Slots) -> Outcome {
        let settled = Settled { fate: Fate::Undecided, reason, decider: None, classifying };
        Outcome { is_blocked: self.is_blocked(), is_released: true, settled: self.settle(settled) }
    }

    /// Ends each classifying pair with one DELETED, in attach order.
    ///
    /// A pair whose attachment has left the published order ends as `detached`, without one:
    /// its rundown has begun (S30).
    pub(super) fn end_classifying(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        end: impl Fn(Slot) -> PairEnd,
    ) {
        let mut classifying = self.classifying;
        self.classifying = Slots::NONE;
        for attachment in order.iter() {
            if classifying.remove(attachment.slot) {
                host.invoke(attachment.slot, FlowState::Deleted);
                host.ended(attachment.slot, end(attachment.slot));
            }
        }
        for slot in classifying.iter() {
            host.ended(slot, PairEnd::Detached);
        }
    }

    /// The same, and every pair that ended so counts as failed.
    pub(super) fn fail_classifying(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        end: impl Fn(Slot) -> PairEnd,
    ) {
        let attached = order.slots();
        for slot in self.classifying.iter().filter(|slot| attached.has(*slot)) {
            self.fail(slot);
        }
        self.end_classifying(host, order, end);
    }
}
