//! Kernel stacks: 24 KB each, with memory below that cannot be touched.
//!
//! The driver runs on such a stack and on nothing else. What this crate does for it, an import for
//! instance, runs on the thread's own stack (`loader` sees to that), so that the depth that is
//! measured is the driver's alone. A stack lies at the end of a region whose size is a power of
//! two; from any address on it the region's last words can be found, where the place on the
//! thread's own stack is kept.

use crate::calls::enter_import;
use crate::host::{PROT_NONE, PROT_READ, PROT_WRITE, Pages};
use crate::kernel::{APC_LEVEL, DISPATCH_LEVEL, Import};
use core::arch::naked_asm;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::panic::AssertUnwindSafe;
use std::collections::BTreeMap;
use std::panic::{catch_unwind, resume_unwind};

/// Bytes of the stack of a kernel thread on x64.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/kernel/using-the-kernel-stack and
/// `KERNEL_STACK_SIZE` of ntddk.h, 0x6000 (read 2026-11)
pub const KERNEL_STACK_BYTES: usize = 24 << 10;

/// The most that [`expand`] gives, `MAXIMUM_EXPANSION_SIZE`: `KERNEL_LARGE_STACK_SIZE`, 0x12000,
/// less half a page.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/
/// nf-ntddk-keexpandkernelstackandcalloutex and ntddk.h (read 2026-11)
const EXPANSION_BYTES_MAX: usize = 0x12000 - 0x800;

/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const INVALID_PARAMETER_3: i32 = 0xC000_00F1_u32.cast_signed();

const PAGE_BYTES: usize = 4096;

/// Bytes of a region: the largest stack, the page above it, and a guard larger than any frame.
pub(crate) const REGION_BYTES: usize = 128 << 10;

/// Where the thread's own stack goes on, from the end of a region.
pub(crate) const HOST_STACK_SLOT: usize = 16;
/// Address and length of the name of the entry point.
const NAME_SLOT: usize = 32;

/// What a stack holds where nothing was written.
const PATTERN: u64 = 0xE5E5_5E5E_A1A1_1A1A;

thread_local! {
    /// Region of the latest stack that was entered; 0 is none.
    static ACTIVE: Cell<usize> = const { Cell::new(0) };
}

/// The kernel stacks of a machine.
#[derive(Debug)]
pub struct Stacks {
    free: RefCell<Vec<Stack>>,
    marks: RefCell<BTreeMap<&'static str, usize>>,
    measures: Cell<bool>,
}

#[derive(Debug)]
struct Stack {
    /// Twice a region; the region is the aligned part of it.
    _pages: Pages,
    region: usize,
    bytes: usize,
    /// Below what was used, every word is the pattern.
    is_filled: Cell<bool>,
}

/// What is called on another stack, and what came of it.
struct Job<F, R> {
    call: Option<F>,
    result: Option<std::thread::Result<R>>,
}

impl Stacks {
    pub(crate) const fn new(measures: bool) -> Self {
        Self {
            free: RefCell::new(Vec::new()),
            marks: RefCell::new(BTreeMap::new()),
            measures: Cell::new(measures),
        }
    }

    /// Turns the measuring on or off.
    pub fn measure(&self, measures: bool) {
        self.measures.set(measures);
    }

    /// The most bytes of stack that each entry point used, what it called included.
    #[must_use]
    pub fn marks(&self) -> BTreeMap<&'static str, usize> {
        self.marks.borrow().clone()
    }

    /// The most bytes that one entry point used.
    #[must_use]
    pub fn mark(&self, entry: &str) -> usize {
        self.marks.borrow().get(entry).copied().unwrap_or(0)
    }

    /// Gives back stacks that nobody is on.
    pub(crate) fn release(&self) {
        self.free.borrow_mut().clear();
    }

    /// Calls on a stack of at least `bytes`, whole pages of which can be used.
    pub(crate) fn run<R>(&self, entry: &'static str, bytes: usize, call: impl FnOnce() -> R) -> R {
        let stack = self.take(bytes.next_multiple_of(PAGE_BYTES).max(PAGE_BYTES));
        let is_measured = self.measures.get();
        if is_measured {
            stack.fill();
        }
        stack.set_name(entry);
        let before = ACTIVE.replace(stack.region);
        let result = call_on(stack.top(), stack.slot(HOST_STACK_SLOT), call);
        ACTIVE.set(before);
        if is_measured {
            let used = stack.used();
            let mut marks = self.marks.borrow_mut();
            let mark = marks.entry(entry).or_insert(0);
            *mark = used.max(*mark);
        } else {
            stack.is_filled.set(false);
        }
        self.free.borrow_mut().push(stack);
        result.unwrap_or_else(|panic| resume_unwind(panic))
    }

    fn take(&self, bytes: usize) -> Stack {
        let mut free = self.free.borrow_mut();
        let known = free.iter().rposition(|stack| stack.bytes == bytes);
        known.map_or_else(|| Stack::new(bytes), |place| free.swap_remove(place))
    }
}

/// Runs `call` on the thread's own stack, if a kernel stack is what runs now.
///
/// For functions that the driver calls by pointer, and that shall not count as the driver's depth.
pub fn on_host<R>(call: impl FnOnce() -> R) -> R {
    let local = 0_u8;
    let here = (&raw const local).addr();
    let region = ACTIVE.get();
    if region == 0 || !(region..region + REGION_BYTES).contains(&here) {
        return call();
    }
    let slot = core::ptr::with_exposed_provenance::<usize>(region + REGION_BYTES - HOST_STACK_SLOT);
    // SAFETY: the region of an active stack is mapped, and `switch` wrote the slot.
    let host = unsafe { slot.read() };
    let mut unused = 0;
    call_on(host, &raw mut unused, call).unwrap_or_else(|panic| resume_unwind(panic))
}

/// The kernel stack that runs, for threads that take turns; 0 is none.
pub(crate) fn replace_active(region: usize) -> usize {
    ACTIVE.replace(region)
}

/// Whether an address lies on the kernel stack that runs.
pub(crate) fn is_on_kernel_stack(address: usize) -> bool {
    let region = ACTIVE.get();
    region != 0 && (region..region + REGION_BYTES).contains(&address)
}

/// The entry point whose stack an address lies below, for the handler of faults.
pub(crate) fn overflown(address: usize) -> Option<&'static str> {
    let region = ACTIVE.get();
    if region == 0 || !(region..region + REGION_BYTES).contains(&address) {
        return None;
    }
    let slot =
        core::ptr::with_exposed_provenance::<&'static str>(region + REGION_BYTES - NAME_SLOT);
    // SAFETY: the region of an active stack is mapped, and `set_name` wrote the slot.
    Some(unsafe { slot.read() })
}

impl Stack {
    fn new(bytes: usize) -> Self {
        assert!(bytes <= EXPANSION_BYTES_MAX.next_multiple_of(PAGE_BYTES), "a stack of {bytes}");
        let pages = Pages::new(2 * REGION_BYTES, PROT_NONE);
        let base = pages.base().expose_provenance();
        let region = base.next_multiple_of(REGION_BYTES);
        let used = bytes + PAGE_BYTES;
        pages.protect(region + REGION_BYTES - used - base, used, PROT_READ | PROT_WRITE);
        Self { _pages: pages, region, bytes, is_filled: Cell::new(false) }
    }

    /// The first byte above the stack.
    const fn top(&self) -> usize {
        self.region + REGION_BYTES - PAGE_BYTES
    }

    const fn slot(&self, from_end: usize) -> *mut usize {
        core::ptr::with_exposed_provenance_mut(self.region + REGION_BYTES - from_end)
    }

    fn set_name(&self, name: &'static str) {
        let slot = self.slot(NAME_SLOT).cast::<&'static str>();
        // SAFETY: the page above the stack is mapped and belongs to this stack.
        unsafe { slot.write(name) };
    }

    /// The stack as words. Nobody runs on it meanwhile.
    fn words(&self) -> &[Cell<u64>] {
        let bottom = core::ptr::with_exposed_provenance::<Cell<u64>>(self.top() - self.bytes);
        // SAFETY: the pages are mapped, belong to this stack, and hold plain numbers.
        unsafe { core::slice::from_raw_parts(bottom, self.bytes / 8) }
    }

    fn fill(&self) {
        if !self.is_filled.replace(true) {
            self.words().iter().for_each(|word| word.set(PATTERN));
        }
    }

    /// Bytes that were used since [`Stack::fill`]; they hold the pattern again.
    fn used(&self) -> usize {
        let words = self.words();
        let first = words.iter().position(|word| word.get() != PATTERN).unwrap_or(words.len());
        let used = words.get(first..).unwrap_or_default();
        used.iter().for_each(|word| word.set(PATTERN));
        used.len() * 8
    }
}

/// Calls with the stack pointer at `top`, keeping the old one in `slot`.
fn call_on<F: FnOnce() -> R, R>(top: usize, slot: *mut usize, call: F) -> std::thread::Result<R> {
    let mut job = Job { call: Some(call), result: None };
    // SAFETY: `top` is 16-byte aligned with unused mapped memory below, `slot` can be written, and
    // `work` gets the job that it was made for and does not unwind.
    unsafe { switch(top, slot, work::<F, R>, (&raw mut job).cast()) };
    match job.result {
        Some(result) => result,
        None => crate::host::die("a call on another stack did not come back"),
    }
}

unsafe extern "sysv64" fn work<F: FnOnce() -> R, R>(job: *mut c_void) {
    // SAFETY: `call_on` passes its job, to which nobody else refers until this returns.
    let job = unsafe { &mut *job.cast::<Job<F, R>>() };
    // A panic cannot pass the change of stacks; it goes on behind it.
    job.result = job.call.take().map(|call| catch_unwind(AssertUnwindSafe(call)));
}

/// Changes to the stack that ends at `top`, calls, and changes back.
///
/// # Safety
/// See the caller, [`call_on`].
#[unsafe(naked)]
unsafe extern "sysv64" fn switch(
    top: usize,
    slot: *mut usize,
    call: unsafe extern "sysv64" fn(*mut c_void),
    data: *mut c_void,
) {
    naked_asm!(
        "push rbp",
        "mov rbp, rsp",
        "mov [rsi], rsp",
        "mov rsp, rdi",
        "mov rdi, rcx",
        "call rdx",
        "mov rsp, rbp",
        "pop rbp",
        "ret",
    )
}

pub(crate) fn imports() -> Vec<Import> {
    let module = "ntoskrnl.exe";
    let import = |name, address| Import { module, name, address };
    vec![import("KeExpandKernelStackAndCalloutEx", expand as *const () as usize)]
}

/// Calls on a fresh stack of the size asked for, whatever is left of the present one: a driver that
/// asks for too little is found out.
///
/// Source: learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/
/// nf-ntddk-keexpandkernelstackandcalloutex (read 2026-11)
extern "win64" fn expand(
    callout: unsafe extern "win64" fn(*mut c_void),
    parameter: *mut c_void,
    bytes: usize,
    waits: u8,
    context: *mut c_void,
) -> i32 {
    const NAME: &str = "KeExpandKernelStackAndCalloutEx";
    let kernel = enter_import(NAME, if waits == 0 { DISPATCH_LEVEL } else { APC_LEVEL });
    if waits != 0 {
        kernel.require_no_locks(NAME);
    }
    if !context.is_null() {
        kernel.violation(format!("{NAME} with a context, which is reserved"));
    }
    if bytes > EXPANSION_BYTES_MAX {
        return INVALID_PARAMETER_3;
    }
    if let Some(status) = kernel.faults.take(NAME) {
        return status;
    }
    kernel.stacks.run("expanded stack", bytes, || {
        // SAFETY: the driver passed this function for this parameter.
        unsafe { callout(parameter) }
    });
    0
}
