//! One session that is to be up: its starts, its end, its figures over all of them.

use super::{Change, Report, is_gone};
use crate::error::{EtwError, StartError, Step};
use crate::losses::{LossTotals, SessionLosses};
use crate::ring::KindCounts;
use crate::session::{CallbackCounts, Session, SessionName, Sessions};
use core::time::Duration;
use std::time::Instant;
use weir_stages::batch::EventBatch;

/// How often buffers that are not full are delivered. ETW's own timer is at least 1 s; a call costs
/// microseconds, and a flow's end is seen within this.
const FLUSH_EVERY: Duration = Duration::from_millis(250);

/// How often losses are asked for: as often as the driver writes Counters.
const QUERY_EVERY: Duration = Duration::from_secs(1);

/// First and longest time until a session is started again; it doubles between.
const RETRY_FIRST: Duration = Duration::from_secs(1);
const RETRY_LONGEST: Duration = Duration::from_secs(30);

/// A session that was up so long failed for a new reason: the time begins at the first again.
const UP_LONG: Duration = Duration::from_secs(60);

enum Place<T> {
    Up(T),
    /// Ended; events may still be in its ring. It goes when [`Kept::drain`] found none.
    Ended(T),
    Gone,
}

/// A session and what it counted before.
pub(super) struct Kept<T> {
    name: SessionName,
    place: Place<T>,
    started_at: Instant,
    flush_at: Instant,
    query_at: Instant,
    retry_at: Instant,
    retry_in: Duration,
    restarts: u64,
    losses: LossTotals,
    query_failures: u64,
    /// Of sessions that are gone.
    callback: CallbackCounts,
    dropped: KindCounts,
    /// What Windows refused last, by step: said once.
    refused: Vec<EtwError>,
}

impl<T: Session> Kept<T> {
    pub(super) fn start<S: Sessions<Session = T>>(
        sessions: &mut S,
        name: SessionName,
        now: Instant,
    ) -> Result<Self, StartError> {
        let place = Place::Up(sessions.start(name)?);
        Ok(Self {
            name,
            place,
            started_at: now,
            flush_at: now + FLUSH_EVERY,
            query_at: now + QUERY_EVERY,
            retry_at: now,
            retry_in: RETRY_FIRST,
            restarts: 0,
            losses: LossTotals::default(),
            query_failures: 0,
            callback: CallbackCounts::default(),
            dropped: KindCounts::default(),
            refused: Vec::new(),
        })
    }

    pub(super) const fn name(&self) -> SessionName {
        self.name
    }

    pub(super) const fn is_up(&self) -> bool {
        matches!(self.place, Place::Up(_))
    }

    /// Does what is due; whether the session was started.
    pub(super) fn poll<S: Sessions<Session = T>>(
        &mut self,
        sessions: &mut S,
        now: Instant,
        changes: &mut Vec<Change>,
    ) -> bool {
        if self.is_up() {
            if self.is_running(Duration::ZERO) {
                self.keep_up(now, changes);
            } else {
                self.end(now, changes);
            }
        }
        matches!(self.place, Place::Gone) && now >= self.retry_at && {
            self.start_again(sessions, now, changes)
        }
    }

    fn keep_up(&mut self, now: Instant, changes: &mut Vec<Change>) {
        let Place::Up(session) = &mut self.place else { return };
        if now >= self.flush_at {
            self.flush_at = now + FLUSH_EVERY;
            note(&mut self.refused, self.name, Step::Flush, session.flush(), changes);
        }
        if now >= self.query_at {
            self.query_at = now + QUERY_EVERY;
            let answer = session.query();
            match answer {
                Ok(losses) => self.losses.see(losses),
                Err(_) => self.query_failures += 1,
            }
            note(&mut self.refused, self.name, Step::Query, answer.map(drop), changes);
        }
    }

    /// Somebody else ended it, or Windows gave up on it.
    fn end(&mut self, now: Instant, changes: &mut Vec<Change>) {
        if now.saturating_duration_since(self.started_at) >= UP_LONG {
            self.retry_in = RETRY_FIRST;
        }
        self.retry_at = now + self.retry_in;
        self.retry_in = (self.retry_in * 2).min(RETRY_LONGEST);
        changes.push(Change::Ended(self.name));
        // Its thread has ended; the session itself may be there still.
        if let Some(error) = self.stop() {
            changes.push(Change::Refused(error));
        }
    }

    fn start_again<S: Sessions<Session = T>>(
        &mut self,
        sessions: &mut S,
        now: Instant,
        changes: &mut Vec<Change>,
    ) -> bool {
        match sessions.start(self.name) {
            Ok(session) => {
                self.place = Place::Up(session);
                self.losses.restart();
                self.started_at = now;
                self.flush_at = now + FLUSH_EVERY;
                self.query_at = now + QUERY_EVERY;
                self.restarts += 1;
                self.refused.clear();
                changes.push(Change::Restarted(self.name));
                true
            }
            Err(error) => {
                changes.push(Change::StartFailed { error, retry_in: self.retry_in });
                self.retry_at = now + self.retry_in;
                self.retry_in = (self.retry_in * 2).min(RETRY_LONGEST);
                false
            }
        }
    }

    /// Asks the driver; whether that worked.
    pub(super) fn capture_state(&mut self, changes: &mut Vec<Change>) -> bool {
        let Place::Up(session) = &mut self.place else { return false };
        let answer = session.capture_state();
        note(&mut self.refused, self.name, Step::CaptureState, answer, changes);
        answer.is_ok()
    }

    /// At most `batches` times hands out a batch; whether there is more.
    pub(super) fn drain(
        &mut self,
        batches: usize,
        batch: &mut EventBatch,
        take: &mut impl FnMut(SessionName, &EventBatch),
    ) -> bool {
        for _ in 0..batches {
            let (Place::Up(session) | Place::Ended(session)) = &mut self.place else {
                return false;
            };
            batch.clear();
            // Asked first: what comes between the two questions is drained next time.
            let has_ended = session.has_ended(Duration::ZERO);
            let has_more = session.drain(batch);
            if !batch.is_empty() {
                take(self.name, batch);
            }
            if !has_more {
                if has_ended && matches!(self.place, Place::Ended(_)) {
                    self.close();
                }
                return false;
            }
        }
        true
    }

    /// Whether events may still come; waits at most so long for their end.
    pub(super) fn is_running(&mut self, wait: Duration) -> bool {
        match &mut self.place {
            Place::Up(session) | Place::Ended(session) => !session.has_ended(wait),
            Place::Gone => false,
        }
    }

    /// Ends the session and takes its last losses; what Windows refused.
    pub(super) fn stop(&mut self) -> Option<EtwError> {
        match core::mem::replace(&mut self.place, Place::Gone) {
            Place::Up(mut session) => {
                let answer = session.stop();
                self.place = Place::Ended(session);
                self.ended(answer)
            }
            place @ (Place::Ended(_) | Place::Gone) => {
                self.place = place;
                None
            }
        }
    }

    fn ended(&mut self, answer: Result<SessionLosses, EtwError>) -> Option<EtwError> {
        match answer {
            Ok(losses) => {
                self.losses.see(losses);
                None
            }
            Err(error) => {
                self.query_failures += 1;
                Some(error).filter(|it| !is_gone(it))
            }
        }
    }

    /// Lets an ended session go, with what it counted.
    pub(super) fn close(&mut self) {
        let place = core::mem::replace(&mut self.place, Place::Gone);
        if let Place::Up(mut session) | Place::Ended(mut session) = place {
            add(&mut self.dropped, &session.take_dropped());
            self.callback = sum(self.callback, session.counts());
        }
    }

    pub(super) fn take_dropped(&mut self) -> KindCounts {
        let mut dropped = core::mem::take(&mut self.dropped);
        if let Place::Up(session) | Place::Ended(session) = &mut self.place {
            add(&mut dropped, &session.take_dropped());
        }
        dropped
    }

    pub(super) fn report(&self) -> Report {
        let callback = match &self.place {
            Place::Up(session) | Place::Ended(session) => sum(self.callback, session.counts()),
            Place::Gone => self.callback,
        };
        Report {
            session: self.name,
            is_up: self.is_up(),
            restarts: self.restarts,
            lost: self.losses.totals(),
            query_failures: self.query_failures,
            callback,
        }
    }
}

/// Says a refusal if it is not the one that this step had before.
fn note(
    refused: &mut Vec<EtwError>,
    session: SessionName,
    step: Step,
    answer: Result<(), EtwError>,
    changes: &mut Vec<Change>,
) {
    let known = refused.iter().position(|it| it.step == step && it.session == session);
    match (answer, known) {
        (Ok(()), Some(known)) => drop(refused.remove(known)),
        (Ok(()), None) => {}
        (Err(error), Some(known)) if refused.get(known) == Some(&error) => {}
        (Err(error), known) => {
            // One for each step: three at most.
            known.map(|known| refused.remove(known));
            refused.push(error);
            changes.push(Change::Refused(error));
        }
    }
}

fn add(to: &mut KindCounts, more: &KindCounts) {
    for (to, more) in to.iter_mut().zip(more) {
        *to += more;
    }
}

const fn sum(a: CallbackCounts, b: CallbackCounts) -> CallbackCounts {
    CallbackCounts {
        delivered: a.delivered + b.delivered,
        foreign: a.foreign + b.foreign,
        panics: a.panics + b.panics,
    }
}
