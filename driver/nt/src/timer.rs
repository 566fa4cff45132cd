//! A periodic timer.

use crate::ffi::ke::{
    KTIMER_SYNCHRONIZATION, Kdpc, KeCancelTimer, KeFlushQueuedDpcs, KeInitializeDpc,
    KeInitializeTimerEx, KeSetTimerEx, Ktimer,
};
use crate::registration::Registration;
use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::mem::MaybeUninit;

/// A timer that calls a function every so often.
#[derive(Debug)]
pub struct Timer {
    /// Initialised and used by the kernel, from `start` until the flush in `Drop` of [`Ticking`].
    timer: UnsafeCell<MaybeUninit<Ktimer>>,
    dpc: UnsafeCell<MaybeUninit<Kdpc>>,
    fire: fn(),
}

// SAFETY: the kernel serialises what it does to timer and DPC; this crate only passes pointers.
unsafe impl Sync for Timer {}

impl Timer {
    /// A timer that does not tick yet.
    #[must_use]
    pub const fn new(fire: fn()) -> Self {
        let timer = UnsafeCell::new(MaybeUninit::uninit());
        Self { timer, dpc: UnsafeCell::new(MaybeUninit::uninit()), fire }
    }

    /// Ticks until the returned value is dropped. `fire` is called at `DISPATCH_LEVEL`.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    pub fn start(&'static self, milliseconds: u32) -> Ticking {
        let (timer, dpc) = (self.timer.get().cast::<Ktimer>(), self.dpc.get().cast::<Kdpc>());
        let context = (&raw const *self).cast_mut().cast();
        // SAFETY: the memory is the timer's own, and lives for ever.
        unsafe { KeInitializeTimerEx(timer, KTIMER_SYNCHRONIZATION) };
        // SAFETY: the memory is the DPC's own, and lives for ever, as does its context.
        unsafe { KeInitializeDpc(dpc, routine, context) };
        let period = i32::try_from(milliseconds).unwrap_or(i32::MAX);
        let due = i64::from(period).saturating_mul(-10_000);
        // SAFETY: both are initialised and in no queue.
        let _was_set = unsafe { KeSetTimerEx(timer, due, period, dpc) };
        Ticking { timer: self, _live: Registration::begin() }
    }
}

unsafe extern "system" fn routine(
    _dpc: *mut Kdpc,
    context: *mut c_void,
    _first: *mut c_void,
    _second: *mut c_void,
) {
    // SAFETY: the context is the timer that was started, which lives for ever.
    let timer = unsafe { &*context.cast::<Timer>() };
    (timer.fire)();
}

/// A timer that ticks. Dropped, it ticks no more, and no call is running.
///
/// IRQL of the drop: `PASSIVE_LEVEL`.
#[derive(Debug)]
#[must_use = "ticks as long as this lives"]
pub struct Ticking {
    timer: &'static Timer,
    _live: Registration,
}

impl Drop for Ticking {
    fn drop(&mut self) {
        // SAFETY: `start` initialised the timer.
        let _was_set = unsafe { KeCancelTimer(self.timer.timer.get().cast()) };
        // SAFETY: takes nothing; waits until every DPC that was queued has run.
        unsafe { KeFlushQueuedDpcs() };
    }
}
