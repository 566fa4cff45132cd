//! From the hook to the view: what runs behind a driver, behind the live hook.

use super::programs;
use super::traffic::Traffic;
use crate::failure::Failure;
use crate::live::{LiveStages, Process, random, snapshot_options};
use crate::mailbox::Mailbox;
use crate::recording::{self, Recording};
use crate::serve::{View, Views};
use core::time::Duration;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use weir_stages::aggregate::Options;
use weir_stages::snapshot::{ExporterFacts, Lag, SessionFacts, Shell, SnapshotOptions, WebFacts};
use weir_usermode::hook::HookOptions;
use weir_usermode::live::LiveHook;

/// What the page says the flows are.
const SOURCE: &str = "live traffic of weir demo on this machine's loopback";

/// What stands for a session: the mailbox between the hook and the stages.
const SESSION: &str = "demo";

/// The hook and the stages behind it.
pub(super) struct Pipeline {
    pub(super) hook: LiveHook,
    mailbox: Mailbox,
    stages: LiveStages,
    recording: Option<Recording<File>>,
    lag: Lag,
    process: Process,
    exporters: Box<dyn Fn() -> Vec<ExporterFacts>>,
    web: Option<Box<dyn Fn() -> WebFacts>>,
}

impl Pipeline {
    /// Starts a hook with the sample programs, all its events enabled, and records them.
    ///
    /// # Errors
    /// Where a sample program does not load, or the recording cannot be written.
    pub(super) fn start(stuck_after: Duration, record: Option<&Path>) -> Result<Self, Failure> {
        let recording = record.map(recording::create).transpose()?;
        let mailbox = Mailbox::default();
        let hook_options = HookOptions { is_timed: true, epoch: epoch(), ..HookOptions::default() };
        let hook = LiveHook::start(hook_options, mailbox.sink());
        hook.with(programs::attach)?;
        let options = snapshot_options(stuck_after, SnapshotOptions::default().detail_flows);
        let stages = Options { hash_seed: random(), ..Options::default() };
        let stages = LiveStages::new(SOURCE, stages, options, hook.now_ns());
        let mut pipeline = Self {
            hook,
            mailbox,
            stages,
            recording,
            lag: Lag::default(),
            process: Process::new(),
            exporters: Box::new(Vec::new),
            web: None,
        };
        pipeline.refresh()?;
        Ok(pipeline)
    }

    /// Learns what the traffic's servers are for and what its clients note.
    pub(super) fn know(&mut self, traffic: &Traffic) {
        self.stages.know(&traffic.endpoints, traffic.notes.clone());
    }

    /// Learns who tells what exporters and the web server have counted.
    pub(super) fn surround(
        &mut self,
        exporters: Box<dyn Fn() -> Vec<ExporterFacts> + Send>,
        web: Box<dyn Fn() -> WebFacts + Send>,
    ) {
        self.exporters = exporters;
        self.web = Some(web);
    }

    /// Where the newest view is found.
    pub(super) fn views(&self) -> Views {
        self.stages.views()
    }

    /// The newest view.
    pub(super) fn view(&self) -> Arc<View> {
        self.stages.view()
    }

    /// Lets the hook's clock go on, takes in its events, publishes the outcome.
    ///
    /// # Errors
    /// The recording cannot be written.
    pub(super) fn refresh(&mut self) -> Result<(), Failure> {
        self.hook.with(|hook, now_ns| hook.tick(now_ns));
        self.drain()?;
        if self.stages.aggregator.wants_capture() {
            // The driver is asked once something was lost; its answer comes with the next drain.
            self.hook.with(|hook, now_ns| hook.capture_state(now_ns));
        }
        self.publish(true);
        Ok(())
    }

    /// Stops the hook, takes in its last events, closes the recording.
    ///
    /// # Errors
    /// The recording cannot be written.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        self.hook.with(|hook, now_ns| hook.stop(now_ns));
        self.drain()?;
        self.recording.take().map(Recording::finish).transpose()?;
        self.stages.aggregator.finish();
        self.publish(false);
        Ok(())
    }

    /// Publishes the state, and what surrounds the stages.
    fn publish(&mut self, is_up: bool) {
        let session = SessionFacts {
            session: SESSION.to_owned(),
            is_up,
            lag: self.lag.clone(),
            ..SessionFacts::default()
        };
        let shell = Shell {
            sessions: vec![session],
            exporters: (self.exporters)(),
            process: self.process.facts(),
            web: self.web.as_ref().map(|web| web()),
            wfp: None,
            doctor: None,
        };
        self.stages.publish(self.hook.now_ns(), &shell);
    }

    /// Decodes and aggregates what the hook has written.
    fn drain(&mut self) -> Result<(), Failure> {
        let delivery = self.mailbox.take();
        let now_ns = self.hook.now_ns();
        for batch in delivery.batches {
            for (head, payload) in batch.iter() {
                if let Some(recording) = &mut self.recording {
                    recording.event(head, payload)?;
                }
                self.lag.record(now_ns.saturating_sub(head.time_ns), 1);
                self.stages.event(head, payload);
            }
            self.mailbox.reuse(batch);
        }
        self.stages.apply();
        for (count, id) in delivery.dropped.into_iter().zip(0_u16..) {
            if count > 0 {
                self.stages.aggregator.queue_dropped(id, count);
                if let Some(recording) = &mut self.recording {
                    recording.lost(count);
                }
            }
        }
        Ok(())
    }
}

fn epoch() -> u32 {
    let [a, b, c, d, ..] = random().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
