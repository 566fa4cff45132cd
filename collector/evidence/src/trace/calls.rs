//! Calls of ebpfapi.dll that an incident can be of, and functions within them.
//!
//! Source: microsoft/ebpf-for-windows, libs/api/ebpf_api.cpp, libs/api/Verifier.cpp,
//! libs/execution_context/ebpf_link.c, also as of 2023 (read 2026-11)

use super::event::{FieldValue, TraceEvent};
use KnownFailure::{Attach, Load, Open};
use weir_stages::checks::facts::KnownFailure;

/// What a program calls to open, load and attach.
const OUTERMOST: [(&str, KnownFailure); 7] = [
    ("ebpf_object_open", Open),
    ("ebpf_object_open_memory", Open),
    ("ebpf_object_load", Load),
    ("ebpf_object_load_native_by_fds", Load),
    ("ebpf_program_attach", Attach),
    ("ebpf_program_attach_by_fd", Attach),
    ("ebpf_program_attach_by_fds", Attach),
];

/// What these call: a trace that begins late may hold their failure alone.
const WITHIN: [(&str, KnownFailure); 18] = [
    ("_initialize_ebpf_object_from_file", Open),
    ("_initialize_ebpf_object_from_elf", Open),
    ("_initialize_ebpf_object_from_native_file", Open),
    ("_initialize_ebpf_object_native", Open),
    ("load_byte_code", Open),
    ("_ebpf_object_create_maps", Load),
    ("_ebpf_object_load_programs", Load),
    ("_ebpf_program_load_native", Load),
    ("_ebpf_object_load_native", Load),
    ("_load_native_module", Load),
    ("_load_native_programs", Load),
    ("_create_program", Load),
    ("ebpf_program_load_bytes", Load),
    ("ebpf_verify_and_load_program", Load),
    ("_ebpf_program_attach", Attach),
    ("_link_ebpf_program", Attach),
    ("ebpf_link_attach_program", Attach),
    ("_ebpf_link_client_attach_provider", Attach),
];

/// What a call is about: opening, loading or attaching.
pub(super) fn stage(function: &str) -> Option<KnownFailure> {
    OUTERMOST.iter().chain(&WITHIN).find(|it| it.0 == function).map(|it| it.1)
}

/// Where a call stands, as far as one event says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// It begins.
    Begins(&'a str),
    /// It succeeded.
    Succeeds(&'a str),
    /// It failed.
    Fails(&'a str),
}

impl<'a> Step<'a> {
    /// The step that an event is.
    #[must_use]
    pub fn of(event: &'a TraceEvent) -> Option<Self> {
        let entry = ["Entry", "Enter"].into_iter().find_map(|name| event.field(name));
        if let Some(FieldValue::Text(function)) = entry {
            return Some(Self::Begins(function.trim()));
        }
        let message = event.message()?;
        if let Some(function) = message.strip_suffix(" returned success") {
            return Some(Self::Succeeds(function));
        }
        message.strip_suffix(" returned error").map(Self::Fails)
    }

    /// The function.
    #[must_use]
    pub const fn function(self) -> &'a str {
        match self {
            Self::Begins(function) | Self::Succeeds(function) | Self::Fails(function) => function,
        }
    }

    /// Whether the call is one that programs make.
    #[must_use]
    pub fn is_outermost(self) -> bool {
        OUTERMOST.iter().any(|it| it.0 == self.function())
    }
}
