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
//! * `waiting`: waits of the driver, with threads and without.

mod coroutine;
pub mod plan;
pub mod random;
mod state;
mod waiting;

use crate::kernel::{DISPATCH_LEVEL, Kernel};
use core::cell::{Cell, RefCell};
use coroutine::Coroutine;
use plan::{Director, Plan};
use random::Random;
use state::PutAway;
use std::collections::BTreeMap;

/// Points of a run; one that has more goes round in circles.
const POINTS_MAX: u64 = 1_000_000;

/// Threads of the system that run deferred calls, and as many that run work items.
const SYSTEM_THREADS: usize = 2;

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
    /// The choices that [`Plan::Listed`] repeats it with.
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

impl Kernel {
    /// A place where the running thread may lose its processor; nothing without threads.
    pub fn point(&self, site: u64) {
        if let Some(me) = self.threads.running() {
            self.threads.pass(self, me, site);
        }
    }

    /// Runs threads until all have ended and the system's have nothing to do.
    ///
    /// After a failure the machine is as the threads left it, and cannot be used any more.
    pub fn run_threads(&self, plan: Plan, seed: u64, threads: Vec<Thread>) -> Run {
        let it = &self.threads;
        it.director.replace(Some(Director::new(plan)));
        it.chance.replace(Random::new(seed ^ 0xc4a_ce00));
        it.points.set(0);
        it.moments.set(0);
        it.switches.set(0);
        it.hash.set(seed);
        self.add_threads(threads);
        let failure = self.turns();
        // What a thread left unfinished cannot be unwound: its stack goes with all that is on it.
        it.all.take();
        it.running.set(None);
        let decisions = it.director.take().map(|it| it.decisions()).unwrap_or_default();
        Run {
            points: it.points.get(),
            switches: it.switches.get(),
            hash: it.hash.get(),
            decisions,
            failure,
        }
    }

    fn add_threads(&self, threads: Vec<Thread>) {
        let count = self.processors.count();
        let mut all = self.threads.all.borrow_mut();
        let mut add = |name: String, is_system: bool, work: Box<dyn FnOnce()>| {
            let processor = u32::try_from(all.len()).unwrap_or(0) % count;
            let coroutine = Coroutine::new(work);
            let put_away = PutAway::fresh(processor);
            all.push(Entry { name, is_system, coroutine, waits: None, put_away });
        };
        for Thread { name, work } in threads {
            add(name, false, work);
        }
        for number in 0..SYSTEM_THREADS {
            add(format!("deferred calls {number}"), true, Box::new(waiting::serve_dpcs));
            add(format!("work items {number}"), true, Box::new(waiting::serve_work));
        }
        add("deletions".to_owned(), true, Box::new(waiting::serve_deletions));
    }

    /// Lets one thread after the other run; why that ended before all had.
    fn turns(&self) -> Option<String> {
        let it = &self.threads;
        loop {
            let chosen = match it.chosen.take() {
                Some(chosen) => chosen,
                None => match self.next_thread() {
                    Next::Thread(chosen) => chosen,
                    Next::Over => return None,
                    Next::Never(why) => return Some(why),
                },
            };
            it.switches.set(it.switches.get() + 1);
            self.let_run(chosen);
            if let Some(failure) = it.failure.take() {
                return Some(failure);
            }
            let ended = it.all.borrow()[chosen].coroutine.outcome();
            if ended.is_some() {
                it.all.borrow_mut()[chosen].put_away = PutAway::fresh(0);
            }
            if let Some(Err(panic)) = ended {
                return Some(format!("{}: {panic}", it.all.borrow()[chosen].name));
            }
        }
    }

    fn let_run(&self, chosen: usize) {
        let it = &self.threads;
        let coroutine = {
            let taken = it.taken(self, chosen);
            let mut all = it.all.borrow_mut();
            let put_away = all[chosen].put_away;
            let places = put_away.places(&taken);
            // Mostly where it was; a thread below DISPATCH_LEVEL may find itself elsewhere.
            let chance = it.chance.borrow();
            let place = if chance.one_in(8) { chance.below(places.len()) } else { 0 };
            let place = places.get(place).copied().unwrap_or_else(|| put_away.processor());
            put_away.give_back(self, place);
            all[chosen].waits = None;
            &raw const *all[chosen].coroutine
        };
        it.running.set(Some(chosen));
        self.pass_time();
        // SAFETY: the box lives until the run is over.
        unsafe { (*coroutine).resume() };
        it.running.set(None);
    }

    /// A turn takes time, sometimes much; timers that are due queue their calls.
    fn pass_time(&self) {
        let chance = self.threads.chance.borrow();
        let nanos = if chance.one_in(100) { 1_000_000 } else { 200 * chance.below(50) };
        let now_ns = self.time.now_ns() + u64::try_from(nanos).unwrap_or(0);
        drop(chance);
        self.time.reach(now_ns);
        self.timers.expire_due(self);
    }

    fn next_thread(&self) -> Next {
        let it = &self.threads;
        loop {
            let ready = it.ready(self);
            if !ready.is_empty() {
                it.moments.set(it.moments.get() + 1);
                return Next::Thread(it.choose(None, &ready));
            }
            let all = it.all.borrow();
            let left = || all.iter().filter(|it| !it.is_system && it.coroutine.outcome().is_none());
            if left().next().is_none() && all.iter().all(Entry::is_through) {
                return Next::Over;
            }
            let due = all.iter().filter_map(|it| it.waits.and_then(|wait| wait.due_ns)).min();
            let due = due.into_iter().chain(self.timers.next_due()).min();
            let Some(due_ns) = due else {
                drop(all);
                return Next::Never(format!("no thread can go on: {}", it.told()));
            };
            drop(all);
            self.time.reach(due_ns);
            self.timers.expire_due(self);
        }
    }
}

impl Entry {
    /// Whether it has ended, or waits for something to do.
    fn is_through(&self) -> bool {
        self.coroutine.outcome().is_some()
            || self.waits.is_some_and(|wait| waiting::is_idle(wait.what))
    }
}

/// What happens next.
enum Next {
    Thread(usize),
    Over,
    Never(String),
}
