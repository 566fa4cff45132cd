//! The filtering engine coming and going (S34).
//!
//! One work owns the session: whoever notices a change asks for the work, which looks at what is
//! and makes it so.

use crate::driver::{Driver, running};
use crate::walk::Place;
use core::sync::atomic::{AtomicBool, Ordering};
use weir_abi::event::{ErrorApi, FateReason, StateKind};
use weir_nt::lock::SpinLock;
use weir_nt::stack::with_stack;
use weir_nt::wfp::engine::Session;
use weir_nt::wfp::state;
use weir_nt::work::Work;

/// What is known of the engine.
#[derive(Debug)]
pub(crate) struct EngineState {
    pub(crate) work: Work,
    /// Taken out by whoever uses it: the work, or unload once no work can come.
    session: SpinLock<Option<Session>>,
    is_up: AtomicBool,
    /// It was down once since it was up: a session from before is stale even if it runs again.
    was_lost: AtomicBool,
    /// Flows may have passed bytes that nobody saw.
    has_missed: AtomicBool,
}

impl EngineState {
    pub(crate) const fn new() -> Self {
        Self {
            work: Work::new(run, 0),
            session: SpinLock::new(None),
            is_up: AtomicBool::new(false),
            was_lost: AtomicBool::new(false),
            has_missed: AtomicBool::new(false),
        }
    }

    /// Whether verdicts are enforced.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    fn take(&self) -> Option<Session> {
        self.session.lock().take()
    }

    /// Puts a session back; what is there, which nothing is, must not be closed under the lock.
    fn put(&self, session: Option<Session>) {
        let before = core::mem::replace(&mut *self.session.lock(), session);
        drop(before);
    }
}

/// The engine's state has changed.
pub(crate) fn changed(driver: &'static Driver, is_running: bool) {
    if !is_running {
        driver.engine.was_lost.store(true, Ordering::Release);
    }
    look(driver);
}

/// Asks for a look at the engine.
pub(crate) fn look(driver: &'static Driver) {
    driver.engine.work.queue();
}

/// The work.
fn run(_nothing: usize) {
    let Some(driver) = running() else { return };
    let engine = &driver.engine;
    let session = engine.take();
    let was_lost = engine.was_lost.swap(false, Ordering::AcqRel);
    let is_running = state::is_running();
    let session = session.filter(|_| is_running && !was_lost);
    if session.is_none() && engine.is_up.swap(false, Ordering::AcqRel) {
        engine.has_missed.store(true, Ordering::Release);
        driver.tell_state(StateKind::EngineDown);
    }
    let session = match session {
        None if is_running && !driver.is_stopping() => open(driver),
        other => other,
    };
    engine.put(session);
}

fn open(driver: &'static Driver) -> Option<Session> {
    // Before there are filters again: no program may be shown a stream with a hole.
    if driver.engine.has_missed.swap(false, Ordering::AcqRel) {
        returned(driver);
    }
    match Session::open() {
        Ok(session) => {
            driver.engine.is_up.store(true, Ordering::Release);
            driver.tell_state(StateKind::EngineUp);
            Some(session)
        }
        Err(status) => {
            // The next tick of the timer looks again.
            driver.error_status(ErrorApi::Engine, status);
            None
        }
    }
}

/// The engine is back: whoever was classifying has missed bytes.
fn returned(driver: &'static Driver) {
    for index in 0..driver.flows.places() {
        let Some(flow) = driver.flows.at(index) else { continue };
        let now = driver.clock.now();
        let end = |has_stack| {
            let mut guard = flow.state.lock();
            let (life, level) = guard.split();
            if life.is_released {
                return None;
            }
            let ended = driver.published.read(level, |snapshot| {
                let place = Place { driver, level, snapshot, has_stack };
                place.end_with(
                    (&flow.tuple, life),
                    FateReason::Engine,
                    now,
                    |engine, walk, order, policy| engine.engine_returned(walk, order, policy),
                )
            });
            ended.map(|(_outcome, todo)| todo)
        };
        let todo = with_stack(|| end(true)).unwrap_or_else(|status| {
            driver.error_about(ErrorApi::Stack, status, &flow.tuple);
            end(false)
        });
        if let Some(todo) = todo {
            driver.finish(&flow, todo);
        }
    }
}

/// Deletes the filters; what cannot be deleted goes with the session.
pub(crate) fn delete_filters(driver: &'static Driver) {
    let Some(mut session) = driver.engine.take() else { return };
    if let Err(status) = session.delete_filters() {
        driver.error_status(ErrorApi::FilterDelete, status);
    }
    driver.engine.put(Some(session));
}

/// Closes the session; its objects go with it.
pub(crate) fn close(driver: &'static Driver) {
    drop(driver.engine.take());
    driver.engine.is_up.store(false, Ordering::Release);
}
