//! Runs eBPF programs of the flow-classify hook in user space, memory-checked and metered.
//!
//! [`Object`] parses what clang produced, [`Program`] translates one program of it for the VM
//! library and runs it. A wild pointer, a write to segment data (S24), an endless loop or too deep
//! a call is an error of the invocation (S31); what cannot be executed exactly as RFC 9669 says is
//! refused when the program is loaded. Each invocation starts afresh (S02); maps and global data
//! stay.
//!
//! Reading order: `program`, `link` (choosing and relocating), `translate` (the dialect),
//! `state` and `memory` (what a program can reach), `map` and `helper`.

mod arena;
mod btf;
mod code;
mod definition;
mod error;
mod helper;
mod index;
mod instruction;
mod kind;
mod layout;
mod link;
mod map;
mod memory;
mod object;
mod program;
mod select;
mod state;
mod translate;

#[cfg(test)]
mod tests;

pub use error::{LoadError, Location, RunError, RunErrorKind};
pub use kind::{MapError, MapKind};
pub use map::Map;
pub use object::Object;
pub use program::Program;

// The VM loads and stores in the host's byte order, and eBPF objects here are little-endian.
const _: () = assert!(cfg!(target_endian = "little"), "the VM needs a little-endian host");

/// Bytes of the context that a program sees.
pub const CONTEXT_BYTES: usize = 104;

/// Most instructions of an invocation, counted after translation (an atomic counts as 5 to 8, a
/// helper's work on memory as one for each 8 bytes).
///
/// Twice what Linux's verifier walks (`BPF_COMPLEXITY_LIMIT_INSNS`), because the most that a sample
/// program takes on a segment made to hurt it is 1.35 million; about 6 ms.
/// At the bound the invocation fails with [`RunErrorKind::Budget`].
pub const INSTRUCTIONS_MAX: u64 = 2_000_000;

/// What an invocation can learn from helpers about the world around it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Env {
    /// The time that the clock helpers return: the capture's, not the host's.
    pub now_ns: u64,
    /// Process id of the flow in the upper half, thread id in the lower (S03).
    pub pid_tgid: u64,
    /// Start of the sequence of `bpf_get_prandom_u32`.
    pub random_seed: u64,
}
