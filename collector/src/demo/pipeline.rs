//! From the hook to the view: what runs behind a driver, behind the live hook.

use super::programs;
use super::rates::Meter;
use super::recent::Recent;
use super::traffic::Traffic;
use crate::failure::Failure;
use crate::mailbox::Mailbox;
use crate::recording::{self, Recording};
use crate::serve::{Endpoint, View, Views};
use core::hash::{BuildHasher as _, Hasher as _};
use core::time::Duration;
use std::collections::hash_map::RandomState;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use weir_abi::event::Counters;
use weir_stages::Aggregator;
use weir_stages::aggregate::Options;
use weir_stages::snapshot::{Snapshot, SnapshotOptions};
use weir_usermode::hook::HookOptions;
use weir_usermode::live::LiveHook;

/// What the page says where events come from.
const SOURCE: &str = "weir demo";

/// The hook and the stages behind it.
pub(super) struct Pipeline {
    pub(super) hook: LiveHook,
    mailbox: Mailbox,
    aggregator: Aggregator,
    recent: Recent,
    recording: Option<Recording<File>>,
    meter: Meter,
    options: SnapshotOptions,
    started_ns: u64,
    endpoints: Vec<Endpoint>,
    published: watch::Sender<Arc<View>>,
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
        let stages = Options { hash_seed: random(), ..Options::default() };
        let aggregator = Aggregator::with_options(stages);
        let options = SnapshotOptions {
            stuck_after_ns: u64::try_from(stuck_after.as_nanos()).unwrap_or(u64::MAX),
            version: env!("CARGO_PKG_VERSION"),
            ..SnapshotOptions::default()
        };
        let started_ns = hook.now_ns();
        let empty = View {
            snapshot: Arc::new(aggregator.snapshot(started_ns, &options)),
            source: SOURCE,
            started_ns,
            stuck_after_ns: options.stuck_after_ns,
            undecided: 0,
            rates: crate::serve::Rates::default(),
            verdicts: Vec::new(),
            endpoints: Vec::new(),
        };
        let mut pipeline = Self {
            hook,
            mailbox,
            aggregator,
            recent: Recent::default(),
            recording,
            meter: Meter::default(),
            options,
            started_ns,
            endpoints: Vec::new(),
            published: watch::Sender::new(Arc::new(empty)),
        };
        pipeline.refresh()?;
        Ok(pipeline)
    }

    /// Learns what the traffic's servers are for and what its clients note.
    pub(super) fn know(&mut self, traffic: &Traffic) {
        self.endpoints.clone_from(&traffic.endpoints);
        self.recent.notes = traffic.notes.clone();
    }

    /// Where the newest view is found.
    pub(super) fn views(&self) -> Views {
        self.published.subscribe()
    }

    /// The newest view.
    pub(super) fn view(&self) -> Arc<View> {
        Arc::clone(&self.published.borrow())
    }

    /// Lets the hook's clock go on, takes in its events, publishes the outcome.
    ///
    /// # Errors
    /// The recording cannot be written.
    pub(super) fn refresh(&mut self) -> Result<(), Failure> {
        self.hook.with(|hook, now_ns| hook.tick(now_ns));
        let has_counters = self.drain()?;
        let now_ns = self.hook.now_ns();
        self.aggregator.tick(now_ns);
        if self.aggregator.wants_capture() {
            // The driver is asked once something was lost; its answer comes with the next drain.
            self.hook.with(|hook, now_ns| hook.capture_state(now_ns));
        }
        let snapshot = self.aggregator.snapshot(now_ns, &self.options);
        if has_counters {
            self.meter.sample(now_ns, &snapshot.tables);
        }
        self.publish(snapshot);
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
        self.aggregator.finish();
        let snapshot = self.aggregator.snapshot(self.hook.now_ns(), &self.options);
        self.publish(snapshot);
        Ok(())
    }

    /// Decodes and aggregates what the hook has written; whether a set of counters was among it.
    fn drain(&mut self) -> Result<bool, Failure> {
        let mut has_counters = false;
        let delivery = self.mailbox.take();
        for batch in delivery.batches {
            self.aggregator.apply(&batch);
            for (head, payload) in batch.iter() {
                if let Some(recording) = &mut self.recording {
                    recording.event(head, payload)?;
                }
                has_counters |= head.id == Counters::ID;
                self.recent.event(head.id, head.time_ns, payload);
            }
            self.mailbox.reuse(batch);
        }
        for (count, id) in delivery.dropped.into_iter().zip(0_u16..) {
            if count > 0 {
                self.aggregator.queue_dropped(id, count);
                if let Some(recording) = &mut self.recording {
                    recording.lost(count);
                }
            }
        }
        Ok(has_counters)
    }

    fn publish(&self, snapshot: Snapshot) {
        self.published.send_replace(Arc::new(View {
            snapshot: Arc::new(snapshot),
            source: SOURCE,
            started_ns: self.started_ns,
            stuck_after_ns: self.options.stuck_after_ns,
            undecided: self.aggregator.flows_live(),
            rates: self.meter.rates().clone(),
            verdicts: self.recent.rows(),
            endpoints: self.endpoints.clone(),
        }));
    }
}

/// A random number without a library for it: the standard library's keys are.
fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn epoch() -> u32 {
    let [a, b, c, d, ..] = random().to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
