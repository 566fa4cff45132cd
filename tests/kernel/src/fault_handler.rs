//! Says in whose stack, or where in the driver, the process died of a bad address.

use crate::host::{PROT_READ, PROT_WRITE, Pages, die};
use crate::{kernel, stack};
use core::ffi::{c_int, c_void};
use std::sync::OnceLock;

// Source of numbers and layouts: man7.org/linux/man-pages/man2/sigaction.2.html,
// sigaltstack.2.html and glibc's sysdeps/unix/sysv/linux/x86 (read 2026-11)
const SIGSEGV: c_int = 11;
const SIGBUS: c_int = 7;
const SIGTRAP: c_int = 5;
const SA_SIGINFO: c_int = 4;
const SA_ONSTACK: c_int = 0x0800_0000;
/// Where `siginfo_t` has the address that was touched, in words.
const INFO_ADDRESS: usize = 2;
/// Where `ucontext_t` has the instruction pointer, in words: behind five words and sixteen
/// registers.
const CONTEXT_RIP: usize = 5 + 16;

/// Bytes of the stack that the handler runs on.
const HANDLER_STACK_BYTES: usize = 64 << 10;

/// `struct sigaction`.
#[repr(C)]
struct Action {
    handler: usize,
    mask: [u64; 16],
    flags: c_int,
    restorer: usize,
}

/// `stack_t`.
#[repr(C)]
struct AlternateStack {
    base: *mut u8,
    flags: c_int,
    bytes: usize,
}

unsafe extern "C" {
    fn sigaction(signal: c_int, action: *const Action, before: *mut Action) -> c_int;
    fn sigaltstack(stack: *const AlternateStack, before: *mut AlternateStack) -> c_int;
}

/// What handled the signals before, those of [`SIGSEGV`] and [`SIGBUS`].
static BEFORE: OnceLock<[Action; 2]> = OnceLock::new();

thread_local! {
    /// The driver's own stack may be what is missing.
    static HANDLER_STACK: Pages = {
        let pages = Pages::new(HANDLER_STACK_BYTES, PROT_READ | PROT_WRITE);
        let stack = AlternateStack { base: pages.base(), flags: 0, bytes: pages.bytes() };
        // SAFETY: the memory is mapped and used for nothing else; it lives as long as the thread.
        let result = unsafe { sigaltstack(&raw const stack, core::ptr::null_mut()) };
        assert_eq!(result, 0, "sigaltstack");
        pages
    };
}

/// Makes sure that this thread's faults are told.
pub(crate) fn install() {
    HANDLER_STACK.with(|_| ());
    BEFORE.get_or_init(|| {
        replace(SIGTRAP, go_on);
        [replace(SIGSEGV, handle), replace(SIGBUS, handle)]
    });
}

/// A handler, with what the system says of the fault and of the thread.
type Handler = unsafe extern "C" fn(c_int, *const c_void, *mut c_void);

fn replace(signal: c_int, handler: Handler) -> Action {
    let flags = SA_SIGINFO | SA_ONSTACK;
    let action =
        Action { handler: handler as *const () as usize, mask: [0; 16], flags, restorer: 0 };
    let mut before = Action { handler: 0, mask: [0; 16], flags: 0, restorer: 0 };
    // SAFETY: both are whole structures, and the handler has the signature that the flags say.
    let result = unsafe { sigaction(signal, &raw const action, &raw mut before) };
    assert_eq!(result, 0, "sigaction");
    before
}

/// A breakpoint of the driver: goes on in the code behind it.
unsafe extern "C" fn go_on(_: c_int, _: *const c_void, context: *mut c_void) {
    let rip_at = context.cast::<usize>().wrapping_add(CONTEXT_RIP);
    // SAFETY: the system passes a `ucontext_t`, of which this is a word.
    let behind = unsafe { rip_at.read() };
    match kernel::stub_of(behind - 1) {
        // SAFETY: as above; the system takes it over when this returns.
        Some(stub) => unsafe { rip_at.write(stub) },
        None => die(&match kernel::offset_in_driver(behind - 1) {
            Some(offset) => format!("the driver came to an int3 at weir.sys+{offset:#x}"),
            None => format!("int3 at {:#x}", behind - 1),
        }),
    }
}

unsafe extern "C" fn handle(signal: c_int, info: *const c_void, context: *mut c_void) {
    let address_at = info.cast::<usize>().wrapping_add(INFO_ADDRESS);
    // SAFETY: the system passes a `siginfo_t`, of which this is a word.
    let address = unsafe { address_at.read() };
    let rip_at = context.cast::<usize>().wrapping_add(CONTEXT_RIP);
    // SAFETY: the system passes a `ucontext_t`, of which this is a word.
    let rip = unsafe { rip_at.read() };
    if let Some(entry) = stack::overflown(address) {
        die(&format!("stack overflow in `{entry}`: {address:#x} is below its stack"));
    }
    if let Some(offset) = kernel::offset_in_driver(rip) {
        die(&format!("the driver touched {address:#x} at weir.sys+{offset:#x}"));
    }
    let words = format!("{address:#x} was touched at {rip:#x}, which is not the driver\n");
    let _unwritable = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
    // Not the driver's: whoever handled the signal before gets it when the instruction is tried
    // again.
    let which = usize::from(signal == SIGBUS);
    if let Some(before) = BEFORE.get() {
        // SAFETY: the structure is what the system gave when this handler took its place.
        let _nothing_else_to_try =
            unsafe { sigaction(signal, &raw const before[which], core::ptr::null_mut()) };
    }
}
