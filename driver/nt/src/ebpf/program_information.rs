//! The program-information provider: what the core and its verifier know of the program type.

use super::context::ProgramContext;
use super::provider::{Description, Provider};
use super::test_run::{context_create, context_destroy};
use crate::NtStatus;
use crate::ffi::ebpf::{
    BPF_FUNC_GET_CURRENT_PID_TGID, EBPF_PROGRAM_INFO_EXTENSION_IID, EBPF_RETURN_TYPE_INTEGER,
    EbpfCtxDescriptor, EbpfExtensionHeader, EbpfHelperFunctionAddresses,
    EbpfHelperFunctionPrototype, EbpfProgramData, EbpfProgramInfo, EbpfProgramSectionInfo,
    EbpfProgramTypeDescriptor,
};
use crate::ffi::nmr::NpiRegistrationInstance;
use core::ffi::c_void;
use core::mem::offset_of;
use core::ptr::without_provenance_mut;
use weir_abi::identifiers::PROGRAM_TYPE;
use weir_abi::program_type::{
    BPF_PROGRAM_TYPE, CONTEXT_DESCRIPTOR, IS_PRIVILEGED, NAME, PROGRAM_INFO_BYTES,
    SECTION_INFO_BYTES, SPECIFIC_HELPERS, TYPE_DESCRIPTOR_BYTES,
};

/// Programs run at `DISPATCH_LEVEL`, test runs too.
const REQUIRED_IRQL: u8 = 2;

// What is also written for loaders is what these structures are.
const _: () =
    assert!(TYPE_DESCRIPTOR_BYTES == offset_of!(EbpfProgramTypeDescriptor, is_privileged) + 1);
const _: () = assert!(PROGRAM_INFO_BYTES == size_of::<EbpfProgramInfo>());
const _: () = assert!(SECTION_INFO_BYTES == size_of::<EbpfProgramSectionInfo>());

/// A structure of pointers to other structures here.
struct Fixed<T>(T);

// SAFETY: never written, and what it points to is never written either.
unsafe impl<T> Sync for Fixed<T> {}

static CONTEXT: EbpfCtxDescriptor = {
    let [size, data, end, meta] = CONTEXT_DESCRIPTOR;
    EbpfCtxDescriptor { size, data, end, meta }
};

static TYPE: Fixed<EbpfProgramTypeDescriptor> = Fixed(EbpfProgramTypeDescriptor {
    header: EbpfExtensionHeader::of::<EbpfProgramTypeDescriptor>(TYPE_DESCRIPTOR_BYTES),
    name: NAME.as_ptr(),
    context_descriptor: &raw const CONTEXT,
    program_type: PROGRAM_TYPE,
    bpf_prog_type: BPF_PROGRAM_TYPE,
    is_privileged: IS_PRIVILEGED.cast_signed(),
});

/// General helpers that this program type answers itself: the process that a program hears of is
/// that of the flow, not whichever runs at the moment (S03).
static HELPERS: Fixed<[EbpfHelperFunctionPrototype; 1]> = Fixed([EbpfHelperFunctionPrototype {
    header: EbpfExtensionHeader::of::<EbpfHelperFunctionPrototype>(
        offset_of!(EbpfHelperFunctionPrototype, implicit_context) + 1,
    ),
    helper_id: BPF_FUNC_GET_CURRENT_PID_TGID,
    name: c"bpf_get_current_pid_tgid".as_ptr(),
    return_type: EBPF_RETURN_TYPE_INTEGER,
    arguments: [0; 5],
    flags: 0,
    implicit_context: 1,
}]);

type PidTgidFn = unsafe extern "system" fn(u64, u64, u64, u64, u64, *const c_void) -> u64;

static HELPER_FUNCTIONS: Fixed<[PidTgidFn; 1]> = Fixed([current_pid_tgid]);

static HELPER_ADDRESSES: Fixed<EbpfHelperFunctionAddresses> = Fixed(EbpfHelperFunctionAddresses {
    header: EbpfExtensionHeader::of::<EbpfHelperFunctionAddresses>(size_of::<
        EbpfHelperFunctionAddresses,
    >()),
    helper_function_count: 1,
    // On every machine that this runs on an address is 64 bits.
    helper_function_address: (&raw const HELPER_FUNCTIONS).cast(),
});

static INFO: Fixed<EbpfProgramInfo> = Fixed(EbpfProgramInfo {
    header: EbpfExtensionHeader::of::<EbpfProgramInfo>(PROGRAM_INFO_BYTES),
    program_type_descriptor: (&raw const TYPE).cast(),
    count_of_program_type_specific_helpers: SPECIFIC_HELPERS,
    program_type_specific_helper_prototype: core::ptr::null(),
    count_of_global_helpers: 1,
    global_helper_prototype: (&raw const HELPERS).cast(),
});

static DATA: Fixed<EbpfProgramData> = Fixed(EbpfProgramData {
    header: EbpfExtensionHeader::of::<EbpfProgramData>(size_of::<EbpfProgramData>()),
    program_info: (&raw const INFO).cast(),
    program_type_specific_helper_function_addresses: core::ptr::null(),
    global_helper_function_addresses: (&raw const HELPER_ADDRESSES).cast(),
    context_create: Some(context_create),
    context_destroy: Some(context_destroy),
    required_irql: REQUIRED_IRQL,
    capabilities: 0,
});

/// `bpf_get_current_pid_tgid`: the process of the flow, in the upper half as on Linux.
///
/// IRQL: any.
unsafe extern "system" fn current_pid_tgid(
    _r1: u64,
    _r2: u64,
    _r3: u64,
    _r4: u64,
    _r5: u64,
    context: *const c_void,
) -> u64 {
    const BEHIND: usize =
        offset_of!(ProgramContext, process_id) - offset_of!(ProgramContext, context);
    // SAFETY: the core passes the context of the invocation, which lies in a `ProgramContext`.
    let process = unsafe { context.cast::<u8>().add(BEHIND) };
    // SAFETY: as above; the field is aligned and initialised.
    unsafe { process.cast::<u64>().read() }.wrapping_shl(32)
}

/// The registered provider.
#[derive(Debug)]
#[must_use = "registered as long as this lives"]
pub struct ProgramInformation {
    _provider: Provider,
}

impl ProgramInformation {
    /// Registers it.
    ///
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// What the registrar says.
    pub fn register() -> Result<Self, NtStatus> {
        let description = Description {
            interface: &EBPF_PROGRAM_INFO_EXTENSION_IID,
            module: PROGRAM_TYPE,
            characteristics: (&raw const DATA).cast(),
            attach,
            detach,
            cleanup,
        };
        Ok(Self { _provider: Provider::register(&description)? })
    }
}

/// The core attaches once for each program that it loads; there is nothing to keep.
///
/// IRQL: `PASSIVE_LEVEL`.
unsafe extern "system" fn attach(
    _handle: *mut c_void,
    _provider: *mut c_void,
    _instance: *const NpiRegistrationInstance,
    _client_binding: *mut c_void,
    _client_dispatch: *const c_void,
    binding: *mut *mut c_void,
    dispatch: *mut *const c_void,
) -> NtStatus {
    // SAFETY: the registrar gives room for both; the context is not null, and means nothing.
    unsafe { binding.write(without_provenance_mut(1)) };
    // SAFETY: as above; there are no functions.
    unsafe { dispatch.write(core::ptr::null()) };
    NtStatus::SUCCESS
}

unsafe extern "system" fn detach(_binding: *mut c_void) -> NtStatus {
    NtStatus::SUCCESS
}

unsafe extern "system" fn cleanup(_binding: *mut c_void) {}
