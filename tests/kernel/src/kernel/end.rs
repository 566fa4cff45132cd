//! What is queued runs, time passes, and a machine ends.

use super::{Kernel, Life};

impl Kernel {
    /// Runs deferred procedure calls, then work items, until nothing is queued.
    pub fn run_work(&self) {
        while self.run_one() {}
    }

    /// Runs one of what is queued, if anything is.
    pub(crate) fn run_one(&self) -> bool {
        self.timers.run_dpc(self) || self.io.run_work_item(self)
    }

    /// Time passes: what is queued runs, and timers expire in their order.
    pub fn advance(&self, nanos: u64) {
        crate::timers::pass(self, nanos);
    }

    /// Ends the test of this machine.
    ///
    /// # Panics
    /// With all that [`Kernel::end`] says.
    pub fn finish(&self) {
        let told = self.end();
        assert!(told.is_empty(), "the driver broke rules:\n  {}", told.join("\n  "));
    }

    /// Ends the machine and says what the driver did wrong: its violations, and what it left behind
    /// if it is gone. Large memory is given back.
    #[must_use]
    pub fn end(&self) -> Vec<String> {
        let mut told = self.take_violations();
        if self.life.get() == Life::Gone {
            let mut left = self.leftovers();
            // The unload has told most of it.
            left.retain(|left| !told.contains(left));
            told.append(&mut left);
            if let Some(image) = &self.image {
                image.unmap();
            }
        }
        self.stacks.release();
        told.extend(self.pool.release());
        told
    }

    /// What the driver has not given back, a sentence each.
    #[must_use]
    pub fn leftovers(&self) -> Vec<String> {
        [
            self.pool.leftovers(),
            self.locks.leftovers(),
            self.rundown.leftovers(),
            self.timers.leftovers(),
            self.io.leftovers(),
            self.registry.leftovers(),
            self.etw.leftovers(),
            self.fwp.leftovers(),
            self.nmr.leftovers(),
            self.bfe.leftovers(),
        ]
        .concat()
    }
}
