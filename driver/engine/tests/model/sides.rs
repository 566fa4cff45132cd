//! One step, taken by the engine and by the reference model.

use crate::invariants::{Invariants, Kind};
use crate::odometer::{Odometer, Recorder};
use crate::record::{Account, Expected, Seat, Walk};
use crate::reference::Reference;
use crate::roster::Roster;
use crate::subject::{Call, Subject};
use weir_abi::event::FailurePolicy;
use weir_engine::{Established, Slot};

/// The compartment of every flow; attachments are bound to 0 (any), 1 or a foreign one.
pub(crate) const COMPARTMENT: u32 = 1;

/// One step of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Establish,
    Kept,
    NotKept,
    Call(Call),
    Unpublish(Seat),
    Walk(Seat),
    Attach,
}

/// A state of the search.
#[derive(Clone)]
pub(crate) struct Node<S> {
    pub(crate) subject: S,
    pub(crate) roster: Roster,
    pub(crate) model: Reference,
    pub(crate) invariants: Invariants,
    pub(crate) is_over: bool,
}

/// Whether the flow has no context after this call, hence gets no further one.
pub(crate) fn is_over(step: Step, seen: &Account) -> bool {
    let is_last = matches!(step, Step::NotKept | Step::Call(Call::Deleted | Call::Unload));
    is_last || seen.is_released || seen.walk.is_some_and(|walk| walk != Walk::Keep)
}

pub(crate) const fn kind(step: Step) -> Kind {
    match step {
        Step::Establish => Kind::New,
        Step::Call(Call::Segment) => Kind::Segment,
        Step::Call(Call::Deleted) => Kind::Deleted,
        Step::Call(Call::Unload) => Kind::Unload,
        Step::Call(Call::Unshown(_) | Call::Walk(_) | Call::EngineReturned)
        | Step::Kept
        | Step::NotKept
        | Step::Unpublish(_)
        | Step::Walk(_)
        | Step::Attach => Kind::Other,
    }
}

/// The engine's account of a step.
pub(crate) fn observe<S: Subject>(
    node: &mut Node<S>,
    step: Step,
    policy: FailurePolicy,
    odometer: &mut Odometer,
) -> Account {
    let order = &node.roster.engine;
    let host = &mut Recorder::new(odometer);
    let call = match step {
        Step::Establish => {
            let (walk, settled) = match node.subject.establish(host, order, policy, COMPARTMENT) {
                Established::Ignored => (Walk::Ignored, None),
                Established::Uninspected(settled) => (Walk::Uninspected, Some(settled)),
                Established::Keep => (Walk::Keep, None),
            };
            host.account.walk = Some(walk);
            host.account.settled = settled;
            host.account.is_blocked = node.subject.is_blocked();
            return core::mem::take(&mut host.account);
        }
        Step::Kept => {
            host.account.settled = node.subject.kept();
            host.account.is_blocked = node.subject.is_blocked();
            return core::mem::take(&mut host.account);
        }
        Step::NotKept => {
            let not_kept = node.subject.not_kept(host, order, policy);
            host.account.settled = Some(not_kept.settled);
            host.account.is_blocked = not_kept.is_blocked;
            return core::mem::take(&mut host.account);
        }
        Step::Call(call) => call,
        Step::Walk(seat) => match Slot::new(seat.slot) {
            Some(slot) => Call::Walk(slot),
            None => return Account::default(),
        },
        Step::Unpublish(_) | Step::Attach => return Account::default(),
    };
    let outcome = node.subject.call(host, order, policy, call);
    host.account.is_blocked = outcome.is_blocked;
    host.account.is_released = outcome.is_released;
    host.account.settled = outcome.settled;
    core::mem::take(&mut host.account)
}

/// The text's account of the same step, with the same answers.
pub(crate) fn expect<S>(node: &mut Node<S>, step: Step, odometer: &mut Odometer) -> Expected {
    odometer.rewind();
    let order = &node.roster.published;
    let answers = &mut |_slot: u8| odometer.answer();
    match step {
        Step::Establish => node.model.establish(order, COMPARTMENT, answers),
        Step::Kept => node.model.kept(),
        Step::NotKept => node.model.not_kept(order),
        Step::Call(Call::Segment) => node.model.segment(order, answers),
        Step::Call(Call::Unshown(reason)) => node.model.unshown(order, reason),
        Step::Call(Call::Deleted) => node.model.deleted(order),
        Step::Call(Call::EngineReturned) => node.model.engine_returned(order),
        Step::Call(Call::Unload) => node.model.unloaded(),
        Step::Walk(seat) => node.model.detached(seat),
        Step::Call(Call::Walk(_)) | Step::Unpublish(_) | Step::Attach => Expected::default(),
    }
}
