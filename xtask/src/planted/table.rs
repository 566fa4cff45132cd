//! The bugs, each a change of one piece of text, and the tests that have to catch it.
//!
//! [`prototypes`] has the hazards of the public prototypes of this hook, [`lessons`] those of
//! comparable drivers' history and of what nobody tests, [`life`] of a flow's or the driver's life,
//! [`threads`] what only shows where processors meet. Lists are those of
//! `tests/kernel/tests/hazards/table.rs`: `A.9`, `A.10`, `F.4`.
//!
//! Where the code has changed and the text of an entry is no longer there, a test says so: the
//! entry is then to be made anew, so that it is the same mistake in the new code.

mod lessons;
mod life;
mod prototypes;
mod threads;

use core::fmt;

/// A bug.
#[derive(Debug)]
pub(super) struct Bug {
    pub(super) name: &'static str,
    /// Where it was seen: which of which list, or whose mistake it would be.
    pub(super) seen: &'static str,
    /// What is wrong, and what would come of it.
    pub(super) what: &'static str,
    pub(super) file: &'static str,
    /// What stands there, once.
    pub(super) from: &'static str,
    pub(super) to: &'static str,
    pub(super) caught_by: CaughtBy,
}

/// Tests that catch a bug; one of them is enough.
#[derive(Debug)]
pub(super) struct CaughtBy {
    /// Package of the tests: `tests/kernel` or `tests/sim`.
    pub(super) package: &'static str,
    /// Binary of tests.
    pub(super) binary: &'static str,
    /// All of the binary's where there is none.
    pub(super) tests: &'static [&'static str],
    /// Seeds of schedules that are tried, where the binary has a scheduler: first and behind last.
    pub(super) seeds: Option<&'static str>,
    /// The bug is that something never ends, and no test can say so but by not ending.
    pub(super) hangs: bool,
}

impl fmt::Display for CaughtBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.binary, self.tests.join(", "))?;
        match self.seeds {
            Some(seeds) => write!(f, "seeds {seeds}"),
            None => Ok(()),
        }
    }
}

const fn by(binary: &'static str, tests: &'static [&'static str]) -> CaughtBy {
    CaughtBy { package: "weir-sim-kernel", binary, tests, seeds: None, hangs: false }
}

const fn hazards(tests: &'static [&'static str]) -> CaughtBy {
    by("hazards", tests)
}

const fn rules(tests: &'static [&'static str]) -> CaughtBy {
    by("rules", tests)
}

/// Every bug.
pub(super) fn bugs() -> impl Iterator<Item = &'static Bug> {
    [prototypes::BUGS, lessons::BUGS, life::BUGS, threads::BUGS].into_iter().flatten()
}
