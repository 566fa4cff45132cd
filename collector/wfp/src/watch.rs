//! Looks now and then, on a thread of its own: a call of the filtering engine goes to its service,
//! which may take as long as it likes, and events must not wait for it.

use crate::error::WfpError;
use crate::survey::Survey;
use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Instant;
use weir_stages::snapshot::WfpFacts;

/// Between the beginnings of two looks: an alert that waits five minutes sees several.
pub const PERIOD: Duration = Duration::from_secs(60);

/// How long a look may take. Some fifty calls of a service on the same machine take milliseconds;
/// one that takes this long is not well, and its answer would be of another moment.
pub const TIME_MAX: Duration = Duration::from_secs(20);

// A look has been judged when the next is due, so what is told is never older than both together.
const _: () = assert!(TIME_MAX.as_millis() < PERIOD.as_millis());

type Answer = Result<Survey, WfpError>;

enum Phase {
    Idle,
    Looking { since: Instant, is_late: bool },
}

/// Looks at the filtering engine.
pub struct Watch {
    ask: SyncSender<()>,
    answers: Receiver<Answer>,
    phase: Phase,
    /// When the next look is due; at once at first.
    due: Option<Instant>,
    facts: WfpFacts,
    is_failing: bool,
    complaint: Option<WfpError>,
}

impl Watch {
    /// Starts the thread that looks this way.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn start(mut look: impl FnMut() -> Answer + Send + 'static) -> io::Result<Self> {
        // One question and one answer at a time: the next is asked after the last came.
        let (ask, asked) = sync_channel(1);
        let (tell, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("weir-wfp".to_owned());
        // It ends when nobody asks any more; one that hangs ends with the process.
        let _thread =
            thread.spawn(move || while asked.recv().is_ok() && tell.send(look()).is_ok() {})?;
        Ok(Self {
            ask,
            answers,
            phase: Phase::Idle,
            due: None,
            facts: WfpFacts::default(),
            is_failing: false,
            complaint: None,
        })
    }

    /// Takes an answer in, and looks again where that is due; never waits.
    pub fn poll(&mut self, now: Instant) {
        if let Phase::Looking { since, is_late } = self.phase {
            self.phase = self.listen(since, is_late, now);
        }
        if self.due.is_some_and(|due| now < due) {
            return;
        }
        self.due = Some(now + PERIOD);
        self.facts.surveys = self.facts.surveys.saturating_add(1);
        match self.phase {
            Phase::Idle if self.ask.try_send(()).is_ok() => {
                self.phase = Phase::Looking { since: now, is_late: false };
            }
            // The last has not ended, so this one cannot begin.
            Phase::Idle | Phase::Looking { .. } => self.failed(stuck()),
        }
    }

    /// What looks have found.
    #[must_use]
    pub const fn facts(&self) -> &WfpFacts {
        &self.facts
    }

    /// A failure that nobody has heard of yet: the first after a look that worked.
    pub fn take_complaint(&mut self) -> Option<String> {
        let error = self.complaint.take()?;
        let hint = error.hint();
        Some(format!("failed to {error}; until a look works, nothing is known of objects: {hint}"))
    }

    fn listen(&mut self, since: Instant, is_late: bool, now: Instant) -> Phase {
        match self.answers.try_recv() {
            Err(TryRecvError::Empty) => {
                let is_over = now.saturating_duration_since(since) >= TIME_MAX;
                if is_over && !is_late {
                    self.failed(stuck());
                }
                return Phase::Looking { since, is_late: is_late || is_over };
            }
            // It has been counted as failed, and may be of before it hung: look anew at once.
            Ok(_) if is_late => self.due = None,
            Ok(Ok(survey)) => {
                self.facts.found = Some(survey.judge());
                self.is_failing = false;
            }
            Ok(Err(error)) => self.failed(error),
            Err(TryRecvError::Disconnected) if is_late => {}
            Err(TryRecvError::Disconnected) => self.failed(stuck()),
        }
        Phase::Idle
    }

    fn failed(&mut self, error: WfpError) {
        self.facts.failures = self.facts.failures.saturating_add(1);
        self.facts.found = None;
        if !core::mem::replace(&mut self.is_failing, true) {
            self.complaint = Some(error);
        }
    }
}

const fn stuck() -> WfpError {
    WfpError::Stuck { seconds: TIME_MAX.as_secs() }
}

#[cfg(test)]
mod tests;
