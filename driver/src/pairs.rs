//! Pairs that end: what is counted and told of each (S26).

use crate::flow::{Account, Tuple};
use crate::walk::{Ended, Ends, Place};
use weir_abi::Action;
use weir_abi::event::{AttachmentVerdict, Cleanup, PairEnd};
use weir_nt::time::Instant;

/// A flow whose pairs end.
#[derive(Debug)]
pub(crate) struct Ending<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) tuple: &'a Tuple,
    pub(crate) account: &'a mut Account,
    /// The flow has a context, so each own answer is told.
    pub(crate) has_context: bool,
    pub(crate) now: Instant,
}

/// Whether a pair that ends so is told by a Cleanup event, and whether by an AttachmentVerdict.
fn events_of(ended: &Ended, has_context: bool) -> (bool, bool) {
    let is_omitted = ended.end == PairEnd::Detached;
    let is_own = matches!(ended.end, PairEnd::Allowed | PairEnd::Blocked | PairEnd::Failed);
    (ended.deleted.is_some() || is_omitted, is_own && has_context)
}

/// Events that these ends bring about.
pub(crate) fn count_events(ends: &Ends, has_context: bool) -> u32 {
    ends.iter().fold(0, |count: u32, ended| {
        let (cleanup, verdict) = events_of(&ended, has_context);
        count.saturating_add(u32::from(cleanup)).saturating_add(u32::from(verdict))
    })
}

impl Ending<'_> {
    /// Counts and tells the pairs that ended in a walk.
    pub(crate) fn tell(&mut self, ends: &Ends) {
        for ended in ends.iter() {
            self.tell_one(&ended);
        }
    }

    #[inline(never)]
    fn tell_one(&mut self, ended: &Ended) {
        let Some(facts) = self.place.facts(ended.slot) else { return };
        let Place { driver, level, .. } = self.place;
        let (segments, bytes) = self.account.shown(ended.saw_segment);
        let since = driver.clock.between(self.tuple.since, self.now);
        let last = match ended.end {
            PairEnd::Allowed => Some(Action::Allow),
            PairEnd::Blocked => Some(Action::Block),
            PairEnd::Closed
            | PairEnd::BlockedByOther
            | PairEnd::Failed
            | PairEnd::Engine
            | PairEnd::Detached
            | PairEnd::Unload
            | PairEnd::Unknown => ended.had_answer.then_some(Action::NeedMoreData),
        };
        facts.totals.count_end(level, ended.end, last, (segments, bytes, since));
        let (has_cleanup, has_verdict) = events_of(ended, self.has_context);
        if has_cleanup {
            facts.totals.count_cleanup(level, ended.end);
            self.tell_cleanup(ended, facts.attach_id);
        }
        if has_verdict {
            let event = AttachmentVerdict {
                flow_serial: self.tuple.serial,
                flow_id: self.tuple.flow_id(),
                flow_seq: self.account.next_seq(),
                attach_id: facts.attach_id,
                slot: ended.slot.number(),
                end: ended.end,
                segments,
                bytes,
                since_established: since,
            };
            driver.events.write(level, &event);
        }
    }

    #[inline(never)]
    fn tell_cleanup(&mut self, ended: &Ended, attach_id: u32) {
        let event = Cleanup {
            attach_id,
            reason: ended.end,
            omitted: ended.end == PairEnd::Detached,
            result: ended.deleted.unwrap_or(0),
            ..self.tuple.cleanup(self.account.next_seq())
        };
        self.place.driver.events.write(self.place.level, &event);
    }
}
