//! What ETW itself says a session lost, added up over its restarts.

/// What a session reports of itself since it was started; ETW counts in 32 bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionLosses {
    /// Events that found no free buffer when they were written.
    pub events: u32,
    /// Buffers that were not delivered because the consumer was too slow.
    pub realtime_buffers: u32,
    /// Buffers that could not be written to a log file; a real-time session has none, and Windows
    /// may count here what it could not keep for a slow consumer.
    pub log_buffers: u32,
}

/// The same over all starts of a session: these never go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// As [`SessionLosses::events`].
    pub events: u64,
    /// As [`SessionLosses::realtime_buffers`].
    pub realtime_buffers: u64,
    /// As [`SessionLosses::log_buffers`].
    pub log_buffers: u64,
}

impl Losses {
    /// Whether something was lost.
    #[must_use]
    pub fn is_any(&self) -> bool {
        *self != Self::default()
    }
}

/// Adds up; what cannot be asked leaves everything as it was.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct LossTotals {
    totals: Losses,
    last: SessionLosses,
}

impl LossTotals {
    pub(crate) const fn totals(&self) -> Losses {
        self.totals
    }

    /// A session was started: it counts from zero.
    pub(crate) fn restart(&mut self) {
        self.last = SessionLosses::default();
    }

    /// The session said this.
    pub(crate) fn see(&mut self, now: SessionLosses) {
        let last = self.last;
        self.totals.events += since(last.events, now.events);
        self.totals.realtime_buffers += since(last.realtime_buffers, now.realtime_buffers);
        self.totals.log_buffers += since(last.log_buffers, now.log_buffers);
        self.last = now;
    }
}

/// How far a 32-bit counter went. One that went back has either gone around (from its last quarter
/// into its first), or begun anew without our starting it: then all it shows is new.
fn since(last: u32, now: u32) -> u64 {
    const QUARTER: u32 = 1 << 30;
    if now >= last || (last >= 3 * QUARTER && now < QUARTER) {
        u64::from(now.wrapping_sub(last))
    } else {
        u64::from(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_add_up_over_restarts_and_around_32_bits() {
        let mut totals = LossTotals::default();
        let mut see = |events: u32, is_restart: bool| {
            if is_restart {
                totals.restart();
            }
            totals.see(SessionLosses { events, log_buffers: 1, ..SessionLosses::default() });
            totals.totals().events
        };
        assert_eq!(see(10, false), 10);
        assert_eq!(see(10, false), 10);
        assert_eq!(see(15, false), 15);
        assert_eq!(see(4, true), 19);
        assert_eq!(see(3, false), 22, "began anew without us");
        assert_eq!(see(u32::MAX, false), 22 + u64::from(u32::MAX) - 3);
        assert_eq!(see(1, false), 22 + u64::from(u32::MAX) - 1, "went around");
        assert_eq!(totals.totals().log_buffers, 2, "once for each start");
        assert!(totals.totals().is_any());
    }
}
