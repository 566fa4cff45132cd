//! What the hook needs of a program, whoever runs it.

use crate::vm;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weir_abi::context::CONTEXT_BYTES;
use weir_abi::{Action, FlowState};

/// What the outside of an invocation is: everything that a helper may ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Time in nanoseconds since 1970: the capture's, or the machine's.
    pub now_ns: u64,
    /// Process captured at flow established (S03).
    pub process_id: u32,
}

/// A flow-classify program that can be invoked.
pub trait Program: Send {
    /// Runs it on a context whose data pointers the runner fills in.
    ///
    /// # Errors
    /// The `ebpf_result_t` of a failed invocation (S31).
    fn invoke(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        surroundings: Surroundings,
    ) -> Result<u32, u32>;
}

/// Any closure is a program: that is how tests script one.
impl<F> Program for F
where
    F: FnMut(&[u8; CONTEXT_BYTES], Option<&[u8]>) -> Result<u32, u32> + Send,
{
    fn invoke(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        _surroundings: Surroundings,
    ) -> Result<u32, u32> {
        self(context, data)
    }
}

/// Different failures of a program that are kept word by word; what comes later is only counted.
/// A handful tells an author what is wrong; addresses make every failure different.
const FAILURES_MAX: usize = 8;

/// A program in the VM that its owner can look into while it is attached.
#[derive(Clone)]
pub struct Shared(Arc<Mutex<Watched>>);

struct Watched {
    program: vm::Program,
    failures: Failures,
}

/// Why invocations of a program failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// The first different messages, and how often each came.
    pub told: Vec<(String, u64)>,
    /// Failures with yet other messages.
    pub others: u64,
}

impl Failures {
    fn count(&mut self, message: String) {
        if let Some((_, times)) = self.told.iter_mut().find(|(told, _)| *told == message) {
            *times += 1;
        } else if self.told.len() < FAILURES_MAX {
            self.told.push((message, 1));
        } else {
            self.others += 1;
        }
    }
}

impl Shared {
    /// Shares a loaded program.
    #[must_use]
    pub fn new(program: vm::Program) -> Self {
        Self(Arc::new(Mutex::new(Watched { program, failures: Failures::default() })))
    }

    /// Looks into the program, or changes its maps, between two invocations.
    pub fn with<T>(&self, look: impl FnOnce(&mut vm::Program) -> T) -> T {
        look(&mut self.lock().program)
    }

    /// Why invocations failed so far.
    #[must_use]
    pub fn failures(&self) -> Failures {
        self.lock().failures.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        // A program that panicked half way would be a defect of the VM; its maps are still whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Program for Shared {
    fn invoke(
        &mut self,
        context: &[u8; CONTEXT_BYTES],
        data: Option<&[u8]>,
        surroundings: Surroundings,
    ) -> Result<u32, u32> {
        let env = vm::Env {
            now_ns: surroundings.now_ns,
            // The process captured at flow established is all that the hook knows (S03).
            pid_tgid: u64::from(surroundings.process_id) << 32,
            random_seed: surroundings.now_ns,
        };
        let mut watched = self.lock();
        let answer = watched.program.run(context, data, &env);
        match &answer {
            Err(error) => watched.failures.count(error.to_string()),
            Ok(value) if Action::of_answer(*value) == Action::Invalid && !is_deleted(context) => {
                let message = format!("answer with 0, 1 or 2: the answer was {value}");
                watched.failures.count(message);
            }
            Ok(_) => {}
        }
        answer.map_err(|error| error.ebpf_result())
    }
}

/// Whether the invocation is DELETED, whose answer nobody looks at (S25).
fn is_deleted(context: &[u8; CONTEXT_BYTES]) -> bool {
    context.get(STATE_OFFSET) == Some(&FlowState::Deleted.raw())
}

const STATE_OFFSET: usize = core::mem::offset_of!(weir_abi::FlowClassify, state);
