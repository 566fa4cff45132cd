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
    /// Points to come, with what they fail with.
    fail_at: RefCell<Vec<(u64, i32)>>,
    /// The import that failed first.
    failed: Cell<Option<&'static str>>,
    /// The imports of all points in their order, where a test wants them.
    names: RefCell<Option<Vec<&'static str>>>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    /// Calls until it fails, 1 for the next; `None` for every call.
    calls: Option<u64>,
    status: i32,
    /// Every call from that one on.
    stays: bool,
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

    /// Makes the n-th call of an import from now and every later one fail, until
    /// [`Faults::clear`]: memory that is gone stays gone.
    pub fn fail_from(&self, name: &str, nth: u64, status: i32) {
        self.rules.borrow_mut().push(Rule {
            name: name.to_owned(),
            calls: Some(nth.max(1)),
            status,
            stays: true,
        });
        self.armed.set(self.rules.borrow().len());
    }

    /// Makes the n-th fault point from now fail, 1 being the next, whatever import it is in.
    pub fn fail_point(&self, nth: u64) {
        self.fail_point_with(nth, INSUFFICIENT_RESOURCES);
    }

    /// The same with a status.
    pub fn fail_point_with(&self, nth: u64, status: i32) {
        self.fail_at.borrow_mut().push((self.points.get() + nth.max(1), status));
    }

    /// The import that failed first, on whatever demand.
    #[must_use]
    pub const fn failed(&self) -> Option<&'static str> {
        self.failed.get()
    }

    /// Keeps the names of the imports that ask, from now on.
    pub fn keep_names(&self) {
        self.names.replace(Some(Vec::new()));
    }

    /// The imports of the fault points since [`Faults::keep_names`], in their order.
    #[must_use]
    pub fn take_names(&self) -> Vec<&'static str> {
        self.names.borrow_mut().as_mut().map(core::mem::take).unwrap_or_default()
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
        self.fail_at.borrow_mut().clear();
    }

    /// The status that this call of `name` is to fail with.
    pub fn take(&self, name: &'static str) -> Option<i32> {
        let point = self.points.get() + 1;
        self.points.set(point);
        if let Some(names) = self.names.borrow_mut().as_mut() {
            names.push(name);
        }
        let status = self.due(point).or_else(|| self.ruled(name))?;
        if self.failed.get().is_none() {
            self.failed.set(Some(name));
        }
        Some(status)
    }

    fn due(&self, point: u64) -> Option<i32> {
        let mut fail_at = self.fail_at.borrow_mut();
        let place = fail_at.iter().position(|(at, _)| *at == point)?;
        Some(fail_at.swap_remove(place).1)
    }

    fn rule(&self, name: &str, calls: Option<u64>, status: i32) {
        self.rules.borrow_mut().push(Rule { name: name.to_owned(), calls, status, stays: false });
        self.armed.set(self.rules.borrow().len());
    }

    fn ruled(&self, name: &str) -> Option<i32> {
        if self.armed.get() == 0 {
            return None;
        }
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
                    return rule.stays;
                }
                Some(calls) => *calls -= 1,
            }
            true
        });
        self.armed.set(rules.len());
        failed
    }
}
