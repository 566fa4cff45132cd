//! Keeps the sessions up, and knows at any time what they lost.
//!
//! One thread owns it and calls, every 100 ms or so, [`Supervisor::drain`] for the events and
//! [`Supervisor::poll`] for the upkeep. No call waits, except [`Supervisor::stop`]. `kept` is one
//! session's life over its restarts; the clock is the caller's.

mod kept;
#[cfg(test)]
mod tests;

use crate::error::{EtwError, StartError, code};
use crate::losses::Losses;
use crate::ring::KindCounts;
use crate::session::{CallbackCounts, SessionName, Sessions};
use core::time::Duration;
use kept::Kept;
use std::time::Instant;
use weir_stages::batch::EventBatch;

/// How often capture state is asked for at most. A rundown of a million flows takes the driver some
/// 5 s (256 flows, then 1 ms), and asking again in the middle starts another.
pub const CAPTURE_EVERY: Duration = Duration::from_secs(10);

/// Batches of `weir-detail` that one [`Supervisor::drain`] hands out: 262,144 events, five times what
/// 100 ms bring at 500,000 a second. Beyond, they stay in the ring for the next call; if that is
/// full too, events are dropped and counted.
const DETAIL_BATCHES_PER_DRAIN: usize = 64;

/// Batches of `weir-control` before each of those; the ring of 16 MiB holds fewer than this.
const CONTROL_BATCHES_PER_TURN: usize = 256;

/// How long [`Supervisor::stop`] waits for the last events: 500 times 20 ms. What is still to come
/// then is left; [`Final::is_stuck`] says so.
const STOP_TURNS: u32 = 500;
const STOP_TURN: Duration = Duration::from_millis(20);

/// Something that a log should have. Each comes once for a change of state, not once a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// A session runs again.
    Restarted(SessionName),
    /// A session ended that nobody here stopped.
    Ended(SessionName),
    /// It could not be started again.
    StartFailed {
        /// Why.
        error: StartError,
        /// When it is tried next.
        retry_in: Duration,
    },
    /// Windows refuses a step that it took before; the next is tried all the same.
    Refused(EtwError),
    /// The driver was asked for its state.
    CaptureAsked,
}

/// One session's figures, over all its starts; none goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which session.
    pub session: SessionName,
    /// Whether it runs.
    pub is_up: bool,
    /// Starts after the first.
    pub restarts: u64,
    /// What ETW says was lost.
    pub lost: Losses,
    /// Times that ETW did not say.
    pub query_failures: u64,
    /// What the callback counted.
    pub callback: CallbackCounts,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Final {
    /// Its last figures.
    pub report: Report,
    /// Windows would not end it: it may still be there.
    pub refused: Option<EtwError>,
    /// Its thread had not come back after 10 s.
    pub is_stuck: bool,
}

/// The collector's sessions.
pub struct Supervisor<S: Sessions> {
    sessions: S,
    /// `weir-control` first: it is served first.
    kept: Vec<Kept<S::Session>>,
    batch: EventBatch,
    capture_at: Instant,
    /// `weir-control` was started and the driver not asked since.
    is_new: bool,
}

impl<S: Sessions> Supervisor<S> {
    /// Starts `weir-control` and, if asked, `weir-detail`.
    ///
    /// # Errors
    /// Where one of them does not start; then neither is left.
    pub fn start(mut sessions: S, has_detail: bool, now: Instant) -> Result<Self, StartError> {
        let mut kept = vec![Kept::start(&mut sessions, SessionName::Control, now)?];
        if has_detail {
            // Dropping the first session stops it.
            kept.push(Kept::start(&mut sessions, SessionName::Detail, now)?);
        }
        Ok(Self { sessions, kept, batch: EventBatch::new(), capture_at: now, is_new: true })
    }

    /// The upkeep: flushes, asks for losses, starts again what ended. `wants_capture` is true as long
    /// as the caller needs the driver's state; it is asked at once after a start, else at most every
    /// [`CAPTURE_EVERY`].
    pub fn poll(&mut self, now: Instant, wants_capture: bool) -> Vec<Change> {
        let mut changes = Vec::new();
        for kept in &mut self.kept {
            let is_started = kept.poll(&mut self.sessions, now, &mut changes);
            if is_started && kept.name() == SessionName::Control {
                self.is_new = true;
                self.capture_at = now;
            }
        }
        if (self.is_new || wants_capture) && now >= self.capture_at {
            self.capture(now, &mut changes);
        }
        changes
    }

    fn capture(&mut self, now: Instant, changes: &mut Vec<Change>) {
        let Some(kept) = self.kept.first_mut().filter(|it| it.is_up()) else { return };
        self.capture_at = now + CAPTURE_EVERY;
        if kept.capture_state(changes) {
            self.is_new = false;
            changes.push(Change::CaptureAsked);
        }
    }

    /// Hands out the events that have come. Between any two batches of `weir-detail`,
    /// `weir-control` is emptied: its ring never waits for the other's flood.
    pub fn drain(&mut self, mut take: impl FnMut(SessionName, &EventBatch)) {
        let batch = &mut self.batch;
        let [control, others @ ..] = self.kept.as_mut_slice() else { return };
        control.drain(CONTROL_BATCHES_PER_TURN, batch, &mut take);
        for detail in others {
            for _ in 0..DETAIL_BATCHES_PER_DRAIN {
                let has_more = detail.drain(1, batch, &mut take);
                control.drain(CONTROL_BATCHES_PER_TURN, batch, &mut take);
                if !has_more {
                    break;
                }
            }
        }
    }

    /// Events that found no room in a session's ring since the last call, by kind.
    #[must_use]
    pub fn take_dropped(&mut self, session: SessionName) -> KindCounts {
        let kept = self.kept.iter_mut().find(|it| it.name() == session);
        kept.map_or_else(KindCounts::default, Kept::take_dropped)
    }

    /// Figures of each session.
    pub fn reports(&self) -> impl Iterator<Item = Report> {
        self.kept.iter().map(Kept::report)
    }

    /// Ends all sessions, hands out their last events, and says what they lost. Waits at most 10 s.
    /// Calling it again does nothing.
    pub fn stop(&mut self, mut take: impl FnMut(SessionName, &EventBatch)) -> Vec<Final> {
        // Both end before either is waited for: their last events are of one time.
        let refused: Vec<_> = self.kept.iter_mut().map(Kept::stop).collect();
        for _ in 0..STOP_TURNS {
            self.drain(&mut take);
            if !self.kept.iter_mut().any(|kept| kept.is_running(STOP_TURN)) {
                break;
            }
        }
        // Nothing is added any more: this ends with the rings.
        self.drain(&mut take);
        let ends = self.kept.iter_mut().zip(refused);
        ends.map(|(kept, refused)| {
            let is_stuck = kept.is_running(Duration::ZERO);
            while kept.drain(1, &mut self.batch, &mut take) && !is_stuck {}
            kept.close();
            Final { report: kept.report(), refused, is_stuck }
        })
        .collect()
    }
}

/// Whether the session is not there, which is what ending it is for.
fn is_gone(error: &EtwError) -> bool {
    error.code == code::NO_SUCH_SESSION
}
