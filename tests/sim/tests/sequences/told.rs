//! What the driver's events say of one step, in the words of the model.

use crate::record::{Account, Line, Seat};
use core::fmt;
use weir_abi::event::{Fate, FateReason, FlowClosed, FlowEstablished, PairEnd, Record, Verdict};
use weir_abi::{Action, FlowState};
use weir_engine::Settled;
use weir_sim_kernel::etw::Written;

/// An attachment of the sequence, as the driver knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub(crate) seat: Seat,
    pub(crate) attach_id: u32,
    /// The driver's slot, which masks are made of.
    pub(crate) slot: u8,
}

/// How an end was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Cleanup,
    Omission,
    Verdict,
}

/// One step, as the outside sees it.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    /// Invocations in order: slot, state, answer (`Unknown` at DELETED).
    pub(crate) invoked: Vec<(u8, FlowState, Action)>,
    ends: Vec<(u8, PairEnd, By)>,
    settled: Vec<Settled>,
    closed: Vec<FateReason>,
    /// Whether FlowEstablished came, and said blocked.
    kept: Vec<bool>,
    uninspected: u32,
    /// What has no place in this account.
    odd: Vec<String>,
}

impl fmt::Debug for Told {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { invoked, ends, settled, closed, kept, uninspected, odd } = self;
        write!(out, "invoked {invoked:?}, ends {ends:?}, settled {settled:?}, ")?;
        write!(out, "closed {closed:?}, kept {kept:?}, uninspected {uninspected}, odd {odd:?}")
    }
}

/// What a step is, as far as the events depend on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame {
    /// The flow has a context, so each own answer is told.
    pub(crate) has_context: bool,
    /// The context is made in this step.
    pub(crate) is_establish: bool,
    /// Why the context goes where no fate is settled.
    pub(crate) why: FateReason,
    /// The context goes even if the model does not say so (of a blocked flow).
    pub(crate) closes: bool,
}

impl Told {
    /// What events the account must bring about.
    pub(crate) fn expected(account: &Account, frame: Frame) -> Self {
        let mut told = Self::default();
        let mut was_deleted = None;
        for line in &account.log {
            match *line {
                Line::Invoked(slot, state, answer) => {
                    told.invoked.push((slot, state, answer));
                    was_deleted = (state == FlowState::Deleted).then_some(slot);
                }
                Line::Ended(slot, end) => {
                    if was_deleted.take() == Some(slot) {
                        told.ends.push((slot, end, By::Cleanup));
                    } else if end == PairEnd::Detached {
                        told.ends.push((slot, end, By::Omission));
                    }
                    let is_own =
                        matches!(end, PairEnd::Allowed | PairEnd::Blocked | PairEnd::Failed);
                    if is_own && frame.has_context {
                        told.ends.push((slot, end, By::Verdict));
                    }
                }
            }
        }
        let is_silent =
            account.settled.is_some_and(|it| it.fate == Fate::Allow) && frame.is_establish;
        let is_unasked = account.walk == Some(crate::record::Walk::Ignored);
        told.uninspected = u32::from(is_silent || is_unasked);
        told.settled.extend(account.settled.filter(|_| !is_silent));
        if frame.is_establish && frame.has_context {
            told.kept.push(account.is_blocked);
        }
        if frame.has_context && (account.is_released || frame.closes) {
            told.closed.push(account.settled.map_or(frame.why, |settled| settled.reason));
        }
        told.sorted()
    }

    /// What the driver told; `known` says who is who.
    pub(crate) fn read(events: &[Written], known: &[Known]) -> Self {
        let mut told = Self::default();
        for event in events {
            match Record::decode(event.id, &event.payload) {
                Ok((_, record)) => told.record(&record, known),
                Err(error) => told.odd.push(error.to_string()),
            }
        }
        told.sorted()
    }

    fn record(&mut self, record: &Record<'_>, known: &[Known]) {
        let slot_of = |attach_id: u32| {
            let it = known.iter().find(|it| it.attach_id == attach_id);
            it.map_or(u8::MAX, |it| it.seat.slot)
        };
        match record {
            Record::Invocation(event) => {
                let is_deleted = event.state == FlowState::Deleted;
                let answer = if is_deleted { Action::Unknown } else { event.answer };
                self.invoked.push((slot_of(event.attach_id), event.state, answer));
            }
            Record::Cleanup(event) => {
                let by = if event.omitted { By::Omission } else { By::Cleanup };
                self.ends.push((slot_of(event.attach_id), event.reason, by));
            }
            Record::AttachmentVerdict(event) => {
                self.ends.push((slot_of(event.attach_id), event.end, By::Verdict));
            }
            Record::Verdict(event) => self.settled.push(settled(event, known)),
            Record::FlowEstablished(FlowEstablished { blocked, .. }) => self.kept.push(*blocked),
            Record::FlowClosed(FlowClosed { reason, .. }) => self.closed.push(*reason),
            Record::FlowUninspected(_) => self.uninspected += 1,
            Record::FlowRundown(_) => self.odd.push(format!("{record:?}")),
            Record::Attached(_)
            | Record::Detached(_)
            | Record::DriverState(_)
            | Record::Error(_)
            | Record::CopyFallback(_)
            | Record::Counters(_) => {}
        }
    }

    /// Ends as `detached` last, by slot: the text does not say when they are told (S30).
    fn sorted(mut self) -> Self {
        self.ends.sort_by_key(|(slot, _, by)| if *by == By::Omission { slot + 1 } else { 0 });
        self
    }
}

fn settled(event: &Verdict, known: &[Known]) -> Settled {
    let of_mask = |mask: u64| {
        let live = known.iter().rev().filter(|it| mask & (1 << it.slot) != 0);
        live.fold(0_u64, |mask, it| mask | 1 << it.seat.slot)
    };
    let decider = known.iter().find(|it| it.attach_id == event.decider_attach_id);
    Settled {
        fate: event.fate,
        reason: event.reason,
        decider: decider.and_then(|it| weir_engine::Slot::new(it.seat.slot)),
        classifying: weir_engine::Slots::from_mask(of_mask(event.classifying)),
    }
}
