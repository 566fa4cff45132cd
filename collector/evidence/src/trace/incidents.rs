//! Failures put together: what one failed call said, layer by layer, is one incident with one cause.
//!
//! The layers of a call run on one thread, kernel and user mode alike, and tell their failure one
//! after the other on the way out. So events of one thread belong together while they are close,
//! each layer speaks once, and no call begins or succeeds between them.

use super::calls::Step;
use super::event::TraceEvent;
use super::objects::object;
use super::open::{Open, layer};
use super::sign::Sign;
use std::collections::BTreeMap;
use weir_stages::checks::facts::{Incident, KnownFailure};

/// Incidents kept apart. Beyond it a failure is counted with the first of its cause.
pub(super) const INCIDENTS_MAX: usize = 512;

/// Threads remembered. Where there are more, what is open is ended and all are forgotten: their last
/// objects are then not known.
const THREADS_MAX: usize = 4_096;

/// Lines marked with their cause; 16 MiB of memory. Later failures are counted and not marked.
const MARKS_MAX: usize = 1 << 20;

type ThreadKey = Option<(u32, u32)>;

/// What makes incidents like ones: cause, code, pattern of the subject.
type Likeness = (KnownFailure, Option<String>, Option<String>);

/// What is known of a thread.
#[derive(Default)]
struct Thread {
    /// The object that it opened or loads.
    object: Option<String>,
    open: Option<Open>,
}

/// Puts incidents together from events in their order.
#[derive(Default)]
pub struct Incidents {
    threads: BTreeMap<ThreadKey, Thread>,
    /// With the line where each began.
    found: Vec<(u64, Incident)>,
    by_likeness: BTreeMap<Likeness, usize>,
    marks: BTreeMap<u64, KnownFailure>,
    noise: u64,
}

impl Incidents {
    /// Takes an event.
    pub fn take(&mut self, event: &TraceEvent) {
        let sign = Sign::of(event);
        let step = Step::of(event).filter(|it| it.is_outermost());
        let is_between = matches!(step, Some(Step::Begins(_) | Step::Succeeds(_)));
        let object = object(event);
        self.noise += u64::from(sign == Sign::Noise);
        let is_telling = matches!(sign, Sign::Failure(_) | Sign::Hint(_));
        if !is_between && !is_telling && object.is_none() {
            return;
        }
        if self.threads.len() >= THREADS_MAX && !self.threads.contains_key(&event.process) {
            self.end_all();
        }
        let thread = self.threads.entry(event.process).or_default();
        if is_telling && let Some(open) = thread.open.as_mut().filter(|it| it.has(event)) {
            open.lines.push(event.place.line);
            return;
        }
        let layer = layer(event);
        let is_over = thread.open.as_ref().is_some_and(|open| {
            let is_other =
                open.is_far(event) || open.layers.contains(&layer) || open.is_before(&sign);
            is_between || (is_telling && is_other)
        });
        let ended = if is_over { thread.open.take() } else { None };
        if let Some(object) = object {
            thread.object = Some(object);
        }
        if is_telling {
            let object = thread.object.clone();
            thread.open.get_or_insert_with(|| Open::new(event, object)).take(event, sign, layer);
        }
        if let Some(open) = ended {
            self.end(event.process, open);
        }
    }

    /// Ends what is open: nothing more comes.
    pub fn end_all(&mut self) {
        for (process, thread) in core::mem::take(&mut self.threads) {
            if let Some(open) = thread.open {
                self.end(process, open);
            }
        }
    }

    /// The incidents, in the order of their first appearance.
    #[must_use]
    pub fn into_found(mut self) -> Vec<Incident> {
        self.found.sort_by_key(|it| it.0);
        self.found.into_iter().map(|it| it.1).collect()
    }

    /// Whether there is any incident yet.
    #[must_use]
    pub const fn has_found(&self) -> bool {
        !self.found.is_empty()
    }

    /// The cause of the incident that an event is of, by its line.
    #[must_use]
    pub fn cause_at(&self, line: u64) -> Option<KnownFailure> {
        self.marks.get(&line).copied()
    }

    /// Events that are logged as errors and are none.
    #[must_use]
    pub const fn noise(&self) -> u64 {
        self.noise
    }

    fn end(&mut self, process: ThreadKey, open: Open) {
        let Some((cause, code)) = open.verdict() else { return };
        let first_line = open.lines.first().copied().unwrap_or(0);
        for line in open.lines {
            if self.marks.len() < MARKS_MAX {
                self.marks.insert(line, cause);
            }
        }
        let likeness = (cause, code.clone(), open.object.as_deref().map(pattern));
        let known = self.by_likeness.get(&likeness).copied();
        let alike = || self.found.iter().position(|it| it.1.cause == cause);
        let is_full = self.found.len() >= INCIDENTS_MAX;
        let known = known.or_else(|| if is_full { alike() } else { None });
        if let Some((_, incident)) = known.and_then(|at| self.found.get_mut(at)) {
            incident.count += 1;
            if let Some(call) = open.call.filter(|it| !incident.calls.contains(it)) {
                incident.calls.push(call);
                incident.calls.sort();
            }
            return;
        }
        self.by_likeness.insert(likeness, self.found.len());
        let incident = Incident {
            cause,
            subject: open.object,
            code,
            calls: open.call.into_iter().collect(),
            count: 1,
            first_time: open.first_time,
            process,
            quotes: open.quotes,
        };
        self.found.push((first_line, incident));
    }
}

/// A subject without what differs from try to try: each run of digits is one `#`.
fn pattern(subject: &str) -> String {
    let mut out = String::with_capacity(subject.len());
    for character in subject.chars() {
        let is_digit = character.is_ascii_digit();
        if !(is_digit && out.ends_with('#')) {
            out.push(if is_digit { '#' } else { character });
        }
    }
    out
}
