//! Processors and memory of this machine.

use crate::rule::Machine;
use windows::Win32::System::SystemInformation::{GlobalMemoryStatusEx, MEMORYSTATUSEX};
use windows::Win32::System::Threading::{ALL_PROCESSOR_GROUPS, GetActiveProcessorCount};

/// Where Windows does not say: little, so that buffers stay small.
const MEMORY_UNKNOWN: u64 = 4 << 30;

/// This machine. All processor groups: the standard library counts those that the process may use,
/// ETW has buffers for each that there is.
pub(super) fn this() -> Machine {
    // SAFETY: takes a number, returns a number.
    let processors = unsafe { GetActiveProcessorCount(ALL_PROCESSOR_GROUPS) };
    let mut status = MEMORYSTATUSEX::default();
    status.dwLength = u32::try_from(size_of::<MEMORYSTATUSEX>()).unwrap_or(0);
    // SAFETY: points to a structure that says its own size, for the duration of the call.
    let asked = unsafe { GlobalMemoryStatusEx(&raw mut status) };
    let memory_bytes = if asked.is_ok() { status.ullTotalPhys } else { MEMORY_UNKNOWN };
    Machine { processors, memory_bytes }
}
