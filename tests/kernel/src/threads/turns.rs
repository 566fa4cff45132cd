//! The loop that lets one thread after the other run, until all have ended.

use super::coroutine::Coroutine;
use super::plan::{Director, Plan};
use super::random::Random;
use super::state::PutAway;
use super::{Entry, Run, Thread, waiting};
use crate::kernel::Kernel;

/// Threads of the system that run deferred calls, and as many that run work items.
const SYSTEM_THREADS: usize = 2;

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
