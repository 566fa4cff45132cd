//! The context of one invocation (S02).

use weir_abi::FlowClassify;
use weir_abi::context::{CONTEXT_BYTES, CONTEXT_HEADER_BYTES};

/// Bytes in memory that a program may look at: addresses only, nothing of the driver reads them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Address of the first byte.
    pub start: u64,
    /// Address behind the last byte.
    pub end: u64,
}

/// What the core and a program write to and read from during one invocation.
///
/// The core owns the header before the context.
/// Source: microsoft/ebpf-for-windows, include/ebpf_extension.h, `EBPF_CONTEXT_HEADER` (read
/// 2026-11)
#[derive(Debug)]
#[repr(C, align(16))]
pub struct ProgramContext {
    pub(super) header: [u64; CONTEXT_HEADER_BYTES / 8],
    pub(super) context: [u8; CONTEXT_BYTES],
    /// Behind the context, where programs cannot look but the helper that needs it can.
    pub(super) process_id: u64,
}

impl ProgramContext {
    /// A context whose data pointers are those of `data`, NULL where there is none.
    #[must_use]
    pub fn new(flow: &FlowClassify, data: Span, process_id: u32) -> Self {
        let flow = FlowClassify { data_start: data.start, data_end: data.end, ..*flow };
        Self {
            header: [0; CONTEXT_HEADER_BYTES / 8],
            context: flow.to_bytes(),
            process_id: u64::from(process_id),
        }
    }
}
