//! The bounds of flow contexts (S33).

/// Default of `MaxFlows`.
pub const FLOWS_MAX_DEFAULT: u32 = 1_048_576;

/// Counts contexts against `MaxFlows`, inspected and blocked ones apart.
///
/// Both are checked before any program runs, so that no answer has to be taken back.
/// A flow that turns from inspected to blocked keeps its context, hence never more than twice
/// `MaxFlows` contexts exist.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    flows_max: u32,
    classifying: u32,
    blocked: u32,
}

impl Admission {
    /// No contexts yet.
    #[must_use]
    pub const fn new(flows_max: u32) -> Self {
        Self { flows_max, classifying: 0, blocked: 0 }
    }

    /// Whether a new flow may be inspected; asked before any program runs.
    #[must_use]
    pub const fn admits(&self) -> bool {
        self.classifying < self.flows_max && self.blocked < self.flows_max
    }

    /// A context was made.
    pub const fn made(&mut self, is_blocked: bool) {
        let count = if is_blocked { &mut self.blocked } else { &mut self.classifying };
        *count = count.saturating_add(1);
    }

    /// A classifying flow turned into a blocked one.
    pub const fn turned_blocked(&mut self) {
        self.classifying = self.classifying.saturating_sub(1);
        self.blocked = self.blocked.saturating_add(1);
    }

    /// A context was released.
    pub const fn released(&mut self, is_blocked: bool) {
        let count = if is_blocked { &mut self.blocked } else { &mut self.classifying };
        *count = count.saturating_sub(1);
    }

    /// Contexts of flows that are being classified.
    #[must_use]
    pub const fn classifying(&self) -> u32 {
        self.classifying
    }

    /// Contexts of blocked flows.
    #[must_use]
    pub const fn blocked(&self) -> u32 {
        self.blocked
    }

    /// `MaxFlows`.
    #[must_use]
    pub const fn flows_max(&self) -> u32 {
        self.flows_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s33_inspected_and_blocked_flows_have_a_bound_of_the_same_size_each() {
        let mut admission = Admission::new(2);
        admission.made(false);
        admission.made(true);
        assert!(admission.admits());
        admission.made(false);
        assert!(!admission.admits(), "two inspected");
        admission.turned_blocked();
        assert_eq!((admission.classifying(), admission.blocked()), (1, 2));
        assert!(!admission.admits(), "two blocked");
        admission.released(true);
        assert!(admission.admits());
    }
}
