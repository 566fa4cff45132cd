//! One walk of the engine: invokes programs, times them, writes Invocation events, and keeps in
//! mind which pairs ended, so that their events follow in an order that a reader expects.

use super::Attached;
use super::events::EventWriter;
use super::flows::FlowEntry;
use crate::program::Surroundings;
use std::time::Instant;
use weir_abi::event::{ErrorApi, FailurePolicy, Invocation, PairEnd};
use weir_abi::wire::Ticks;
use weir_abi::{Action, Direction, FlowState};
use weir_engine::{Host, Slot, Slots};

/// A pair that ended in this walk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ended {
    pub(super) slot: Slot,
    pub(super) end: PairEnd,
    /// `ebpf_result_t` of its DELETED, where there was one.
    pub(super) deleted: Option<u32>,
    /// Its last valid answer in this walk; without one it is NEED_MORE_DATA or none at all.
    pub(super) had_answer: bool,
    /// It was shown this walk's segment.
    pub(super) saw_segment: bool,
}

/// The pairs that ended in one walk, in order; at most one for each slot.
pub(super) type Ends = Vec<Ended>;

/// What the walk borrows of the hook.
pub(super) struct Parts<'a> {
    pub(super) slots: &'a mut [Option<Attached>],
    pub(super) writer: &'a mut EventWriter,
    pub(super) entry: &'a mut FlowEntry,
}

/// What is shown.
pub(super) struct Presented<'a> {
    pub(super) direction: Direction,
    pub(super) data: Option<&'a [u8]>,
    pub(super) now_ns: u64,
}

/// The engine's host for one call.
pub(super) struct Walk<'a> {
    parts: Parts<'a>,
    presented: Presented<'a>,
    pub(super) policy: FailurePolicy,
    is_timed: bool,
    ends: Ends,
    shown: Slots,
    deleted: Option<(Slot, u32)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        parts: Parts<'a>,
        presented: Presented<'a>,
        (policy, is_timed): (FailurePolicy, bool),
    ) -> Self {
        let (ends, shown) = (Ends::new(), Slots::NONE);
        Self { parts, presented, policy, is_timed, ends, shown, deleted: None }
    }

    pub(super) fn into_ends(self) -> Ends {
        self.ends
    }

    /// Runs the program of a slot: its answer, its result and how long it took.
    fn run(&mut self, slot: Slot, state: FlowState, direction: Direction) -> (Action, u32, Ticks) {
        let data = if state == FlowState::Established { self.presented.data } else { None };
        let context = self.parts.entry.context(state, direction);
        let surroundings = Surroundings {
            now_ns: self.presented.now_ns,
            process_id: self.parts.entry.info.process_id,
        };
        let Some(Some(attached)) = self.parts.slots.get_mut(usize::from(slot.number())) else {
            return (Action::Error, RESULT_OBJECT_NOT_FOUND, Ticks(0));
        };
        let started = self.is_timed.then(Instant::now);
        let answer = attached.program.invoke(&context, data, surroundings);
        let duration = started.map_or(Ticks(0), |started| {
            Ticks::from_nanos(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX))
        });
        let (action, result) = match answer {
            Ok(value) => (Action::of_answer(value), 0),
            Err(result) => (Action::Error, result),
        };
        let timed = self.is_timed.then_some(duration);
        attached.totals.count_invocation(state, direction, action, result, timed);
        (action, result, duration)
    }
}

/// `EBPF_OBJECT_NOT_FOUND`.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h.
const RESULT_OBJECT_NOT_FOUND: u32 = 7;

impl Host for Walk<'_> {
    fn invoke(&mut self, slot: Slot, state: FlowState) -> Action {
        // At NEW and DELETED the direction is the connection's (S01).
        let direction = match state {
            FlowState::Established => self.presented.direction,
            FlowState::New | FlowState::Deleted | FlowState::Unknown => {
                self.parts.entry.info.direction
            }
        };
        let (answer, result, duration) = self.run(slot, state, direction);
        let now_ns = self.presented.now_ns;
        let entry = &mut *self.parts.entry;
        let attach_id = self.parts.slots.get(usize::from(slot.number()));
        let attach_id = attach_id.and_then(Option::as_ref).map_or(0, |it| it.attach_id);
        let bytes = match state {
            FlowState::Established => self.presented.data.map_or(0, <[u8]>::len),
            FlowState::New | FlowState::Deleted | FlowState::Unknown => 0,
        };
        let event = Invocation {
            flow_serial: entry.serial,
            flow_id: entry.info.flow_id,
            flow_seq: entry.next_seq(),
            attach_id,
            state,
            direction,
            answer,
            copied: false,
            result,
            segment_bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            duration,
            process_id: entry.info.process_id,
        };
        self.parts.writer.write(now_ns, &event);
        let flow = (entry.serial, entry.info.flow_id, attach_id);
        match answer {
            Action::Error => self.parts.writer.error(now_ns, ErrorApi::Invoke, result, flow),
            Action::Invalid => self.parts.writer.error(now_ns, ErrorApi::Answer, result, flow),
            Action::Allow | Action::Block | Action::NeedMoreData | Action::Unknown => {}
        }
        match state {
            FlowState::Established => self.shown.insert(slot),
            FlowState::Deleted => self.deleted = Some((slot, result)),
            FlowState::New => entry.pairs.insert(slot),
            FlowState::Unknown => {}
        }
        if state != FlowState::Deleted && answer == Action::NeedMoreData {
            entry.answered.insert(slot);
        }
        answer
    }

    fn ended(&mut self, slot: Slot, end: PairEnd) {
        let deleted = self.deleted.take().filter(|(of, _)| *of == slot).map(|(_, result)| result);
        self.ends.push(Ended {
            slot,
            end,
            deleted,
            had_answer: self.parts.entry.answered.has(slot),
            saw_segment: self.shown.has(slot),
        });
    }
}
