//! Counts the memory that each thread allocates, so that a read can be held to a bound.
#![expect(unsafe_code, reason = "an allocator is one; it only counts and passes on")]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use std::alloc::System;

/// The system's allocator with a count for each thread.
///
/// What grows is counted old and new at once: moving takes both for a while.
pub(crate) struct Counting;

thread_local! {
    /// Bytes allocated less bytes given back; memory may come from another thread.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let live = LIVE.get().saturating_add(bytes);
    LIVE.set(live);
    PEAK.set(PEAK.get().max(live));
}

// SAFETY: every block comes from and goes back to `System`, with the layout that the caller gives;
// counting touches cells without destructors and so allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(isize::try_from(layout.size()).unwrap_or(isize::MAX));
        // SAFETY: the caller keeps what `GlobalAlloc::alloc` asks for, which `System` asks for too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(isize::try_from(layout.size()).map_or(isize::MIN, isize::wrapping_neg));
        // SAFETY: `block` came from `alloc` above with this layout, so from `System`.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// From here on, this thread's memory is counted.
pub(crate) struct Mark(isize);

impl Mark {
    pub(crate) fn new() -> Self {
        PEAK.set(LIVE.get());
        Self(LIVE.get())
    }

    /// The most that was allocated at once since the mark was set, beyond what was then.
    pub(crate) fn peak(&self) -> usize {
        usize::try_from(PEAK.get().saturating_sub(self.0)).unwrap_or(0)
    }

    /// What is allocated more than when the mark was set; negative where it is less.
    pub(crate) fn grown(&self) -> isize {
        LIVE.get().saturating_sub(self.0)
    }
}
