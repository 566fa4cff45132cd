//! When the tool is asked and its answer handed over; time is the tests' own.

use super::super::listing::Lists;
use super::super::namer::{Namer, NamerFacts, PAUSE, SETTLE, STUCK};
use super::super::once::Trouble;
use super::super::tool::Tool;
use core::time::Duration;
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;
use weir_abi::EventHead;
use weir_abi::event::{Attached, DriverState, EVENT_BYTES_MAX, Event, Prefix};

use weir_stages::aggregate::{Look, Revision};
use weir_stages::{Aggregator, Limits};

type Answer = Result<Lists, Trouble>;

/// How long a test waits for a thread before it fails.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) fn write<E: Event>(state: &mut Aggregator, sequence: u32, event: &E) {
    let mut payload = [0; EVENT_BYTES_MAX];
    let length = event.encode(Prefix { cpu: 0, epoch: 7, sequence }, &mut payload).unwrap();
    state.apply_event(&EventHead::of::<E>(u64::from(sequence)), &payload[..length]);
}

/// A state with so many attachments without a label, ids from 1.
pub(super) fn attached(count: u8) -> Aggregator {
    let mut state = Aggregator::new(Limits::default());
    write(&mut state, 1, &DriverState::default());
    for slot in 0..count {
        let attach_id = u32::from(slot) + 1;
        write(&mut state, attach_id, &Attached { slot, attach_id, ..Attached::default() });
    }
    state
}

fn revision(attachments: u8) -> Revision {
    attached(attachments).wants_names().unwrap()
}

/// A namer whose answers the test gives.
fn namer() -> (Namer, Sender<Answer>) {
    let (give, answers) = channel();
    let folder = std::env::current_exe().unwrap();
    let look = move || answers.recv().unwrap_or(Err(Trouble::TooSlow));
    (Namer::with(Tool::given(&folder).unwrap(), look).unwrap(), give)
}

/// Polls at one moment until the facts are as wanted.
pub(super) fn poll_until(
    namer: &mut Namer,
    wants: Option<Revision>,
    now: Instant,
    is_there: impl Fn(NamerFacts) -> bool,
) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there(namer.facts()) {
        assert_eq!(namer.poll(wants, now), None);
        assert!(Instant::now() < deadline, "{:?}", namer.facts());
        std::thread::yield_now();
    }
}

fn is_asked(namer: &mut Namer, wants: Option<Revision>, now: Instant) -> bool {
    let before = namer.facts().looks;
    assert_eq!(namer.poll(wants, now), None);
    namer.facts().looks > before
}

#[test]
fn nobody_is_asked_where_nothing_is_wanted() {
    let (mut namer, _give) = namer();
    assert!(!is_asked(&mut namer, None, Instant::now()));
}

#[test]
fn an_answer_is_handed_over_once_nothing_can_be_on_its_way() {
    let (mut namer, give) = namer();
    let (wants, now) = (Some(revision(1)), Instant::now());
    assert!(is_asked(&mut namer, wants, now));
    give.send(Ok(Lists::default())).unwrap();
    poll_until(&mut namer, wants, now, |facts| facts.answers == 1);
    let early = now + SETTLE - Duration::from_millis(1);
    assert_eq!(namer.poll(wants, early), None);
    let look = Look { revision: revision(1), links: Vec::new(), programs: Vec::new() };
    assert_eq!(namer.poll(wants, now + SETTLE), Some(look));
    assert_eq!(namer.poll(wants, now + SETTLE), None, "once");
}

#[test]
fn an_answer_for_other_attachments_is_dropped() {
    let (mut namer, give) = namer();
    let now = Instant::now();
    assert!(is_asked(&mut namer, Some(revision(1)), now));
    give.send(Ok(Lists::default())).unwrap();
    poll_until(&mut namer, Some(revision(1)), now, |facts| facts.answers == 1);
    assert_eq!(namer.poll(Some(revision(2)), now + SETTLE), None);
    assert!(is_asked(&mut namer, Some(revision(2)), now + PAUSE));
}

#[test]
fn looks_are_a_pause_apart() {
    let (mut namer, give) = namer();
    let (wants, now) = (Some(revision(1)), Instant::now());
    assert!(is_asked(&mut namer, wants, now));
    give.send(Ok(Lists::default())).unwrap();
    poll_until(&mut namer, wants, now, |facts| facts.answers == 1);
    assert!(namer.poll(wants, now + SETTLE).is_some());
    assert!(!is_asked(&mut namer, wants, now + PAUSE - Duration::from_millis(1)));
    assert!(is_asked(&mut namer, wants, now + PAUSE));
}

#[test]
fn failures_are_said_once_counted_and_make_the_pause_longer() {
    let (mut namer, give) = namer();
    let (wants, mut now) = (Some(revision(1)), Instant::now());
    for (failure, pauses) in (1..).zip([1, 2, 4, 8, 16, 32, 32]) {
        assert!(is_asked(&mut namer, wants, now), "failure {failure}");
        give.send(Err(Trouble::TooSlow)).unwrap();
        poll_until(&mut namer, wants, now, |facts| facts.failures == failure);
        let complaint = namer.take_complaint();
        assert_eq!(complaint.is_some(), failure == 1, "{complaint:?}");
        let next = now + PAUSE * pauses;
        assert!(!is_asked(&mut namer, wants, next - Duration::from_millis(1)));
        now = next;
    }
    assert!(is_asked(&mut namer, wants, now));
    give.send(Ok(Lists::default())).unwrap();
    poll_until(&mut namer, wants, now, |facts| facts.answers == 1);
    assert!(namer.poll(wants, now + SETTLE).is_some());
    assert!(is_asked(&mut namer, wants, now + PAUSE), "it has told, so the pause is short again");
    give.send(Err(Trouble::TooMuch)).unwrap();
    poll_until(&mut namer, wants, now + PAUSE, |facts| facts.failures == 8);
    assert!(namer.take_complaint().is_some_and(|it| it.contains("1048576 bytes")));
}

#[test]
fn a_tool_that_does_not_come_back_is_said_and_not_started_twice() {
    let (mut namer, give) = namer();
    let (wants, now) = (Some(revision(1)), Instant::now());
    assert!(is_asked(&mut namer, wants, now));
    assert!(!is_asked(&mut namer, wants, now + STUCK - Duration::from_millis(1)));
    assert_eq!(namer.facts().failures, 0);
    for later in 0..100 {
        assert!(!is_asked(&mut namer, wants, now + STUCK + PAUSE * later));
    }
    assert_eq!((namer.facts().looks, namer.facts().failures), (1, 1));
    assert!(namer.take_complaint().is_some_and(|it| it.contains("not come back")));
    // It comes back after all: too late for this answer, in time for the next.
    give.send(Ok(Lists::default())).unwrap();
    let much_later = now + STUCK * 100;
    poll_until(&mut namer, wants, much_later, |facts| facts.looks == 2);
    assert_eq!(namer.facts(), NamerFacts { looks: 2, answers: 0, failures: 1 });
}
