//! `Ex…`: the executive: pool and rundown protection.

use core::ffi::c_void;

/// `POOL_FLAG_NON_PAGED`: always resident, never executable.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/pool_flags (read 2026-11)
pub(crate) const POOL_FLAG_NON_PAGED: u64 = 0x40;

/// `EX_RUNDOWN_REF`: opaque; 0 is its initial state.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/run-down-protection (read 2026-11)
pub(crate) type ExRundownRef = usize;

#[cfg_attr(windows, link(name = "ntoskrnl.exe", kind = "raw-dylib", modifiers = "+verbatim"))]
unsafe extern "system" {
    /// A block of pool, aligned to 16 bytes, or null. Zeroed unless the flags say otherwise; the
    /// tag is not 0. Windows 10 2004 and later.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL` for non-paged pool.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exallocatepool2 (read
    /// 2026-11)
    pub(crate) fn ExAllocatePool2(flags: u64, bytes: usize, tag: u32) -> *mut c_void;

    /// Gives a block back; the tag is that of its allocation.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL` for non-paged pool.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exfreepoolwithtag (read
    /// 2026-11)
    pub(crate) fn ExFreePoolWithTag(block: *mut c_void, tag: u32);

    /// Takes part in an object's life; 0 where its rundown has begun.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL` where the reference is resident.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exacquirerundownprotection
    /// (read 2026-11)
    pub(crate) fn ExAcquireRundownProtection(reference: *mut ExRundownRef) -> u8;

    /// Ends what [`ExAcquireRundownProtection`] granted.
    ///
    /// IRQL: ≤ `DISPATCH_LEVEL` where the reference is resident.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exreleaserundownprotection
    /// (read 2026-11)
    pub(crate) fn ExReleaseRundownProtection(reference: *mut ExRundownRef);

    /// Begins rundown and waits until every protection granted has been released; none is granted
    /// afterwards.
    ///
    /// IRQL: ≤ `APC_LEVEL`.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-exwaitforrundownprotectionrelease
    /// (read 2026-11)
    pub(crate) fn ExWaitForRundownProtectionRelease(reference: *mut ExRundownRef);
}
