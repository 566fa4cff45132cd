//! Claims that hold for every sequence, checked on the engine's account alone: they stand even
//! where the reference model errs.

use crate::record::{Account, Line, Rule, Seat, Walk};
use weir_abi::event::{Fate, PairEnd};
use weir_abi::{Action, FlowState};

/// A flow and an attachment that was invoked for it.
#[derive(Clone, Copy, Debug)]
struct Pair {
    seat: Seat,
    /// Its most recent valid answer was NEED_MORE_DATA.
    is_classifying: bool,
    has_blocked: bool,
    end: Option<PairEnd>,
}

/// What kind of call an account is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    New,
    Segment,
    Deleted,
    Unload,
    Other,
}

/// The history of one flow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Invariants {
    pairs: Vec<Pair>,
    fate: Option<Fate>,
    is_blocked: bool,
}

/// Turns a claim into the rule that it breaks.
const fn claim(holds: bool, rule: Rule) -> Result<(), Rule> {
    if holds { Ok(()) } else { Err(rule) }
}

impl Invariants {
    /// Checks one call and remembers it. `order` is the published one, `is_over` whether the flow
    /// has no context after the call.
    pub(crate) fn observe(
        &mut self,
        call: &Account,
        kind: Kind,
        order: &[Seat],
        is_over: bool,
    ) -> Result<(), Rule> {
        self.check_order(call, kind, order)?;
        let mut was_deleted = None;
        for line in &call.log {
            was_deleted = match *line {
                Line::Invoked(slot, state, answer) => {
                    claim(was_deleted.is_none(), 26)?;
                    claim(!self.is_blocked, 17)?;
                    self.invoked(slot, state, answer, order)?;
                    (state == FlowState::Deleted).then_some(slot)
                }
                Line::Ended(slot, end) => {
                    self.ended(slot, end, was_deleted)?;
                    None
                }
            };
        }
        claim(was_deleted.is_none(), 26)?;
        self.check_fate(call, is_over)?;
        self.check_block(call, kind)
    }

    /// NEW and ESTABLISHED: everybody concerned once and in attach order, up to a block.
    /// DELETED at deletion: everybody classifying (S04, S12, S25).
    fn check_order(&self, call: &Account, kind: Kind, order: &[Seat]) -> Result<(), Rule> {
        let concerned = |slot: u8| match kind {
            Kind::New => true,
            Kind::Segment | Kind::Deleted | Kind::Unload | Kind::Other => self
                .pairs
                .iter()
                .any(|pair| pair.seat.slot == slot && pair.end.is_none() && pair.is_classifying),
        };
        let (state, rule) = match kind {
            Kind::New => (FlowState::New, 4),
            Kind::Segment => (FlowState::Established, 12),
            Kind::Deleted => (FlowState::Deleted, 25),
            Kind::Unload | Kind::Other => return Ok(()),
        };
        let mut rest = order.iter().filter(|seat| {
            concerned(seat.slot) && (kind != Kind::New || matches!(seat.compartment, 0 | 1))
        });
        let asked = call.log.iter().filter_map(|line| match *line {
            Line::Invoked(slot, of, _) if of == state => Some(slot),
            Line::Invoked(..) | Line::Ended(..) => None,
        });
        for slot in asked {
            claim(rest.next().map(|seat| seat.slot) == Some(slot), rule)?;
        }
        claim(rest.next().is_none() || call.is_blocked, rule)
    }

    fn open(&mut self, slot: u8) -> Option<&mut Pair> {
        self.pairs.iter_mut().find(|pair| pair.seat.slot == slot && pair.end.is_none())
    }

    fn invoked(
        &mut self,
        slot: u8,
        state: FlowState,
        answer: Action,
        order: &[Seat],
    ) -> Result<(), Rule> {
        let Some(seat) = order.iter().find(|seat| seat.slot == slot).copied() else {
            return Err(30);
        };
        if state == FlowState::New {
            claim(self.pairs.iter().all(|pair| pair.seat != seat), 4)?;
            let pair = Pair { seat, is_classifying: false, has_blocked: false, end: None };
            self.pairs.push(pair);
        }
        let is_anybody_blocking = self.pairs.iter().any(|pair| pair.has_blocked);
        claim(!is_anybody_blocking || state == FlowState::Deleted, 14)?;
        let Some(pair) = self.open(slot) else { return Err(26) };
        claim(pair.seat == seat, 29)?;
        claim(pair.is_classifying || state == FlowState::New, 12)?;
        match answer {
            Action::NeedMoreData => pair.is_classifying = true,
            Action::Allow => pair.is_classifying = false,
            Action::Block => (pair.is_classifying, pair.has_blocked) = (false, true),
            Action::Invalid | Action::Error | Action::Unknown => {}
        }
        Ok(())
    }

    /// A pair ends once, and with a DELETED exactly where S26 says so.
    fn ended(&mut self, slot: u8, end: PairEnd, was_deleted: Option<u8>) -> Result<(), Rule> {
        let Some(pair) = self.open(slot) else { return Err(26) };
        pair.end = Some(end);
        let wants_deleted = match end {
            PairEnd::Closed | PairEnd::BlockedByOther | PairEnd::Engine => true,
            PairEnd::Failed => pair.is_classifying,
            PairEnd::Allowed => {
                claim(!pair.is_classifying && !pair.has_blocked, 5)?;
                false
            }
            PairEnd::Blocked => {
                claim(pair.has_blocked, 14)?;
                false
            }
            PairEnd::Detached | PairEnd::Unload | PairEnd::Unknown => false,
        };
        claim(was_deleted == wants_deleted.then_some(slot), 26)
    }

    /// One fate for each flow for which an attachment was invoked (S27).
    fn check_fate(&mut self, call: &Account, is_over: bool) -> Result<(), Rule> {
        if let Some(settled) = call.settled {
            claim(self.fate.is_none(), 27)?;
            self.fate = Some(settled.fate);
            let is_by_program = self.pairs.iter().any(|pair| pair.has_blocked);
            claim((settled.fate == Fate::Block) == is_by_program, 27)?;
            let is_allowed =
                |pair: &Pair| matches!(pair.end, Some(PairEnd::Allowed | PairEnd::Detached));
            let all_allowed = self.pairs.iter().all(is_allowed);
            claim(settled.fate != Fate::Allow || all_allowed, 27)?;
        }
        let is_fully_ended = self.pairs.iter().all(|pair| pair.end.is_some());
        claim(!is_over || is_fully_ended, 26)?;
        claim(!is_over || self.fate.is_some() != self.pairs.is_empty(), 27)?;
        let is_nobody_asked = call.walk == Some(Walk::Ignored);
        claim(!is_nobody_asked || self.pairs.is_empty(), 4)
    }

    /// A block is final, leaves no pair behind, and keeps its context (S14, S17).
    fn check_block(&mut self, call: &Account, kind: Kind) -> Result<(), Rule> {
        claim(call.is_blocked || !self.is_blocked, 14)?;
        self.is_blocked = call.is_blocked;
        if !call.is_blocked {
            return Ok(());
        }
        claim(self.pairs.iter().all(|pair| pair.end.is_some()), 14)?;
        claim(!self.pairs.is_empty(), 27)?;
        let is_gone_for_good = matches!(kind, Kind::Deleted | Kind::Unload);
        claim(!call.is_released || is_gone_for_good, 17)
    }
}
