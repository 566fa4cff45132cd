//! One event after the other: which part of the state it concerns.

use super::capture::FLOW_KINDS;
use super::flows::Segment;
use super::ledger::Losses;
use super::{Aggregator, Foreign, SEGMENTS_GATHERED, SLOTS};
use crate::decode::{decode, peek_prefix};
use crate::kinds::kind_index;
use weir_abi::event::{
    Cleanup, Counters, DriverState, Event, Invocation, Prefix, Record, StateKind,
};
use weir_abi::{EventHead, FlowState};

impl Aggregator {
    /// Applies an event; segments of flows wait until [`Aggregator::flush_segments`].
    #[inline]
    pub(super) fn gather(&mut self, head: &EventHead, payload: &[u8]) {
        if head.id == Invocation::ID
            && self.epoch.is_some()
            && let Ok((prefix, event)) = Invocation::decode(payload)
        {
            self.intake.aggregated(usize::from(Invocation::ID));
            if self.admit(head, prefix, usize::from(Invocation::ID)) {
                self.gather_segment(&event);
            }
            return;
        }
        self.apply_other(head, payload);
    }

    #[inline]
    fn gather_segment(&mut self, event: &Invocation) {
        if event.state != FlowState::Established || event.segment_bytes == 0 {
            return;
        }
        self.segments[self.gathered] = Segment {
            serial: event.flow_serial,
            attach_id: event.attach_id,
            bytes: event.segment_bytes,
        };
        self.gathered += 1;
        if self.gathered == SEGMENTS_GATHERED {
            self.flush_segments();
        }
    }

    /// Touches the flow table for the segments that have been gathered.
    pub(super) fn flush_segments(&mut self) {
        let gathered = core::mem::take(&mut self.gathered);
        if gathered == 0 || self.flows.len() == 0 {
            return;
        }
        let none = [None; SLOTS];
        let slots = self.totals.active().map_or(&none, |epoch| epoch.attachments.slots());
        self.flows.segments(&self.segments[..gathered], slots);
    }

    fn apply_other(&mut self, head: &EventHead, payload: &[u8]) {
        let kind = kind_index(head.id);
        match decode(head.id, payload) {
            Ok((prefix, record)) => {
                self.intake.aggregated(kind);
                let is_known = self.activate(head, prefix, &record);
                if self.admit(head, prefix, kind) || is_known {
                    self.flush_segments();
                    self.apply_record(head, prefix, &record);
                }
            }
            Err(_) => {
                self.intake.undecodable(kind);
                if let Some(prefix) = peek_prefix(payload) {
                    self.admit(head, prefix, kind);
                }
            }
        }
    }

    /// Accounts for an event's number; whether it belongs to the active load of the driver.
    #[inline]
    fn admit(&mut self, head: &EventHead, prefix: Prefix, kind: usize) -> bool {
        if self.epoch == Some(prefix.epoch) {
            self.ledger.observe(prefix.cpu, kind, prefix.sequence);
            self.admitted[kind] = self.admitted[kind].saturating_add(1);
            self.driver.newest_ns = self.driver.newest_ns.max(head.time_ns);
            return true;
        }
        self.set_aside(prefix.epoch, kind);
        false
    }

    /// Keeps the event of another load apart until it shows whether that load is the next one.
    fn set_aside(&mut self, epoch: u32, kind: usize) {
        if self.foreign.epoch != epoch {
            self.refuse_foreign();
            self.foreign.epoch = epoch;
        }
        self.foreign.counts[kind] += 1;
    }

    /// Events of another load turned out to be nobody's: late, or forged.
    pub(super) fn refuse_foreign(&mut self) {
        for (kind, count) in core::mem::take(&mut self.foreign.counts).into_iter().enumerate() {
            self.ledger.strays(kind, count);
        }
    }

    /// Makes the event's load the active one if it may; whether a set of it may be gathered.
    ///
    /// The first event does, then only a DriverState that is not older than the active load and,
    /// for a driver whose start was missed, a whole set of counters: a single stray or forged flow
    /// event does not throw the state away.
    fn activate(&mut self, head: &EventHead, prefix: Prefix, record: &Record<'_>) -> bool {
        if self.epoch == Some(prefix.epoch) {
            return false;
        }
        let state = if let Record::DriverState(state) = record { Some(state.kind) } else { None };
        let is_newer =
            head.time_ns >= self.activated_ns && state.is_some_and(|kind| kind != StateKind::Stop);
        if self.epoch.is_none() || is_newer {
            self.begin_epoch(head.time_ns, prefix.epoch, state == Some(StateKind::Start));
            return false;
        }
        matches!(record, Record::Counters(_))
    }

    fn begin_epoch(&mut self, time_ns: u64, epoch: u32, has_start: bool) {
        self.flush_segments();
        let losses = self.ledger.finish();
        self.note_losses(&losses);
        let foreign = if self.foreign.epoch == epoch {
            core::mem::take(&mut self.foreign)
        } else {
            Foreign::default()
        };
        self.refuse_foreign();
        self.epoch = Some(epoch);
        self.activated_ns = time_ns;
        let admitted = core::mem::replace(&mut self.admitted, foreign.counts);
        if self.totals.activate(epoch) {
            for (kind, count) in admitted.into_iter().enumerate() {
                self.ledger.strays(kind, count);
            }
        }
        self.ledger.begin_epoch(has_start);
        self.capture.restart(has_start);
        self.flows.clear();
        self.driver.is_running = true;
        self.driver.newest_ns = time_ns;
    }

    fn apply_record(&mut self, head: &EventHead, prefix: Prefix, record: &Record<'_>) {
        match record {
            Record::FlowEstablished(event) => {
                let has_room = self.flows.established(event, head.time_ns);
                self.note_room(has_room);
            }
            Record::FlowRundown(event) => {
                let has_room = self.flows.rundown(event, head.time_ns);
                self.note_room(has_room);
            }
            Record::Verdict(event) => self.flows.settle(event.flow_serial, event.flow_seq),
            Record::FlowClosed(event) => self.flows.settle(event.flow_serial, event.flow_seq),
            Record::AttachmentVerdict(event) => {
                let slots = 1_u64.checked_shl(u32::from(event.slot)).unwrap_or(0);
                self.flows.settle_slots(event.flow_serial, event.flow_seq, slots);
            }
            Record::Cleanup(event) => self.apply_cleanup(event),
            Record::Attached(event) => {
                let since_ns = if self.capture.is_running() { 0 } else { head.time_ns };
                let late = self.totals.active().and_then(|it| it.attachments.late_name(event));
                if let Some(name) = late {
                    self.totals.rename(event.attach_id, &name);
                }
                if let Some((epoch, programs)) = self.totals.active_mut() {
                    epoch.attachments.attached(event, since_ns, programs);
                }
            }
            Record::Detached(event) => {
                if let Some((epoch, _)) = self.totals.active_mut() {
                    epoch.attachments.detached(event.attach_id);
                }
            }
            Record::DriverState(event) => self.apply_state(head, event),
            Record::Counters(event) => self.apply_counters(head, prefix, event),
            Record::Invocation(event) => self.gather_segment(event),
            Record::CopyFallback(_) | Record::Error(_) | Record::FlowUninspected(_) => {}
        }
    }

    fn apply_cleanup(&mut self, event: &Cleanup) {
        let Some(epoch) = self.totals.active() else { return };
        let slots = epoch.attachments.slots();
        let Some(slot) = slots.iter().position(|id| *id == Some(event.attach_id)) else { return };
        self.flows.settle_slots(event.flow_serial, event.flow_seq, 1 << slot);
    }

    fn apply_state(&mut self, head: &EventHead, event: &DriverState) {
        self.driver.apply(event);
        // A time after the event's own is none.
        let loaded_ns = event.loaded_at.unix_nanos().filter(|it| *it > 0 && *it <= head.time_ns);
        if let Some(loaded_ns) = loaded_ns {
            self.totals.loaded(loaded_ns);
        }
        match event.kind {
            StateKind::CaptureBegin => {
                self.capture.begin(head.time_ns);
                self.flows.begin_capture();
                if let Some((epoch, _)) = self.totals.active_mut() {
                    epoch.attachments.begin_capture();
                }
            }
            StateKind::CaptureEnd => {
                if self.capture.end(head.time_ns) {
                    self.replace_live_set();
                }
            }
            StateKind::Start
            | StateKind::Stop
            | StateKind::Parameters
            | StateKind::EngineUp
            | StateKind::EngineDown
            | StateKind::Unknown => {}
        }
    }

    fn apply_counters(&mut self, head: &EventHead, prefix: Prefix, event: &Counters<'_>) {
        if !self.totals.is_news(prefix.epoch, event.header.number, head.time_ns) {
            return;
        }
        let Some(set) = self.sets.push(prefix.epoch, event) else { return };
        let (epoch, number) = (set.epoch, set.number);
        if self.epoch != Some(epoch) {
            if head.time_ns < self.activated_ns {
                self.sets.done(epoch, number);
                self.sets.reuse(set.entries);
                return;
            }
            self.begin_epoch(head.time_ns, epoch, false);
        }
        self.refuse_foreign();
        let (entries, spare) = self.totals.apply(set, head.time_ns);
        self.sets.reuse(spare);
        let Some(entries) = entries else { return };
        let unaccounted = self.ledger.unaccounted(FLOW_KINDS);
        let losses = self.ledger.marks(entries, head.time_ns);
        if self.ledger.unaccounted(FLOW_KINDS) != unaccounted {
            // Somebody wrote what the driver did not: it may have made or ended a flow.
            self.capture.loss();
        }
        self.note_losses(&losses);
        self.sets.done(epoch, number);
        if self.capture.counters() {
            self.replace_live_set();
        }
    }

    pub(super) fn note_losses(&mut self, losses: &Losses) {
        if losses.of(FLOW_KINDS) > 0 {
            self.capture.loss();
        }
    }

    const fn note_room(&mut self, has_room: bool) {
        if !has_room {
            self.capture.loss();
        }
    }

    fn replace_live_set(&mut self) {
        self.flows.end_capture();
        if let Some((epoch, _)) = self.totals.active_mut() {
            epoch.attachments.end_capture();
        }
    }
}
