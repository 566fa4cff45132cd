//! The supervisor over sessions that follow a script.

use super::*;
use crate::error::Step;
use crate::losses::SessionLosses;
use crate::session::Session;
use core::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use weir_abi::EventHead;
use weir_stages::batch::BATCH_EVENTS_MAX;

/// What the scripted Windows is, and what it was asked.
#[derive(Default)]
struct World {
    /// Sessions that exist: the books.
    there: Vec<SessionName>,
    /// What starts answer, first first; then they succeed.
    starts: VecDeque<Option<StartError>>,
    /// Every call.
    calls: Vec<(SessionName, &'static str)>,
    /// What a session says it lost; `None` fails.
    losses: Option<SessionLosses>,
    /// Windows' number for every flush and capture; 0 is success.
    refusal: u32,
    /// Events that wait, by session.
    events: [u64; 2],
    /// Events that arrive after a stop.
    tail: u64,
    /// Sessions that somebody else ended.
    ended: Vec<SessionName>,
    /// Threads never come back.
    is_stuck: bool,
}

#[derive(Clone, Default)]
struct Scripted(Rc<RefCell<World>>);

struct ScriptedSession {
    name: SessionName,
    world: Rc<RefCell<World>>,
    is_stopped: bool,
    dropped: u64,
}

impl Scripted {
    fn count(&self, name: SessionName, call: &str) -> usize {
        self.0.borrow().calls.iter().filter(|it| **it == (name, call)).count()
    }
}

impl Sessions for Scripted {
    type Session = ScriptedSession;

    fn start(&mut self, name: SessionName) -> Result<ScriptedSession, StartError> {
        let mut world = self.0.borrow_mut();
        world.calls.push((name, "start"));
        if let Some(error) = world.starts.pop_front().flatten() {
            return Err(error);
        }
        assert!(!world.there.contains(&name), "one of a name");
        world.there.push(name);
        world.ended.retain(|it| *it != name);
        let world = Rc::clone(&self.0);
        Ok(ScriptedSession { name, world, is_stopped: false, dropped: 3 })
    }
}

impl ScriptedSession {
    fn asked(&self, call: &'static str, step: Step) -> Result<(), EtwError> {
        let mut world = self.world.borrow_mut();
        world.calls.push((self.name, call));
        let code = world.refusal;
        if code == 0 { Ok(()) } else { Err(EtwError { session: self.name, step, code }) }
    }
}

impl Session for ScriptedSession {
    fn drain(&mut self, batch: &mut EventBatch) -> bool {
        let waiting = &mut self.world.borrow_mut().events[self.name.index()];
        while *waiting > 0 {
            let head = EventHead { time_ns: *waiting, ..EventHead::default() };
            if batch.push(head, &[]).is_err() {
                return true;
            }
            *waiting -= 1;
        }
        false
    }

    fn take_dropped(&mut self) -> KindCounts {
        let mut counts = KindCounts::default();
        counts[2] = core::mem::take(&mut self.dropped);
        counts
    }

    fn counts(&self) -> CallbackCounts {
        CallbackCounts { delivered: 10, foreign: 1, panics: 0 }
    }

    fn query(&mut self) -> Result<SessionLosses, EtwError> {
        let mut world = self.world.borrow_mut();
        world.calls.push((self.name, "query"));
        let error = EtwError { session: self.name, step: Step::Query, code: 87 };
        world.losses.ok_or(error)
    }

    fn flush(&mut self) -> Result<(), EtwError> {
        self.asked("flush", Step::Flush)
    }

    fn capture_state(&mut self) -> Result<(), EtwError> {
        self.asked("capture", Step::CaptureState)
    }

    fn stop(&mut self) -> Result<SessionLosses, EtwError> {
        let mut world = self.world.borrow_mut();
        world.calls.push((self.name, "stop"));
        self.is_stopped = true;
        let Some(at) = world.there.iter().position(|it| *it == self.name) else {
            let code = code::NO_SUCH_SESSION;
            return Err(EtwError { session: self.name, step: Step::Stop, code });
        };
        world.there.remove(at);
        world.events[self.name.index()] += world.tail;
        Ok(world.losses.unwrap_or_default())
    }

    fn has_ended(&mut self, _: Duration) -> bool {
        let world = self.world.borrow();
        !world.is_stuck && (self.is_stopped || world.ended.contains(&self.name))
    }
}

impl Drop for ScriptedSession {
    fn drop(&mut self) {
        if !self.is_stopped {
            let _ended = self.stop();
        }
    }
}

const CONTROL: SessionName = SessionName::Control;
const DETAIL: SessionName = SessionName::Detail;

fn losses(events: u32) -> Option<SessionLosses> {
    Some(SessionLosses { events, realtime_buffers: 2, log_buffers: 1 })
}

/// A supervisor with both sessions, its world, and its clock's start.
fn both() -> (Supervisor<Scripted>, Scripted, Instant) {
    let (world, start) = (Scripted::default(), Instant::now());
    world.0.borrow_mut().losses = losses(0);
    let supervisor = Supervisor::start(world.clone(), true, start).unwrap();
    (supervisor, world, start)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn drained(supervisor: &mut Supervisor<Scripted>) -> [usize; 2] {
    let mut events = [0; 2];
    supervisor.drain(|session, batch| events[session.index()] += batch.len());
    events
}

/// Somebody else ends a session.
fn end(world: &Scripted, name: SessionName) {
    let mut world = world.0.borrow_mut();
    world.there.retain(|it| *it != name);
    world.ended.push(name);
}

#[test]
fn a_start_that_fails_half_way_leaves_no_session() {
    let world = Scripted::default();
    let error = StartError::NoResources { session: DETAIL };
    world.0.borrow_mut().starts = [None, Some(error)].into();
    let found = Supervisor::start(world.clone(), true, Instant::now()).err();
    assert_eq!(found, Some(error));
    assert!(world.0.borrow().there.is_empty());
}

#[test]
fn detail_is_started_only_if_asked() {
    let world = Scripted::default();
    let supervisor = Supervisor::start(world.clone(), false, Instant::now()).unwrap();
    assert_eq!(world.0.borrow().there, [CONTROL]);
    drop(supervisor);
    assert!(world.0.borrow().there.is_empty(), "a dropped supervisor leaves none");
}

#[test]
fn a_second_holds_four_flushes_and_one_query_however_often_it_polls() {
    let (mut supervisor, world, start) = both();
    for turn in 1..=100 {
        supervisor.poll(start + ms(10 * turn), false);
    }
    for session in SessionName::ALL {
        assert_eq!(world.count(session, "flush"), 4, "{session}");
        assert_eq!(world.count(session, "query"), 1, "{session}");
    }
}

#[test]
fn the_driver_is_asked_at_once_after_a_start_and_then_as_often_as_allowed() {
    let (mut supervisor, world, start) = both();
    assert_eq!(supervisor.poll(start, false), [Change::CaptureAsked]);
    for turn in 1..200 {
        supervisor.poll(start + ms(100 * turn), true);
    }
    assert_eq!(world.count(CONTROL, "capture"), 2, "at 0 and 10 s of 20 s");
    assert_eq!(world.count(DETAIL, "capture"), 0);
    for turn in 200..600 {
        supervisor.poll(start + ms(100 * turn), false);
    }
    assert_eq!(world.count(CONTROL, "capture"), 2, "nobody wants it");
}

#[test]
fn losses_never_go_back_over_failed_queries_and_restarts() {
    let (mut supervisor, world, start) = both();
    world.0.borrow_mut().losses = losses(5);
    supervisor.poll(start + ms(1_000), false);
    world.0.borrow_mut().losses = None;
    supervisor.poll(start + ms(2_000), false);
    let report = supervisor.reports().next().unwrap();
    assert_eq!((report.lost.events, report.query_failures), (5, 1));

    end(&world, CONTROL);
    supervisor.poll(start + ms(3_000), false);
    let _ = drained(&mut supervisor);
    supervisor.poll(start + ms(4_000), false);
    world.0.borrow_mut().losses = losses(1);
    supervisor.poll(start + ms(5_000), false);
    let report = supervisor.reports().next().unwrap();
    assert_eq!(report.lost, Losses { events: 6, realtime_buffers: 4, log_buffers: 2 });
    assert_eq!((report.restarts, report.is_up), (1, true));
    assert_eq!(report.callback.delivered, 20, "of both");
    assert_eq!(supervisor.take_dropped(CONTROL)[2], 6, "of both");
    assert_eq!(supervisor.take_dropped(CONTROL)[2], 0);
}

#[test]
fn a_session_that_somebody_ended_is_back_within_5_s_and_the_driver_is_asked() {
    let (mut supervisor, world, start) = both();
    supervisor.poll(start, false);
    end(&world, CONTROL);
    world.0.borrow_mut().events[0] = 7;
    assert_eq!(supervisor.poll(start + ms(100), false), [Change::Ended(CONTROL)]);
    assert!(!supervisor.reports().next().unwrap().is_up);
    assert_eq!(drained(&mut supervisor), [7, 0], "its last events are not lost");
    let mut changes = Vec::new();
    for turn in 2..50 {
        changes.extend(supervisor.poll(start + ms(100 * turn), false));
    }
    assert_eq!(changes, [Change::Restarted(CONTROL), Change::CaptureAsked]);
    assert_eq!(world.0.borrow().there.len(), 2);
    assert_eq!(world.count(DETAIL, "start"), 1, "the other is left alone");
}

#[test]
fn restarts_that_fail_are_tried_after_1_2_4_and_at_most_30_s() {
    let (mut supervisor, world, start) = both();
    end(&world, CONTROL);
    supervisor.poll(start, false);
    let _ = drained(&mut supervisor);
    let error = StartError::AccessDenied { session: CONTROL };
    world.0.borrow_mut().starts = vec![Some(error); 8].into();
    let mut found = Vec::new();
    for second in 1..=200 {
        for change in supervisor.poll(start + ms(1_000 * second), false) {
            match change {
                Change::StartFailed { retry_in, .. } => found.push((second, retry_in.as_secs())),
                Change::Restarted(_) => found.push((second, 0)),
                Change::Ended(_) | Change::Refused(_) | Change::CaptureAsked => {}
            }
        }
    }
    let expected =
        [(1, 2), (3, 4), (7, 8), (15, 16), (31, 30), (61, 30), (91, 30), (121, 30), (151, 0)];
    assert_eq!(found, expected);
}

#[test]
fn a_refusal_is_said_once_until_it_changes() {
    let (mut supervisor, world, start) = both();
    supervisor.poll(start, false);
    let mut said = Vec::new();
    for (code, until) in [(5, 2_000), (87, 4_000), (0, 6_000), (5, 8_000)] {
        world.0.borrow_mut().refusal = code;
        for at in (until - 1_900..=until).step_by(100) {
            let changes = supervisor.poll(start + ms(at), false);
            for change in changes {
                let Change::Refused(error) = change else { panic!("{change:?}") };
                said.push((error.session, error.code));
            }
        }
    }
    let expected = [5, 87, 5].map(|code| [(CONTROL, code), (DETAIL, code)]).concat();
    assert_eq!(said, expected);
}

#[test]
fn between_two_batches_of_detail_control_is_emptied() {
    let (mut supervisor, world, _) = both();
    world.0.borrow_mut().events[1] = u64::MAX;
    let (mut before, mut order) = (0, Vec::new());
    supervisor.drain(|session, batch| {
        order.push(session);
        if session == DETAIL {
            assert_eq!(batch.len(), BATCH_EVENTS_MAX);
            before += 1;
            // It comes while detail is handled.
            world.0.borrow_mut().events[0] += 1;
        }
    });
    assert_eq!(before, DETAIL_BATCHES_PER_DRAIN, "a flood ends a turn, not the collector");
    assert_eq!(order, [DETAIL, CONTROL].repeat(DETAIL_BATCHES_PER_DRAIN));
}

#[test]
fn the_end_hands_out_what_was_on_its_way_and_leaves_no_session() {
    let (mut supervisor, world, _) = both();
    world.0.borrow_mut().losses = losses(9);
    // More than one turn's batches of each.
    world.0.borrow_mut().tail = 70 * BATCH_EVENTS_MAX as u64;
    let mut events = [0; 2];
    let ends = supervisor.stop(|session, batch| events[session.index()] += batch.len());
    assert_eq!(events, [70 * BATCH_EVENTS_MAX; 2]);
    assert!(world.0.borrow().there.is_empty());
    for end in ends {
        assert_eq!((end.report.lost.events, end.refused, end.is_stuck), (9, None, false));
        assert_eq!((end.report.is_up, end.report.callback.delivered), (false, 10));
    }
    assert_eq!(supervisor.take_dropped(DETAIL)[2], 3);
    supervisor.stop(|_, _| panic!("again: nothing is left"));
    assert_eq!(world.count(CONTROL, "stop"), 1);
}

#[test]
fn a_thread_that_never_comes_back_does_not_hold_the_end_up() {
    let (mut supervisor, world, _) = both();
    world.0.borrow_mut().is_stuck = true;
    let ends = supervisor.stop(|_, _| {});
    assert!(ends.iter().all(|end| end.is_stuck));
    assert!(world.0.borrow().there.is_empty());
}

#[test]
fn a_session_that_was_ended_already_is_no_refusal() {
    let (mut supervisor, world, _) = both();
    end(&world, DETAIL);
    let ends = supervisor.stop(|_, _| {});
    assert!(ends.iter().all(|end| end.refused.is_none() && !end.is_stuck));
}
