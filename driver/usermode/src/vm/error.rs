//! What can go wrong when a program is loaded and when it runs.

use core::fmt;

/// Why an object or program cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Not an ELF file of eBPF code.
    #[error("read the eBPF object: {0}")]
    NotAnObject(String),
    /// The file contradicts itself.
    #[error("read the eBPF object: {0} is malformed")]
    Malformed(&'static str),
    /// A bound on the program or its data is exceeded.
    #[error("load the program: larger than the limit of {limit}")]
    TooLarge {
        /// The limit, in instructions or bytes.
        limit: usize,
    },
    /// No program fits the request.
    #[error("find a program{}: the object has {}", wanted(.name.as_deref()), list(.found))]
    NoProgram {
        /// Requested section or function.
        name: Option<String>,
        /// Sections that the object has.
        found: Vec<String>,
    },
    /// Several programs fit the request.
    #[error("choose a program: {} fit", list(.found))]
    SeveralPrograms {
        /// Sections or functions that fit.
        found: Vec<String>,
    },
    /// An instruction that the VM cannot execute exactly as RFC 9669 says.
    #[error("load section {section}: instruction {index} (opcode {opcode:#04x}): {reason}")]
    Refused {
        /// Section of the instruction.
        section: String,
        /// Index of the instruction's slot in the section.
        index: usize,
        /// Its opcode.
        opcode: u8,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A call of a helper that is not implemented.
    #[error("load section {section}: instruction {index} calls helper {id} ({}), which is not \
             supported", .name.unwrap_or("unknown"))]
    Helper {
        /// Section of the instruction.
        section: String,
        /// Index of the instruction's slot in the section.
        index: usize,
        /// The helper's id.
        id: i32,
        /// The helper's name, where ebpf-for-windows has one.
        name: Option<&'static str>,
    },
    /// A relocation that cannot be resolved.
    #[error("load section {section}: relocation at instruction {index} to {symbol:?}: {reason}")]
    Relocation {
        /// Section of the instruction.
        section: String,
        /// Index of the instruction's slot in the section.
        index: usize,
        /// Name of the symbol, empty for a section's own symbol.
        symbol: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A map that cannot be created.
    #[error("create map {name:?}: {reason}")]
    Map {
        /// Name of the map.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The host refused memory for maps, global data or the stack.
    #[error("allocate {bytes} bytes for the program")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
    },
    /// The VM library refused what the translator produced.
    #[error("verify the translated program: {0}")]
    Verifier(String),
}

impl LoadError {
    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotAnObject(_) | Self::Malformed(_) => {
                "compile the program with clang -target bpf -O2 -g -c"
            }
            Self::TooLarge { .. } => "make the program or its data smaller",
            Self::NoProgram { .. } => {
                "put the program into a section whose name begins with flow_classify, or name its own"
            }
            Self::SeveralPrograms { .. } => "name one program's section or function",
            Self::Refused { .. } => "change what the reason names, or compile with clang -mcpu=v3",
            Self::Helper { .. } => "only maps, time, process, random and memory helpers exist here",
            Self::Relocation { .. } => "define every symbol that the program uses in the object",
            Self::Map { .. } => "use a hash or array map, defined in .maps with BTF (clang -g)",
            Self::Memory { .. } => "lower max_entries of the maps",
            Self::Verifier(_) => "this is a defect of the translator: report it with the object",
        }
    }
}

fn wanted(name: Option<&str>) -> String {
    name.map_or_else(|| " in a flow_classify section".to_owned(), |name| format!(" {name:?}"))
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "no program sections".to_owned() } else { names.join(", ") }
}

/// Where in the program a run failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Function that was executing.
    pub function: String,
    /// Index of the instruction's slot within the function.
    pub instruction: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", self.function, self.instruction)
    }
}

/// Kind of a [`RunError`]; the name is also the metric label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RunErrorKind {
    /// A load or store outside the program's memory.
    Memory,
    /// Too many instructions.
    Budget,
    /// Calls nested too deeply.
    Stack,
    /// A helper got an argument it cannot take.
    Helper,
    /// Anything else.
    Other,
}

impl RunErrorKind {
    /// The metric label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Budget => "budget",
            Self::Stack => "stack",
            Self::Helper => "helper",
            Self::Other => "other",
        }
    }
}

/// Why an invocation failed. Maps and globals keep what the program wrote before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A load or store outside the program's memory, or a store to read-only memory.
    #[error("{access} {bytes} bytes at {address:#x} ({region}) in {at}")]
    Memory {
        /// `load` or `store`.
        access: &'static str,
        /// VM address.
        address: u64,
        /// Length of the access.
        bytes: u64,
        /// What lies there or nearest before it.
        region: &'static str,
        /// The instruction.
        at: Location,
    },
    /// The program ran [`INSTRUCTIONS_MAX`](super::INSTRUCTIONS_MAX) instructions.
    #[error("finish within the instruction budget, stopped in {at}")]
    Budget {
        /// The instruction.
        at: Location,
    },
    /// Calls are nested too deeply.
    #[error("call a function in {at}: calls nest too deeply")]
    Stack {
        /// The instruction.
        at: Location,
    },
    /// A helper got an argument it cannot take.
    #[error("call {name} in {at}: {reason}")]
    Helper {
        /// Name of the helper.
        name: &'static str,
        /// What is wrong with the argument.
        reason: &'static str,
        /// The instruction.
        at: Location,
    },
    /// The segment does not fit the address space, or the VM library failed otherwise.
    #[error("run the program: {0}")]
    Other(String),
}

impl RunError {
    /// The bounded set that metrics use.
    #[must_use]
    pub const fn kind(&self) -> RunErrorKind {
        match self {
            Self::Memory { .. } => RunErrorKind::Memory,
            Self::Budget { .. } => RunErrorKind::Budget,
            Self::Stack { .. } => RunErrorKind::Stack,
            Self::Helper { .. } => RunErrorKind::Helper,
            Self::Other(_) => RunErrorKind::Other,
        }
    }

    /// The nearest `ebpf_result_t`, as the driver would record it.
    ///
    /// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (`EBPF_FAILED`,
    /// `EBPF_INVALID_POINTER`, `EBPF_TIMEOUT`).
    #[must_use]
    pub const fn ebpf_result(&self) -> u32 {
        match self.kind() {
            RunErrorKind::Memory | RunErrorKind::Helper => 31,
            RunErrorKind::Budget => 32,
            RunErrorKind::Stack | RunErrorKind::Other => 17,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self.kind() {
            RunErrorKind::Memory => {
                "compare each pointer with data_end before use; segment data is read-only"
            }
            RunErrorKind::Budget => "bound every loop of the program",
            RunErrorKind::Stack => "nest calls at most 8 deep, without recursion",
            RunErrorKind::Helper => "pass helpers whole keys, values and buffers of the program",
            RunErrorKind::Other => "this is a defect of the VM: report it with the object",
        }
    }
}
