//! What belongs to a thread, and is put away while another runs: its processor and level, its
//! place on stacks, how deep it is in the kernel.

use crate::kernel::{DISPATCH_LEVEL, Kernel};
use crate::processors::Binding;
use crate::stack;

/// What a thread had when it handed over.
#[derive(Clone, Copy, Debug)]
pub(super) struct PutAway {
    /// The kernel stack that it is on.
    stack: usize,
    processor: u32,
    pub(super) irql: u8,
    binding: Binding,
    classifications: u32,
    deletions: u32,
    delays: u32,
}

impl PutAway {
    /// Of a thread that begins on a processor.
    pub(super) const fn fresh(processor: u32) -> Self {
        let binding = Binding::NONE;
        Self { stack: 0, processor, irql: 0, binding, classifications: 0, deletions: 0, delays: 0 }
    }

    /// Takes away what the running thread has; its processor is free below `DISPATCH_LEVEL`.
    pub(super) fn take(kernel: &Kernel) -> Self {
        let irql = kernel.irql();
        if irql < DISPATCH_LEVEL {
            kernel.processors.set_irql(0);
        }
        let (classifications, deletions) = kernel.fwp.put_away();
        Self {
            stack: stack::replace_active(0),
            processor: kernel.processors.current(),
            irql,
            binding: kernel.processors.affinity(),
            classifications,
            deletions,
            delays: kernel.time.count_delays_from(0),
        }
    }

    /// Gives it back; the thread goes on, on this processor.
    pub(super) fn give_back(&self, kernel: &Kernel, processor: u32) {
        stack::replace_active(self.stack);
        kernel.processors.resume(self.binding, processor, self.irql);
        kernel.fwp.take_out(self.classifications, self.deletions);
        kernel.time.count_delays_from(self.delays);
    }

    /// The processor that nobody else may run on, if there is one.
    pub(super) fn owned(&self) -> Option<u32> {
        (self.irql >= DISPATCH_LEVEL).then_some(self.processor)
    }

    /// Where it can go on, given processors that are taken: where it was is best.
    pub(super) fn places(&self, taken: &[bool]) -> Vec<u32> {
        let is_free = |number: u32| {
            usize::try_from(number).ok().and_then(|it| taken.get(it)).is_some_and(|taken| !taken)
        };
        if self.owned().is_some() {
            return vec![self.processor];
        }
        let count = u32::try_from(taken.len()).unwrap_or(0);
        if self.binding.is_bound() {
            return Some(self.processor).into_iter().filter(|it| is_free(*it)).collect();
        }
        let others = (0..count).filter(|it| *it != self.processor);
        core::iter::once(self.processor).chain(others).filter(|it| is_free(*it)).collect()
    }

    pub(super) const fn processor(&self) -> u32 {
        self.processor
    }
}
