//! The thread between a source and the published views.
//!
//! It is a thread and no task: sources wait in the system's calls, and a slow scrape must not hold
//! up who takes events in.

use super::source::{Polled, Source};
use crate::doctor;
use crate::failure::Failure;
use crate::live::{LiveStages, Process};
use crate::names::Namer;
use crate::output;
use crate::serve::Readiness;
use core::time::Duration;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use weir_stages::exposition;
use weir_stages::snapshot::{ExporterFacts, Shell, WebFacts};
use weir_wfp::Watch;

/// Pause between two looks at a source that had nothing more.
const PAUSE: Duration = Duration::from_millis(50);

/// How often a view is published: as often as the driver tells its totals.
const PUBLISH: Duration = Duration::from_secs(1);

/// The share of one processor that taking snapshots may cost: where one takes long, because a
/// million flows live, they come less often.
const PUBLISH_SHARE: u32 = 20;

/// What the pump works with.
pub(super) struct Pump {
    pub(super) source: Box<dyn Source + Send>,
    pub(super) stages: LiveStages,
    /// Asks for the names of programs that were attached without a label.
    pub(super) namer: Option<Namer>,
    /// Looks at the filtering engine's objects.
    pub(super) wfp: Option<Watch>,
    /// Looks at the whole machine.
    pub(super) doctor: Option<doctor::Watch>,
    /// What exporters say of themselves.
    pub(super) exporters: Box<dyn Fn() -> Vec<ExporterFacts> + Send>,
    /// What the web server says of itself.
    pub(super) web: Box<dyn Fn() -> WebFacts + Send>,
    /// Whether the figures can be relied on.
    pub(super) readiness: watch::Sender<Readiness>,
    /// Told, or dropped, to stop.
    pub(super) stop: Receiver<()>,
}

impl Pump {
    /// Works until it is told to stop, or nothing more can come of the source.
    ///
    /// # Errors
    /// The source's.
    pub(super) fn run(mut self) -> Result<(), Failure> {
        let mut process = Process::new();
        let mut due = Instant::now();
        let mut is_over = false;
        let outcome = loop {
            let now_ns = now_ns();
            let polled = if is_over {
                Polled::End
            } else {
                match self.source.poll(now_ns, &mut self.stages) {
                    Ok(polled) => polled,
                    Err(failure) => break Err(failure),
                }
            };
            self.name();
            self.look();
            if polled == Polled::End && !is_over {
                is_over = true;
                self.stages.apply();
                self.stages.aggregator.finish();
                due = Instant::now();
            }
            if Instant::now() >= due {
                let took = self.publish(&mut process);
                due = Instant::now() + PUBLISH.max(took * PUBLISH_SHARE);
            }
            let pause = if polled == Polled::More { Duration::ZERO } else { PAUSE };
            match self.stop.recv_timeout(pause) {
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break Ok(()),
            }
        };
        self.source.finish(&mut self.stages);
        self.stages.apply();
        self.stages.aggregator.finish();
        self.publish(&mut process);
        outcome
    }

    /// Names programs, where there is news of them.
    fn name(&mut self) {
        let Some(namer) = &mut self.namer else { return };
        let look = namer.poll(self.stages.aggregator.wants_names(), Instant::now());
        if let Some(look) = look {
            // A look that does not count is followed by another.
            let _named = self.stages.aggregator.name_programs(&look);
        }
        if let Some(complaint) = namer.take_complaint() {
            output::warn(&complaint);
        }
    }

    /// Looks at the filtering engine, and at the whole machine, where that is due.
    fn look(&mut self) {
        if let Some(wfp) = &mut self.wfp {
            wfp.poll(Instant::now());
            if let Some(complaint) = wfp.take_complaint() {
                output::warn(&complaint);
            }
        }
        if let Some(doctor) = &mut self.doctor {
            let view = self.stages.view();
            doctor.poll(Instant::now(), || exposition::text(&view.snapshot).unwrap_or_default());
            if let Some(complaint) = doctor.take_complaint() {
                output::warn(&complaint);
            }
        }
    }

    fn publish(&mut self, process: &mut Process) -> Duration {
        let begun = Instant::now();
        let shell = Shell {
            sessions: self.source.facts(),
            exporters: (self.exporters)(),
            process: process.facts(),
            web: Some((self.web)()),
            wfp: self.wfp.as_ref().map(|it| it.facts().clone()),
            doctor: self.doctor.as_ref().map(|it| it.facts().clone()),
        };
        self.stages.publish(self.source.time_ns(now_ns()), &shell);
        let readiness = match self.source.unready() {
            Some(why) => Readiness::NotReady(why.into()),
            None => Readiness::Ready,
        };
        self.readiness
            .send_if_modified(|it| core::mem::replace(it, readiness.clone()) != readiness);
        begun.elapsed()
    }
}

/// Nanoseconds since 1970.
pub(super) fn now_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
