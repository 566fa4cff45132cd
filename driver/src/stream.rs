//! Data of a flow with a context: shown to whoever is classifying it, or absorbed (S12 to S24).

use crate::after::Todo;
use crate::driver::Driver;
use crate::flow::{FlowContext, FlowLife, Tuple};
use crate::totals::{Count, Layer};
use crate::walk::{Ends, Place, Presented, Walk};
use weir_abi::Action;
use weir_abi::event::{CopyFallback, CopyReason, ErrorApi, FateReason};
use weir_engine::Outcome;
use weir_nt::NtStatus;
use weir_nt::ebpf::Span;
use weir_nt::slab::{Handle, Reference};
use weir_nt::stack::with_stack;
use weir_nt::time::Instant;
use weir_nt::wfp::{Indication, Part, indication};

/// Segments that are shown in one turn under the flow's lock: 1 MB, less than a millisecond of
/// copying where every one has to be copied.
const PARTS_PER_TURN: u32 = 16;

/// Data arrived. Returns whether to block and absorb it.
pub(crate) fn stream(
    driver: &'static Driver,
    flow_context: u64,
    indication: &mut Indication<'_>,
) -> bool {
    // The end of a stream passes whatever the flow's fate, so that both ends finish (S19).
    if indication.bytes == 0 && indication.missed_bytes == 0 {
        return false;
    }
    let handle = Handle::from_raw(flow_context);
    let Some(flow) = handle.and_then(|handle| driver.flows.get(handle)) else { return false };
    let now = driver.clock.now();
    let shown = with_stack(|| show_all(driver, &flow, indication, (true, now)));
    let (is_blocked, todo) = shown.unwrap_or_else(|status| {
        driver.error_about(ErrorApi::Stack, status, &flow.tuple);
        show_all(driver, &flow, indication, (false, now))
    });
    driver.finish(&flow, todo);
    is_blocked
}

/// Shows an indication, and lets go of the flow's lock every so often, back to the caller's level:
/// nothing bounds what an application sends at once.
fn show_all(
    driver: &'static Driver,
    flow: &Reference<'_, FlowContext>,
    indication: &mut Indication<'_>,
    (has_stack, now): (bool, Instant),
) -> (bool, Todo) {
    let mut todo = Todo::default();
    // Ends with the indication: each turn takes parts from it.
    loop {
        let shown = show(driver, flow, indication, (has_stack, now));
        todo = todo.and(shown.todo);
        if let Some(is_blocked) = shown.is_blocked {
            return (is_blocked, todo);
        }
    }
}

/// What one turn came to.
#[derive(Default)]
struct Shown {
    /// `None` where parts are left.
    is_blocked: Option<bool>,
    todo: Todo,
}

/// One turn, under the flow's lock.
fn show(
    driver: &'static Driver,
    flow: &Reference<'_, FlowContext>,
    indication: &mut Indication<'_>,
    (has_stack, now): (bool, Instant),
) -> Shown {
    let mut guard = flow.state.lock();
    let (life, level) = guard.split();
    let shown = driver.published.read(level, |snapshot| {
        let place = Place { driver, level, snapshot, has_stack };
        Showing { place, tuple: &flow.tuple, life, now, todo: Todo::default() }.turn(indication)
    });
    // `None` cannot be, see `Published::read`.
    let shown = shown.unwrap_or_else(|| Shown { is_blocked: Some(false), todo: Todo::default() });
    if shown.is_blocked.is_some() {
        let time = driver.clock.between(now, driver.clock.now());
        driver.totals.count_callout(level, Layer::Stream, time);
    }
    shown
}

/// A flow to which an indication is shown.
struct Showing<'a> {
    place: Place<'a>,
    tuple: &'a Tuple,
    life: &'a mut FlowLife,
    now: Instant,
    todo: Todo,
}

impl Showing<'_> {
    fn turn(mut self, indication: &mut Indication<'_>) -> Shown {
        self.count_leaving();
        let way = indication.direction;
        let missed = core::mem::take(&mut indication.missed_bytes);
        if missed != 0 && !self.life.is_released {
            let Place { driver, level, .. } = self.place;
            let missed = u64::try_from(missed).unwrap_or(u64::MAX);
            driver.totals.count_way(level, Count::MissedBytes, way, missed);
            self.give_up(FateReason::MissedBytes);
        }
        if !self.place.has_stack && !self.is_over() {
            self.give_up(FateReason::NoStack);
        }
        for _ in 0..PARTS_PER_TURN {
            let Some(part) = indication.part().filter(|_| !self.is_over()) else {
                return self.end(indication);
            };
            self.one(indication, &part);
            indication.advance(part.bytes);
        }
        Shown { is_blocked: None, todo: self.todo }
    }

    /// What pairs whose attachment is being detached were shown is counted now: they are shown
    /// nothing any more, and the flow's own counts go on until the detach comes by (S30).
    fn count_leaving(&mut self) {
        let Place { driver, level, snapshot, .. } = self.place;
        let leaving = self.life.engine.classifying().and(snapshot.order.draining());
        for slot in leaving.and(self.life.account.answered).iter() {
            let Some(facts) = self.place.facts(slot) else { continue };
            let (segments, bytes) = self.life.account.shown(true);
            let since = driver.clock.between(self.tuple.since, self.now);
            facts.totals.count_shown(level, Action::NeedMoreData, (segments, bytes, since));
            // Counted once.
            self.life.account.answered.remove(slot);
        }
    }

    /// The indication has been shown, as far as anybody wanted to see it.
    fn end(mut self, indication: &Indication<'_>) -> Shown {
        let is_blocked = self.life.engine.is_blocked() && !self.life.is_released;
        let is_absorbed = is_blocked && indication.bytes != 0;
        if is_absorbed {
            // A block in any part blocks the whole indication.
            self.absorb(indication, indication.bytes);
        }
        Shown { is_blocked: Some(is_absorbed), todo: self.todo }
    }

    /// Nobody is asked any more.
    const fn is_over(&self) -> bool {
        self.life.is_released || self.life.engine.is_blocked()
    }

    fn absorb(&mut self, indication: &Indication<'_>, bytes: usize) {
        let Place { driver, level, .. } = self.place;
        let (bytes, way) = (u64::try_from(bytes).unwrap_or(u64::MAX), indication.direction);
        let account = &mut self.life.account;
        account.absorbed_segments = account.absorbed_segments.wrapping_add(1);
        account.absorbed_bytes = account.absorbed_bytes.wrapping_add(bytes);
        driver.totals.count_way(level, Count::AbsorbedSegments, way, 1);
        driver.totals.count_way(level, Count::AbsorbedBytes, way, bytes);
    }

    /// Shows one segment, if it can be read.
    fn one(&mut self, indication: &Indication<'_>, part: &Part) {
        match self.read(indication, part) {
            Some((data, is_copied)) => {
                let direction = indication.direction;
                let bytes = part.bytes;
                self.segment(Presented { direction, data, bytes, is_copied });
            }
            None => self.give_up(FateReason::Unreadable),
        }
    }

    /// Where the bytes of a segment can be read: in place, or copied (S21, S22).
    fn read(&mut self, indication: &Indication<'_>, part: &Part) -> Option<(Span, bool)> {
        let reason = match part.place {
            indication::Place::InPlace(span) => return Some((span, false)),
            indication::Place::Fragmented => CopyReason::Fragmented,
            indication::Place::Unmapped => CopyReason::Unmapped,
            indication::Place::Broken => {
                self.tell_copy(indication, part, CopyReason::Fragmented, NtStatus::UNSUCCESSFUL);
                return None;
            }
        };
        let Place { driver, level, .. } = self.place;
        let copied = indication.copy(part.bytes, &driver.copies, level);
        let status = copied.err().unwrap_or(NtStatus::SUCCESS);
        self.tell_copy(indication, part, reason, status);
        copied.ok().map(|span| (span, true))
    }

    #[inline(never)]
    fn tell_copy(
        &mut self,
        indication: &Indication<'_>,
        part: &Part,
        reason: CopyReason,
        status: NtStatus,
    ) {
        let Place { driver, level, .. } = self.place;
        let way = indication.direction;
        let bytes = u64::try_from(part.bytes).unwrap_or(u64::MAX);
        if status == NtStatus::SUCCESS {
            driver.totals.count_way(level, Count::Copies, way, 1);
            driver.totals.count_way(level, Count::CopiedBytes, way, bytes);
        } else {
            driver.totals.count_way(level, Count::CopyFailures, way, 1);
        }
        let event = CopyFallback {
            flow_serial: self.tuple.serial,
            flow_id: self.tuple.flow_id(),
            flow_seq: self.life.account.next_seq(),
            direction: way,
            bytes: u32::try_from(bytes).unwrap_or(u32::MAX),
            reason,
            status: status.number(),
        };
        driver.events.write(level, &event);
    }

    #[inline(never)]
    fn segment(&mut self, presented: Presented) {
        let place = self.place;
        let life = &mut *self.life;
        let mut ends = Ends::new();
        let account = &mut life.account;
        let mut walk = Walk::new(place, self.tuple, account, presented, &mut ends);
        let policy = place.driver.parameters.policy;
        let outcome = life.engine.segment(&mut walk, &place.snapshot.order, policy);
        life.account.count_segment(presented.direction, presented.bytes, self.now);
        let why = (outcome, FateReason::Closed);
        let todo = place.after((self.tuple, life), &ends, why, self.now);
        self.todo = self.todo.and(todo);
    }

    /// The segment cannot be shown whole: every pair ends, the policy decides (S20, S23, S39).
    #[inline(never)]
    fn give_up(&mut self, reason: FateReason) {
        let flow = (self.tuple, &mut *self.life);
        let end = |engine: &mut weir_engine::Flow, walk: &mut Walk<'_>, order: &_, policy| {
            engine.unshown(walk, order, policy, reason)
        };
        let (_outcome, todo): (Outcome, Todo) =
            self.place.end_with(flow, FateReason::Closed, self.now, end);
        self.todo = self.todo.and(todo);
    }
}
