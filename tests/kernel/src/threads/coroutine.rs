//! A thread of the simulated kernel: a stack of its own, which runs until it hands over.
//!
//! All run on one thread of Linux, one at a time, so the kernel's parts need no locks and every
//! run can be repeated. What the driver is called from lies on this stack; the driver itself runs on
//! kernel stacks, as ever (see `stack`).

use crate::host::{PROT_NONE, PROT_READ, PROT_WRITE, Pages, die};
use core::arch::naked_asm;
use core::cell::{Cell, RefCell};
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

/// Bytes of the stack: room for an interpreter of eBPF code, and for the words of a panic.
const STACK_BYTES: usize = 1 << 20;
const GUARD_BYTES: usize = 4096;

/// Registers that a function keeps for its caller, and the place to go on at.
const FRAME_WORDS: usize = 7;

/// What a thread runs.
pub(super) type Work = Box<dyn FnOnce()>;

/// A thread that runs, waits, or has ended.
#[derive(Debug)]
pub(super) struct Coroutine {
    stack: Pages,
    /// Where it goes on.
    pointer: Cell<usize>,
    /// Where whoever resumed it goes on.
    resumer: Cell<usize>,
    task: Task,
    outcome: RefCell<Option<Result<(), String>>>,
}

struct Task(RefCell<Option<Work>>);

impl core::fmt::Debug for Task {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Task")
    }
}

impl Coroutine {
    /// A thread that begins when it is resumed first. It stays where it is: its own stack knows it.
    pub(super) fn new(work: Work) -> Box<Self> {
        let stack = Pages::new(STACK_BYTES, PROT_READ | PROT_WRITE);
        stack.protect(0, GUARD_BYTES, PROT_NONE);
        let this = Box::new(Self {
            stack,
            pointer: Cell::new(0),
            resumer: Cell::new(0),
            task: Task(RefCell::new(Some(work))),
            outcome: RefCell::new(None),
        });
        let top = this.stack.base().expose_provenance() + STACK_BYTES;
        // So that `begin` runs at a multiple of 16, as code that calls does.
        let frame = top - 16 - FRAME_WORDS * 8;
        let words = core::ptr::with_exposed_provenance_mut::<usize>(frame);
        let me = (&raw const *this).expose_provenance();
        let begin: unsafe extern "sysv64" fn() = begin;
        let first = [0, 0, 0, me, 0, 0, begin as *const () as usize];
        // SAFETY: the words lie within the stack, which nobody runs on.
        unsafe { words.copy_from_nonoverlapping(first.as_ptr(), FRAME_WORDS) };
        this.pointer.set(frame);
        this
    }

    /// Runs it until it hands over or ends.
    pub(super) fn resume(&self) {
        // SAFETY: the pointer is what the last hand-over, or `new`, left on a mapped stack.
        unsafe { exchange(self.resumer.as_ptr(), self.pointer.get()) };
    }

    /// Goes back to whoever resumed; returns when it is resumed again. Called on its own stack.
    pub(super) fn hand_over(&self) {
        // SAFETY: the resumer waits in `resume`, on its own stack.
        unsafe { exchange(self.pointer.as_ptr(), self.resumer.get()) };
    }

    /// How it ended, if it has: the words of its panic are the error.
    pub(super) fn outcome(&self) -> Option<Result<(), String>> {
        self.outcome.borrow().clone()
    }
}

/// The first function of every thread.
extern "sysv64" fn run(coroutine: *const Coroutine) -> ! {
    // SAFETY: `new` wrote the address of its box, which outlives the stack.
    let coroutine = unsafe { &*coroutine };
    let work = coroutine.task.0.take();
    let outcome = catch_unwind(AssertUnwindSafe(|| work.map(|work| work())));
    let told = outcome.map(|_| ()).map_err(|panic| words_of(&*panic));
    coroutine.outcome.replace(Some(told));
    coroutine.hand_over();
    die("a thread that had ended was resumed");
}

fn words_of(panic: &(dyn core::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic").to_owned()
}

/// Where a new stack begins: `r12` is the coroutine, as `new` laid it down.
///
/// # Safety
/// Only reached through [`exchange`] from a frame of [`Coroutine::new`].
#[unsafe(naked)]
unsafe extern "sysv64" fn begin() {
    naked_asm!("mov rdi, r12", "call {run}", "ud2", run = sym run)
}

/// Keeps this stack's place in `here` and goes on at `there`.
///
/// # Safety
/// `there` is what an earlier exchange, or [`Coroutine::new`], left.
#[unsafe(naked)]
unsafe extern "sysv64" fn exchange(here: *mut usize, there: usize) {
    naked_asm!(
        "push rbp",
        "push rbx",
        "push r12",
        "push r13",
        "push r14",
        "push r15",
        "mov [rdi], rsp",
        "mov rsp, rsi",
        "pop r15",
        "pop r14",
        "pop r13",
        "pop r12",
        "pop rbx",
        "pop rbp",
        "ret",
    )
}
