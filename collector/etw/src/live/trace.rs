//! One session of Windows from start to end.
//!
//! The order of the end: the session first, which gives its last losses and lets its thread deliver
//! what is in the buffers and come back; then the opened trace; then ferrisetw's value, and with it
//! the ring's end. ferrisetw's own stop begins with the trace and loses what is in the buffers.

use super::claim::Claim;
use super::{Options, control, record};
use crate::error::{EtwError, StartError, Step, code};
use crate::losses::SessionLosses;
use crate::ring::{Consumer, KindCounts, Producer, ring};
use crate::rule::Sizes;
use crate::session::{CallbackCounts, Session, SessionName};
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use ferrisetw::native::TraceHandle;
use ferrisetw::provider::Provider;
use ferrisetw::trace::{LoggingMode, TraceError, TraceProperties, TraceTrait as _};
use ferrisetw::{EventRecord, UserTrace};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use weir_stages::batch::EventBatch;
use windows::Win32::System::Diagnostics::Etw::CloseTrace;

/// All levels: which events a session has is told by keywords.
pub(super) const LEVEL: u8 = 5;

/// ETW's own timer, at its least; [`Session::flush`] is called more often.
const FLUSH_TIMER: Duration = Duration::from_secs(1);

/// How long a session that is dropped waits for its thread, before it is closed and after.
const DROP_WAIT: Duration = Duration::from_secs(2);

/// A session that Windows started and opened, not yet processed.
pub(super) struct Opened {
    trace: UserTrace,
    handle: TraceHandle,
    consumer: Consumer,
    counts: Arc<Counts>,
}

/// Written by the callback, read by the supervisor; figures that order nothing.
#[derive(Default)]
struct Counts {
    /// Calls, among them those that panicked.
    calls: AtomicU64,
    panics: AtomicU64,
}

/// Starts a session, enables the provider and opens the session.
pub(super) fn open(
    name: SessionName,
    sizes: Sizes,
    options: Options,
) -> Result<Opened, TraceError> {
    let (producer, consumer) = ring(sizes.ring_bytes);
    let counts = Arc::new(Counts::default());
    let provider = Provider::by_guid(control::provider())
        .level(LEVEL)
        .any(name.keywords())
        .add_callback(callback(producer, Arc::clone(&counts), options.on_event))
        .build();
    let (trace, handle) = UserTrace::new()
        .named(name.text().to_owned())
        .set_trace_properties(properties(sizes, options))
        .enable(provider)
        .start()?;
    Ok(Opened { trace, handle, consumer, counts })
}

/// What the session is.
///
/// Independent: else an event that one session has no room for is lost for all of them. Never
/// without buffers by processor, which is ferrisetw's default and made for a thousand events a
/// second.
///
/// Source: learn.microsoft.com/windows/win32/etw/logging-mode-constants (read 2026-11)
fn properties(sizes: Sizes, options: Options) -> TraceProperties {
    let mut mode =
        LoggingMode::EVENT_TRACE_REAL_TIME_MODE | LoggingMode::EVENT_TRACE_INDEPENDENT_SESSION_MODE;
    if options.is_secure {
        mode |= LoggingMode::EVENT_TRACE_SECURE_MODE;
    }
    TraceProperties {
        buffer_size: sizes.buffer_kib,
        min_buffer: sizes.buffers,
        max_buffer: sizes.buffers,
        flush_timer: FLUSH_TIMER,
        log_file_mode: mode,
    }
}

/// Copies an event into the ring and returns.
fn callback(
    producer: Producer,
    counts: Arc<Counts>,
    on_event: Option<fn(u16)>,
) -> impl FnMut(&EventRecord, &ferrisetw::SchemaLocator) + Send + Sync + 'static {
    // Never locked: ferrisetw asks for `Sync` and calls with `&mut`.
    let mut producer = Mutex::new(producer);
    move |event, _schemas| {
        counts.calls.fetch_add(1, Ordering::Relaxed);
        // ferrisetw ends the process on a panic that reaches it, and leaves the session behind.
        let producer = producer.get_mut().unwrap_or_else(PoisonError::into_inner);
        let copied = catch_unwind(AssertUnwindSafe(|| {
            let head = record::head(event);
            on_event.inspect(|look| look(head.id));
            producer.push(&head, record::payload(event))
        }));
        if copied.is_err() {
            counts.panics.fetch_add(1, Ordering::Relaxed);
            producer.drop_one(event.event_id());
        }
    }
}

// The thread that keeps the sessions need not be the one that started them.
const _: () = is_send::<Trace>();
const fn is_send<T: Send>() {}

/// A session that runs on a thread of its own.
pub struct Trace {
    name: SessionName,
    /// `None` when it was let go.
    trace: Option<UserTrace>,
    /// Events that ferrisetw counted, when it was let go.
    handled: u64,
    handle: TraceHandle,
    consumer: Consumer,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
    /// Says that the thread has come back.
    end: Receiver<()>,
    has_ended: bool,
    /// Ending it was tried in every way.
    is_stopped: bool,
    /// Last: another collector may have the name when all else is gone.
    _claim: Claim,
}

impl Trace {
    /// Has the session delivered from now on.
    pub(super) fn begin(
        name: SessionName,
        opened: Opened,
        claim: Claim,
    ) -> Result<Self, StartError> {
        let Opened { trace, handle, consumer, counts } = opened;
        let (ended, end) = sync_channel(1);
        let mut session = Self {
            name,
            trace: Some(trace),
            handled: 0,
            handle,
            consumer,
            counts,
            thread: None,
            end,
            has_ended: false,
            is_stopped: false,
            _claim: claim,
        };
        let run = move || {
            // Its error says no more than that it ended; what the session lost is asked apart.
            let _ended_either_way = UserTrace::process_from_handle(handle);
            let _nobody_waits_any_more = ended.send(());
        };
        match thread::Builder::new().name(name.text().to_owned()).spawn(run) {
            Ok(thread) => session.thread = Some(thread),
            Err(error) => {
                // Dropping the session stops it.
                session.has_ended = true;
                let code = error.raw_os_error().map_or(0, code::of_os);
                return Err(EtwError { session: name, step: Step::Thread, code }.into());
            }
        }
        Ok(session)
    }

    /// Windows would not end the session by its name: by its number, then, and closed here so that
    /// its thread comes back. What is in its buffers is lost if that fails too.
    fn stop_otherwise(&mut self, refused: EtwError) -> Result<SessionLosses, EtwError> {
        let answer = control::stop_by_number(self.name).map_err(|_| refused);
        if answer.is_err() {
            self.close();
        }
        answer
    }

    /// Closes what was opened: Windows delivers no further buffer.
    fn close(&self) {
        // SAFETY: a number that OpenTraceW gave; Windows refuses one that it does not know.
        let _closed_or_unknown = unsafe { CloseTrace(self.handle) };
    }

    /// Lets go of ferrisetw's value.
    ///
    /// It was closed before: so ferrisetw's own close fails, after which it does not stop by the
    /// session's number, which may be another's by now (see `control`). And its thread has come
    /// back: ferrisetw asks in each callback whether the callback's data is still there, and uses
    /// it after; letting go between the two would free it under its hands. Where the thread does
    /// not come back, it is kept for good.
    ///
    /// Source: github.com/n4r1b/ferrisetw, `src/native/evntrace.rs`, `trace_callback_thunk` (1.2.0,
    /// read 2026-11)
    fn let_go(&mut self) {
        let Some(trace) = self.trace.take() else { return };
        self.close();
        self.handled = trace.events_handled() as u64;
        if self.has_ended(DROP_WAIT) {
            drop(trace);
        } else {
            Box::leak(Box::new(trace));
        }
    }
}

impl Session for Trace {
    fn drain(&mut self, batch: &mut EventBatch) -> bool {
        self.consumer.drain(batch)
    }

    fn take_dropped(&mut self) -> KindCounts {
        self.consumer.take_dropped()
    }

    fn counts(&self) -> CallbackCounts {
        // Before the calls: an event that comes between the two is then no foreign one.
        let all = self.trace.as_ref().map_or(self.handled, |it| it.events_handled() as u64);
        let delivered = self.counts.calls.load(Ordering::Relaxed);
        let panics = self.counts.panics.load(Ordering::Relaxed);
        CallbackCounts { delivered, foreign: all.saturating_sub(delivered), panics }
    }

    fn query(&mut self) -> Result<SessionLosses, EtwError> {
        control::query(self.name)
    }

    fn flush(&mut self) -> Result<(), EtwError> {
        control::flush(self.name)
    }

    fn capture_state(&mut self) -> Result<(), EtwError> {
        control::capture_state(self.name)
    }

    fn stop(&mut self) -> Result<SessionLosses, EtwError> {
        self.is_stopped = true;
        match control::stop(self.name) {
            Err(refused) if refused.code != code::NO_SUCH_SESSION => self.stop_otherwise(refused),
            answer => answer,
        }
    }

    fn has_ended(&mut self, wait: Duration) -> bool {
        if !self.has_ended {
            let answer = self.end.recv_timeout(wait);
            self.has_ended = !matches!(answer, Err(RecvTimeoutError::Timeout));
        }
        self.has_ended
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        if !self.is_stopped {
            let _tried_all_there_is = self.stop();
        }
        // Its last buffers are delivered before it is closed.
        let _or_closed_all_the_same = self.has_ended(DROP_WAIT);
        self.let_go();
        if let Some(thread) = self.thread.take().filter(|_| self.has_ended) {
            // It has said that it is done. One that has not is left to itself.
            let _panicked_or_not = thread.join();
        }
    }
}
