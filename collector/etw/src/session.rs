//! What the supervisor needs of a session: its name, what it carries, and what can be done with it.
//!
//! `live` has the real one; the supervisor's tests have one that follows a script.

use crate::error::{EtwError, StartError};
use crate::losses::SessionLosses;
use crate::ring::KindCounts;
use core::fmt;
use core::time::Duration;
use weir_abi::event::KEYWORD_SELF_DESCRIBING;
use weir_abi::event::{CopyFallback, Event as _, FlowUninspected, Invocation};
use weir_stages::batch::EventBatch;

/// Keywords whose events come for each segment.
const HOT: u64 = Invocation::KEYWORD | CopyFallback::KEYWORD;

/// Keywords 0x1 to 0x8 are upstream's (entry and exit of functions, base, extension), and the top 16
/// are Microsoft's: neither asks for an event of ours.
const OURS: u64 = 0x0000_ffff_ffff_fff0;

/// A session of the collector. Each has its own buffers, ring and thread: a flood on one costs the
/// other nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionName {
    /// Everything that exactness needs: state, flows, counters.
    Control,
    /// Each invocation and each copy that fell back.
    Detail,
}

impl SessionName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Control, Self::Detail];

    /// The session's name in Windows, and its label.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Control => "weir-control",
            Self::Detail => "weir-detail",
        }
    }

    /// Dense, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Detail => 1,
        }
    }

    /// The keywords it enables in the driver's provider.
    ///
    /// `weir-control` leaves out flows that nobody inspects: they are counted by the driver, and
    /// their events are as many as there are connections.
    #[must_use]
    pub const fn keywords(self) -> u64 {
        match self {
            Self::Control => OURS & !HOT & !FlowUninspected::KEYWORD & !KEYWORD_SELF_DESCRIBING,
            Self::Detail => HOT,
        }
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What a session's callback counted since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallbackCounts {
    /// Events of the driver's provider that were delivered, in the ring or dropped.
    pub delivered: u64,
    /// Events of other providers, among them ETW's own about the session; not looked at.
    pub foreign: u64,
    /// Panics in the callback; each lost the event that it was about.
    pub panics: u64,
}

/// A machine on which sessions can be started.
pub trait Sessions {
    /// A session that runs.
    type Session: Session;

    /// Starts a session; one that a dead collector left behind is replaced.
    ///
    /// # Errors
    /// Where it cannot be: then none is left.
    fn start(&mut self, name: SessionName) -> Result<Self::Session, StartError>;
}

/// A session that was started. Dropping it stops it.
pub trait Session {
    /// Moves events into `batch`; whether the batch was full.
    fn drain(&mut self, batch: &mut EventBatch) -> bool;

    /// Events that found no room in the ring since the last call.
    fn take_dropped(&mut self) -> KindCounts;

    /// What the callback counted.
    fn counts(&self) -> CallbackCounts;

    /// Asks what was lost.
    ///
    /// # Errors
    /// Where Windows does not say.
    fn query(&mut self) -> Result<SessionLosses, EtwError>;

    /// Has buffers delivered that are not full.
    ///
    /// # Errors
    /// Where Windows refuses.
    fn flush(&mut self) -> Result<(), EtwError>;

    /// Asks the driver to write what it knows into the session.
    ///
    /// # Errors
    /// Where Windows refuses.
    fn capture_state(&mut self) -> Result<(), EtwError>;

    /// Ends the session; what it lost in all. Events that are on their way still arrive.
    ///
    /// # Errors
    /// Where Windows refuses, or the session was not there.
    fn stop(&mut self) -> Result<SessionLosses, EtwError>;

    /// Whether no event will come any more; waits for that at most so long.
    fn has_ended(&mut self, wait: Duration) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_abi::event::{Counters, FlowEstablished, FlowRundown, Verdict};

    #[test]
    fn the_two_sessions_share_no_keyword_and_control_has_no_hot_one() {
        let (control, detail) = (SessionName::Control.keywords(), SessionName::Detail.keywords());
        assert_eq!(control & detail, 0);
        assert_eq!(detail, 0x90);
        assert_eq!(control & 0x3090, 0);
        for keyword in
            [Counters::KEYWORD, FlowEstablished::KEYWORD, FlowRundown::KEYWORD, Verdict::KEYWORD]
        {
            assert_ne!(control & keyword, 0);
        }
    }
}
