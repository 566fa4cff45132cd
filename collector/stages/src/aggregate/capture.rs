//! Whether the live set of flows is the truth, and what makes it so again.
//!
//! After a loss in a kind that carries flows the set may name flows that are gone and miss flows
//! that live. A *capture state* of the driver replaces it: begin, attachments, every live flow,
//! marks and counters, end. Only a capture without a loss counts; after any other the old flows
//! stay, marked as incomplete, and another capture is wanted.
//! A loss before the capture that its marks first tell counts against it: that costs one capture
//! more and never passes a hole for whole.

use crate::kinds::KindSet;
use weir_abi::event::{
    Attached, AttachmentVerdict, Cleanup, Detached, DriverState, Event, FlowClosed,
    FlowEstablished, FlowRundown, Verdict,
};

/// Kinds whose loss makes the live set wrong.
pub(crate) const FLOW_KINDS: KindSet = KindSet::NONE
    .with(Verdict::ID)
    .with(Cleanup::ID)
    .with(FlowEstablished::ID)
    .with(FlowClosed::ID)
    .with(Attached::ID)
    .with(Detached::ID)
    .with(DriverState::ID)
    .with(FlowRundown::ID)
    .with(AttachmentVerdict::ID);

/// A capture of the largest set lasts some 10 s; one that has not ended after this is given up.
const CAPTURE_NS_MAX: u64 = 60_000_000_000;

#[derive(Clone, Copy, Debug)]
struct Running {
    begun_ns: u64,
    ended_ns: u64,
    has_loss: bool,
    has_counters: bool,
    has_ended: bool,
}

/// The state of knowledge about the live set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Capture {
    is_complete: bool,
    running: Option<Running>,
    last: Option<Last>,
}

/// The last capture state that proved whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Last {
    /// Time of its first event.
    pub begun_ns: u64,
    /// Time from there to its last.
    pub took_ns: u64,
}

impl Capture {
    /// Whether every undecided flow is in the set and nothing else is.
    pub(crate) const fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The last one that proved whole, of this load of the driver.
    pub(crate) const fn last(&self) -> Option<Last> {
        self.last
    }

    /// Whether the driver should be asked for a capture state.
    pub(crate) const fn is_wanted(&self) -> bool {
        !self.is_complete && self.running.is_none()
    }

    /// Whether events now may be those of a capture state.
    pub(crate) const fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Another load of the driver: its set is empty and known if its start was seen.
    pub(crate) const fn restart(&mut self, has_start: bool) {
        self.is_complete = has_start;
        self.running = None;
        self.last = None;
    }

    pub(crate) const fn begin(&mut self, now_ns: u64) {
        self.running = Some(Running {
            begun_ns: now_ns,
            ended_ns: now_ns,
            has_loss: false,
            has_counters: false,
            has_ended: false,
        });
    }

    /// Events that carry flows were lost, or a bound left a flow out.
    pub(crate) const fn loss(&mut self) {
        self.is_complete = false;
        if let Some(running) = &mut self.running {
            running.has_loss = true;
        }
    }

    /// A whole set of counters was applied; returns whether the capture proved whole by it.
    pub(crate) const fn counters(&mut self) -> bool {
        if let Some(running) = &mut self.running {
            running.has_counters = true;
        }
        self.settle()
    }

    /// The capture ended; returns whether it is proved whole.
    pub(crate) const fn end(&mut self, now_ns: u64) -> bool {
        if let Some(running) = &mut self.running {
            running.has_ended = true;
            running.ended_ns = now_ns;
        }
        self.settle()
    }

    /// Gives up a capture that does not end.
    pub(crate) const fn tick(&mut self, now_ns: u64) {
        if let Some(running) = self.running
            && now_ns.saturating_sub(running.begun_ns) > CAPTURE_NS_MAX
        {
            self.running = None;
        }
    }

    const fn settle(&mut self) -> bool {
        let Some(running) = self.running else { return false };
        if running.has_loss {
            // Its end may be among what was lost.
            self.running = None;
            return false;
        }
        if !running.has_ended || !running.has_counters {
            return false;
        }
        let took_ns = running.ended_ns.saturating_sub(running.begun_ns);
        self.last = Some(Last { begun_ns: running.begun_ns, took_ns });
        self.running = None;
        self.is_complete = true;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_capture_without_loss_completes_the_set() {
        let mut capture = Capture::default();
        assert!(capture.is_wanted());
        capture.begin(0);
        assert!(!capture.counters() && capture.end(7) && capture.is_complete());
        assert_eq!(capture.last(), Some(Last { begun_ns: 0, took_ns: 7 }));
        capture.loss();
        capture.begin(0);
        capture.loss();
        assert!(!capture.counters() && !capture.end(9) && capture.is_wanted());
        capture.begin(0);
        assert!(!capture.end(9) && capture.counters(), "an end that comes early waits for marks");
    }

    #[test]
    fn a_capture_that_never_ends_is_wanted_again() {
        let mut capture = Capture::default();
        capture.begin(1);
        capture.tick(CAPTURE_NS_MAX);
        assert!(!capture.is_wanted());
        capture.tick(CAPTURE_NS_MAX + 2);
        assert!(capture.is_wanted());
    }
}
