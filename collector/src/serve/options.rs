//! What a server is told besides its views, and what it counts.

use crate::web_config::WebConfigFile;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::borrow::Cow;
use std::sync::Arc;
use tokio::sync::watch;

/// How to serve; the default is plain HTTP for everybody, and always ready.
#[derive(Default)]
pub struct Options {
    /// TLS, users and more.
    pub web_config: Option<Arc<WebConfigFile>>,
    /// What `/readyz` says.
    pub readiness: Option<watch::Receiver<Readiness>>,
    /// Told of every scrape that was answered.
    pub scraped: Option<Scraped>,
}

/// Is told how long a scrape took and in which format it was.
pub type Scraped = Arc<dyn Fn(Duration, &'static str) + Send + Sync>;

/// Whether the collector does its work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// It does.
    Ready,
    /// It does not, and this is why, in a few words without a full stop.
    NotReady(Cow<'static, str>),
}

/// What a server has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebStats {
    /// Connections accepted.
    pub connections_accepted: u64,
    /// Connections closed because others needed their place.
    pub connections_evicted: u64,
    /// Connections closed because a head, an answer or a pause took too long.
    pub connections_timed_out: u64,
    /// TLS handshakes that failed, a web configuration that cannot be used among the reasons.
    pub handshakes_failed: u64,
    /// Requests with a complete head.
    pub requests: u64,
    /// Requests without the right user and password (401).
    pub requests_denied: u64,
    /// Requests over the configured rate (429).
    pub requests_limited: u64,
    /// Requests that found too many passwords waiting to be checked (503).
    pub requests_busy: u64,
    /// Requests while the web configuration could not be used (500).
    pub requests_unconfigured: u64,
    /// How often a changed web configuration was refused.
    pub web_config_refused: u64,
    /// Connections now.
    pub connections: u64,
    /// Answers on their way now.
    pub answers: u64,
}

/// The counters behind [`WebStats`].
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) accepted: AtomicU64,
    pub(super) evicted: AtomicU64,
    pub(super) timed_out: AtomicU64,
    pub(super) handshakes_failed: AtomicU64,
    pub(super) requests: AtomicU64,
    pub(super) denied: AtomicU64,
    pub(super) limited: AtomicU64,
    pub(super) busy: AtomicU64,
    pub(super) unconfigured: AtomicU64,
}

impl Counters {
    pub(super) fn count(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> WebStats {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WebStats {
            connections_accepted: of(&self.accepted),
            connections_evicted: of(&self.evicted),
            connections_timed_out: of(&self.timed_out),
            handshakes_failed: of(&self.handshakes_failed),
            requests: of(&self.requests),
            requests_denied: of(&self.denied),
            requests_limited: of(&self.limited),
            requests_busy: of(&self.busy),
            requests_unconfigured: of(&self.unconfigured),
            ..WebStats::default()
        }
    }
}
