//! Counters sets, capture state, stop: what tells the truth however many events were lost.

use super::Hook;
use weir_abi::counters::{ENTRIES_MAX, Entry};
use weir_abi::event::{CountersHeader, FateReason, StateKind};

impl Hook {
    /// Time passes: writes a Counters set where one is due.
    ///
    /// After a pause of any length one set follows, not one for each interval.
    pub fn tick(&mut self, now_ns: u64) {
        if now_ns >= self.next_counters_ns {
            self.write_counters(now_ns);
            self.next_counters_ns = now_ns.saturating_add(self.options.interval_ns());
        }
    }

    /// When the next Counters set is due, in nanoseconds since 1970.
    #[must_use]
    pub const fn next_tick_ns(&self) -> u64 {
        self.next_counters_ns
    }

    fn write_counters(&mut self, now_ns: u64) {
        if !self.writer.counts() {
            return;
        }
        let mut entries: Vec<Entry> = Vec::new();
        let contexts = [self.admission.classifying(), self.admission.blocked()].map(u64::from);
        self.driver.entries(contexts, &mut entries);
        for attached in self.slots.iter().flatten() {
            attached.totals.entries(attached.attach_id, false, &mut entries);
        }
        for gone in &mut self.gone {
            gone.totals.entries(gone.attach_id, true, &mut entries);
            gone.sets_left -= 1;
        }
        self.gone.retain(|gone| gone.sets_left > 0);
        self.writer.marks(&mut entries);
        self.counters_number = self.counters_number.wrapping_add(1);
        let parts = entries.len().div_ceil(ENTRIES_MAX).max(1);
        for (entries, part) in entries.chunks(ENTRIES_MAX).zip(0_u16..) {
            let header = CountersHeader {
                number: self.counters_number,
                part,
                parts: u16::try_from(parts).unwrap_or(u16::MAX),
            };
            self.writer.write_counters(now_ns, header, entries);
        }
    }

    /// Writes the state of everything, as on ETW's capture state.
    pub fn capture_state(&mut self, now_ns: u64) {
        self.write_state(StateKind::CaptureBegin, now_ns);
        self.write_state(StateKind::Parameters, now_ns);
        for slot in self.order.slots().iter() {
            self.write_attached(slot, now_ns);
        }
        for handle in self.flows.handles() {
            if let Some(mut entry) = self.flows.take(handle) {
                let event = entry.rundown_event(now_ns);
                self.writer.write(now_ns, &event);
                self.flows.put_back(handle, entry);
            }
        }
        self.write_counters(now_ns);
        self.write_state(StateKind::CaptureEnd, now_ns);
    }

    /// Stops: every pair that is left ends with `unload`, a last Counters set follows (S35).
    pub fn stop(&mut self, now_ns: u64) {
        for handle in self.flows.handles() {
            self.end_with(handle, FateReason::Unload, now_ns, |engine, walk, _, _| {
                engine.unloaded(walk)
            });
        }
        self.write_counters(now_ns);
        self.write_state(StateKind::Stop, now_ns);
    }
}
