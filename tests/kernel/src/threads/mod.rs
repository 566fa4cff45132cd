//! Threads of the simulated kernel, which take turns as a plan says: same plan, same run.
//!
//! A thread can lose its processor at a *point*: before and after every import that the driver
//! calls, at instructions where the image has a breakpoint ([`crate::breakpoints`]), and wherever the
//! simulation says so ([`Kernel::point`]). Below `DISPATCH_LEVEL` another thread may come to its
//! processor, and it may go on elsewhere; at `DISPATCH_LEVEL` and above it keeps its processor, and
//! threads run on the others. Timers expire, deferred calls and work items run on threads of the
//! system among all others. A thread that waits is not chosen; time passes when all wait.
//!
//! * `coroutine`: a stack that hands over; `state`: what is put away with it.
//! * [`plan`]: who is next; [`random`]: the numbers of a seed.
//! * `turns`: the loop that lets one after the other run; `waiting`: waits of the driver, with
//!   threads and without.

mod coroutine;
pub mod plan;
pub mod random;
mod state;
mod turns;
mod waiting;

use crate::kernel::{DISPATCH_LEVEL, Kernel};
use core::cell::{Cell, RefCell};
use coroutine::Coroutine;
use plan::Director;
use random::Random;
use state::PutAway;
use std::collections::BTreeMap;

/// Points of a run; one that has more goes round in circles.
const POINTS_MAX: u64 = 1_000_000;

/// A thread that a test wants.
pub struct Thread {
    /// What it is called where it is told of.
    pub name: String,
    /// What it does.
    pub work: Box<dyn FnOnce()>,
}

impl core::fmt::Debug for Thread {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Thread").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Thread {
    /// A thread.
    pub fn new(name: impl Into<String>, work: impl FnOnce() + 'static) -> Self {
        Self { name: name.into(), work: Box::new(work) }
    }
}

/// What a run of threads came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// Points that were passed.
    pub points: u64,
    /// Changes of threads.
    pub switches: u64,
    /// A number of all points, their threads and order: equal runs have equal ones.
    pub hash: u64,
    /// The choices that [`plan::Plan::Listed`] repeats it with.
    pub decisions: BTreeMap<u64, usize>,
    /// Why it did not come to its end: a panic, or threads that wait for each other.
    pub failure: Option<String>,
}

/// The threads of a machine.
#[derive(Debug, Default)]
pub struct Threads {
    all: RefCell<Vec<Entry>>,
    running: Cell<Option<usize>>,
    chosen: Cell<Option<usize>>,
    /// Whose wait is looked at.
    asked: Cell<Option<usize>>,
    director: RefCell<Option<Director>>,
    /// What is left to chance but turns: time, places.
    chance: RefCell<Random>,
    points: Cell<u64>,
    /// How many a run may have, if that is not [`POINTS_MAX`].
    points_max: Cell<Option<u64>>,
    /// Points, and ends of turns: where a plan is asked.
    moments: Cell<u64>,
    switches: Cell<u64>,
    hash: Cell<u64>,
    /// Flows of invocations that have begun and not ended.
    invoking: RefCell<Vec<u64>>,
    overlaps: Cell<u64>,
    /// Why the run cannot go on.
    failure: RefCell<Option<String>>,
}

#[derive(Debug)]
struct Entry {
    name: String,
    is_system: bool,
    coroutine: Box<Coroutine>,
    waits: Option<Wait>,
    put_away: PutAway,
}

/// What a thread waits for.
#[derive(Clone, Copy)]
struct Wait {
    what: &'static str,
    /// On the stack of the thread, which stands still while it waits.
    is_over: *const dyn Fn() -> bool,
    /// When it is over in any case.
    due_ns: Option<u64>,
}

impl core::fmt::Debug for Wait {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.what)
    }
}

impl Threads {
    /// Which thread runs; `None` where none of them does.
    #[must_use]
    pub const fn running(&self) -> Option<usize> {
        self.running.get()
    }

    /// What the thread that runs is called.
    pub(crate) fn name(&self) -> Option<String> {
        let running = self.running.get()?;
        self.all.borrow().get(running).map(|it| it.name.clone())
    }

    /// Points that were passed in this run.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.points.get()
    }

    /// Lets a run have more points than usual, or fewer.
    pub fn allow_points(&self, points: u64) {
        self.points_max.set(Some(points));
    }

    /// A program begins to run for a flow.
    pub(crate) fn begin_invocation(&self, flow: u64) {
        let mut invoking = self.invoking.borrow_mut();
        if invoking.contains(&flow) {
            self.overlaps.set(self.overlaps.get() + 1);
        }
        invoking.push(flow);
    }

    /// It ends.
    pub(crate) fn end_invocation(&self, flow: u64) {
        let mut invoking = self.invoking.borrow_mut();
        if let Some(place) = invoking.iter().position(|it| *it == flow) {
            invoking.swap_remove(place);
        }
    }

    /// Invocations that began while another of the same flow had not ended.
    #[must_use]
    pub const fn overlaps(&self) -> u64 {
        self.overlaps.get()
    }

    /// The most invocations of any flows at once, in this moment.
    #[must_use]
    pub fn invocations_now(&self) -> usize {
        self.invoking.borrow().len()
    }

    /// True once in so many times, with threads; never without.
    pub(crate) fn chance(&self, one_in: usize) -> bool {
        self.running.get().is_some() && self.chance.borrow().one_in(one_in)
    }

    fn note(&self, thread: usize, site: u64) {
        self.points.set(self.points.get() + 1);
        let thread = u64::try_from(thread).unwrap_or(0);
        let hash = (self.hash.get() ^ site ^ thread << 56).wrapping_mul(0x0000_0100_0000_01b3);
        self.hash.set(hash.rotate_left(23));
    }

    /// Processors that some thread but one keeps.
    fn taken(&self, kernel: &Kernel, but: usize) -> Vec<bool> {
        let count = usize::try_from(kernel.processors.count()).unwrap_or(0);
        let mut taken = vec![false; count];
        for (index, entry) in self.all.borrow().iter().enumerate() {
            if index == but || Some(index) == self.running.get() {
                continue;
            }
            let owned = entry.put_away.owned().and_then(|it| usize::try_from(it).ok());
            if let Some(slot) = owned.and_then(|it| taken.get_mut(it)) {
                *slot = true;
            }
        }
        let keeps = kernel.irql() >= DISPATCH_LEVEL;
        if self.running.get().is_some_and(|me| me != but) && keeps {
            let here = usize::try_from(kernel.processors.current()).unwrap_or(0);
            if let Some(slot) = taken.get_mut(here) {
                *slot = true;
            }
        }
        taken
    }

    /// Whether nobody but the thread that runs keeps a processor.
    pub(crate) fn is_free(&self, kernel: &Kernel, processor: u32) -> bool {
        let me = self.asked.get().or_else(|| self.running.get()).unwrap_or(usize::MAX);
        let at = usize::try_from(processor).unwrap_or(usize::MAX);
        self.taken(kernel, me).get(at).is_some_and(|taken| !taken)
    }

    /// Threads that can go on.
    fn ready(&self, kernel: &Kernel) -> Vec<usize> {
        let all = self.all.borrow();
        let me = self.running.get();
        let now_ns = kernel.time.now_ns();
        let mut ready = Vec::with_capacity(all.len());
        for (index, entry) in all.iter().enumerate() {
            if entry.coroutine.outcome().is_some() {
                continue;
            }
            self.asked.set(Some(index));
            let goes_on = entry.waits.as_ref().is_none_or(|wait| {
                // SAFETY: the thread stands still in `wait`, whose closure this is.
                wait.due_ns.is_some_and(|due| due <= now_ns) || unsafe { (*wait.is_over)() }
            });
            let has_place =
                Some(index) == me || !entry.put_away.places(&self.taken(kernel, index)).is_empty();
            if goes_on && has_place {
                ready.push(index);
            }
        }
        self.asked.set(None);
        ready
    }

    /// The thread that runs may lose its processor here.
    fn pass(&self, kernel: &Kernel, me: usize, site: u64) {
        self.note(me, site);
        if self.points.get() >= self.points_max.get().unwrap_or(POINTS_MAX) {
            // Frames of the driver lie below, which nothing can unwind: the thread stands still.
            self.failure.replace(Some(format!("the threads go round in circles: {}", self.told())));
            self.hand_over(kernel, me);
        }
        kernel.time.reach(kernel.time.now_ns() + 10);
        self.moments.set(self.moments.get() + 1);
        if self.goes_on() {
            return;
        }
        let ready = self.ready(kernel);
        let chosen = self.choose(Some(me), &ready);
        if chosen != me {
            self.chosen.set(Some(chosen));
            self.hand_over(kernel, me);
        }
    }

    /// What every thread that has not ended waits for.
    fn told(&self) -> String {
        let all = self.all.borrow();
        let left = all.iter().filter(|it| it.coroutine.outcome().is_none());
        let told = left.map(|it| match &it.waits {
            Some(wait) => format!("{} waits for {}", it.name, wait.what),
            None => format!("{} can run", it.name),
        });
        told.collect::<Vec<_>>().join("; ")
    }

    fn choose(&self, running: Option<usize>, ready: &[usize]) -> usize {
        let director = self.director.borrow();
        let first = ready.first().copied().unwrap_or(0);
        director.as_ref().map_or(first, |it| it.choose(self.moments.get(), running, ready))
    }

    /// Whether the plan leaves the thread that runs alone here, whoever else could run.
    fn goes_on(&self) -> bool {
        self.director.borrow().as_ref().is_none_or(|it| it.goes_on(self.moments.get()))
    }

    /// Puts away what the thread has and goes back to the loop of [`Kernel::run_threads`].
    fn hand_over(&self, kernel: &Kernel, me: usize) {
        let coroutine = {
            let mut all = self.all.borrow_mut();
            all[me].put_away = PutAway::take(kernel);
            &raw const *all[me].coroutine
        };
        self.running.set(None);
        // SAFETY: the box lives until the run is over, and its thread stands still before that.
        unsafe { (*coroutine).hand_over() };
    }
}
