//! How much is registered with the kernel: whatever could still call into the image.
//!
//! Unload must not return while this is not zero (S35): every guard of this crate that stands for a
//! registration holds a [`Registration`], and [`crate::entry`] counts them before it lets go of the
//! driver's memory.

use core::sync::atomic::{AtomicU32, Ordering};

/// Registrations that live.
static LIVE: AtomicU32 = AtomicU32::new(0);

/// One thing that the kernel can call; counted as long as it lives.
#[derive(Debug)]
#[must_use = "it is counted as long as this lives"]
pub(crate) struct Registration(());

impl Registration {
    /// Counts one more.
    pub(crate) fn begin() -> Self {
        LIVE.fetch_add(1, Ordering::AcqRel);
        Self(())
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        LIVE.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Registrations that live.
pub(crate) fn live() -> u32 {
    LIVE.load(Ordering::Acquire)
}
