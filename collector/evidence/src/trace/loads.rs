//! Loads followed through a trace: opening an object, loading it, attaching its programs.
//!
//! All of it runs on the thread that asks, in ebpfapi.dll, ebpfcore and extensions alike. What the
//! service does for it in its own process, and what the system does later, is not part of it here.

use super::calls::{Step, stage};
use super::event::TraceEvent;
use super::objects::object;
use std::collections::BTreeMap;
use weir_stages::checks::facts::KnownFailure;

/// Loads kept; later ones are counted, and have numbers too.
const LOADS_MAX: usize = 65_536;

/// Threads followed at once. Where there are more, all that go on are ended.
const THREADS_MAX: usize = 4_096;

/// A thread that was silent for so long goes on to something else: 30 s, as verification of a large
/// program takes some.
const SILENCE_STEPS: u64 = 30 * 10_000_000;

/// What follows success so closely belongs to it: 1 s.
const AFTER_STEPS: i64 = 10_000_000;

/// How far a load came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It began, and the trace does not say how it ended.
    Begun,
    /// The object was opened.
    Opened,
    /// It was loaded.
    Loaded,
    /// A program of it was attached.
    Attached,
    /// A call failed.
    Failed,
}

impl Outcome {
    /// As JSON and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Opened => "opened",
            Self::Loaded => "loaded",
            Self::Attached => "attached",
            Self::Failed => "failed",
        }
    }
}

/// One load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Load {
    /// Its number, from 1, in the order of their beginnings.
    pub number: u64,
    /// The object's file, where the trace says it.
    pub object: Option<String>,
    /// Process and thread.
    pub process: Option<(u32, u32)>,
    /// When it began, as it stands there.
    pub time: Option<String>,
    /// How far it came.
    pub outcome: Outcome,
    /// Where the first call of it failed.
    pub failed_line: Option<u64>,
}

/// A load that goes on.
struct Current {
    number: u64,
    has_object: bool,
    is_ending: bool,
    last: Option<i64>,
    /// After success, until when events belong to it.
    until: Option<i64>,
}

/// Follows the loads of a trace.
#[derive(Default)]
pub struct Loads {
    current: BTreeMap<Option<(u32, u32)>, Current>,
    kept: Vec<Load>,
    before: u64,
    total: u64,
}

impl Loads {
    /// Loads that are numbered after those of other traces.
    #[must_use]
    pub fn after(before: u64) -> Self {
        Self { before, ..Self::default() }
    }

    /// Takes an event; the number of the load that it is part of.
    pub fn take(&mut self, event: &TraceEvent) -> Option<u64> {
        let step = Step::of(event);
        let outermost = step.filter(|it| it.is_outermost());
        let object = object(event);
        let is_open = matches!(outermost, Some(Step::Begins(function)) if opens(function));
        // Without entries, the message that names the object is what a load begins with. An image's
        // object is named again when it is loaded.
        let is_opened = event.message().is_some_and(|it| it.starts_with("ebpf_object_open:"));
        let current = self.current.get(&event.process);
        let is_named = current.is_none_or(|it| it.has_object && is_opened);
        if is_open || (object.is_some() && is_named) {
            self.begin(event);
        }
        let current = self.current.get_mut(&event.process)?;
        if current.is_over(event, outermost) {
            self.current.remove(&event.process);
            return None;
        }
        if current.is_elsewhere(event, outermost) {
            return None;
        }
        current.last = event.time.map(|time| time.0).or(current.last);
        current.has_object |= object.is_some();
        let number = current.number;
        let outcome = current.step(outermost, event);
        let at = usize::try_from(number - self.before - 1).ok()?;
        if let Some(load) = self.kept.get_mut(at) {
            load.object = object.or_else(|| load.object.take());
            load.outcome = load.outcome.max(outcome.unwrap_or(Outcome::Begun));
            if outcome == Some(Outcome::Failed) {
                load.failed_line.get_or_insert(event.place.line);
            }
        }
        Some(number)
    }

    fn begin(&mut self, event: &TraceEvent) {
        self.total += 1;
        let number = self.before + self.total;
        if self.kept.len() < LOADS_MAX {
            self.kept.push(Load {
                number,
                object: None,
                process: event.process,
                time: event.time_text.clone(),
                outcome: Outcome::Begun,
                failed_line: None,
            });
        }
        if self.current.len() >= THREADS_MAX {
            self.current.clear();
        }
        let current =
            Current { number, has_object: false, is_ending: false, last: None, until: None };
        self.current.insert(event.process, current);
    }

    /// The loads, the first ones where there are very many.
    #[must_use]
    pub fn kept(&self) -> &[Load] {
        &self.kept
    }

    /// How many there are in all.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }
}

impl Current {
    /// Whether it ended before an event.
    fn is_over(&self, event: &TraceEvent, outermost: Option<Step<'_>>) -> bool {
        let fails = matches!(outermost, Some(Step::Fails(_)));
        if self.is_ending && !fails {
            return true;
        }
        let (Some(last), Some(now)) = (self.last, event.time) else { return false };
        self.until.is_none() && now.0.abs_diff(last) > SILENCE_STEPS
    }

    /// Whether its thread does something else after a success. What it loaded may be attached later.
    fn is_elsewhere(&self, event: &TraceEvent, outermost: Option<Step<'_>>) -> bool {
        let (Some(until), Some(now)) = (self.until, event.time) else { return false };
        now.0 > until && !matches!(outermost, Some(Step::Begins(_)))
    }

    /// What an event makes of it.
    fn step(&mut self, outermost: Option<Step<'_>>, event: &TraceEvent) -> Option<Outcome> {
        match outermost? {
            Step::Begins(_) => {
                self.until = None;
                None
            }
            Step::Fails(_) => {
                self.is_ending = true;
                Some(Outcome::Failed)
            }
            Step::Succeeds(function) => {
                let stage = stage(function)?;
                if stage == KnownFailure::Open {
                    return Some(Outcome::Opened);
                }
                self.until = event.time.map(|time| time.0.saturating_add(AFTER_STEPS));
                let is_load = stage == KnownFailure::Load;
                Some(if is_load { Outcome::Loaded } else { Outcome::Attached })
            }
        }
    }
}

/// Whether a call begins a load.
fn opens(function: &str) -> bool {
    stage(function) == Some(KnownFailure::Open) || function == "ebpf_object_load_native_by_fds"
}
