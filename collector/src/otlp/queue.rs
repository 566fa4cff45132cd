//! Requests that wait to be sent, bounded.

use super::message::Message;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// Most points that wait: half an hour of 3,000 series at one export a minute, and some.
///
/// At the bound the oldest requests go, and their points are counted as dropped: under cumulative
/// temporality they are only the past, under delta what they counted is gone.
pub(super) const POINTS_MAX: usize = 100_000;

/// Most bytes that wait, for series with long names and full histograms: the same happens here.
pub(super) const BYTES_MAX: usize = 64 << 20;

/// A queue of one signal.
#[derive(Debug, Default)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inner {
    waiting: VecDeque<Message>,
    /// Points and bytes of those that wait.
    points: usize,
    bytes: usize,
    /// Points of the one that is being sent.
    under_way: usize,
    is_closed: bool,
}

impl Queue {
    /// Adds a request; returns how many points older ones took along. One that comes after the end
    /// is dropped itself.
    pub(super) fn push(&self, message: Message) -> usize {
        let mut inner = self.lock();
        if inner.is_closed {
            return message.points;
        }
        let mut dropped = 0;
        while inner.points + message.points > POINTS_MAX
            || inner.bytes + message.body.len() > BYTES_MAX
        {
            // One alone is smaller than the bounds: see the stages' bounds of a request.
            let Some(oldest) = inner.waiting.pop_front() else { break };
            inner.points -= oldest.points;
            inner.bytes -= oldest.body.len();
            dropped += oldest.points;
        }
        inner.points += message.points;
        inner.bytes += message.body.len();
        inner.waiting.push_back(message);
        drop(inner);
        self.changed.notify_one();
        dropped
    }

    /// The oldest, once there is one; `None` where it is closed and empty.
    pub(super) async fn next(&self) -> Option<Message> {
        loop {
            let changed = self.changed.notified();
            {
                let mut inner = self.lock();
                inner.under_way = 0;
                if let Some(message) = inner.waiting.pop_front() {
                    inner.points -= message.points;
                    inner.bytes -= message.body.len();
                    inner.under_way = message.points;
                    return Some(message);
                }
                if inner.is_closed {
                    return None;
                }
            }
            changed.await;
        }
    }

    /// Takes no more; what waits is still handed out.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_one();
    }

    /// Empties it at the end; returns the points that nobody sends any more.
    pub(super) fn abandon(&self) -> usize {
        let mut inner = self.lock();
        let left = inner.points + inner.under_way;
        *inner = Inner { is_closed: true, ..Inner::default() };
        left
    }

    /// Points that wait or are being sent.
    pub(super) fn points(&self) -> usize {
        let inner = self.lock();
        inner.points + inner.under_way
    }

    /// Nothing panics while it is held.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn message(points: usize, bytes: usize) -> Message {
        Message { body: Bytes::from(vec![0; bytes]), points }
    }

    #[tokio::test]
    async fn the_oldest_go_at_either_bound() {
        let queue = Queue::default();
        for _ in 0..25 {
            assert_eq!(queue.push(message(4_000, 8)), 0);
        }
        assert_eq!((queue.push(message(4_001, 8)), queue.points()), (8_000, 96_001));
        let queue = Queue::default();
        for _ in 0..32 {
            assert_eq!(queue.push(message(1, 2 << 20)), 0);
        }
        assert_eq!((queue.push(message(1, 1)), queue.points()), (1, 32));
    }

    #[tokio::test]
    async fn what_is_under_way_counts_until_the_next_is_asked_for() {
        let queue = Queue::default();
        assert_eq!(queue.push(message(3, 1)) + queue.push(message(4, 1)), 0);
        assert_eq!(queue.next().await.map(|it| it.points), Some(3));
        assert_eq!(queue.points(), 7);
        queue.close();
        assert_eq!(queue.push(message(9, 1)), 9);
        assert_eq!(queue.next().await.map(|it| it.points), Some(4));
        assert!(queue.next().await.is_none());
        assert_eq!(queue.points(), 0);
    }
}
