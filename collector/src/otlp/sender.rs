//! Sends the requests of one queue, one after the other.

use super::backoff::Backoff;
use super::grpc_transport::GrpcTransport;
use super::http_transport::HttpTransport;
use super::message::Message;
use super::notices::Notices;
use super::operational::Operational;
use super::outcome::Outcome;
use super::stats::Lane;
use core::time::Duration;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};

/// When everything has to be over; `None` while nobody asked for the end.
pub(super) type Deadline = watch::Receiver<Option<Instant>>;

/// A transport of either kind.
#[derive(Debug)]
pub(super) enum Transport {
    Http(Box<HttpTransport>),
    Grpc(Box<GrpcTransport>),
}

impl Transport {
    async fn send(&self, message: &Message) -> Outcome {
        match self {
            Self::Http(transport) => transport.send(message).await,
            Self::Grpc(transport) => transport.send(message).await,
        }
    }

    fn reset(&mut self) {
        match self {
            Self::Http(transport) => transport.reset(),
            Self::Grpc(transport) => transport.reset(),
        }
    }
}

/// Everything that sending needs.
pub(super) struct Sender {
    pub(super) lane: Arc<Lane>,
    pub(super) transport: Transport,
    /// For one attempt.
    pub(super) timeout: Duration,
    pub(super) deadline: Deadline,
    pub(super) operational: Operational,
    pub(super) notices: Notices,
}

impl Sender {
    /// Sends until the queue is closed and empty.
    pub(super) async fn run(mut self) {
        let mut backoff = Backoff::new();
        while let Some(message) = self.lane.queue.next().await {
            if !self.deliver(&message, &mut backoff).await {
                // What waits behind it would meet the same receiver: the queue's owner counts it.
                return;
            }
        }
    }

    /// Tries until the receiver answered for good; `false` where the end came first.
    async fn deliver(&mut self, message: &Message, backoff: &mut Backoff) -> bool {
        loop {
            match self.attempt(message).await {
                Outcome::Delivered { rejected, words } => {
                    self.delivered(message, rejected, &words);
                    backoff.reset();
                    return true;
                }
                Outcome::Refused { words } => {
                    self.lane.failures.add(1);
                    self.lane.refused.add(message.points);
                    let what = format!("a request with {} points is lost", message.points);
                    self.tell(&format!("{what}: {words}"));
                    return true;
                }
                Outcome::Retry { after, words } => {
                    self.lane.failures.add(1);
                    self.tell(&words);
                    if !self.pause(after, backoff).await {
                        return false;
                    }
                }
            }
        }
    }

    async fn attempt(&mut self, message: &Message) -> Outcome {
        let begun = Instant::now();
        let outcome = timeout(self.timeout, self.transport.send(message)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            // What does not answer may be half a connection: the next attempt takes another.
            self.transport.reset();
            Outcome::retry(&format!("no answer within {:?}", self.timeout))
        });
        self.operational.exported(self.lane.signal, begun.elapsed(), &outcome);
        outcome
    }

    fn delivered(&mut self, message: &Message, rejected: u64, words: &str) {
        let rejected = usize::try_from(rejected).unwrap_or(usize::MAX).min(message.points);
        self.lane.exports.add(1);
        self.lane.rejected.add(rejected);
        self.lane.delivered.add(message.points - rejected);
        if rejected > 0 {
            self.tell(&format!("{rejected} of {} points were rejected: {words}", message.points));
        } else if !words.is_empty() {
            self.tell(&format!("all points were taken, but: {words}"));
        }
    }

    fn tell(&mut self, words: &str) {
        let (signal, endpoint) = (self.lane.signal.name(), &self.lane.endpoint);
        self.notices.tell(&format!("OTLP export of {signal} to {endpoint}: {words}"));
    }

    /// Waits before the next attempt; `false` where there is no time for another. A pause of our own
    /// is cut short by the end, for a last attempt; one that the receiver asked for is not.
    async fn pause(&mut self, after: Option<Duration>, backoff: &mut Backoff) -> bool {
        let until = Instant::now() + after.unwrap_or_else(|| backoff.pause());
        let ends = *self.deadline.borrow_and_update();
        if let Some(ends) = ends {
            if until + self.timeout.min(LEAST) > ends {
                return false;
            }
            sleep(until.saturating_duration_since(Instant::now())).await;
            return true;
        }
        tokio::select! {
            () = sleep(until.saturating_duration_since(Instant::now())) => true,
            changed = self.deadline.changed() => {
                let ends = *self.deadline.borrow_and_update();
                match (changed, ends, after) {
                    (Ok(()), Some(ends), Some(_)) if until < ends => {
                        sleep(until.saturating_duration_since(Instant::now())).await;
                        true
                    }
                    (Ok(()), Some(_), None) => true,
                    // Nobody is left who could end it in order.
                    (Ok(()) | Err(_), _, _) => false,
                }
            }
        }
    }
}

/// Least time for an attempt that is worth beginning.
const LEAST: Duration = Duration::from_millis(100);
