//! The time stamp counter: x64 has one, other machines are timed by the performance counter.
//!
//! The one place that depends on the processor: its instructions exist on x64 only.

pub(crate) use machine::{is_invariant, read};

#[cfg(target_arch = "x86_64")]
mod machine {
    use core::arch::x86_64::{__cpuid, _rdtsc};

    /// Whether it counts at one rate in every state of the processor.
    ///
    /// Source: Intel SDM volume 3B, 18.17.1, and AMD APM volume 3, `CPUID` Fn8000_0007_EDX bit 8
    /// (read 2026-11)
    pub(crate) fn is_invariant() -> bool {
        let extended_max = __cpuid(0x8000_0000).eax;
        extended_max >= 0x8000_0007 && __cpuid(0x8000_0007).edx & (1 << 8) != 0
    }

    /// Reads it.
    ///
    /// IRQL: any.
    pub(crate) fn read() -> u64 {
        // SAFETY: every x64 processor has the instruction, and the kernel may use it.
        unsafe { _rdtsc() }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod machine {
    /// There is none.
    pub(crate) const fn is_invariant() -> bool {
        false
    }

    /// Nobody reads it.
    pub(crate) const fn read() -> u64 {
        0
    }
}
