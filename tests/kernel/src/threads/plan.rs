//! Who runs next, as a seed says: at random, by priorities that change now and then, or as an
//! earlier run did.
//!
//! Priorities that change at a few places find what needs a few well-placed changes of threads with
//! a probability that can be told; a coin at every point finds what needs many.
//!
//! Source: Burckhardt et al., A Randomized Scheduler with Probabilistic Guarantees of Finding Bugs
//! (ASPLOS 2010)

use super::random::Random;
use core::cell::RefCell;
use std::collections::BTreeMap;

/// How threads take turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Plan {
    /// A change of threads once in so many points, on average.
    Coin {
        /// The seed.
        seed: u64,
        /// 1 is at every point.
        one_in: usize,
    },
    /// Whoever has the highest priority runs; at so many points it falls below all others.
    Priorities {
        /// The seed.
        seed: u64,
        /// Changes of priorities.
        changes: usize,
        /// Points within which they lie: about as many as the run has.
        points: usize,
    },
    /// A thread goes on until it cannot, then the first that can; but at these moments, points and ends
    /// of turns in one count, that thread is next, if it can run.
    Listed(BTreeMap<u64, usize>),
}

impl Plan {
    /// The plan that a seed stands for.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        let random = Random::new(seed ^ 0x7ead_5000);
        if random.one_in(2) {
            Self::Priorities { seed, changes: 1 + random.below(6), points: 6_000 }
        } else {
            Self::Coin { seed, one_in: *random.one_of(&[1, 2, 3, 6, 12, 50]) }
        }
    }
}

/// A plan while it is carried out.
#[derive(Debug)]
pub(super) struct Director {
    plan: Plan,
    random: Random,
    /// Priorities of threads, the highest number first; new ones get one at random.
    priorities: RefCell<Vec<u64>>,
    /// Points at which the thread that runs falls behind.
    changes: Vec<u64>,
    /// Where a choice was not the one that is made without a reason.
    decisions: RefCell<BTreeMap<u64, usize>>,
}

impl Director {
    pub(super) fn new(plan: Plan) -> Self {
        let (random, changes) = match &plan {
            Plan::Coin { seed, .. } => (Random::new(*seed), Vec::new()),
            Plan::Priorities { seed, changes, points } => {
                let random = Random::new(*seed);
                let place = |_| u64::try_from(random.below(*points)).unwrap_or(0);
                let places = (0..*changes).map(place).collect();
                (random, places)
            }
            Plan::Listed(_) => (Random::new(0), Vec::new()),
        };
        Self {
            plan,
            random,
            priorities: RefCell::default(),
            changes,
            decisions: RefCell::default(),
        }
    }

    /// Whether the thread that runs goes on, whoever else can run.
    pub(super) fn goes_on(&self, moment: u64) -> bool {
        match &self.plan {
            Plan::Coin { one_in, .. } => !self.random.one_in(*one_in),
            Plan::Priorities { .. } => false,
            Plan::Listed(listed) => !listed.contains_key(&moment),
        }
    }

    /// Who of those that can run is next; `running` is who runs now, if it can go on.
    pub(super) fn choose(&self, moment: u64, running: Option<usize>, ready: &[usize]) -> usize {
        let first = ready.first().copied().unwrap_or(0);
        let without_reason = running.unwrap_or(first);
        let chosen = match &self.plan {
            Plan::Coin { .. } => {
                ready.get(self.random.below(ready.len())).copied().unwrap_or(first)
            }
            Plan::Priorities { .. } => self.by_priority(moment, running, ready),
            Plan::Listed(listed) => {
                let wanted = listed.get(&moment).copied();
                wanted.filter(|it| ready.contains(it)).unwrap_or(without_reason)
            }
        };
        if chosen != without_reason {
            self.decisions.borrow_mut().insert(moment, chosen);
        }
        chosen
    }

    fn by_priority(&self, moment: u64, running: Option<usize>, ready: &[usize]) -> usize {
        let mut priorities = self.priorities.borrow_mut();
        let threads = ready.iter().copied().max().unwrap_or(0) + 1;
        while priorities.len() < threads {
            // Below them is room for those that fall behind.
            priorities.push(1 << 32 | self.random.next() >> 32);
        }
        if let Some(running) = running.filter(|_| self.changes.contains(&moment)) {
            priorities[running] = (1_u64 << 31).saturating_sub(moment);
        }
        ready.iter().copied().max_by_key(|it| priorities[*it]).unwrap_or(0)
    }

    /// The choices of this run: [`Plan::Listed`] with them repeats it.
    pub(super) fn decisions(&self) -> BTreeMap<u64, usize> {
        self.decisions.borrow().clone()
    }
}
