//! State ESTABLISHED: one segment, shown to each attachment that is classifying the flow.

use super::{
    Action, Attachments, BlockedBy, FailurePolicy, Fate, FateReason, Flow, FlowState, Host,
    Outcome, PairEnd, Settled, Slot,
};

/// What one attachment's answer means for the walk.
enum Step {
    GoOn,
    EndedInterest,
    Blocked(Outcome),
}

impl Flow {
    /// Shows a segment to the classifying attachments, in attach order (S12).
    ///
    /// A blocked flow absorbs without asking (S17).
    pub fn segment(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> Outcome {
        if self.is_blocked() {
            return Outcome { is_blocked: true, ..Outcome::default() };
        }
        let mut last = None;
        for attachment in order.iter() {
            if !self.classifying.has(attachment.slot) {
                continue;
            }
            let before = self.classifying;
            match self.ask(host, order, policy, attachment.slot) {
                Step::GoOn => {}
                Step::EndedInterest => last = Some((attachment.slot, before)),
                Step::Blocked(outcome) => return outcome,
            }
        }
        match last {
            Some((last, before)) if self.classifying.is_empty() => {
                let settled = self.settle(self.allowed_or_failed_open(last, before));
                Outcome { is_blocked: false, is_released: true, settled }
            }
            _ => Outcome::default(),
        }
    }

    fn ask(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        slot: Slot,
    ) -> Step {
        match host.invoke(slot, FlowState::Established) {
            Action::NeedMoreData => {
                self.streaks.clear(slot);
                Step::GoOn
            }
            Action::Allow => {
                self.classifying.remove(slot);
                self.allowed.insert(slot);
                host.ended(slot, PairEnd::Allowed);
                Step::EndedInterest
            }
            Action::Block => {
                let classifying = self.classifying;
                self.classifying.remove(slot);
                host.ended(slot, PairEnd::Blocked);
                self.end_classifying(host, order, |_| PairEnd::BlockedByOther);
                let reason = FateReason::Answer;
                let block = self.block_by(BlockedBy::Program, slot, reason, classifying);
                Step::Blocked(Outcome {
                    is_blocked: true,
                    is_released: false,
                    settled: self.settle_block(block),
                })
            }
            Action::Invalid | Action::Error | Action::Unknown => {
                self.answered_wrong(host, order, policy, slot)
            }
        }
    }

    /// A program error or invalid answer (S31, S32): closed blocks at the first, open ends the
    /// pair at the 8th in a row.
    fn answered_wrong(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        slot: Slot,
    ) -> Step {
        if policy == FailurePolicy::Closed {
            let classifying = self.classifying;
            self.fail(slot);
            let end = |it| if it == slot { PairEnd::Failed } else { PairEnd::BlockedByOther };
            self.end_classifying(host, order, end);
            let reason = FateReason::ProgramError;
            let block = self.block_by(BlockedBy::Policy, slot, reason, classifying);
            return Step::Blocked(Outcome {
                is_blocked: true,
                is_released: false,
                settled: self.settle_block(block),
            });
        }
        if !self.streaks.count(slot) {
            return Step::GoOn;
        }
        self.classifying.remove(slot);
        self.fail(slot);
        host.invoke(slot, FlowState::Deleted);
        host.ended(slot, PairEnd::Failed);
        Step::EndedInterest
    }

    /// A segment that cannot be shown whole: unreadable, missed bytes, no stack (S20, S23, S32).
    pub fn unshown(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        reason: FateReason,
    ) -> Outcome {
        self.give_up(host, order, policy, reason, |_| PairEnd::Failed)
    }

    /// The filtering engine is back: what is still classifying has missed bytes (S34).
    pub fn engine_returned(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> Outcome {
        self.give_up(host, order, policy, FateReason::Engine, |_| PairEnd::Engine)
    }

    fn give_up(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        reason: FateReason,
        end: impl Fn(Slot) -> PairEnd,
    ) -> Outcome {
        if self.is_blocked() {
            return Outcome { is_blocked: true, ..Outcome::default() };
        }
        let classifying = self.classifying;
        self.fail_classifying(host, order, end);
        let is_blocked = policy == FailurePolicy::Closed;
        if is_blocked {
            let by = BlockedBy::Policy;
            self.block = Some(super::Block { by, decider: None, reason, classifying });
        }
        let fate = if is_blocked { Fate::FailedClosed } else { Fate::FailedOpen };
        let settled = self.settle(Settled { fate, reason, decider: None, classifying });
        Outcome { is_blocked, is_released: !is_blocked, settled }
    }
}
