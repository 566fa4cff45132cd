//! Attach and detach, and what follows when pairs end.

use super::flows::FlowEntry;
use super::walk::{Ended, Ends};
use super::{Attached, Gone, Hook, STATUS_QUOTA_EXCEEDED, elapsed};
use crate::program::Program;
use weir_abi::Action;
use weir_abi::counters::FINAL_SETS;
use weir_abi::event::{
    Attached as AttachedEvent, AttachmentVerdict, Cleanup, Detached as DetachedEvent, ErrorApi,
    FateReason, PairEnd,
};
use weir_abi::wire::Text;
use weir_engine::{AttachError, Slot};

/// Detached attachments whose totals are kept: as many as can be attached at once. At the bound the
/// oldest is left out of further sets; readers have had its totals in earlier ones.
const GONE_MAX: usize = 64;

impl Hook {
    /// Attaches a program at the end of the order; it sees flows established from now on (S29).
    ///
    /// # Errors
    /// [`AttachError::QuotaExceeded`] for the 65th (S28).
    pub fn attach(
        &mut self,
        label: Text,
        compartment: u32,
        program: Box<dyn Program>,
        now_ns: u64,
    ) -> Result<u32, AttachError> {
        let slot = self.order.attach(compartment).inspect_err(|_| {
            self.writer.error(now_ns, ErrorApi::AttachLimit, STATUS_QUOTA_EXCEEDED, (0, 0, 0));
        })?;
        let attach_id = self.next_attach_id;
        self.next_attach_id = attach_id.wrapping_add(1);
        let attached = Attached { attach_id, label, compartment, program, totals: Box::default() };
        if let Some(place) = self.slots.get_mut(usize::from(slot.number())) {
            *place = Some(attached);
        }
        self.write_attached(slot, now_ns);
        Ok(attach_id)
    }

    pub(super) fn write_attached(&mut self, slot: Slot, now_ns: u64) {
        let chain_index = self.order.chain_index(slot).unwrap_or(255);
        let Some(Some(attached)) = self.slots.get(usize::from(slot.number())) else { return };
        let event = AttachedEvent {
            slot: slot.number(),
            attach_id: attached.attach_id,
            chain_index,
            compartment_id: attached.compartment,
            label: attached.label,
        };
        self.writer.write(now_ns, &event);
    }

    /// Detaches: no invocation follows; flows that only it was classifying are released (S30).
    ///
    /// Returns whether it was attached.
    pub fn detach(&mut self, attach_id: u32, now_ns: u64) -> bool {
        let is_it = |it: &Option<Attached>| it.as_ref().is_some_and(|it| it.attach_id == attach_id);
        let number = self.slots.iter().position(is_it).and_then(|at| u8::try_from(at).ok());
        let Some(slot) = number.and_then(Slot::new) else { return false };
        let chain_index = self.order.chain_index(slot).unwrap_or(255);
        if !self.order.detach(slot) {
            return false;
        }
        for handle in self.flows.handles() {
            self.end_with(handle, FateReason::Detached, now_ns, |engine, walk, _, _| {
                engine.detached(walk, slot)
            });
        }
        self.order.drained(slot);
        let taken = self.slots.get_mut(usize::from(slot.number())).and_then(Option::take);
        let Some(attached) = taken else { return false };
        let event = DetachedEvent {
            slot: slot.number(),
            attach_id,
            chain_index,
            compartment_id: attached.compartment,
            label: attached.label,
        };
        self.writer.write(now_ns, &event);
        let totals = attached.totals;
        if self.gone.len() == GONE_MAX {
            self.gone.remove(0);
        }
        self.gone.push(Gone { attach_id, totals, sets_left: FINAL_SETS });
        true
    }

    /// Counts and tells the pairs that ended in a walk.
    pub(super) fn end_pairs(
        &mut self,
        entry: &mut FlowEntry,
        ends: &Ends,
        has_context: bool,
        now_ns: u64,
    ) {
        for ended in ends {
            self.end_pair(entry, *ended, has_context, now_ns);
        }
    }

    fn end_pair(&mut self, entry: &mut FlowEntry, ended: Ended, has_context: bool, now_ns: u64) {
        let Ended { slot, end, deleted, had_answer, saw_segment } = ended;
        let place = self.slots.get_mut(usize::from(slot.number()));
        let Some(attached) = place.and_then(Option::as_mut) else { return };
        let (segments, bytes) = entry.shown(saw_segment);
        let since = elapsed(entry.since_ns, now_ns);
        let last = match end {
            PairEnd::Allowed => Some(Action::Allow),
            PairEnd::Blocked => Some(Action::Block),
            PairEnd::Closed
            | PairEnd::BlockedByOther
            | PairEnd::Failed
            | PairEnd::Engine
            | PairEnd::Detached
            | PairEnd::Unload
            | PairEnd::Unknown => had_answer.then_some(Action::NeedMoreData),
        };
        attached.totals.count_end(end, last, (segments, bytes, since));
        let attach_id = attached.attach_id;
        let is_own = matches!(end, PairEnd::Allowed | PairEnd::Blocked | PairEnd::Failed);
        let is_omitted = end == PairEnd::Detached;
        if deleted.is_some() || is_omitted {
            attached.totals.count_cleanup(end);
            let event = Cleanup {
                attach_id,
                reason: end,
                omitted: is_omitted,
                result: deleted.unwrap_or(0),
                ..entry.cleanup_event()
            };
            self.writer.write(now_ns, &event);
        }
        if is_own && has_context {
            let event = AttachmentVerdict {
                flow_serial: entry.serial,
                flow_id: entry.info.flow_id,
                flow_seq: entry.next_seq(),
                attach_id,
                slot: slot.number(),
                end,
                segments,
                bytes,
                since_established: since,
            };
            self.writer.write(now_ns, &event);
        }
    }
}
