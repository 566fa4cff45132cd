//! `Ke…`: the kernel core: processors, levels and locks, time, timers, stacks.

use crate::NtStatus;
use crate::layout::layouts;
use core::ffi::c_void;

/// `PROCESSOR_NUMBER`: a processor by group and place in it.
///
/// Source: learn.microsoft.com/windows/win32/api/winnt/ns-winnt-processor_number (read 2026-11)
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct ProcessorNumber {
    pub(crate) group: u16,
    pub(crate) number: u8,
    pub(crate) reserved: u8,
}

/// `GROUP_AFFINITY`: processors of one group.
///
/// Source: learn.microsoft.com/windows/win32/api/winnt/ns-winnt-group_affinity (read 2026-11)
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub(crate) struct GroupAffinity {
    pub(crate) mask: usize,
    pub(crate) group: u16,
    pub(crate) reserved: [u16; 3],
}

/// `KTIMER`: opaque; resident, and in place as long as it is set.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/eprocess; its size:
/// microsoft/windows-rs, `Wdk_Foundation::KTIMER` (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Ktimer {
    opaque: [u64; 8],
}

/// `KDPC`: opaque; resident, and in place as long as it is queued.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/eprocess; its size:
/// microsoft/windows-rs, `Wdk_Foundation::KDPC` (read 2026-11)
#[derive(Debug)]
#[repr(C)]
pub(crate) struct Kdpc {
    opaque: [u64; 8],
}

layouts! {
    "PROCESSOR_NUMBER" = ProcessorNumber [4, 2] {
        "Group": group @ 0,
        "Number": number @ 2,
        "Reserved": reserved @ 3,
    }
    "GROUP_AFFINITY" = GroupAffinity [16, 8] {
        "Mask": mask @ 0,
        "Group": group @ 8,
        "Reserved": reserved @ 10,
    }
    "KTIMER" = Ktimer [64, 8] {}
    "KDPC" = Kdpc [64, 8] {}
}

/// `KDEFERRED_ROUTINE`: what a DPC calls. Of a timer's DPC both arguments are meaningless.
///
/// IRQL: `DISPATCH_LEVEL`.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-kdeferred_routine (read
/// 2026-11)
pub(crate) type KdeferredRoutine = unsafe extern "system" fn(
    dpc: *mut Kdpc,
    context: *mut c_void,
    argument1: *mut c_void,
    argument2: *mut c_void,
);

/// `EXPAND_STACK_CALLOUT`: what is called on a larger stack.
///
/// IRQL: that of the call.
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nc-ntddk-expand_stack_callout
/// (read 2026-11)
pub(crate) type ExpandStackCallout = unsafe extern "system" fn(parameter: *mut c_void);

/// `KSPIN_LOCK`: opaque; 0 is free.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-spin-locks (read
/// 2026-11)
pub(crate) type KspinLock = usize;

/// `ALL_PROCESSOR_GROUPS`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerymaximumprocessorcountex
/// (read 2026-11)
pub(crate) const ALL_PROCESSOR_GROUPS: u16 = 0xffff;

/// `KernelMode` of `KPROCESSOR_MODE`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kedelayexecutionthread (read
/// 2026-11)
pub(crate) const PROCESSOR_MODE_KERNEL: i8 = 0;

/// `SynchronizationTimer` of `TIMER_TYPE`.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializetimerex (read
/// 2026-11)
pub(crate) const KTIMER_SYNCHRONIZATION: i32 = 1;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Stops the machine with a code and four numbers. Debug images only: a panic ends here,
    /// see [`crate::panic`].
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kebugcheckex (read
    /// 2026-11)
    #[expect(dead_code, reason = "the linker of a debug image names it")]
    fn KeBugCheckEx(code: u32, p1: usize, p2: usize, p3: usize, p4: usize) -> !;

    /// Number of the processor that runs this, over all groups. With null it writes nothing.
    ///
    /// IRQL: any; the answer stays true only at `DISPATCH_LEVEL` and above.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kegetcurrentprocessornumberex
    /// (read 2026-11)
    pub(crate) fn KeGetCurrentProcessorNumberEx(number: *mut ProcessorNumber) -> u32;

    /// How many processors a group, or all of them, can have.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerymaximumprocessorcountex
    /// (read 2026-11)
    pub(crate) fn KeQueryMaximumProcessorCountEx(group: u16) -> u32;

    /// Group and place of a processor by its number over all groups.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kegetprocessornumberfromindex
    /// (read 2026-11)
    pub(crate) fn KeGetProcessorNumberFromIndex(
        index: u32,
        number: *mut ProcessorNumber,
    ) -> NtStatus;

    /// Has the thread run on the given processors only; writes what was, unless that is null.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`; at once at ≤ `APC_LEVEL` only.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesetsystemgroupaffinitythread
    /// (read 2026-11)
    pub(crate) fn KeSetSystemGroupAffinityThread(
        affinity: *const GroupAffinity,
        previous: *mut GroupAffinity,
    );

    /// Restores what [`KeSetSystemGroupAffinityThread`] wrote.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`; at once at ≤ `APC_LEVEL` only.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereverttousergroupaffinitythread
    /// (read 2026-11)
    pub(crate) fn KeRevertToUserGroupAffinityThread(previous: *const GroupAffinity);

    /// Takes a lock, raises to `DISPATCH_LEVEL` and returns the level before. What
    /// `KeAcquireSpinLock` is in the headers of x64.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keacquirespinlockraisetodpc
    /// (read 2026-11)
    pub(crate) fn KeAcquireSpinLockRaiseToDpc(lock: *mut KspinLock) -> u8;

    /// Gives a lock back and restores the level that taking it returned.
    ///
    /// IRQL: `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kereleasespinlock (read
    /// 2026-11)
    pub(crate) fn KeReleaseSpinLock(lock: *mut KspinLock, old: u8);

    /// Calls a function on a stack of which at least `bytes` are left. With `wait` 0 it fails where
    /// it would have to wait for a stack; `context` is null.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`; there, `wait` is 0.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-keexpandkernelstackandcalloutex
    /// (read 2026-11)
    pub(crate) fn KeExpandKernelStackAndCalloutEx(
        callout: ExpandStackCallout,
        parameter: *mut c_void,
        bytes: usize,
        wait: u8,
        context: *mut c_void,
    ) -> NtStatus;

    /// Writes the time since 1601 UTC in units of 100 ns.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerysystemtimeprecise
    /// (read 2026-11)
    pub(crate) fn KeQuerySystemTimePrecise(time: *mut i64);

    /// Sleeps; a negative interval is relative, in units of 100 ns.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kedelayexecutionthread
    /// (read 2026-11)
    pub(crate) fn KeDelayExecutionThread(mode: i8, alertable: u8, interval: *const i64)
    -> NtStatus;

    /// Initialises a timer.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializetimerex
    /// (read 2026-11)
    pub(crate) fn KeInitializeTimerEx(timer: *mut Ktimer, kind: i32);

    /// Sets a timer: first after `due` (negative is relative, in units of 100 ns), then every
    /// `period_ms`; 1 where it was set already.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kesettimerex (read
    /// 2026-11)
    pub(crate) fn KeSetTimerEx(timer: *mut Ktimer, due: i64, period_ms: i32, dpc: *mut Kdpc) -> u8;

    /// Stops a timer. Its DPC may still be queued or running: [`KeFlushQueuedDpcs`].
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kecanceltimer (read
    /// 2026-11)
    pub(crate) fn KeCancelTimer(timer: *mut Ktimer) -> u8;

    /// Initialises a DPC.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keinitializedpc (read
    /// 2026-11)
    pub(crate) fn KeInitializeDpc(dpc: *mut Kdpc, routine: KdeferredRoutine, context: *mut c_void);

    /// Waits until every DPC that was queued on any processor has run.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keflushqueueddpcs (read
    /// 2026-11)
    pub(crate) fn KeFlushQueuedDpcs();
}

#[cfg_attr(windows, link(name = "hal.dll", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// Ticks of the performance counter, and, unless that is null, how many make a second.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequeryperformancecounter
    /// names hal.dll, which every version of Windows has (read 2026-11)
    pub(crate) fn KeQueryPerformanceCounter(frequency: *mut i64) -> i64;
}
