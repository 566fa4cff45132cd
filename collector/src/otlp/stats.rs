//! What became of requests, for the collector's own metrics.

use super::message::Message;
use super::queue::Queue;
use super::signal::Signal;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::Arc;

/// One signal's way out: its queue and its counts.
///
/// Points that were offered = delivered + rejected + refused + dropped + those in the queue.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) signal: Signal,
    /// The endpoint without credentials and query.
    pub(super) endpoint: String,
    pub(super) queue: Queue,
    pub(super) exports: Count,
    pub(super) failures: Count,
    pub(super) delivered: Count,
    pub(super) rejected: Count,
    pub(super) refused: Count,
    pub(super) dropped: Count,
}

/// A counter that several threads read.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, more: usize) {
        self.0.fetch_add(more as u64, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What became of one signal's requests and points (or log records).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignalStats {
    /// Label `signal`: metrics or logs.
    pub signal: &'static str,
    /// Label `endpoint`: without credentials and query.
    pub endpoint: String,
    /// Requests that the receiver took: `weir_otlp_exports_total`.
    pub exports: u64,
    /// Attempts that it did not take, tried again or not: `weir_otlp_failures_total`.
    pub failures: u64,
    /// Points that wait or are being sent: `weir_otlp_queue_points`.
    pub queue_points: u64,
    /// Points of requests that it took, less those that it rejected.
    pub delivered_points: u64,
    /// Points that it rejected of requests that it took.
    pub rejected_points: u64,
    /// Points of requests that it will never take.
    pub refused_points: u64,
    /// Points that found the queue full, and those that the end left over.
    pub dropped_points: u64,
}

/// Reads what became of requests, from any thread, also after the export ended.
#[derive(Clone, Debug)]
pub struct StatsReader(pub(super) Vec<Arc<Lane>>);

impl StatsReader {
    /// What became of requests so far, by signal.
    #[must_use]
    pub fn read(&self) -> Vec<SignalStats> {
        self.0.iter().map(|lane| lane.stats()).collect()
    }
}

impl Lane {
    pub(super) fn new(signal: Signal, endpoint: String) -> Self {
        Self {
            signal,
            endpoint,
            queue: Queue::default(),
            exports: Count::default(),
            failures: Count::default(),
            delivered: Count::default(),
            rejected: Count::default(),
            refused: Count::default(),
            dropped: Count::default(),
        }
    }

    /// Puts a request into the queue.
    pub(super) fn offer(&self, message: Message) {
        self.dropped.add(self.queue.push(message));
    }

    fn stats(&self) -> SignalStats {
        SignalStats {
            signal: self.signal.name(),
            endpoint: self.endpoint.clone(),
            exports: self.exports.read(),
            failures: self.failures.read(),
            queue_points: self.queue.points() as u64,
            delivered_points: self.delivered.read(),
            rejected_points: self.rejected.read(),
            refused_points: self.refused.read(),
            dropped_points: self.dropped.read(),
        }
    }
}
