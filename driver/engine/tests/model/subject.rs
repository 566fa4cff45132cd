//! What is put to the test: the engine's `Flow`, and engines that are wrong on purpose.

use weir_abi::event::{FailurePolicy, FateReason, PairEnd};
use weir_abi::{Action, FlowState};
use weir_engine::{Attachments, Established, Flow, Host, NotKept, Outcome, Settled, Slot};

/// One call into a flow that has a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Segment,
    Unshown(FateReason),
    Deleted,
    Walk(Slot),
    EngineReturned,
    Unload,
}

/// The public face of `Flow`.
pub(crate) trait Subject: Clone {
    fn establish(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        compartment: u32,
    ) -> Established;
    fn kept(&mut self) -> Option<Settled>;
    fn not_kept(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> NotKept;
    fn call(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        call: Call,
    ) -> Outcome;
    fn is_blocked(&self) -> bool;
}

impl Subject for Flow {
    fn establish(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        compartment: u32,
    ) -> Established {
        Self::establish(self, host, order, policy, compartment)
    }

    fn kept(&mut self) -> Option<Settled> {
        Self::kept(self)
    }

    fn not_kept(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> NotKept {
        Self::not_kept(self, host, order, policy)
    }

    fn call(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        call: Call,
    ) -> Outcome {
        match call {
            Call::Segment => self.segment(host, order, policy),
            Call::Unshown(reason) => self.unshown(host, order, policy, reason),
            Call::Deleted => self.deleted(host, order),
            Call::Walk(slot) => self.detached(host, slot),
            Call::EngineReturned => self.engine_returned(host, order, policy),
            Call::Unload => self.unloaded(host),
        }
    }

    fn is_blocked(&self) -> bool {
        Self::is_blocked(self)
    }
}

/// What a tampered engine does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tamper {
    /// Invokes nobody, permits everything.
    DoesNothing,
    /// Invokes nobody, blocks everything.
    BlocksEverything,
    LosesEnds,
    EndsTwice,
    SkipsDeleted,
    LosesFate,
    UnblocksLater,
    InvokesTwice,
}

impl Tamper {
    pub(crate) const ALL: [Self; 8] = [
        Self::DoesNothing,
        Self::BlocksEverything,
        Self::LosesEnds,
        Self::EndsTwice,
        Self::SkipsDeleted,
        Self::LosesFate,
        Self::UnblocksLater,
        Self::InvokesTwice,
    ];
}

/// The engine with one fault between it and its caller.
#[derive(Clone, Copy)]
pub(crate) struct Tampered {
    pub(crate) flow: Flow,
    pub(crate) tamper: Tamper,
}

struct TamperedHost<'a, H> {
    host: &'a mut H,
    tamper: Tamper,
}

impl<H: Host> Host for TamperedHost<'_, H> {
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action {
        if self.tamper == Tamper::SkipsDeleted && state == FlowState::Deleted {
            return Action::Allow;
        }
        if self.tamper == Tamper::InvokesTwice {
            self.host.invoke(slot, state);
        }
        self.host.invoke(slot, state)
    }

    fn ended(&mut self, slot: Slot, end: PairEnd) {
        if self.tamper == Tamper::LosesEnds {
            return;
        }
        if self.tamper == Tamper::EndsTwice {
            self.host.ended(slot, end);
        }
        self.host.ended(slot, end);
    }
}

impl Subject for Tampered {
    fn establish(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        compartment: u32,
    ) -> Established {
        let tamper = self.tamper;
        match tamper {
            Tamper::DoesNothing => Established::Ignored,
            Tamper::BlocksEverything => Established::Keep,
            Tamper::LosesEnds
            | Tamper::EndsTwice
            | Tamper::SkipsDeleted
            | Tamper::LosesFate
            | Tamper::UnblocksLater
            | Tamper::InvokesTwice => {
                let host = &mut TamperedHost { host, tamper };
                self.flow.establish(host, order, policy, compartment)
            }
        }
    }

    fn kept(&mut self) -> Option<Settled> {
        self.flow.kept().filter(|_| self.tamper != Tamper::LosesFate)
    }

    fn not_kept(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
    ) -> NotKept {
        self.flow.not_kept(&mut TamperedHost { host, tamper: self.tamper }, order, policy)
    }

    fn call(
        &mut self,
        host: &mut impl Host,
        order: &Attachments,
        policy: FailurePolicy,
        call: Call,
    ) -> Outcome {
        let was_blocked = self.flow.is_blocked();
        let host = &mut TamperedHost { host, tamper: self.tamper };
        let mut outcome = self.flow.call(host, order, policy, call);
        if self.tamper == Tamper::LosesFate {
            outcome.settled = None;
        }
        if self.tamper == Tamper::UnblocksLater && was_blocked {
            outcome.is_blocked = false;
        }
        outcome
    }

    fn is_blocked(&self) -> bool {
        self.flow.is_blocked() || self.tamper == Tamper::BlocksEverything
    }
}
