//! The program type as eBPF for Windows knows it: what the driver states when it registers, and
//! what `weir driver register` writes for loaders and the verifier, from one definition.
//!
//! GUIDs and the section's name are in [`crate::identifiers`], the context in [`crate::context`].
//! Sizes are those of structures that only the driver has; it asserts that its own are equal.
//! Source: microsoft/ebpf-for-windows, include/`ebpf_windows.h`, `ebpf_structs.h`,
//! `ebpf_program_types.h` (read 2026-11)

use crate::FlowClassify;
use crate::context::CONTEXT_BYTES;
use core::ffi::CStr;
use core::mem::offset_of;

/// The type's name in listings.
pub const NAME: &CStr = c"flow_classify";

/// `EBPF_…_CURRENT_VERSION` of every structure with a header.
pub const STRUCTURE_VERSION: u16 = 1;

/// `bpf_prog_type` of this program type: the first that upstream, with types up to 6, leaves free.
pub const BPF_PROGRAM_TYPE: u32 = 7;

/// `bpf_attach_type` of the hook: the first after those of upstream, `__MAX_BPF_ATTACH_TYPE`.
pub const BPF_ATTACH_TYPE: u32 = 18;

/// Whether only privileged programs may be of this type, as a number.
pub const IS_PRIVILEGED: u8 = 0;

/// `ebpf_context_descriptor_t`: size of the context, and where in it the data begins, ends and its
/// metadata is; -1 is nowhere.
#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "below 104")]
pub const CONTEXT_DESCRIPTOR: [i32; 4] = [
    CONTEXT_BYTES as i32,
    offset_of!(FlowClassify, data_start) as i32,
    offset_of!(FlowClassify, data_end) as i32,
    -1,
];

/// `size` in the header of `ebpf_program_info_t`.
pub const PROGRAM_INFO_BYTES: usize = 64;
/// `size` in the header of `ebpf_program_type_descriptor_t`: up to its last field.
pub const TYPE_DESCRIPTOR_BYTES: usize = 61;
/// `size` in the header of `ebpf_program_section_info_t`.
pub const SECTION_INFO_BYTES: usize = 56;

/// Helpers that only programs of this type have: none.
///
/// The driver answers one general helper itself (`bpf_get_current_pid_tgid`), whose prototype is
/// the eBPF platform's and stands in its own part of the store.
pub const SPECIFIC_HELPERS: u32 = 0;
