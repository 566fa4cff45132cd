//! What runs when a program is invoked.

use super::layout::result;
use core::fmt;
use weir_abi::FlowClassify;
use weir_abi::context::CONTEXT_BYTES;
use weir_usermode::vm::{Env, Program};

/// A program's code, or what stands for it.
pub enum Body {
    /// Compiled eBPF code, in the VM.
    Code(Box<Program>),
    /// A test's function.
    Script(Box<Script>),
    /// Always the same answer, for measuring: nothing is checked and nothing is kept.
    Constant(u32),
}

/// A test's function.
pub(super) type Script = dyn FnMut(&Seen) -> Reply;

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(program) => program.fmt(f),
            Self::Script(_) => f.write_str("Script"),
            Self::Constant(answer) => write!(f, "Constant({answer})"),
        }
    }
}

/// What a program was invoked with.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The context, field for field.
    pub context: FlowClassify,
    /// The context, byte for byte.
    pub bytes: [u8; CONTEXT_BYTES],
    /// The segment; `None` if both pointers were null.
    pub data: Option<Vec<u8>>,
    /// Whether the context and the header before it lie on the stack that invokes.
    pub is_on_stack: bool,
    /// The level.
    pub irql: u8,
    /// The processor.
    pub processor: u32,
    /// What `bpf_get_current_pid_tgid` of the extension answers.
    pub pid_tgid: Option<u64>,
}

/// What a script does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The program answers.
    Answer(u32),
    /// The invocation fails with this `ebpf_result_t`; the core sets the answer to 0.
    Fail(i32),
    /// The program answers, after it or the core wrote all over context and header.
    Scribble(u32),
}

/// The outcome of running a body.
pub(super) struct Ran {
    pub(super) outcome: Result<u32, i32>,
    pub(super) scribbles: bool,
}

impl Body {
    /// Runs on a context and a segment that the caller has checked.
    pub(super) fn run(&mut self, seen: impl FnOnce() -> Seen, input: &Input<'_>) -> Ran {
        let reply = match self {
            Self::Constant(answer) => Reply::Answer(*answer),
            Self::Script(script) => script(&seen()),
            Self::Code(program) => {
                let env = Env {
                    now_ns: input.now_ns,
                    pid_tgid: input.pid_tgid.unwrap_or(0),
                    random_seed: input.now_ns,
                };
                match program.run(input.context, input.data, &env) {
                    Ok(answer) => Reply::Answer(answer),
                    Err(error) => {
                        let failed = i32::try_from(error.ebpf_result());
                        Reply::Fail(failed.unwrap_or(result::FAILED))
                    }
                }
            }
        };
        match reply {
            Reply::Answer(answer) => Ran { outcome: Ok(answer), scribbles: false },
            Reply::Scribble(answer) => Ran { outcome: Ok(answer), scribbles: true },
            Reply::Fail(error) => Ran { outcome: Err(error), scribbles: false },
        }
    }
}

/// What code in the VM runs on.
pub(super) struct Input<'a> {
    pub(super) context: &'a [u8; CONTEXT_BYTES],
    pub(super) data: Option<&'a [u8]>,
    pub(super) pid_tgid: Option<u64>,
    pub(super) now_ns: u64,
}

/// Reads a context by the offsets of the public design, not by the driver's structure.
pub(super) fn decode(bytes: &[u8; CONTEXT_BYTES]) -> FlowClassify {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[at..at + 4]);
        u32::from_le_bytes(word)
    };
    let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
    FlowClassify {
        family: word(0),
        local_ip: [word(4), word(8), word(12), word(16)],
        local_port: word(20),
        remote_ip: [word(24), word(28), word(32), word(36)],
        remote_port: word(40),
        protocol: bytes[44],
        compartment_id: word(48),
        interface_luid: long(56),
        direction: bytes[64],
        flow_id: long(72),
        state: word(80),
        data_start: long(DATA_START),
        data_end: long(DATA_END),
    }
}

/// Where the context has the pointers to data.
pub(super) const DATA_START: usize = 88;
/// Where it has the pointer to its end.
pub(super) const DATA_END: usize = 96;
