//! What a connection is doing and since when, and how long it may.
//!
//! Three phases, told apart by what passes: bytes that arrive begin a head, a complete head begins an
//! answer, and an answer that has left this process begins a pause.
//! One word holds phase and moment, so whoever looks from outside sees a pair that belongs together.

use core::pin::Pin;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// Time for a head, or for the TLS handshake and the first head together.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(5);

/// Time for an answer, until the client has taken its last byte into its own system.
///
/// Prometheus gives up after 10 s unless told otherwise.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(30);

/// Pause between two requests: a scraper that comes every minute, or sooner, stays connected.
pub(super) const IDLE_TIME: Duration = Duration::from_secs(65);

/// How often a connection's phase is looked at, in case a shorter limit holds by now.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub(super) enum Phase {
    /// Sending a head, or its side of the TLS handshake.
    Head = 0,
    /// Waiting for an answer, or taking it in.
    Answer = 1,
    /// Nothing, after an answer.
    Idle = 2,
}

impl Phase {
    const fn limit(self) -> Duration {
        match self {
            Self::Head => HEAD_TIME,
            Self::Answer => ANSWER_TIME,
            Self::Idle => IDLE_TIME,
        }
    }
}

/// Why a connection is closed from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Its phase took too long.
    TimedOut(Phase),
    /// Others needed its place.
    Evicted,
}

/// One connection's phase.
#[derive(Debug)]
pub(super) struct Life {
    /// Moments are milliseconds since then.
    base: Instant,
    /// Milliseconds, and the phase in the lowest two bits.
    word: AtomicU64,
    /// The answer's last byte was handed to the connection.
    is_answer_given: AtomicBool,
    evicted: Notify,
}

impl Life {
    /// A connection that was accepted just now.
    pub(super) fn begin(base: Instant) -> Self {
        let life = Self {
            base,
            word: AtomicU64::new(0),
            is_answer_given: AtomicBool::new(false),
            evicted: Notify::new(),
        };
        life.enter(Phase::Head);
        life
    }

    pub(super) fn enter(&self, phase: Phase) {
        let millis = u64::try_from(self.base.elapsed().as_millis()).unwrap_or(u64::MAX >> 2);
        self.is_answer_given.store(false, Ordering::Relaxed);
        self.word.store((millis << 2) | phase as u64, Ordering::Relaxed);
    }

    /// The phase and since when, in milliseconds since the base.
    pub(super) fn phase(&self) -> (Phase, u64) {
        let word = self.word.load(Ordering::Relaxed);
        let phase = match word & 3 {
            0 => Phase::Head,
            1 => Phase::Answer,
            _ => Phase::Idle,
        };
        (phase, word >> 2)
    }

    /// The answer's body has ended: once it is flushed, the connection is idle.
    pub(super) fn answer_given(&self) {
        self.is_answer_given.store(true, Ordering::Relaxed);
    }

    /// Makes [`Life::over`] end.
    pub(super) fn evict(&self) {
        self.evicted.notify_one();
    }

    /// Ends when the connection has to.
    pub(super) async fn over(&self) -> End {
        loop {
            let (phase, since) = self.phase();
            let deadline = self.base + Duration::from_millis(since) + phase.limit();
            let now = Instant::now();
            if now >= deadline {
                return End::TimedOut(phase);
            }
            tokio::select! {
                () = self.evicted.notified() => return End::Evicted,
                () = sleep_until(deadline.min(now + LOOK_EVERY)) => {}
            }
        }
    }
}

/// A connection whose bytes move its life along.
pub(super) struct Lived<S> {
    pub(super) stream: S,
    pub(super) life: Arc<Life>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Lived<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before && self.life.phase().0 == Phase::Idle {
            self.life.enter(Phase::Head);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Lived<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        if matches!(flushed, Poll::Ready(Ok(())))
            && self.life.is_answer_given.load(Ordering::Relaxed)
        {
            self.life.enter(Phase::Idle);
        }
        flushed
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
