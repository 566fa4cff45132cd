//! Failures that a test asks for: the next call of an import, the n-th, every one.
//!
//! An import that can fail asks [`Faults::take`] once a call. Each such question is a *fault
//! point*; a test that fails every point in turn needs no list of functions.

use core::cell::{Cell, RefCell};

/// What [`Faults::fail_point`] makes a call fail with.
///
/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref,
/// `STATUS_INSUFFICIENT_RESOURCES` (read 2026-11)
pub const INSUFFICIENT_RESOURCES: i32 = 0xC000_009A_u32.cast_signed();

/// Failures to come.
#[derive(Debug, Default)]
pub struct Faults {
    rules: RefCell<Vec<Rule>>,
    /// Rules that are left; imports ask often, and mostly there are none.
    armed: Cell<usize>,
    points: Cell<u64>,
    fail_at: Cell<Option<u64>>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    /// Calls until it fails, 1 for the next; `None` for every call.
    calls: Option<u64>,
    status: i32,
}

impl Faults {
    /// Makes one call of an import fail: with 1 the next, with 2 the one after.
    pub fn fail(&self, name: &str, nth: u64, status: i32) {
        self.rule(name, Some(nth.max(1)), status);
    }

    /// Makes every call of an import fail, until [`Faults::clear`].
    pub fn fail_always(&self, name: &str, status: i32) {
        self.rule(name, None, status);
    }

    /// Makes the n-th fault point from now fail, 1 being the next, whatever import it is in.
    pub fn fail_point(&self, nth: u64) {
        self.fail_at.set(Some(self.points.get() + nth.max(1)));
    }

    /// Fault points that were passed so far.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.points.get()
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.rules.borrow_mut().clear();
        self.armed.set(0);
        self.fail_at.set(None);
    }

    /// The status that this call of `name` is to fail with.
    pub fn take(&self, name: &str) -> Option<i32> {
        let point = self.points.get() + 1;
        self.points.set(point);
        if self.fail_at.get() == Some(point) {
            self.fail_at.set(None);
            return Some(INSUFFICIENT_RESOURCES);
        }
        if self.armed.get() == 0 { None } else { self.ruled(name) }
    }

    fn rule(&self, name: &str, calls: Option<u64>, status: i32) {
        self.rules.borrow_mut().push(Rule { name: name.to_owned(), calls, status });
        self.armed.set(self.rules.borrow().len());
    }

    fn ruled(&self, name: &str) -> Option<i32> {
        let mut rules = self.rules.borrow_mut();
        let mut failed = None;
        rules.retain_mut(|rule| {
            if rule.name != name {
                return true;
            }
            match &mut rule.calls {
                None => failed = failed.or(Some(rule.status)),
                Some(1) => {
                    failed = Some(rule.status);
                    return false;
                }
                Some(calls) => *calls -= 1,
            }
            true
        });
        self.armed.set(rules.len());
        failed
    }
}
