//! What the driver calls: the dispatch table of an attachment.
//!
//! As the real core does, an invocation writes into the 64 bytes before the context, which must be
//! the caller's to lose, and sets the answer to 0 when it fails.
//!
//! Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_link.c, ebpf_program.c and
//! docs/eBpfExtensions.md (read 2026-11)

use super::body::{DATA_END, DATA_START, Input, Ran, Seen, decode};
use super::information::Helper;
use super::layout::{ContextDescriptor, Dispatch, ExecutionState, HelperFn, result};
use super::link::{Link, MAGIC, Phase};
use super::program::ProgramClient;
use crate::kernel::{DISPATCH_LEVEL, Kernel, current};
use crate::memory;
use crate::stack::{is_on_kernel_stack, on_host};
use core::ffi::c_void;
use core::ptr;
use weir_abi::context::{CONTEXT_BYTES, CONTEXT_HEADER_BYTES};

/// The table that attachments show.
pub(super) static DISPATCH: Dispatch =
    Dispatch { version: 1, count: 4, invoke, batch_begin, batch_invoke, batch_end };

/// The table of attachments that answer a constant.
pub(super) static CONSTANT_DISPATCH: Dispatch = Dispatch {
    version: 1,
    count: 4,
    invoke: invoke_constant,
    batch_begin,
    batch_invoke: batch_invoke_constant,
    batch_end,
};

/// What points before and after a program are called.
const BEFORE_PROGRAM: u64 = 2 << 40;
const AFTER_PROGRAM: u64 = 3 << 40;

/// What the core writes over a header and a context when a test wants it to.
const SCRIBBLE: u8 = 0xcc;

extern "win64" fn invoke(link: *const c_void, context: *mut u8, answer: *mut u32) -> i32 {
    let state = ExecutionState::default();
    on_host(|| invoke_link(link, context, answer, &state))
}

extern "win64" fn batch_begin(bytes: usize, state: *mut ExecutionState) -> i32 {
    if bytes < size_of::<ExecutionState>() || state.is_null() {
        return result::INVALID_ARGUMENT;
    }
    let mut begun = ExecutionState::default();
    begun.words[0] = MAGIC;
    memory::store(state, begun);
    result::SUCCESS
}

extern "win64" fn batch_invoke(
    link: *const c_void,
    context: *mut u8,
    answer: *mut u32,
    state: *const ExecutionState,
) -> i32 {
    on_host(|| match memory::fetch(state) {
        Some(begun) if begun.words[0] == MAGIC => invoke_link(link, context, answer, &begun),
        _ => {
            current().violation("batch_invoke without batch_begin".to_owned());
            result::INVALID_ARGUMENT
        }
    })
}

extern "win64" fn batch_end(state: *mut ExecutionState) -> i32 {
    memory::store(state, ExecutionState::default());
    result::SUCCESS
}

extern "win64" fn invoke_constant(link: *const c_void, _: *mut u8, answer: *mut u32) -> i32 {
    // SAFETY: the driver has this table from the attachment whose context it passes back.
    let link = unsafe { &*link.cast::<Link>() };
    link.invocations.set(link.invocations.get() + 1);
    memory::store(answer, link.constant);
    result::SUCCESS
}

extern "win64" fn batch_invoke_constant(
    link: *const c_void,
    context: *mut u8,
    answer: *mut u32,
    _: *const ExecutionState,
) -> i32 {
    invoke_constant(link, context, answer)
}

fn invoke_link(
    link: *const c_void,
    context: *mut u8,
    answer: *mut u32,
    state: &ExecutionState,
) -> i32 {
    let kernel = current();
    kernel.require_irql("invoke", DISPATCH_LEVEL);
    let magic: Option<u64> = memory::fetch(link.cast());
    if magic != Some(MAGIC) || context.is_null() || answer.is_null() {
        kernel
            .violation(format!("invoke({link:p}, {context:p}, {answer:p}): no such link or null"));
        return result::INVALID_ARGUMENT;
    }
    // SAFETY: the magic says that it is a link, and links live for ever.
    let link = unsafe { &*link.cast::<Link>() };
    if matches!(link.phase.get(), Phase::Detached) {
        kernel.violation("a program was invoked after its detachment was complete".to_owned());
    }
    link.invocations.set(link.invocations.get() + 1);
    link.in_flight.set(link.in_flight.get() + 1);
    let flow = flow_of(context);
    kernel.threads.begin_invocation(flow);
    kernel.point(BEFORE_PROGRAM);
    let outcome = run(kernel, link.program, context, state);
    kernel.point(AFTER_PROGRAM);
    kernel.threads.end_invocation(flow);
    link.in_flight.set(link.in_flight.get() - 1);
    memory::store(answer, outcome.unwrap_or(0));
    outcome.err().unwrap_or(result::SUCCESS)
}

/// The flow of a context, read as [`super::body`] does.
fn flow_of(context: *const u8) -> u64 {
    const FLOW_ID: usize = 72;
    memory::fetch(context.wrapping_add(FLOW_ID).cast()).unwrap_or(0)
}

/// Runs a program on a context, which has its header before it.
pub(super) fn run(
    kernel: &Kernel,
    program: &ProgramClient,
    context: *mut u8,
    state: &ExecutionState,
) -> Result<u32, i32> {
    static DESCRIPTOR: ContextDescriptor =
        ContextDescriptor { size: 104, data: 88, end: 96, meta: -1 };
    if !context.addr().is_multiple_of(8) {
        kernel.violation(format!("the context at {context:p} is not aligned"));
    }
    let header = context.wrapping_sub(CONTEXT_HEADER_BYTES);
    memory::store(header.cast(), ptr::from_ref(state));
    memory::store(header.wrapping_add(8).cast(), &raw const DESCRIPTOR);
    if !program.is_attached() {
        return Err(result::EXTENSION_FAILED_TO_LOAD);
    }
    let mut bytes = [0; CONTEXT_BYTES];
    bytes.copy_from_slice(&memory::bytes_at(context, CONTEXT_BYTES));
    let data = segment(kernel, &bytes);
    let pid_tgid = program.pid_tgid(context);
    // Taken out while it runs: what a script does may come back here.
    let Some(mut body) = program.body.take() else {
        kernel.violation("a program was invoked while it ran on the same processor".to_owned());
        return Err(result::FAILED);
    };
    let seen = || Seen {
        context: decode(&bytes),
        bytes,
        data: data.map(<[u8]>::to_vec),
        is_on_stack: is_on_kernel_stack(header.addr())
            && is_on_kernel_stack(context.addr() + CONTEXT_BYTES - 1),
        irql: kernel.irql(),
        processor: kernel.processors.current(),
        pid_tgid,
    };
    let now_ns = kernel.time.unix_ns();
    let Ran { outcome, scribbles } =
        body.run(seen, &Input { context: &bytes, data, pid_tgid, now_ns });
    program.body.replace(Some(body));
    if scribbles {
        // SAFETY: header and context lie before and behind the pointer and are the core's and the
        // program's to write during an invocation.
        unsafe { header.write_bytes(SCRIBBLE, CONTEXT_HEADER_BYTES + CONTEXT_BYTES) };
    }
    outcome
}

/// The bytes between the context's pointers, where they are; a program may read nothing else.
fn segment<'a>(kernel: &Kernel, context: &'a [u8; CONTEXT_BYTES]) -> Option<&'a [u8]> {
    let pointer = |at: usize| {
        let mut word = [0; 8];
        word.copy_from_slice(&context[at..at + 8]);
        usize::try_from(u64::from_le_bytes(word)).unwrap_or(0)
    };
    let (start, end) = (pointer(DATA_START), pointer(DATA_END));
    if start == 0 && end == 0 {
        return None;
    }
    if start == 0 || end < start {
        kernel.violation(format!("data_start is {start:#x}, data_end is {end:#x}"));
        return None;
    }
    let at: *const u8 = ptr::with_exposed_provenance(start);
    // SAFETY: the hook says that these bytes can be read while the program runs.
    Some(unsafe { core::slice::from_raw_parts(at, end - start) })
}

/// Calls a helper of the extension for a program that runs on `context`.
pub(super) fn call_helper(helper: &Helper, context: *mut u8) -> u64 {
    const PTR_TO_CTX: u32 = 4;
    let address = usize::try_from(helper.address).unwrap_or(0);
    let function: *const c_void = ptr::with_exposed_provenance(address);
    // SAFETY: the extension gave this as the address of a helper, which is such a function; it is
    // not null, which was looked at when the information was read.
    let function = unsafe { core::mem::transmute::<*const c_void, HelperFn>(function) };
    let here = u64::try_from(context.expose_provenance()).unwrap_or(0);
    let first = if helper.arguments[0] == PTR_TO_CTX { here } else { 0 };
    let sixth = if helper.has_implicit_context { here } else { 0 };
    current().enter("helper", || {
        // SAFETY: a helper takes up to five arguments and the context, and may be called by a
        // program that runs on this context.
        unsafe { function(first, 0, 0, 0, 0, sixth) }
    })
}
