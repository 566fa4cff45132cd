//! When it looks, what it tells meanwhile, and what it complains of.

use super::{PERIOD, Phase, TIME_MAX, Watch};
use crate::error::{Step, WfpError};
use crate::survey::Survey;
use core::time::Duration;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Instant;

/// Answers that a test has ready, and word that a look began.
struct Engine {
    answer: Sender<Result<Survey, WfpError>>,
    begun: Receiver<()>,
    watch: Watch,
    now: Instant,
}

const DENIED: WfpError = WfpError::AccessDenied { step: Step::List };

impl Engine {
    fn new() -> Self {
        let (answer, answers) = channel();
        let (begin, begun) = channel();
        let watch = Watch::start(move || {
            begin.send(()).unwrap();
            answers.recv().unwrap_or(Err(DENIED))
        });
        Self { answer, begun, watch: watch.unwrap(), now: Instant::now() }
    }

    /// Goes on by so much time.
    fn after(&mut self, time: Duration) {
        self.now += time;
        self.watch.poll(self.now);
    }

    /// A look that began answers.
    fn answers(&mut self, answer: Result<Survey, WfpError>) {
        self.begun.recv().unwrap();
        self.answer.send(answer).unwrap();
        let before = self.told();
        let now = self.now;
        let is_over = |watch: &Watch| !matches!(watch.phase, Phase::Looking { .. });
        poll_until(&mut self.watch, now, |it| is_over(it) || told(it) != before);
    }

    /// Looks, failures, and whether objects are known.
    fn told(&self) -> (u64, u64, bool) {
        told(&self.watch)
    }
}

fn told(watch: &Watch) -> (u64, u64, bool) {
    let facts = watch.facts();
    (facts.surveys, facts.failures, facts.found.is_some())
}

/// Polls, for as long as a thread may need to be scheduled.
fn poll_until(watch: &mut Watch, now: Instant, is_so: impl Fn(&Watch) -> bool) {
    let begun = Instant::now();
    while !is_so(watch) {
        assert!(begun.elapsed() < Duration::from_secs(20), "waited in vain: {:?}", told(watch));
        std::thread::yield_now();
        watch.poll(now);
    }
}

#[test]
fn it_looks_at_once_and_then_once_a_period() {
    let mut engine = Engine::new();
    engine.after(Duration::ZERO);
    assert_eq!(engine.told(), (1, 0, false), "nothing is known before the first look has ended");
    engine.answers(Ok(Survey::default()));
    assert_eq!(engine.told(), (1, 0, true));
    engine.after(PERIOD - Duration::from_millis(1));
    assert_eq!(engine.told(), (1, 0, true));
    engine.after(Duration::from_millis(1));
    assert_eq!(engine.told(), (2, 0, true), "the last look counts while the next is under way");
    engine.answers(Ok(Survey { has_provider: true, ..Survey::default() }));
    let found = engine.watch.facts().found.clone().unwrap();
    assert!(found.objects.iter().any(|it| it.kind == "provider" && it.is_present));
}

#[test]
fn a_look_that_fails_takes_back_what_was_known_and_is_told_once() {
    let mut engine = Engine::new();
    engine.after(Duration::ZERO);
    engine.answers(Ok(Survey::default()));
    assert_eq!(engine.watch.take_complaint(), None);
    for failures in 1..=3 {
        engine.after(PERIOD);
        engine.answers(Err(DENIED));
        assert_eq!(engine.told(), (failures + 1, failures, false));
        let complaint = engine.watch.take_complaint();
        assert_eq!(complaint.is_some(), failures == 1, "{complaint:?}");
        if let Some(complaint) = complaint {
            assert!(complaint.starts_with("failed to list filters"), "{complaint}");
            assert!(complaint.contains("Network Configuration Operators"), "{complaint}");
        }
    }
    engine.after(PERIOD);
    engine.answers(Ok(Survey::default()));
    assert_eq!(engine.told(), (5, 3, true));
    engine.after(PERIOD);
    engine.answers(Err(DENIED));
    assert!(engine.watch.take_complaint().is_some(), "it had worked in between");
}

#[test]
fn a_look_that_hangs_is_a_failure_and_so_is_each_that_cannot_begin() {
    let mut engine = Engine::new();
    engine.after(Duration::ZERO);
    engine.answers(Ok(Survey::default()));
    engine.after(PERIOD);
    engine.after(TIME_MAX - Duration::from_millis(1));
    assert_eq!(engine.told(), (2, 0, true));
    engine.after(Duration::from_millis(1));
    assert_eq!(engine.told(), (2, 1, false));
    let complaint = engine.watch.take_complaint().unwrap();
    assert!(complaint.contains("did not answer within 20 s"), "{complaint}");
    engine.after(Duration::ZERO);
    assert_eq!(engine.told(), (2, 1, false), "counted once");
    engine.after(PERIOD - TIME_MAX);
    assert_eq!(engine.told(), (3, 2, false));
    engine.after(PERIOD);
    assert_eq!(engine.told(), (4, 3, false));
    assert_eq!(engine.watch.take_complaint(), None);
}

#[test]
fn an_answer_that_comes_too_late_is_not_told_and_the_next_look_begins_at_once() {
    let mut engine = Engine::new();
    engine.after(Duration::ZERO);
    engine.after(TIME_MAX);
    assert_eq!(engine.told(), (1, 1, false));
    engine.answers(Ok(Survey::default()));
    assert_eq!(engine.told(), (2, 1, false));
    engine.answers(Ok(Survey::default()));
    assert_eq!(engine.told(), (2, 1, true));
}

#[test]
fn looks_of_a_thread_that_died_fail() {
    let mut watch = Watch::start(|| std::panic::resume_unwind(Box::new(()))).unwrap();
    let now = Instant::now();
    watch.poll(now);
    poll_until(&mut watch, now, |it| it.facts().failures > 0);
    watch.poll(now + PERIOD);
    let facts = watch.facts();
    assert_eq!((facts.surveys, facts.failures, &facts.found), (2, 2, &None));
}
