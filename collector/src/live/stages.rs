//! Events to published views: the stages, and what the page shows besides.

use super::Notes;
use super::rates::Meter;
use super::recent::Recent;
use crate::serve::{Endpoint, View, Views};
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::watch;
use weir_abi::EventHead;
use weir_abi::event::Counters;
use weir_stages::Aggregator;
use weir_stages::aggregate::Options;
use weir_stages::batch::{BatchError, EventBatch};
use weir_stages::snapshot::{Shell, SnapshotOptions};

/// Least time between two capture states that only tell of data.
const REFRESH_NS_MIN: u64 = 10_000_000_000;

/// How many times the duration of the last one passes until the next.
const REFRESH_PAUSE: u64 = 20;

/// The stages of a running collector, and where its views are published.
pub(crate) struct LiveStages {
    pub(crate) aggregator: Aggregator,
    batch: EventBatch,
    recent: Recent,
    meter: Meter,
    has_counters: bool,
    options: SnapshotOptions,
    source: &'static str,
    started_ns: u64,
    endpoints: Vec<Endpoint>,
    published: watch::Sender<Arc<View>>,
}

impl LiveStages {
    /// Empty stages, and a first view of them.
    pub(crate) fn new(
        source: &'static str,
        stages: Options,
        options: SnapshotOptions,
        started_ns: u64,
    ) -> Self {
        let aggregator = Aggregator::with_options(stages);
        let empty = View {
            snapshot: Arc::new(aggregator.snapshot(started_ns, &options)),
            source,
            started_ns,
            stuck_after_ns: options.stuck_after_ns,
            undecided: 0,
            rates: crate::serve::Rates::default(),
            verdicts: Vec::new(),
            endpoints: Vec::new(),
        };
        Self {
            aggregator,
            batch: EventBatch::new(),
            recent: Recent::default(),
            meter: Meter::default(),
            has_counters: false,
            options,
            source,
            started_ns,
            endpoints: Vec::new(),
            published: watch::Sender::new(Arc::new(empty)),
        }
    }

    /// Learns what servers are for and what clients note.
    pub(crate) fn know(&mut self, endpoints: &[Endpoint], notes: Notes) {
        self.endpoints = endpoints.to_vec();
        self.recent.notes = notes;
    }

    /// Takes in one event; it is applied with those around it, at the latest by [`Self::apply`].
    pub(crate) fn event(&mut self, head: &EventHead, payload: &[u8]) {
        self.has_counters |= head.id == Counters::ID;
        self.recent.event(head.id, head.time_ns, payload);
        if self.batch.push(*head, payload) == Err(BatchError::Full) {
            self.apply();
            // An empty batch has room for any event that a session can deliver.
            let _fits = self.batch.push(*head, payload);
        }
    }

    /// Applies what was taken in.
    pub(crate) fn apply(&mut self) {
        self.aggregator.apply(&self.batch);
        self.batch.clear();
    }

    /// Publishes the state at `now_ns`.
    pub(crate) fn publish(&mut self, now_ns: u64, shell: &Shell) {
        self.apply();
        self.aggregator.tick(now_ns);
        let snapshot = self.aggregator.snapshot_within(now_ns, &self.options, shell);
        if core::mem::take(&mut self.has_counters) {
            self.meter.sample(now_ns, &snapshot.tables);
        }
        self.published.send_replace(Arc::new(View {
            snapshot: Arc::new(snapshot),
            source: self.source,
            started_ns: self.started_ns,
            stuck_after_ns: self.options.stuck_after_ns,
            undecided: self.aggregator.flows_live(),
            rates: self.meter.rates().clone(),
            verdicts: self.recent.rows(),
            endpoints: self.endpoints.clone(),
        }));
    }

    /// Whether another capture state would tell which old flows have had data since the last.
    ///
    /// The driver's work for one grows with its flows, so what a million of them take, some 5 s,
    /// comes once in 20 times that.
    pub(crate) fn wants_refresh(&self, now_ns: u64) -> bool {
        let is_doubtful = self.published.borrow().snapshot.flows_doubtful > 0;
        let Some(last) = self.aggregator.last_capture().filter(|_| is_doubtful) else {
            return false;
        };
        let pause_ns = REFRESH_NS_MIN.max(last.took_ns.saturating_mul(REFRESH_PAUSE));
        now_ns.saturating_sub(last.begun_ns) > pause_ns
    }

    /// Where the newest view is found.
    pub(crate) fn views(&self) -> Views {
        self.published.subscribe()
    }

    /// The newest view.
    pub(crate) fn view(&self) -> Arc<View> {
        Arc::clone(&self.published.borrow())
    }
}

/// Options of snapshots with this age for stuck flows.
pub(crate) fn snapshot_options(stuck_after: Duration, detail_flows: usize) -> SnapshotOptions {
    SnapshotOptions {
        stuck_after_ns: u64::try_from(stuck_after.as_nanos()).unwrap_or(u64::MAX),
        detail_flows,
        version: env!("CARGO_PKG_VERSION"),
    }
}
