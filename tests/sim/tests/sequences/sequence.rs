//! One sequence: its steps, the answers given in each, and the account that the model expects.

use crate::record::{Account, Line, Seat, Walk};
use crate::reference::Reference;
use crate::roster::Roster;
use crate::sides::{COMPARTMENT, Step, is_over};
use crate::subject::Call;
use weir_abi::{Action, FlowState};

/// One step and what is expected of it.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) step: Step,
    pub(crate) expected: Account,
    /// The attachment that this step brings.
    pub(crate) seat: Option<Seat>,
}

impl Taken {
    /// Who is asked, in which state, and what it answers; DELETED, whose answer is ignored, left
    /// out.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (u8, FlowState, Action)> {
        self.expected.log.iter().filter_map(|line| match *line {
            Line::Invoked(slot, state, answer) if state != FlowState::Deleted => {
                Some((slot, state, answer))
            }
            Line::Invoked(..) | Line::Ended(..) => None,
        })
    }
}

/// The attachments that are there from the beginning, and the steps.
#[derive(Clone, Debug)]
pub(crate) struct Sequence {
    pub(crate) seats: Vec<Seat>,
    pub(crate) steps: Vec<Taken>,
}

/// Where the model stands.
#[derive(Clone)]
pub(crate) struct State {
    pub(crate) roster: Roster,
    pub(crate) model: Reference,
    pub(crate) is_over: bool,
}

impl State {
    /// Takes a step; `answer` gives what is asked for.
    pub(crate) fn take(
        &mut self,
        step: Step,
        answer: &mut dyn FnMut() -> Action,
    ) -> Result<Taken, String> {
        let broken = |rule| format!("the roster breaks S{rule:02}");
        let mut seat = None;
        let expected = match step {
            Step::Attach => {
                seat = Some(self.roster.attach(0).map_err(broken)?);
                Account::default()
            }
            Step::Unpublish(seat) => {
                self.roster.unpublish(seat).map_err(broken)?;
                Account::default()
            }
            // The flow is over already: only the attachment goes.
            Step::Walk(_) if self.is_over => Account::default(),
            Step::Establish | Step::Kept | Step::NotKept | Step::Call(_) | Step::Walk(_) => {
                self.expect(step, answer)
            }
        };
        if !matches!(step, Step::Attach | Step::Unpublish(_)) {
            self.is_over |= is_over(step, &expected);
        }
        if let Step::Walk(seat) = step {
            self.roster.walked(seat).map_err(broken)?;
        }
        Ok(Taken { step, expected, seat })
    }

    fn expect(&mut self, step: Step, answer: &mut dyn FnMut() -> Action) -> Account {
        let order = &self.roster.published;
        let model = &mut self.model;
        let answers = &mut |_slot: u8| answer();
        let expected = match step {
            Step::Establish => model.establish(order, COMPARTMENT, answers),
            Step::Kept => model.kept(),
            Step::NotKept => model.not_kept(order),
            Step::Call(Call::Segment) => model.segment(order, answers),
            Step::Call(Call::Unshown(reason)) => model.unshown(order, reason),
            Step::Call(Call::Deleted) => model.deleted(order),
            Step::Call(Call::EngineReturned) => model.engine_returned(order),
            Step::Call(Call::Unload) => model.unloaded(),
            Step::Walk(seat) => model.detached(seat),
            Step::Call(Call::Walk(_)) | Step::Unpublish(_) | Step::Attach => {
                return Account::default();
            }
        };
        expected.account
    }
}

/// Two accounts of what the driver does in one call.
pub(crate) fn merged(first: &Account, second: &Account) -> Account {
    Account {
        log: [first.log.as_slice(), &second.log].concat(),
        walk: first.walk.or(second.walk),
        // What the last of them says: a block whose context is not kept might not last.
        is_blocked: second.is_blocked,
        is_released: first.is_released || second.is_released,
        settled: first.settled.or(second.settled),
    }
}

/// Whether a context is made.
pub(crate) fn is_kept(steps: &[Taken]) -> bool {
    matches!(steps, [first, second, ..]
        if first.expected.walk == Some(Walk::Keep) && second.step == Step::Kept)
}
