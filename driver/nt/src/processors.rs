//! One value for each processor.

use crate::NtStatus;
use crate::ffi::ke::{
    ALL_PROCESSOR_GROUPS, GroupAffinity, KeGetProcessorNumberFromIndex,
    KeQueryMaximumProcessorCountEx, KeRevertToUserGroupAffinityThread,
    KeSetSystemGroupAffinityThread, ProcessorNumber,
};
use crate::lock::{AtDispatch, at_dispatch};
use crate::pool::PoolSlice;

/// Processors that this machine can have, those that may be added later included.
///
/// IRQL: any.
#[must_use]
pub fn processors_max() -> u32 {
    // SAFETY: takes a number, and all groups is one of its values.
    unsafe { KeQueryMaximumProcessorCountEx(ALL_PROCESSOR_GROUPS) }
}

/// A value on cache lines of its own.
///
/// Pool memory is aligned to 16 bytes, so the distance, not the alignment, keeps writers apart.
#[derive(Debug)]
#[repr(C)]
struct Padded<T> {
    value: T,
    /// A line of 64 bytes: that of every x64 and arm64 that runs Windows.
    apart: [u64; 8],
}

/// One value for each processor that there can be.
#[derive(Debug)]
pub struct PerProcessor<T> {
    values: PoolSlice<Padded<T>>,
}

impl<T> PerProcessor<T> {
    /// Makes every value.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`, if `value` allows it.
    ///
    /// # Errors
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what `value` says.
    pub fn new(mut value: impl FnMut() -> Result<T, NtStatus>) -> Result<Self, NtStatus> {
        let count = usize::try_from(processors_max()).unwrap_or(1).max(1);
        let make = |_| Ok(Padded { value: value()?, apart: [0; 8] });
        Ok(Self { values: PoolSlice::try_from_fn(count, make)? })
    }

    /// The value of the processor that runs this. `None` cannot be: a processor's number is below
    /// the maximum that the value was made with.
    #[must_use]
    pub fn here(&self, level: &AtDispatch) -> Option<&T> {
        self.of(level.processor())
    }

    /// The value of a processor.
    #[must_use]
    pub fn of(&self, processor: u32) -> Option<&T> {
        let index = usize::try_from(processor).ok()?;
        self.values.get(index).map(|padded| &padded.value)
    }

    /// Every value, by number of the processor.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.values.iter().map(|padded| &padded.value)
    }
}

/// Runs code at `DISPATCH_LEVEL` on a processor of choice; `None` where it is not there (any more).
///
/// IRQL: ≤ `APC_LEVEL`.
pub fn on_processor<T>(processor: u32, run: impl FnOnce(&AtDispatch) -> T) -> Option<T> {
    let mut number = ProcessorNumber::default();
    // SAFETY: writes the number, or fails for a processor that is not active.
    let status = unsafe { KeGetProcessorNumberFromIndex(processor, &raw mut number) };
    status.ok().ok()?;
    let mask = 1_usize.checked_shl(u32::from(number.number))?;
    let there = GroupAffinity { mask, group: number.group, ..GroupAffinity::default() };
    let mut before = GroupAffinity::default();
    // SAFETY: both structures live during the call, and the processor is active.
    unsafe { KeSetSystemGroupAffinityThread(&raw const there, &raw mut before) };
    let result = at_dispatch(|level| (level.processor() == processor).then(|| run(level)));
    // SAFETY: `before` is what the call above wrote.
    unsafe { KeRevertToUserGroupAffinityThread(&raw const before) };
    result
}
