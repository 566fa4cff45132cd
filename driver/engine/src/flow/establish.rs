//! State NEW: the walk over the attachments and what follows if the context cannot be kept.

use super::{
    Action, Attachments, Block, BlockedBy, Established, Failure, FailurePolicy, Fate, FateReason,
    Flow, FlowState, Host, NotKept, Outcome, PairEnd, Settled, Slot, Slots,
};

impl Flow {
    /// Asks each attachment whose compartment matches, once, in attach order (S04).
    pub fn establish(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        compartment: u32,
    ) -> Established {
        let mut last = None;
        for attachment in order.iter().filter(|it| it.matches(compartment)) {
            let slot = attachment.slot;
            last = Some(slot);
            self.invoked.insert(slot);
            match host.invoke(slot, FlowState::New) {
                Action::NeedMoreData => self.classifying.insert(slot),
                Action::Allow => {
                    self.allowed.insert(slot);
                    host.ended(slot, PairEnd::Allowed);
                }
                Action::Block => {
                    let classifying = self.classifying;
                    host.ended(slot, PairEnd::Blocked);
                    self.end_classifying(host, order, |_| PairEnd::BlockedByOther);
                    self.block_by(BlockedBy::Program, slot, FateReason::Answer, classifying);
                    return Established::Keep;
                }
                Action::Invalid | Action::Error | Action::Unknown => {
                    let classifying = self.classifying;
                    self.fail(slot);
                    host.ended(slot, PairEnd::Failed);
                    if policy == FailurePolicy::Closed {
                        self.end_classifying(host, order, |_| PairEnd::BlockedByOther);
                        self.block_by(
                            BlockedBy::Policy,
                            slot,
                            FateReason::ProgramError,
                            classifying,
                        );
                        return Established::Keep;
                    }
                }
            }
        }
        self.after_walk(last)
    }

    fn after_walk(&mut self, last: Option<Slot>) -> Established {
        if !self.classifying.is_empty() {
            return Established::Keep;
        }
        let Some(last) = last else { return Established::Ignored };
        match self.settle(self.allowed_or_failed_open(last, Slots::NONE)) {
            Some(settled) => Established::Uninspected(settled),
            None => Established::Ignored,
        }
    }

    /// The fate of a flow that nobody classifies any more, `last` having ended its interest.
    pub(super) fn allowed_or_failed_open(&self, last: Slot, classifying: Slots) -> Settled {
        let failed_open = (Fate::FailedOpen, FateReason::ProgramError);
        let ((fate, reason), decider) = match self.failure {
            Failure::None => ((Fate::Allow, FateReason::Answer), Some(last)),
            Failure::By(slot) => (failed_open, Some(slot)),
            Failure::ByGone => (failed_open, None),
        };
        Settled { fate, reason, decider, classifying }
    }

    pub(super) const fn block_by(
        &mut self,
        by: BlockedBy,
        decider: Slot,
        reason: FateReason,
        classifying: Slots,
    ) -> Block {
        let block = Block { by, decider: Some(decider), reason, classifying };
        self.block = Some(block);
        block
    }

    /// The context is associated (S08); the fate, if the flow was blocked at NEW.
    pub const fn kept(&mut self) -> Option<Settled> {
        match self.block {
            Some(block) => self.settle_block(block),
            None => None,
        }
    }

    /// The context could not be kept (S09).
    ///
    /// A program's BLOCK stands whatever the policy; otherwise the failure table decides.
    pub fn not_kept(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> NotKept {
        if let Some(block) = self.block {
            let (fate, reason) = match block.by {
                BlockedBy::Program => (Fate::Block, FateReason::BlockNotKept),
                BlockedBy::Policy => (Fate::FailedClosed, block.reason),
            };
            let (decider, classifying) = (block.decider, block.classifying);
            let settled = Settled { fate, reason, decider, classifying };
            self.settle(settled);
            return NotKept { is_blocked: true, settled };
        }
        let classifying = self.classifying;
        self.fail_classifying(host, order, |_| PairEnd::Failed);
        let is_blocked = policy == FailurePolicy::Closed;
        let fate = if is_blocked { Fate::FailedClosed } else { Fate::FailedOpen };
        let reason = FateReason::NoContext;
        let settled = Settled { fate, reason, decider: None, classifying };
        self.settle(settled);
        NotKept { is_blocked, settled }
    }

    /// What flow established does with a flow that found `MaxFlows` reached: no program was
    /// invoked, so it has no fate (S09, S33).
    #[must_use]
    pub const fn refused(policy: FailurePolicy) -> Outcome {
        let is_blocked = matches!(policy, FailurePolicy::Closed);
        Outcome { is_blocked, is_released: true, settled: None }
    }
}
