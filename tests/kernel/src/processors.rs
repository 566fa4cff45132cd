//! Processors: which one runs, at which level, and threads that are bound to one.
//!
//! One thing runs at a time; a test says on which processor ([`Kernel::on_processor`]).

use crate::calls::enter_import;
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, HIGH_LEVEL, Import, Kernel};
use core::cell::Cell;

/// Processors of a group.
///
/// Source: learn.microsoft.com/windows/win32/procthread/processor-groups (read 2026-11)
const GROUP_PROCESSORS: u32 = 64;

/// `ALL_PROCESSOR_GROUPS`.
const ALL_GROUPS: u16 = 0xFFFF;

/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const INVALID_PARAMETER: i32 = 0xC000_000D_u32.cast_signed();

/// `PROCESSOR_NUMBER`.
///
/// Source: learn.microsoft.com/windows/win32/api/winnt/ns-winnt-processor_number (read 2026-11)
#[derive(Clone, Copy, Debug)]
#[repr(C)]
struct ProcessorNumber {
    group: u16,
    number: u8,
    reserved: u8,
}

/// `GROUP_AFFINITY`.
///
/// Source: learn.microsoft.com/windows/win32/api/winnt/ns-winnt-group_affinity (read 2026-11)
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Affinity {
    mask: usize,
    group: u16,
    reserved: [u16; 3],
}

/// Where the running thread belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding {
    /// All zero where the thread runs anywhere.
    system: Affinity,
    /// The processor it was on before it was bound.
    home: u32,
}

/// The processors of a machine.
#[derive(Debug)]
pub struct Processors {
    /// Level of each.
    irql: Vec<Cell<u8>>,
    current: Cell<u32>,
    affinity: Cell<Affinity>,
    home: Cell<u32>,
}

impl Binding {
    /// A thread that runs anywhere.
    pub(crate) const NONE: Self =
        Self { system: Affinity { mask: 0, group: 0, reserved: [0; 3] }, home: 0 };

    /// Whether the thread is bound otherwise than it was; where it came from does not matter.
    pub(crate) fn is_elsewhere(&self, before: &Self) -> bool {
        self.system != before.system
    }

    /// Whether the thread may run on one processor only.
    pub(crate) const fn is_bound(&self) -> bool {
        self.system.mask != 0
    }
}

impl Processors {
    pub(crate) fn new(count: u32) -> Self {
        let irql = (0..count.max(1)).map(|_| Cell::new(0)).collect();
        Self { irql, current: Cell::new(0), affinity: Cell::default(), home: Cell::new(0) }
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        u32::try_from(self.irql.len()).unwrap_or(u32::MAX)
    }

    /// The one that runs.
    #[must_use]
    pub const fn current(&self) -> u32 {
        self.current.get()
    }

    /// Its level.
    #[must_use]
    pub fn irql(&self) -> u8 {
        self.level().get()
    }

    pub(crate) fn set_irql(&self, irql: u8) {
        self.level().set(irql);
    }

    /// Goes to another processor and returns the one before.
    ///
    /// # Panics
    /// If the machine does not have it.
    pub(crate) fn switch_to(&self, number: u32) -> u32 {
        assert!(number < self.count(), "processor {number} of {}", self.count());
        self.current.replace(number)
    }

    pub(crate) const fn affinity(&self) -> Binding {
        Binding { system: self.affinity.get(), home: self.home.get() }
    }

    pub(crate) fn restore_affinity(&self, binding: Binding) {
        self.affinity.set(binding.system);
        self.home.set(binding.home);
        self.current.set(binding.home);
    }

    /// A thread goes on: here, at this level, bound as it was.
    pub(crate) fn resume(&self, binding: Binding, processor: u32, irql: u8) {
        self.affinity.set(binding.system);
        self.home.set(binding.home);
        self.switch_to(processor);
        self.set_irql(irql);
    }

    fn level(&self) -> &Cell<u8> {
        let index = usize::try_from(self.current.get()).unwrap_or(0);
        // `switch_to` lets only existing ones become current.
        &self.irql[index]
    }

    /// The lowest processor of an affinity.
    fn lowest(&self, affinity: Affinity) -> Option<u32> {
        if affinity.mask == 0 {
            return None;
        }
        let number = u32::from(affinity.group) * GROUP_PROCESSORS + affinity.mask.trailing_zeros();
        (number < self.count()).then_some(number)
    }
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![
        import("KeGetCurrentProcessorNumberEx", current_number as *const () as usize),
        import("KeQueryMaximumProcessorCountEx", maximum_count as *const () as usize),
        import("KeGetProcessorNumberFromIndex", from_index as *const () as usize),
        import("KeSetSystemGroupAffinityThread", set_affinity as *const () as usize),
        import("KeRevertToUserGroupAffinityThread", revert_affinity as *const () as usize),
        import("KfRaiseIrql", raise_irql as *const () as usize),
        import("KeLowerIrql", lower_irql as *const () as usize),
    ]
}

fn split(number: u32) -> ProcessorNumber {
    ProcessorNumber {
        group: u16::try_from(number / GROUP_PROCESSORS).unwrap_or(u16::MAX),
        number: u8::try_from(number % GROUP_PROCESSORS).unwrap_or(u8::MAX),
        reserved: 0,
    }
}

unsafe extern "win64" fn current_number(number: *mut ProcessorNumber) -> u32 {
    let kernel = enter_import("KeGetCurrentProcessorNumberEx", HIGH_LEVEL);
    let current = kernel.processors.current();
    if !number.is_null() {
        // SAFETY: the caller passes null or room for a number.
        unsafe { number.write(split(current)) };
    }
    current
}

extern "win64" fn maximum_count(group: u16) -> u32 {
    let kernel = enter_import("KeQueryMaximumProcessorCountEx", HIGH_LEVEL);
    let count = kernel.processors.count();
    if group == ALL_GROUPS {
        return count;
    }
    count.saturating_sub(u32::from(group) * GROUP_PROCESSORS).min(GROUP_PROCESSORS)
}

unsafe extern "win64" fn from_index(index: u32, number: *mut ProcessorNumber) -> i32 {
    let kernel = enter_import("KeGetProcessorNumberFromIndex", HIGH_LEVEL);
    if let Some(status) = kernel.faults.take("KeGetProcessorNumberFromIndex") {
        return status;
    }
    if index >= kernel.processors.count() {
        return INVALID_PARAMETER;
    }
    // SAFETY: the caller passes room for a number.
    unsafe { number.write(split(index)) };
    0
}

/// Moves the running thread at once, as Windows does below `DISPATCH_LEVEL`; above it the move
/// would wait, which no caller here wants.
unsafe extern "win64" fn set_affinity(wanted: *const Affinity, previous: *mut Affinity) {
    let kernel = enter_import("KeSetSystemGroupAffinityThread", APC_LEVEL);
    kernel.require_no_locks("KeSetSystemGroupAffinityThread");
    // SAFETY: the caller passes an affinity.
    let wanted = unsafe { wanted.read() };
    let processors = &kernel.processors;
    let before = processors.affinity.get();
    if !previous.is_null() {
        // SAFETY: the caller passes null or room for an affinity.
        unsafe { previous.write(before) };
    }
    let Some(number) = processors.lowest(wanted).filter(|_| wanted.reserved == [0; 3]) else {
        return kernel.violation(format!("KeSetSystemGroupAffinityThread with {wanted:?}"));
    };
    if before.mask == 0 {
        processors.home.set(processors.current());
    }
    processors.affinity.set(wanted);
    go(kernel, number);
}

unsafe extern "win64" fn revert_affinity(previous: *const Affinity) {
    let kernel = enter_import("KeRevertToUserGroupAffinityThread", APC_LEVEL);
    let processors = &kernel.processors;
    if processors.affinity.get().mask == 0 {
        return kernel
            .violation("KeRevertToUserGroupAffinityThread without an affinity".to_owned());
    }
    // SAFETY: the caller passes an affinity, which an earlier call wrote.
    let previous = unsafe { previous.read() };
    processors.affinity.set(previous);
    go(kernel, processors.lowest(previous).unwrap_or_else(|| processors.home.get()));
}

/// The thread goes on elsewhere, and takes its level along.
fn go(kernel: &Kernel, number: u32) {
    let irql = kernel.irql();
    kernel.processors.set_irql(0);
    kernel.move_to(number);
    kernel.processors.set_irql(irql);
}

extern "win64" fn raise_irql(new: u8) -> u8 {
    // Nobody here has a reason to go higher.
    let kernel = enter_import("KfRaiseIrql", DISPATCH_LEVEL);
    let before = kernel.irql();
    if new < before {
        kernel.violation(format!("KfRaiseIrql to {new} from {before}"));
    }
    kernel.processors.set_irql(new);
    before
}

extern "win64" fn lower_irql(old: u8) {
    let kernel = enter_import("KeLowerIrql", HIGH_LEVEL);
    if old > kernel.irql() {
        kernel.violation(format!("KeLowerIrql to {old} from {}", kernel.irql()));
    }
    if old < DISPATCH_LEVEL {
        kernel.require_no_locks("KeLowerIrql");
    }
    kernel.processors.set_irql(old);
}
