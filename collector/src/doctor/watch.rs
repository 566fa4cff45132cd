//! Looks now and then while the collector runs, on a thread of its own: tools take as long as they
//! like, and events must not wait for them.

use core::time::Duration;
use std::io;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::time::Instant;
use weir_stages::checks::{Evidence, Report};
use weir_stages::snapshot::DoctorFacts;

/// Before the first look: sessions, names and the driver's first set are there by then.
const FIRST_AFTER: Duration = Duration::from_secs(60);

/// How long a look may take before what it knew counts as known no more: tools have two minutes in
/// all, and their answers have to be read.
const TIME_MAX: Duration = Duration::from_mins(4);

/// What a look needs from the collector: its own figures, as it serves them.
type Page = String;
type Answer = Result<Evidence, String>;

/// Looks at this machine.
pub(crate) struct Watch {
    ask: SyncSender<Page>,
    answers: Receiver<Answer>,
    period: Duration,
    due: Instant,
    /// When the look that is under way began; late ones have been counted already.
    begun: Option<(Instant, bool)>,
    facts: DoctorFacts,
    complaint: Option<String>,
}

impl Watch {
    /// Starts the thread that looks this way, this often.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub(crate) fn start(
        period: Duration,
        now: Instant,
        mut look: impl FnMut(&str) -> Answer + Send + 'static,
    ) -> io::Result<Self> {
        // One question and one answer at a time: the next is asked after the last came.
        let (ask, asked) = sync_channel::<Page>(1);
        let (tell, answers) = sync_channel(1);
        let thread = std::thread::Builder::new().name("weir-doctor".to_owned());
        // It ends when nobody asks any more; one that hangs ends with the process.
        let _thread = thread.spawn(move || {
            while let Ok(page) = asked.recv() {
                if tell.send(look(&page)).is_err() {
                    return;
                }
            }
        })?;
        let due = now + FIRST_AFTER.min(period);
        let facts = DoctorFacts::default();
        Ok(Self { ask, answers, period, due, begun: None, facts, complaint: None })
    }

    /// Takes an answer in, and asks again where that is due; never waits.
    pub(crate) fn poll(&mut self, now: Instant, page: impl FnOnce() -> Page) {
        self.listen(now);
        if now < self.due || self.begun.is_some() {
            return;
        }
        self.due = now + self.period;
        if self.ask.try_send(page()).is_ok() {
            self.begun = Some((now, false));
        } else {
            self.failed("its thread has ended");
        }
    }

    /// What looks have found.
    pub(crate) const fn facts(&self) -> &DoctorFacts {
        &self.facts
    }

    /// A failure that nobody has heard of yet.
    pub(crate) fn take_complaint(&mut self) -> Option<String> {
        self.complaint.take()
    }

    fn listen(&mut self, now: Instant) {
        let Some((begun, is_late)) = self.begun else { return };
        match self.answers.try_recv() {
            // It was counted as failed; what it says is of another time.
            Ok(_) if is_late => self.begun = None,
            Ok(Ok(evidence)) => {
                self.begun = None;
                self.facts.take(&Report::of(&evidence));
            }
            Ok(Err(why)) => {
                self.begun = None;
                self.failed(&why);
            }
            Err(TryRecvError::Empty) => {
                if !is_late && now.saturating_duration_since(begun) >= TIME_MAX {
                    self.begun = Some((begun, true));
                    self.failed(&format!("it did not end within {} s", TIME_MAX.as_secs()));
                }
            }
            Err(TryRecvError::Disconnected) => {
                self.begun = None;
                if !is_late {
                    self.failed("its thread has ended");
                }
            }
        }
    }

    fn failed(&mut self, why: &str) {
        self.facts.forget();
        self.complaint =
            Some(format!("failed to look at this machine as a doctor: {why}; checks are unknown"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weir_stages::checks::Verdict;

    const PERIOD: Duration = Duration::from_mins(15);

    /// Polls until a look more has been counted.
    fn looked(watch: &mut Watch, now: Instant) {
        let (looks, begun) = (watch.facts().looks, Instant::now());
        while watch.facts().looks == looks {
            watch.poll(now, || "page".to_owned());
            assert!(begun.elapsed() < Duration::from_secs(10), "nobody looks");
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_first_look_waits_and_the_next_comes_a_period_later() {
        let begun = Instant::now();
        let look = |page: &str| {
            assert_eq!(page, "page");
            Ok(Evidence::default())
        };
        let mut watch = Watch::start(PERIOD, begun, look).unwrap();
        watch.poll(begun, || unreachable!("nothing is due"));
        assert!(watch.facts().checks.is_empty());
        looked(&mut watch, begun + FIRST_AFTER);
        assert!(watch.facts().checks.iter().all(|(_, it)| *it == Verdict::Unknown));
        watch.poll(begun + PERIOD, || unreachable!("nothing is due"));
        looked(&mut watch, begun + FIRST_AFTER + PERIOD);
        assert_eq!(watch.facts().looks, 2);
    }

    #[test]
    fn a_look_that_fails_leaves_nothing_ok_and_says_so_once() {
        let begun = Instant::now();
        let mut watch =
            Watch::start(PERIOD, begun, |_: &str| Err("sc.exe is missing".to_owned())).unwrap();
        watch.facts.checks = vec![("WD0101", Verdict::Ok)];
        looked(&mut watch, begun + FIRST_AFTER);
        assert_eq!(watch.facts().checks, [("WD0101", Verdict::Unknown)]);
        assert!(watch.take_complaint().is_some_and(|it| it.contains("sc.exe is missing")));
        assert_eq!(watch.take_complaint(), None);
    }

    #[test]
    fn a_look_that_hangs_is_counted_once_and_its_answer_comes_too_late() {
        let (release, held) = sync_channel::<()>(1);
        let begun = Instant::now();
        let look = move |_: &str| {
            let _released = held.recv();
            Ok(Evidence::default())
        };
        let mut watch = Watch::start(PERIOD, begun, look).unwrap();
        watch.facts.checks = vec![("WD0101", Verdict::Ok)];
        let asked = begun + FIRST_AFTER;
        watch.poll(asked, String::new);
        looked(&mut watch, asked + TIME_MAX);
        watch.poll(asked + TIME_MAX, String::new);
        assert_eq!((watch.facts().looks, watch.facts().checks[0].1), (1, Verdict::Unknown));
        release.send(()).unwrap();
        let waited = Instant::now();
        while watch.begun.is_some() {
            watch.poll(asked + TIME_MAX, || unreachable!("nothing is due"));
            assert!(waited.elapsed() < Duration::from_secs(10));
            std::thread::yield_now();
        }
        assert_eq!(watch.facts().looks, 1);
    }
}
