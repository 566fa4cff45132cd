//! Contexts for `bpf_prog_test_run_opts`: the core asks for one, runs the program on it, and has it
//! taken apart again.
//!
//! The caller's buffers are the core's copies in the pool.
//! Source: microsoft/ebpf-for-windows, include/ebpf_extension.h, `ebpf_program_context_create_t`
//! and `ebpf_program_context_destroy_t` (read 2026-11)

use super::context::ProgramContext;
use crate::ffi::ebpf::{EBPF_INVALID_ARGUMENT, EBPF_NO_MEMORY, EBPF_SUCCESS};
use crate::pool::{PoolBox, PoolSlice};
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::NonNull;
use weir_abi::FlowClassify;
use weir_abi::context::{CONTEXT_BYTES, SEGMENT_BYTES_MAX};

/// A context and the data that it points to.
#[repr(C)]
struct TestRun {
    context: ProgramContext,
    data: Option<PoolSlice<u8>>,
}

/// From a test run to the context that the core knows.
const CONTEXT_AT: usize = offset_of!(TestRun, context) + offset_of!(ProgramContext, context);

/// Bytes that the core hands over; `None` for none.
///
/// # Safety
/// `bytes` is null or points to `count` readable bytes that stay as they are during `'a`.
unsafe fn given<'a>(bytes: *const u8, count: usize) -> Option<&'a [u8]> {
    if bytes.is_null() || count == 0 {
        return None;
    }
    // SAFETY: the caller's promise.
    Some(unsafe { core::slice::from_raw_parts(bytes, count) })
}

/// Makes a context of a program's `data_in` and `ctx_in`.
///
/// The flow is `ctx_in`'s; its data pointers are replaced by those of a copy of `data_in`, or NULL.
///
/// IRQL: ≤ `DISPATCH_LEVEL`, at which the core calls it, as that is what programs require.
/// Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_program.c (read 2026-11)
pub(super) unsafe extern "system" fn context_create(
    data_in: *const u8,
    data_bytes: usize,
    context_in: *const u8,
    context_bytes: usize,
    context: *mut *mut c_void,
) -> i32 {
    if context.is_null() {
        return EBPF_INVALID_ARGUMENT;
    }
    // SAFETY: the core's own pointer, not null.
    unsafe { context.write(core::ptr::null_mut()) };
    // SAFETY: the core's own buffer, which stays during the call.
    let data = unsafe { given(data_in, data_bytes) };
    // SAFETY: as above.
    let flow = unsafe { given(context_in, context_bytes) };
    let Some(flow) = flow.and_then(|bytes| bytes.get(..CONTEXT_BYTES)) else {
        return EBPF_INVALID_ARGUMENT;
    };
    if data_bytes > SEGMENT_BYTES_MAX {
        return EBPF_INVALID_ARGUMENT;
    }
    match make(data, flow) {
        Some(made) => {
            let made = made.into_raw().as_ptr().cast::<u8>();
            // SAFETY: the context lies so many bytes into the test run.
            let inside = unsafe { made.add(CONTEXT_AT) };
            // SAFETY: the core's own pointer, not null.
            unsafe { context.write(inside.cast()) };
            EBPF_SUCCESS
        }
        None => EBPF_NO_MEMORY,
    }
}

fn make(data: Option<&[u8]>, flow: &[u8]) -> Option<PoolBox<TestRun>> {
    let byte = |bytes: &[u8], at: usize| bytes.get(at).copied().unwrap_or(0);
    let data = match data {
        Some(bytes) => Some(PoolSlice::from_fn(bytes.len(), |at| byte(bytes, at)).ok()?),
        None => None,
    };
    let span = data.as_ref().map_or((0, 0), |bytes| {
        let range = bytes.as_ptr_range();
        let address = |pointer: *const u8| u64::try_from(pointer.expose_provenance()).unwrap_or(0);
        (address(range.start), address(range.end))
    });
    let empty = ProgramContext::new(&FlowClassify::default(), super::Span::default(), 0);
    let mut run = PoolBox::new(TestRun { context: empty, data }).ok()?;
    let context = &mut run.context.context;
    context.copy_from_slice(flow.get(..CONTEXT_BYTES)?);
    let at = offset_of!(FlowClassify, data_start);
    let pointers = context.get_mut(at..at.saturating_add(16))?;
    let (start, end) = pointers.split_at_mut_checked(8)?;
    start.copy_from_slice(&span.0.to_le_bytes());
    end.copy_from_slice(&span.1.to_le_bytes());
    Some(run)
}

/// Writes what fits, and how much that was.
///
/// # Safety
/// `room` is null or points to the number of bytes that can be written at `out`.
unsafe fn give(bytes: &[u8], out: *mut u8, room: *mut usize) {
    // SAFETY: the caller's promise.
    let Some(room) = (unsafe { room.as_mut() }) else { return };
    let count = if out.is_null() { 0 } else { bytes.len().min(*room) };
    if count != 0 {
        // SAFETY: so many bytes can be read here and written there, and the two do not overlap:
        // one is this driver's.
        unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), out, count) };
    }
    *room = count;
}

/// Takes a context apart: its data and its fields go back to whoever asked for the test run.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
pub(super) unsafe extern "system" fn context_destroy(
    context: *mut c_void,
    data_out: *mut u8,
    data_bytes: *mut usize,
    context_out: *mut u8,
    context_bytes: *mut usize,
) {
    if context.is_null() {
        return;
    }
    // SAFETY: the context lies so many bytes into a test run of `context_create`.
    let run = unsafe { context.cast::<u8>().sub(CONTEXT_AT) };
    let Some(run) = NonNull::new(run.cast::<TestRun>()) else { return };
    // SAFETY: it came from `into_raw` in `context_create`, and the core gives it back once.
    let mut run = unsafe { PoolBox::from_raw(run) };
    let at = offset_of!(FlowClassify, data_start);
    if let Some(pointers) = run.context.context.get_mut(at..at.saturating_add(16)) {
        // Addresses of the kernel are nobody's business outside.
        pointers.fill(0);
    }
    let data = run.data.as_deref().unwrap_or(&[]);
    // SAFETY: the core's own buffers.
    unsafe { give(data, data_out, data_bytes) };
    // SAFETY: as above.
    unsafe { give(&run.context.context, context_out, context_bytes) };
}
