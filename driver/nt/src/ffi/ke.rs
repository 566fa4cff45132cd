//! `Ke…`: the kernel core.

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
    pub(crate) fn KeGetCurrentProcessorNumberEx(number: *mut u32) -> u32;

    /// Raises to a level and returns what was. On x64 the headers make `KeRaiseIrql` and
    /// `KeRaiseIrqlToDpcLevel` of this export; it is what drivers import.
    ///
    /// IRQL: at most the new level.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-keraiseirql; exported on
    /// x64: mingw-w64, libntoskrnl.a and reactos/reactos, ntoskrnl/ntoskrnl.spec (read 2026-11)
    pub(crate) fn KfRaiseIrql(new: u8) -> u8;

    /// Restores what a raise returned.
    ///
    /// IRQL: that of the raise; the argument must be what it returned.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kelowerirql; exported
    /// on x64: mingw-w64, libntoskrnl.a (read 2026-11)
    pub(crate) fn KeLowerIrql(old: u8);

    /// Writes the time since 1601 UTC in units of 100 ns.
    ///
    /// IRQL: any.
    /// Source: learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-kequerysystemtimeprecise
    /// (read 2026-11)
    pub(crate) fn KeQuerySystemTimePrecise(time: *mut i64);
}
