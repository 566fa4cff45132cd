//! A flow, its attachments and scripted answers.

#![expect(clippy::expect_used, reason = "a scene that is written wrongly must stop its test")]

use core::fmt::Write;
use std::collections::VecDeque;
use weir_abi::event::{FailurePolicy, Fate, FateReason, PairEnd};
use weir_abi::{Action, FlowState};
use weir_engine::{Attachments, Established, Flow, Host, NotKept, Outcome, Settled, Slot};

/// The compartment of the flow in every scene.
pub(crate) const COMPARTMENT: u32 = 1;

/// Answers in the order of being asked; writes `new0 end0:allowed`.
#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Action>,
    log: String,
}

impl Host for Script {
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action {
        write!(self.log, " {}{}", state.name(), slot.number()).expect("a string takes it");
        match state {
            // Ignored (S25), hence the answer that would do most harm.
            FlowState::Deleted => Action::Block,
            FlowState::New | FlowState::Established | FlowState::Unknown => {
                self.answers.pop_front().expect("the script has no answer for this invocation")
            }
        }
    }

    fn ended(&mut self, slot: Slot, end: PairEnd) {
        write!(self.log, " end{}:{}", slot.number(), end.name()).expect("a string takes it");
    }
}

/// One flow on its way.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) order: Attachments,
    pub(crate) flow: Flow,
    policy: FailurePolicy,
    script: Script,
}

/// The fate, its reason and the slot that decided.
pub(crate) fn fate(settled: Option<Settled>) -> Option<(Fate, FateReason, Option<u8>)> {
    settled.map(|it| (it.fate, it.reason, it.decider.map(Slot::number)))
}

impl Scene {
    /// Attachments bound to these compartments, in this order.
    pub(crate) fn new(policy: FailurePolicy, compartments: &[u32]) -> Self {
        let mut order = Attachments::default();
        for compartment in compartments {
            order.attach(*compartment).expect("fewer than 64");
        }
        Self { order, flow: Flow::default(), policy, script: Script::default() }
    }

    /// A flow that is kept after these answers at NEW.
    pub(crate) fn kept(policy: FailurePolicy, answers: &[Action]) -> Self {
        let mut scene = Self::new(policy, &vec![0; answers.len()]);
        assert_eq!(scene.establish(answers), Established::Keep);
        scene.flow.kept();
        scene.log();
        scene
    }

    /// What was invoked and ended since the last call.
    pub(crate) fn log(&mut self) -> String {
        assert!(self.script.answers.is_empty(), "answers left over: {:?}", self.script.answers);
        core::mem::take(&mut self.script.log).trim_start().to_owned()
    }

    pub(crate) fn establish(&mut self, answers: &[Action]) -> Established {
        self.script.answers.extend(answers);
        self.flow.establish(&mut self.script, &self.order, self.policy, COMPARTMENT)
    }

    pub(crate) fn not_kept(&mut self) -> NotKept {
        self.flow.not_kept(&mut self.script, &self.order, self.policy)
    }

    pub(crate) fn segment(&mut self, answers: &[Action]) -> Outcome {
        self.script.answers.extend(answers);
        self.flow.segment(&mut self.script, &self.order, self.policy)
    }

    pub(crate) fn unshown(&mut self, reason: FateReason) -> Outcome {
        self.flow.unshown(&mut self.script, &self.order, self.policy, reason)
    }

    pub(crate) fn deleted(&mut self) -> Outcome {
        self.flow.deleted(&mut self.script, &self.order)
    }

    pub(crate) fn engine_returned(&mut self) -> Outcome {
        self.flow.engine_returned(&mut self.script, &self.order, self.policy)
    }

    pub(crate) fn unloaded(&mut self) -> Outcome {
        self.flow.unloaded(&mut self.script)
    }

    /// The first half of a detach.
    pub(crate) fn unpublish(&mut self, slot: u8) {
        assert!(self.order.detach(Slot::new(slot).expect("below 64")));
    }

    /// The second half.
    pub(crate) fn walk(&mut self, slot: u8) -> Outcome {
        let slot = Slot::new(slot).expect("below 64");
        let outcome = self.flow.detached(&mut self.script, slot);
        self.order.drained(slot);
        outcome
    }
}
