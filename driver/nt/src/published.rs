//! An immutable value that readers on every processor use while somebody replaces it (S04, S29).
//!
//! A reader at `DISPATCH_LEVEL` writes down, in a place of its processor, what it reads; whoever
//! replaces the value waits until no place names the old one. Readers never wait.

use crate::NtStatus;
use crate::lock::AtDispatch;
use crate::pool::PoolBox;
use crate::processors::PerProcessor;
use crate::time::pause_ms;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::{AtomicPtr, Ordering};

/// A published value.
#[derive(Debug)]
pub struct Published<T> {
    /// From a box; never null; freed only after it was replaced and no place names it.
    current: AtomicPtr<T>,
    /// What each processor is reading; null where it is not.
    reading: PerProcessor<AtomicPtr<T>>,
}

impl<T: Send + Sync> Published<T> {
    /// Publishes the first value.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(value: PoolBox<T>) -> Result<Self, NtStatus> {
        let reading = PerProcessor::new(|| Ok(AtomicPtr::new(null_mut())))?;
        Ok(Self { current: AtomicPtr::new(value.into_raw().as_ptr()), reading })
    }

    /// Reads the value of now; `None` cannot be, see [`PerProcessor::here`].
    ///
    /// A reader inside a reader on the same processor gets what the outer one has: that is what
    /// the processor's place protects.
    pub fn read<R>(&self, level: &AtDispatch, read: impl FnOnce(&T) -> R) -> Option<R> {
        let place = self.reading.here(level)?;
        let outer = NonNull::new(place.load(Ordering::Relaxed));
        let value = outer.or_else(|| self.protect(place))?;
        // SAFETY: the place names the value, so it is not freed before the place is emptied, and
        // nobody changes a published value.
        let result = read(unsafe { value.as_ref() });
        if outer.is_none() {
            place.store(null_mut(), Ordering::Release);
        }
        Some(result)
    }

    /// Names the value of now in a place.
    ///
    /// Sequentially consistent on both sides: either this sees the replacement, or whoever
    /// replaced sees the place.
    fn protect(&self, place: &AtomicPtr<T>) -> Option<NonNull<T>> {
        loop {
            let value = self.current.load(Ordering::SeqCst);
            place.store(value, Ordering::SeqCst);
            // Repeats only where somebody replaced it in between: attach and detach are rare.
            if self.current.load(Ordering::SeqCst) == value {
                return NonNull::new(value);
            }
        }
    }

    /// Replaces the value; the old one comes back once its readers have left.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`. Calls are serialised by the caller.
    pub fn replace(&self, value: PoolBox<T>) -> Retired<T> {
        let old = self.current.swap(value.into_raw().as_ptr(), Ordering::SeqCst);
        Retired { old }
    }

    /// Waits until nobody reads a replaced value.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    #[expect(clippy::needless_pass_by_value, reason = "each replacement is waited for once")]
    pub fn wait(&self, retired: Retired<T>) -> Option<PoolBox<T>> {
        for place in self.reading.iter() {
            // A reader stays for one walk over a flow: well below a millisecond each time.
            while place.load(Ordering::SeqCst) == retired.old {
                pause_ms(1);
            }
        }
        // SAFETY: the value came from a box, is not published, and no place names it: nobody can
        // name it again.
        NonNull::new(retired.old).map(|old| unsafe { PoolBox::from_raw(old) })
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        if let Some(value) = NonNull::new(*self.current.get_mut()) {
            // SAFETY: the value came from a box, and there are no readers of what is being dropped.
            drop(unsafe { PoolBox::from_raw(value) });
        }
    }
}

/// A replaced value that may still have readers. Dropped without [`Published::wait`], its memory
/// is never freed.
#[derive(Debug)]
#[must_use = "its memory comes back through `Published::wait`"]
pub struct Retired<T> {
    old: *mut T,
}

// SAFETY: it stands for a box whose value is `Send + Sync`.
unsafe impl<T: Send + Sync> Send for Retired<T> {}
