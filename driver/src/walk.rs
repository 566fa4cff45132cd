//! One walk over programs: invokes them, times them, writes Invocation events, and keeps in mind
//! which pairs ended, so that their events follow in an order that a reader expects.

use crate::driver::Driver;
use crate::errors::About;
use crate::flow::{Account, Tuple};
use crate::snapshot::{Facts, Snapshot};
use weir_abi::event::{ErrorApi, Invocation, PairEnd};
use weir_abi::wire::Ticks;
use weir_abi::{Action, Direction, FlowState};
use weir_engine::{Host, Slot, Slots};
use weir_nt::ebpf::{ProgramContext, Span};
use weir_nt::lock::AtDispatch;
use weir_nt::pool::Shared;

/// `EBPF_OBJECT_NOT_FOUND` and `EBPF_NO_MEMORY`.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11)
const RESULT_OBJECT_NOT_FOUND: u32 = 7;
const RESULT_NO_MEMORY: u32 = 12;

/// Pairs that can end in one walk: one for each slot.
const ENDS_MAX: usize = 64;

/// A pair that ended in a walk.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ended {
    pub(crate) slot: Slot,
    pub(crate) end: PairEnd,
    /// `ebpf_result_t` of its DELETED, where there was one.
    pub(crate) deleted: Option<u32>,
    /// It answered NEED_MORE_DATA at least once.
    pub(crate) had_answer: bool,
    /// It was shown this walk's segment.
    pub(crate) saw_segment: bool,
}

/// The pairs that ended in a walk, in order. Kept small: it lies on the stack of every walk.
#[derive(Debug)]
pub(crate) struct Ends {
    slots: [u8; ENDS_MAX],
    ends: [PairEnd; ENDS_MAX],
    deleted: [u32; ENDS_MAX],
    /// By place, not by slot.
    has_deleted: u64,
    had_answer: u64,
    saw_segment: u64,
    count: usize,
}

impl Ends {
    pub(crate) const fn new() -> Self {
        Self {
            slots: [0; ENDS_MAX],
            ends: [PairEnd::Unknown; ENDS_MAX],
            deleted: [0; ENDS_MAX],
            has_deleted: 0,
            had_answer: 0,
            saw_segment: 0,
            count: 0,
        }
    }

    fn push(&mut self, ended: &Ended) {
        let at = self.count;
        let (Some(slot), Some(end), Some(deleted)) =
            (self.slots.get_mut(at), self.ends.get_mut(at), self.deleted.get_mut(at))
        else {
            return;
        };
        *slot = ended.slot.number();
        *end = ended.end;
        *deleted = ended.deleted.unwrap_or(0);
        let bit = |is_set| u64::from(is_set).unbounded_shl(u32::try_from(at).unwrap_or(64));
        self.has_deleted |= bit(ended.deleted.is_some());
        self.had_answer |= bit(ended.had_answer);
        self.saw_segment |= bit(ended.saw_segment);
        self.count = at.saturating_add(1);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Ended> {
        let places = self.slots.iter().zip(&self.ends).zip(&self.deleted).zip(0_u32..);
        places.take(self.count).filter_map(|(((slot, end), deleted), at)| {
            let has = |mask: u64| mask.unbounded_shr(at) & 1 != 0;
            Some(Ended {
                slot: Slot::new(*slot)?,
                end: *end,
                deleted: has(self.has_deleted).then_some(*deleted),
                had_answer: has(self.had_answer),
                saw_segment: has(self.saw_segment),
            })
        })
    }
}

/// What is shown to programs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Presented {
    /// Of the segment; the connection's where there is none.
    pub(crate) direction: Direction,
    pub(crate) data: Span,
    pub(crate) bytes: usize,
    pub(crate) is_copied: bool,
}

/// Where a walk happens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    pub(crate) driver: &'static Driver,
    pub(crate) level: &'a AtDispatch,
    pub(crate) snapshot: &'a Snapshot,
    /// There is stack for programs; without it every invocation fails (S39).
    pub(crate) has_stack: bool,
}

/// The engine's host for one call, or for two that belong together.
#[derive(Debug)]
pub(crate) struct Walk<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) tuple: &'a Tuple,
    pub(crate) account: &'a mut Account,
    pub(crate) presented: Presented,
    ends: &'a mut Ends,
    shown: Slots,
    deleted: Option<(Slot, u32)>,
}

impl Presented {
    /// Nothing is shown.
    pub(crate) const fn nothing(direction: Direction) -> Self {
        Self { direction, data: Span { start: 0, end: 0 }, bytes: 0, is_copied: false }
    }
}

impl<'a> Walk<'a> {
    pub(crate) const fn new(
        place: Place<'a>,
        tuple: &'a Tuple,
        account: &'a mut Account,
        presented: Presented,
        ends: &'a mut Ends,
    ) -> Self {
        Self { place, tuple, account, presented, ends, shown: Slots::NONE, deleted: None }
    }

    /// Runs the program of a slot: its answer, its result and how long it took.
    fn run(
        &self,
        slot: Slot,
        (state, direction): (FlowState, Direction),
    ) -> (Action, u32, Ticks, u32) {
        let Some(attached) = self.place.snapshot.attached(slot) else {
            return (Action::Error, RESULT_OBJECT_NOT_FOUND, Ticks(0), 0);
        };
        let is_segment = state == FlowState::Established;
        let data = if is_segment { self.presented.data } else { Span::default() };
        let flow = self.tuple.context(state, direction);
        let clock = &self.place.driver.clock;
        let started = clock.now();
        let answer = if self.place.has_stack {
            let mut context = ProgramContext::new(&flow, data, self.tuple.process_id);
            attached.client.invoke(&mut context)
        } else {
            Err(RESULT_NO_MEMORY)
        };
        let duration = clock.between(started, clock.now());
        // The result before the answer: the core answers 0, which is ALLOW, when it fails (S31).
        let (action, result) = match answer {
            Ok(value) => (Action::of_answer(value), 0),
            Err(result) => (Action::Error, result),
        };
        let facts: &Facts = &attached.facts;
        facts.totals.count_invocation(
            self.place.level,
            (state, direction),
            (action, result),
            duration,
        );
        (action, result, duration, facts.attach_id)
    }

    fn tell(&mut self, event: &Invocation) {
        let Place { driver, level, .. } = self.place;
        driver.events.write(level, event);
        let api = match event.answer {
            Action::Error => ErrorApi::Invoke,
            Action::Invalid => ErrorApi::Answer,
            Action::Allow | Action::Block | Action::NeedMoreData | Action::Unknown => return,
        };
        let about = About {
            flow_serial: event.flow_serial,
            flow_id: event.flow_id,
            attach_id: event.attach_id,
        };
        driver.error(level, api, event.result, about);
    }
}

impl Host for Walk<'_> {
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action {
        let is_segment = state == FlowState::Established;
        // At NEW and DELETED the direction is the connection's (S01).
        let direction = if is_segment { self.presented.direction } else { self.tuple.direction };
        let (answer, result, duration, attach_id) = self.run(slot, (state, direction));
        let bytes = if is_segment { self.presented.bytes } else { 0 };
        let event = Invocation {
            flow_serial: self.tuple.serial,
            flow_id: self.tuple.flow_id(),
            flow_seq: self.account.next_seq(),
            attach_id,
            state,
            direction,
            answer,
            copied: is_segment && self.presented.is_copied,
            result,
            segment_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            duration,
            process_id: self.tuple.process_id,
        };
        self.tell(&event);
        match state {
            FlowState::Established => self.shown.insert(slot),
            FlowState::Deleted => self.deleted = Some((slot, result)),
            FlowState::New | FlowState::Unknown => {}
        }
        if state != FlowState::Deleted && answer == Action::NeedMoreData {
            self.account.answered.insert(slot);
        }
        answer
    }

    fn ended(&mut self, slot: Slot, end: PairEnd) {
        let deleted = self.deleted.take().filter(|(of, _)| *of == slot).map(|(_, result)| result);
        self.ends.push(&Ended {
            slot,
            end,
            deleted,
            had_answer: self.account.answered.has(slot),
            saw_segment: self.shown.has(slot),
        });
    }
}

impl Place<'_> {
    /// What is known of an attachment, while it is attached or its flows are being walked.
    pub(crate) fn facts(&self, slot: Slot) -> Option<Shared<Facts>> {
        match self.snapshot.attached(slot) {
            Some(attached) => Some(attached.facts.clone()),
            None => self.driver.slots.leaving(slot),
        }
    }
}
