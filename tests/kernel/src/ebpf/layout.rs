//! The binary interface between eBPF for Windows and an extension, on x64.
//!
//! Written from the public headers, not shared with the driver: a wrong offset there has to show
//! here.
//!
//! Source: microsoft/ebpf-for-windows, include/ebpf_extension.h, include/ebpf_program_types.h,
//! include/ebpf_windows.h and docs/eBpfExtensions.md (read 2026-11); offsets were computed with
//! clang for `x86_64-pc-windows-msvc`.

use core::ffi::c_void;
use core::mem::offset_of;
use weir_abi::identifiers::Guid;

/// `EBPF_PROGRAM_INFO_EXTENSION_IID`.
pub const PROGRAM_INFORMATION_NPI: Guid =
    Guid::new(0x2934_ad50, 0x2154, 0x44b6, 0x9622, [0x6c, 0x52, 0x8c, 0x06, 0x84, 0x11]);

/// `EBPF_HOOK_EXTENSION_IID`.
pub const HOOK_NPI: Guid =
    Guid::new(0x5d56_4054, 0x2736, 0x406d, 0x8b22, [0x12, 0xbc, 0xff, 0xaf, 0x0a, 0x9f]);

/// `ebpf_extension_header_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// 1 in every structure.
    pub version: u16,
    /// Up to the end of the last field.
    pub size: usize,
    /// With padding at the end; the stride of arrays.
    pub total_size: usize,
}

/// `ebpf_attach_provider_data_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct AttachProviderData {
    /// 48 bytes.
    pub header: Header,
    /// Programs of which type can be attached.
    pub program_type: Guid,
    /// `bpf_attach_type`.
    pub attach_type: i32,
    /// `bpf_link_type`.
    pub link_type: i32,
}

/// `ebpf_extension_data_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ExtensionData {
    /// 48 bytes.
    pub header: Header,
    /// The attach parameter.
    pub data: *const c_void,
    /// Bytes of it.
    pub data_size: usize,
    /// Flags of the attachment.
    pub flags: u64,
}

/// `ebpf_context_descriptor_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContextDescriptor {
    /// Bytes of the context.
    pub size: i32,
    /// Where the pointer to data is.
    pub data: i32,
    /// Where the pointer to its end is.
    pub end: i32,
    /// Where the pointer to metadata is; -1 for none.
    pub meta: i32,
}

/// `ebpf_program_type_descriptor_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct TypeDescriptor {
    /// 61 bytes.
    pub header: Header,
    /// The type's name.
    pub name: *const u8,
    /// The context.
    pub context: *const ContextDescriptor,
    /// The type.
    pub program_type: Guid,
    /// `bpf_prog_type`.
    pub bpf_type: u32,
    /// Whether the verifier relaxes its rules.
    pub is_privileged: u8,
}

/// `ebpf_helper_function_prototype_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HelperPrototype {
    /// 66 bytes, or fewer in older extensions.
    pub header: Header,
    /// The helper's number.
    pub id: u32,
    /// Its name.
    pub name: *const u8,
    /// `ebpf_return_type_t`.
    pub return_type: u32,
    /// `ebpf_argument_type_t`.
    pub arguments: [u32; 5],
    /// Whether it moves packets.
    pub flags: u8,
    /// Whether the context is a sixth argument.
    pub has_implicit_context: u8,
}

/// `ebpf_program_info_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProgramInformation {
    /// 64 bytes.
    pub header: Header,
    /// The program type.
    pub descriptor: *const TypeDescriptor,
    /// Helpers of the type.
    pub specific_count: u32,
    /// Their prototypes.
    pub specific: *const HelperPrototype,
    /// General helpers that the extension replaces.
    pub global_count: u32,
    /// Their prototypes.
    pub global: *const HelperPrototype,
}

/// `ebpf_helper_function_addresses_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct HelperAddresses {
    /// 40 bytes.
    pub header: Header,
    /// How many.
    pub count: u32,
    /// The functions.
    pub addresses: *const u64,
}

/// `ebpf_program_data_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct ProgramData {
    /// 72 bytes, or 65 in older extensions.
    pub header: Header,
    /// The program type and its helpers.
    pub information: *const ProgramInformation,
    /// Functions of the helpers of the type.
    pub specific: *const HelperAddresses,
    /// Functions of the general helpers.
    pub global: *const HelperAddresses,
    /// Makes a context for a test run.
    pub context_create: Option<ContextCreateFn>,
    /// Takes it apart.
    pub context_destroy: Option<ContextDestroyFn>,
    /// The level of a test run.
    pub required_irql: u8,
    /// Reserved.
    pub capabilities: u32,
}

/// `ebpf_program_context_create_t`.
pub type ContextCreateFn =
    unsafe extern "win64" fn(*const u8, usize, *const u8, usize, *mut *mut u8) -> i32;
/// `ebpf_program_context_destroy_t`.
pub type ContextDestroyFn =
    unsafe extern "win64" fn(*mut u8, *mut u8, *mut usize, *mut u8, *mut usize);
/// A helper, called with the context as a sixth argument whether it takes it or not.
pub type HelperFn = unsafe extern "win64" fn(u64, u64, u64, u64, u64, u64) -> u64;

/// `ebpf_extension_program_dispatch_table_t`.
#[repr(C)]
#[derive(Debug)]
pub struct Dispatch {
    /// 1.
    pub version: u16,
    /// Functions.
    pub count: u16,
    /// Invokes the program.
    pub invoke: extern "win64" fn(*const c_void, *mut u8, *mut u32) -> i32,
    /// Begins several invocations.
    pub batch_begin: extern "win64" fn(usize, *mut ExecutionState) -> i32,
    /// One of them.
    pub batch_invoke:
        extern "win64" fn(*const c_void, *mut u8, *mut u32, *const ExecutionState) -> i32,
    /// Ends them.
    pub batch_end: extern "win64" fn(*mut ExecutionState) -> i32,
}

/// `ebpf_execution_context_state_t`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct ExecutionState {
    /// The epoch, the processor, the level, tail calls.
    pub words: [u64; 8],
}

const _: () = {
    assert!(size_of::<Header>() == 24);
    assert!(size_of::<AttachProviderData>() == 48 && size_of::<ExtensionData>() == 48);
    assert!(offset_of!(AttachProviderData, program_type) == 24);
    assert!(size_of::<TypeDescriptor>() == 64 && offset_of!(TypeDescriptor, is_privileged) == 60);
    assert!(size_of::<HelperPrototype>() == 72);
    assert!(offset_of!(HelperPrototype, has_implicit_context) == 65);
    assert!(size_of::<ProgramInformation>() == 64 && size_of::<HelperAddresses>() == 40);
    assert!(size_of::<ProgramData>() == 72 && offset_of!(ProgramData, required_irql) == 64);
    assert!(size_of::<Dispatch>() == 40 && offset_of!(Dispatch, batch_end) == 32);
    assert!(size_of::<ExecutionState>() == 64);
};

/// `ebpf_result_t`, as far as the core itself answers with it.
pub mod result {
    /// `EBPF_SUCCESS`.
    pub const SUCCESS: i32 = 0;
    /// `EBPF_INVALID_ARGUMENT`.
    pub const INVALID_ARGUMENT: i32 = 6;
    /// `EBPF_FAILED`.
    pub const FAILED: i32 = 17;
    /// `EBPF_OPERATION_NOT_SUPPORTED`.
    pub const NOT_SUPPORTED: i32 = 18;
    /// `EBPF_EXTENSION_FAILED_TO_LOAD`.
    pub const EXTENSION_FAILED_TO_LOAD: i32 = 23;
}
