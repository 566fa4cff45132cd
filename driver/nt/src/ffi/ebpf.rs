//! What eBPF for Windows and an extension hand each other: no imports, all of it goes through the
//! network module registrar.
//!
//! Function types of C without a calling convention; on x64 and arm64 `system` is the same.
//! Source of all: microsoft/ebpf-for-windows, include/`ebpf_extension.h`, `ebpf_program_types.h`,
//! `ebpf_windows.h`, `ebpf_extension_uuids.h`, `ebpf_result.h`, docs/eBpfExtensions.md (read
//! 2026-11).

use crate::layout::layouts;
use core::ffi::{c_char, c_void};
use core::mem::size_of;
use weir_abi::identifiers::Guid;
use weir_abi::program_type::STRUCTURE_VERSION;

/// `ebpf_extension_header_t`: begins every structure that may grow. The core accepts a structure
/// only where `size`, the bytes up to the end of its last field, is one it knows; `total_size` is
/// `sizeof`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfExtensionHeader {
    pub(crate) version: u16,
    pub(crate) size: usize,
    pub(crate) total_size: usize,
}

impl EbpfExtensionHeader {
    /// The header of a structure; `size` is the offset behind its last field.
    pub(crate) const fn of<T>(size: usize) -> Self {
        Self { version: STRUCTURE_VERSION, size, total_size: size_of::<T>() }
    }
}

/// `ebpf_attach_provider_data_t`: what a hook says of itself.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfAttachProviderData {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) supported_program_type: Guid,
    pub(crate) bpf_attach_type: i32,
    pub(crate) link_type: i32,
}

/// `ebpf_extension_data_t`: what a link says of itself to a hook; `data` is what was given when
/// the program was attached.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfExtensionData {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) data: *const c_void,
    pub(crate) data_size: usize,
    pub(crate) prog_attach_flags: u64,
}

/// `ebpf_ctx_descriptor_t`: where in a program's context the data pointers are; -1 is nowhere.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfCtxDescriptor {
    pub(crate) size: i32,
    pub(crate) data: i32,
    pub(crate) end: i32,
    pub(crate) meta: i32,
}

/// `ebpf_program_type_descriptor_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfProgramTypeDescriptor {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) name: *const c_char,
    pub(crate) context_descriptor: *const EbpfCtxDescriptor,
    pub(crate) program_type: Guid,
    pub(crate) bpf_prog_type: u32,
    pub(crate) is_privileged: c_char,
}

/// `ebpf_helper_function_prototype_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfHelperFunctionPrototype {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) helper_id: u32,
    pub(crate) name: *const c_char,
    /// `ebpf_return_type_t`.
    pub(crate) return_type: i32,
    /// `ebpf_argument_type_t`.
    pub(crate) arguments: [i32; 5],
    /// Bit 0: `reallocate_packet`.
    pub(crate) flags: u8,
    /// 1: the helper gets the program's context as an argument more.
    pub(crate) implicit_context: u8,
}

/// `ebpf_program_info_t`.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfProgramInfo {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) program_type_descriptor: *const EbpfProgramTypeDescriptor,
    pub(crate) count_of_program_type_specific_helpers: u32,
    pub(crate) program_type_specific_helper_prototype: *const EbpfHelperFunctionPrototype,
    pub(crate) count_of_global_helpers: u32,
    pub(crate) global_helper_prototype: *const EbpfHelperFunctionPrototype,
}

/// `ebpf_helper_function_addresses_t`; the count is not 0.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfHelperFunctionAddresses {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) helper_function_count: u32,
    pub(crate) helper_function_address: *const u64,
}

/// `ebpf_program_data_t`: what a provider of program information says.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfProgramData {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) program_info: *const EbpfProgramInfo,
    pub(crate) program_type_specific_helper_function_addresses: *const EbpfHelperFunctionAddresses,
    pub(crate) global_helper_function_addresses: *const EbpfHelperFunctionAddresses,
    pub(crate) context_create: Option<ProgramContextCreateFn>,
    pub(crate) context_destroy: Option<ProgramContextDestroyFn>,
    pub(crate) required_irql: u8,
    /// 0: its one bit is reserved.
    pub(crate) capabilities: u32,
}

/// `ebpf_extension_program_dispatch_table_t`: how a hook invokes the program of a link.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfExtensionProgramDispatchTable {
    pub(crate) version: u16,
    pub(crate) count: u16,
    pub(crate) ebpf_program_invoke_function: Option<ProgramInvokeFn>,
    pub(crate) ebpf_program_batch_begin_invoke_function: Option<ProgramBatchBeginInvokeFn>,
    pub(crate) ebpf_program_batch_invoke_function: Option<ProgramBatchInvokeFn>,
    pub(crate) ebpf_program_batch_end_invoke_function: Option<ProgramBatchEndInvokeFn>,
}

/// `ebpf_program_section_info_t`: which programs an ELF section's name stands for. Loaders read it,
/// the driver only states it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfProgramSectionInfo {
    pub(crate) header: EbpfExtensionHeader,
    pub(crate) section_name: *const u16,
    pub(crate) program_type: *const Guid,
    pub(crate) attach_type: *const Guid,
    pub(crate) bpf_program_type: u32,
    pub(crate) bpf_attach_type: u32,
}

/// `ebpf_execution_context_state_t`: what the core keeps during an invocation, and its address in
/// the first word before a program's context.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct EbpfExecutionContextState {
    pub(crate) epoch_state: [u64; 4],
    /// The union of thread and processor.
    pub(crate) id: u64,
    pub(crate) current_irql: u8,
    /// `next_program` of `tail_call_state`.
    pub(crate) next_program: *const c_void,
    /// `count` of `tail_call_state`.
    pub(crate) count: u32,
}

/// `ebpf_program_invoke_function_t`. Where it fails, the result is 0 all the same: the return
/// value is looked at first. 64 writable bytes lie before the context.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
pub(crate) type ProgramInvokeFn = unsafe extern "system" fn(
    client_binding_context: *const c_void,
    program_context: *mut c_void,
    result: *mut u32,
) -> i32;

/// `ebpf_program_batch_begin_invoke_function_t`.
///
/// IRQL: ≤ `DISPATCH_LEVEL`, the same until the batch ends.
pub(crate) type ProgramBatchBeginInvokeFn =
    unsafe extern "system" fn(state_size: usize, state: *mut c_void) -> i32;

/// `ebpf_program_batch_invoke_function_t`.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
pub(crate) type ProgramBatchInvokeFn = unsafe extern "system" fn(
    client_binding_context: *const c_void,
    program_context: *mut c_void,
    result: *mut u32,
    state: *const c_void,
) -> i32;

/// `ebpf_program_batch_end_invoke_function_t`.
///
/// IRQL: ≤ `DISPATCH_LEVEL`.
pub(crate) type ProgramBatchEndInvokeFn = unsafe extern "system" fn(state: *mut c_void) -> i32;

/// `ebpf_program_context_create_t`: makes a context for a test run. 64 writable bytes lie before
/// what it returns.
///
/// IRQL: that which the program data asks for.
pub(crate) type ProgramContextCreateFn = unsafe extern "system" fn(
    data_in: *const u8,
    data_size_in: usize,
    context_in: *const u8,
    context_size_in: usize,
    context: *mut *mut c_void,
) -> i32;

/// `ebpf_program_context_destroy_t`: gives a test run's context and data back. Both sizes are the
/// buffers' on entry and what was written on return.
///
/// IRQL: that which the program data asks for.
pub(crate) type ProgramContextDestroyFn = unsafe extern "system" fn(
    context: *mut c_void,
    data_out: *mut u8,
    data_size_out: *mut usize,
    context_out: *mut u8,
    context_size_out: *mut usize,
);

/// `EBPF_PROGRAM_INFO_EXTENSION_IID`: providers of program information register under it.
pub(crate) const EBPF_PROGRAM_INFO_EXTENSION_IID: Guid =
    Guid::new(0x2934_ad50, 0x2154, 0x44b6, 0x9622, [0x6c, 0x52, 0x8c, 0x06, 0x84, 0x11]);
/// `EBPF_HOOK_EXTENSION_IID`: hooks register under it.
pub(crate) const EBPF_HOOK_EXTENSION_IID: Guid =
    Guid::new(0x5d56_4054, 0x2736, 0x406d, 0x8b22, [0x12, 0xbc, 0xff, 0xaf, 0x0a, 0x9f]);

/// `BPF_LINK_TYPE_PLAIN` of `bpf_link_type`.
pub(crate) const BPF_LINK_TYPE_PLAIN: i32 = 1;

/// `BPF_FUNC_get_current_pid_tgid`.
///
/// Source: microsoft/ebpf-for-windows, include/`bpf_helper_defs.h` (read 2026-11)
pub(crate) const BPF_FUNC_GET_CURRENT_PID_TGID: u32 = 19;
/// `EBPF_RETURN_TYPE_INTEGER` of `ebpf_return_type_t`.
///
/// Source: vbpf/prevail, src/spec/`ebpf_base.h` (read 2026-11)
pub(crate) const EBPF_RETURN_TYPE_INTEGER: i32 = 0;

// `ebpf_result_t`, as far as the driver says or asks it.

/// `EBPF_SUCCESS`.
pub(crate) const EBPF_SUCCESS: i32 = 0;
/// `EBPF_INVALID_ARGUMENT`.
pub(crate) const EBPF_INVALID_ARGUMENT: i32 = 6;
/// `EBPF_NO_MEMORY`.
pub(crate) const EBPF_NO_MEMORY: i32 = 12;

layouts! {
    "ebpf_extension_header_t" = EbpfExtensionHeader [24, 8] {
        "version": version @ 0,
        "size": size @ 8,
        "total_size": total_size @ 16,
    }
    "ebpf_attach_provider_data_t" = EbpfAttachProviderData [48, 8] {
        "header": header @ 0,
        "supported_program_type": supported_program_type @ 24,
        "bpf_attach_type": bpf_attach_type @ 40,
        "link_type": link_type @ 44,
    }
    "ebpf_extension_data_t" = EbpfExtensionData [48, 8] {
        "header": header @ 0,
        "data": data @ 24,
        "data_size": data_size @ 32,
        "prog_attach_flags": prog_attach_flags @ 40,
    }
    "ebpf_ctx_descriptor_t" = EbpfCtxDescriptor [16, 4] {
        "size": size @ 0,
        "data": data @ 4,
        "end": end @ 8,
        "meta": meta @ 12,
    }
    "ebpf_program_type_descriptor_t" = EbpfProgramTypeDescriptor [64, 8] {
        "header": header @ 0,
        "name": name @ 24,
        "context_descriptor": context_descriptor @ 32,
        "program_type": program_type @ 40,
        "bpf_prog_type": bpf_prog_type @ 56,
        "is_privileged": is_privileged @ 60,
    }
    "ebpf_helper_function_prototype_t" = EbpfHelperFunctionPrototype [72, 8] {
        "header": header @ 0,
        "helper_id": helper_id @ 24,
        "name": name @ 32,
        "return_type": return_type @ 40,
        "arguments": arguments @ 44,
        "flags": flags @ 64,
        "implicit_context": implicit_context @ 65,
    }
    "ebpf_program_info_t" = EbpfProgramInfo [64, 8] {
        "header": header @ 0,
        "program_type_descriptor": program_type_descriptor @ 24,
        "count_of_program_type_specific_helpers": count_of_program_type_specific_helpers @ 32,
        "program_type_specific_helper_prototype": program_type_specific_helper_prototype @ 40,
        "count_of_global_helpers": count_of_global_helpers @ 48,
        "global_helper_prototype": global_helper_prototype @ 56,
    }
    "ebpf_helper_function_addresses_t" = EbpfHelperFunctionAddresses [40, 8] {
        "header": header @ 0,
        "helper_function_count": helper_function_count @ 24,
        "helper_function_address": helper_function_address @ 32,
    }
    "ebpf_program_data_t" = EbpfProgramData [72, 8] {
        "header": header @ 0,
        "program_info": program_info @ 24,
        "program_type_specific_helper_function_addresses":
            program_type_specific_helper_function_addresses @ 32,
        "global_helper_function_addresses": global_helper_function_addresses @ 40,
        "context_create": context_create @ 48,
        "context_destroy": context_destroy @ 56,
        "required_irql": required_irql @ 64,
        "capabilities": capabilities @ 68,
    }
    "ebpf_extension_program_dispatch_table_t" = EbpfExtensionProgramDispatchTable [40, 8] {
        "version": version @ 0,
        "count": count @ 2,
        "ebpf_program_invoke_function": ebpf_program_invoke_function @ 8,
        "ebpf_program_batch_begin_invoke_function":
            ebpf_program_batch_begin_invoke_function @ 16,
        "ebpf_program_batch_invoke_function": ebpf_program_batch_invoke_function @ 24,
        "ebpf_program_batch_end_invoke_function": ebpf_program_batch_end_invoke_function @ 32,
    }
    "ebpf_program_section_info_t" = EbpfProgramSectionInfo [56, 8] {
        "header": header @ 0,
        "section_name": section_name @ 24,
        "program_type": program_type @ 32,
        "attach_type": attach_type @ 40,
        "bpf_program_type": bpf_program_type @ 48,
        "bpf_attach_type": bpf_attach_type @ 52,
    }
    "ebpf_execution_context_state_t" = EbpfExecutionContextState [64, 8] {
        "epoch_state": epoch_state @ 0,
        "id": id @ 32,
        "current_irql": current_irql @ 40,
        "tail_call_state.next_program": next_program @ 48,
        "tail_call_state.count": count @ 56,
    }
}
