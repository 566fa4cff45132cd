//! The driver's sessions on this machine.
//!
//! `weir_etw` keeps them up; here their events get their order back and their figures a shape.

use super::source::{Polled, Source};
use crate::failure::{ExitCode, Failure};
use crate::live::LiveStages;
use crate::output;
use std::time::Instant;
use weir_etw::session::{SessionName, Sessions};
use weir_etw::supervisor::{Change, Final, Report};
use weir_etw::{StartError, Supervisor};
use weir_stages::batch::EventBatch;
use weir_stages::order::Reorder;
use weir_stages::snapshot::{Lag, SessionFacts};

/// The sessions.
pub(super) struct Live<S: Sessions> {
    supervisor: Supervisor<S>,
    /// What each session brought. Apart: a flood on one must not hurry the other.
    arrivals: [Arrivals; SessionName::ALL.len()],
    /// The clock that only goes forward.
    begun: Instant,
    /// The newest time of an event, and when it came by that clock: events have a clock of their
    /// own, which does not follow when the system's is set.
    newest: Option<(u64, Instant)>,
    /// Invocations are listened to, so segments are known at any time.
    has_detail: bool,
}

impl<S: Sessions> Live<S> {
    /// Starts `weir-control` and, if asked, `weir-detail`.
    ///
    /// # Errors
    /// Where Windows refuses one of them; then neither is left.
    pub(super) fn start(sessions: S, has_detail: bool) -> Result<Self, Failure> {
        let supervisor = Supervisor::start(sessions, has_detail, Instant::now());
        let supervisor = supervisor.map_err(refused)?;
        let (arrivals, begun) = (Default::default(), Instant::now());
        Ok(Self { supervisor, arrivals, begun, newest: None, has_detail })
    }

    /// Counts what the rings had no room for; those events are gaps in the driver's numbers too.
    fn take_dropped(&mut self, into: &mut LiveStages) {
        for session in SessionName::ALL {
            for (count, id) in self.supervisor.take_dropped(session).into_iter().zip(0_u16..) {
                if count > 0 {
                    into.aggregator.queue_dropped(id, count);
                }
            }
        }
    }
}

impl<S: Sessions> Source for Live<S> {
    fn flows(&self) -> &'static str {
        "those of this machine"
    }

    fn poll(&mut self, now_ns: u64, into: &mut LiveStages) -> Result<Polled, Failure> {
        let Self { supervisor, arrivals, newest, .. } = self;
        supervisor.drain(|session, batch| {
            note_newest(newest, batch);
            arrivals[session.index()].take(batch, now_ns, into);
        });
        // `weir-control` comes first: what a segment is of is known when it comes.
        let since_ns = u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX);
        for arrivals in &mut self.arrivals {
            arrivals.order.release(since_ns, |head, payload| into.event(head, payload));
        }
        into.apply();
        self.take_dropped(into);
        let wants_refresh = !self.has_detail && into.wants_refresh(self.time_ns(now_ns));
        let wants_capture = into.aggregator.wants_capture() || wants_refresh;
        for change in self.supervisor.poll(Instant::now(), wants_capture) {
            if matches!(change, Change::Restarted(SessionName::Control)) {
                // A session has its clock from when it was started.
                self.newest = None;
            }
            say(&change);
        }
        Ok(Polled::Idle)
    }

    /// That of events, as far as they tell.
    fn time_ns(&self, now_ns: u64) -> u64 {
        let Some((newest_ns, came)) = self.newest else { return now_ns };
        newest_ns.saturating_add(u64::try_from(came.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn unready(&self) -> Option<String> {
        let mut reports = self.supervisor.reports();
        let down = reports.find(|it| it.session == SessionName::Control && !it.is_up);
        down.map(|it| format!("session {} is down", it.session))
    }

    fn facts(&mut self) -> Vec<SessionFacts> {
        let facts = |report: Report| SessionFacts {
            session: report.session.text().to_owned(),
            is_up: report.is_up,
            restarts: report.restarts,
            events_lost: report.lost.events,
            realtime_buffers_lost: report.lost.realtime_buffers,
            log_buffers_lost: report.lost.log_buffers,
            query_failures: report.query_failures,
            late: self.arrivals[report.session.index()].order.late(),
            hurried: self.arrivals[report.session.index()].order.hurried(),
            lag: self.arrivals[report.session.index()].lag.clone(),
        };
        self.supervisor.reports().map(facts).collect()
    }

    fn finish(&mut self, into: &mut LiveStages) {
        let Self { supervisor, arrivals, newest, .. } = self;
        let now_ns = super::pump::now_ns();
        let ends = supervisor.stop(|session, batch| {
            note_newest(newest, batch);
            arrivals[session.index()].take(batch, now_ns, into);
        });
        for arrivals in &mut self.arrivals {
            arrivals.order.finish(|head, payload| into.event(head, payload));
        }
        into.apply();
        self.take_dropped(into);
        ends.iter().for_each(say_end);
    }
}

/// What a session brought and the stages do not have yet.
#[derive(Default)]
struct Arrivals {
    order: Reorder,
    lag: Lag,
}

impl Arrivals {
    /// A batch came: how old its events are, and into the order with them.
    fn take(&mut self, batch: &EventBatch, now_ns: u64, into: &mut LiveStages) {
        // Events of a batch are of about one age, and a histogram of each event would cost as much
        // as taking it in: the batch counts with the age of its oldest and newest, half each.
        let events = batch.len() as u64;
        let times = || batch.iter().map(|(head, _)| head.time_ns);
        if let (Some(oldest), Some(newest)) = (times().min(), times().max()) {
            self.lag.record(now_ns.saturating_sub(oldest), events / 2);
            self.lag.record(now_ns.saturating_sub(newest), events - events / 2);
        }
        for (head, payload) in batch.iter() {
            if self.order.push(head, payload) {
                self.order.hurry(|head, payload| into.event(head, payload));
            }
        }
    }
}

/// Notes when the youngest event of all came.
fn note_newest(newest: &mut Option<(u64, Instant)>, batch: &EventBatch) {
    let youngest = batch.iter().map(|(head, _)| head.time_ns).max().unwrap_or(0);
    if newest.is_none_or(|(known, _)| youngest > known) {
        *newest = Some((youngest, Instant::now()));
    }
}

fn refused(error: StartError) -> Failure {
    let code = match error {
        StartError::AccessDenied { .. } => ExitCode::NotPermitted,
        StartError::AlreadyRunning { .. }
        | StartError::NoResources { .. }
        | StartError::Other(_) => ExitCode::SessionRefused,
    };
    Failure::new(code, error.to_string(), error.hint())
}

fn say(change: &Change) {
    match change {
        Change::CaptureAsked => {}
        Change::Restarted(session) => output::warn(&format!("session {session} runs again")),
        Change::Ended(session) => {
            output::warn(&format!("session {session} was stopped by somebody else"));
        }
        Change::StartFailed { error, retry_in } => {
            let seconds = retry_in.as_secs();
            let text = format!("failed to {error}, tried again in {seconds} s: {}", error.hint());
            output::warn(&text);
        }
        Change::Refused(error) => output::warn(&format!("failed to {error}")),
    }
}

fn say_end(end: &Final) {
    if let Some(error) = end.refused {
        output::warn(&format!("failed to {error}"));
    }
    if end.is_stuck {
        let session = end.report.session;
        output::warn(&format!("session {session} did not end, its last events are missing"));
    }
    let lost = end.report.lost;
    if lost.events + lost.realtime_buffers + lost.log_buffers > 0 {
        let session = end.report.session;
        output::warn(&format!(
            "session {session} lost {} events, {} buffers on their way here, {} to a file",
            lost.events, lost.realtime_buffers, lost.log_buffers
        ));
    }
    if end.report.callback.panics > 0 {
        output::warn(&format!("{} events caused a panic", end.report.callback.panics));
    }
}
