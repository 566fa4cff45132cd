//! One flow from NEW to its fate.
//!
//! The state is a few masks; the attach order comes from outside with every call, because a
//! detached attachment leaves the published order before it leaves the flows (S29, S30).
//! `establish` and `segment` ask programs; `end` holds every way in which pairs end without
//! having been asked.

mod end;
mod establish;
mod segment;

use crate::attachments::Attachments;
use crate::slots::{Slot, Slots, Streaks};
use weir_abi::event::{FailurePolicy, Fate, FateReason, PairEnd};
use weir_abi::{Action, FlowState};

/// What the engine needs from whoever runs programs.
pub trait Host {
    /// Invokes the attachment in `slot`; its answer, [`Action::Invalid`] for a number outside the
    /// three, [`Action::Error`] where the invocation failed (S31).
    /// The answer at DELETED is ignored (S25).
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action;

    /// The pair of this flow and the attachment in `slot` has ended (S26).
    ///
    /// Where the reason includes a DELETED, that invocation came just before.
    fn ended(&mut self, slot: Slot, end: PairEnd);
}

/// A flow's fate and what it rests on; comes exactly once for each flow for which an attachment
/// was invoked (S27).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The fate.
    pub fate: Fate,
    /// What brought it about.
    pub reason: FateReason,
    /// Who decided: the blocker, the last that allowed, the last that failed; none of an undecided
    /// flow.
    pub decider: Option<Slot>,
    /// Who was still classifying just before.
    pub classifying: Slots,
}

/// What the walk at NEW came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Established {
    /// No attachment sees flows of this compartment.
    Ignored,
    /// Nobody wants to inspect it: it costs nothing from here (S07).
    Uninspected(Settled),
    /// A context is needed: [`Flow::kept`] or [`Flow::not_kept`] comes next (S08, S09).
    Keep,
}

/// What flow established returns to WFP where the context could not be kept (S09).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotKept {
    /// BLOCK at flow established instead of CONTINUE.
    pub is_blocked: bool,
    /// The fate.
    pub settled: Settled,
}

/// What became of a flow in one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// BLOCK and absorb, instead of PERMIT (S16).
    pub is_blocked: bool,
    /// The context goes now (S15); the caller removes it.
    pub is_released: bool,
    /// The fate, if this call settled it.
    pub settled: Option<Settled>,
}

/// The rules' state of one flow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow {
    invoked: Slots,
    allowed: Slots,
    classifying: Slots,
    failed: Slots,
    /// Outlives the slot in `failed`: a detach walk must not make a flow that passed by failure
    /// look allowed.
    failure: Failure,
    streaks: Streaks,
    /// `Some` from the block on; never goes back (S14).
    block: Option<Block>,
    /// Invariant: set with the settled fate, so that there is exactly one.
    is_settled: bool,
}

/// Whose pair a failure ended last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
enum Failure {
    #[default]
    None,
    By(Slot),
    /// Of an attachment that is gone; its slot may be another's by now.
    ByGone,
}

/// Who or what blocked a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Block {
    by: BlockedBy,
    decider: Option<Slot>,
    reason: FateReason,
    classifying: Slots,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum BlockedBy {
    Program,
    Policy,
}

impl Flow {
    /// Whether the flow is blocked.
    #[must_use]
    pub const fn is_blocked(&self) -> bool {
        self.block.is_some()
    }

    /// Slots that were invoked for it.
    #[must_use]
    pub const fn invoked(&self) -> Slots {
        self.invoked
    }

    /// Slots that allowed it.
    #[must_use]
    pub const fn allowed(&self) -> Slots {
        self.allowed
    }

    /// Slots that are classifying it.
    #[must_use]
    pub const fn classifying(&self) -> Slots {
        self.classifying
    }

    /// Slots whose pair a failure ended.
    #[must_use]
    pub const fn failed(&self) -> Slots {
        self.failed
    }

    fn fail(&mut self, slot: Slot) {
        self.failed.insert(slot);
        self.failure = Failure::By(slot);
    }

    /// Settles the fate; `None` if it was settled before.
    const fn settle(&mut self, settled: Settled) -> Option<Settled> {
        if self.is_settled {
            return None;
        }
        self.is_settled = true;
        Some(settled)
    }

    /// The fate of a block, whoever gave it.
    const fn settle_block(&mut self, block: Block) -> Option<Settled> {
        let fate = match block.by {
            BlockedBy::Program => Fate::Block,
            BlockedBy::Policy => Fate::FailedClosed,
        };
        self.settle(Settled {
            fate,
            reason: block.reason,
            decider: block.decider,
            classifying: block.classifying,
        })
    }
}
