//! Test runs: user mode asks for a program to be run once on bytes of its own.
//!
//! Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_program.c
//! (`ebpf_program_execute_test_run`), docs/eBpfExtensions.md (read 2026-11)

use super::invoke;
use super::layout::{ExecutionState, result};
use super::program::Loaded;
use crate::fwp::guarded::Guarded;
use crate::kernel::PASSIVE_LEVEL;
use core::ptr;

/// What user mode gives.
#[derive(Clone, Debug, Default)]
pub struct TestRunInput {
    /// Data in.
    pub data: Vec<u8>,
    /// Context in.
    pub context: Vec<u8>,
    /// Room for data out.
    pub data_room: usize,
    /// Room for the context out.
    pub context_room: usize,
}

/// What comes back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TestRun {
    /// `ebpf_result_t` of making the context, or of the program.
    pub result: i32,
    /// The program's answer.
    pub answer: u32,
    /// Data out, as much as the extension said.
    pub data: Vec<u8>,
    /// Context out, as much as the extension said.
    pub context: Vec<u8>,
}

impl Loaded {
    /// Runs the program once on bytes of user mode.
    #[must_use]
    pub fn test_run(&self, input: &TestRunInput) -> TestRun {
        let kernel = self.kernel;
        let information = self.information();
        let Some((create, destroy)) = information.as_ref().and_then(|it| it.test_run) else {
            return TestRun { result: result::NOT_SUPPORTED, ..TestRun::default() };
        };
        let required_irql = information.map_or(PASSIVE_LEVEL, |it| it.required_irql);
        let (data, given) = (Guarded::read_only(&input.data), Guarded::read_only(&input.context));
        let (data_at, context_at) =
            (start(&data, input.data.len()), start(&given, input.context.len()));
        let mut context: *mut u8 = ptr::null_mut();
        let created = kernel.at_irql(PASSIVE_LEVEL, || {
            kernel.enter("context_create", || {
                // SAFETY: the buffers are as long as said, and the extension is attached.
                unsafe {
                    create(
                        data_at,
                        input.data.len(),
                        context_at,
                        input.context.len(),
                        &raw mut context,
                    )
                }
            })
        });
        if created != result::SUCCESS || context.is_null() {
            if created == result::SUCCESS || !context.is_null() {
                kernel.violation(format!("context_create: result {created}, {context:p}"));
            }
            return TestRun { result: created, ..TestRun::default() };
        }
        let state = ExecutionState::default();
        let ran =
            kernel.at_irql(required_irql, || invoke::run(kernel, self.program, context, &state));
        let (data_out, context_out) =
            (Guarded::writable(input.data_room), Guarded::writable(input.context_room));
        let (mut data_length, mut context_length) = (input.data_room, input.context_room);
        let outs =
            (mut_start(&data_out, input.data_room), mut_start(&context_out, input.context_room));
        kernel.enter("context_destroy", || {
            // SAFETY: the context is what `context_create` gave, and given back once; the buffers
            // are as long as said.
            unsafe {
                destroy(context, outs.0, &raw mut data_length, outs.1, &raw mut context_length);
            }
        });
        let taken = |out: &Guarded, length: usize, room: usize| {
            if length > room {
                kernel.violation(format!("context_destroy wrote {length} bytes into {room}"));
            }
            crate::memory::bytes_at(out.start(), length.min(room))
        };
        TestRun {
            result: ran.err().unwrap_or(result::SUCCESS),
            answer: ran.unwrap_or(0),
            data: taken(&data_out, data_length, input.data_room),
            context: taken(&context_out, context_length, input.context_room),
        }
    }
}

/// Null for no bytes, as the core passes it.
fn start(bytes: &Guarded, length: usize) -> *const u8 {
    mut_start(bytes, length).cast_const()
}

fn mut_start(bytes: &Guarded, length: usize) -> *mut u8 {
    if length == 0 { ptr::null_mut() } else { bytes.start() }
}
