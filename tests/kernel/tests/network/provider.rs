//! The two providers of an eBPF extension, in Rust: they accept what comes and keep it.

use crate::standin::call;
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use weir_abi::identifiers::{ATTACH_TYPE, Guid, PROGRAM_TYPE};
use weir_sim_kernel::ebpf::layout::{
    AttachProviderData, ContextDescriptor, Dispatch, ExtensionData, HOOK_NPI, Header,
    HelperAddresses, HelperPrototype, PROGRAM_INFORMATION_NPI, ProgramData, ProgramInformation,
    TypeDescriptor,
};
use weir_sim_kernel::nmr::{ModuleId, ProviderCharacteristics, RegistrationInstance};

/// A client that attached.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) binding: u64,
    pub(crate) link: *const c_void,
    pub(crate) dispatch: *const Dispatch,
    pub(crate) data: Vec<u8>,
}

thread_local! {
    pub(crate) static CLIENTS: RefCell<Vec<Client>> = const { RefCell::new(Vec::new()) };
    pub(crate) static ATTACH_STATUS: Cell<i32> = const { Cell::new(0) };
    pub(crate) static DETACH_STATUS: Cell<i32> = const { Cell::new(0) };
    /// Provider contexts, in the order of the calls.
    pub(crate) static DETACHED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
    pub(crate) static CLEANED: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

unsafe extern "win64" fn attach(
    binding: u64,
    provider: *mut c_void,
    client: *const RegistrationInstance,
    link: *mut c_void,
    dispatch: *const c_void,
    context: *mut *mut c_void,
    _own_dispatch: *mut *const c_void,
) -> i32 {
    // The context of the hook provider is 1; clients of the other are of no interest.
    if provider.addr() != 1 {
        return 0;
    }
    // SAFETY: the registrar passes a valid instance.
    let specific = unsafe { client.read() }.specific.cast::<ExtensionData>();
    // SAFETY: which points to what the interface says.
    let extension = unsafe { specific.read() };
    let data = if extension.data.is_null() {
        Vec::new()
    } else {
        // SAFETY: the parameter is as long as said.
        unsafe { core::slice::from_raw_parts(extension.data.cast(), extension.data_size) }.to_vec()
    };
    let place = CLIENTS.with_borrow_mut(|all| {
        all.push(Client { binding, link, dispatch: dispatch.cast(), data });
        all.len()
    });
    // SAFETY: the registrar passes room for the context.
    unsafe { context.write(ptr::without_provenance_mut(place)) };
    ATTACH_STATUS.get()
}

unsafe extern "win64" fn detach(context: *mut c_void) -> i32 {
    if context.is_null() {
        return 0;
    }
    DETACHED.with_borrow_mut(|all| all.push(context.addr()));
    DETACH_STATUS.get()
}

unsafe extern "win64" fn cleanup(context: *mut c_void) {
    if !context.is_null() {
        CLEANED.with_borrow_mut(|all| all.push(context.addr()));
    }
}

unsafe extern "win64" fn get_current_pid_tgid(
    _: u64,
    _: u64,
    _: u64,
    _: u64,
    _: u64,
    context: u64,
) -> u64 {
    let context = ptr::with_exposed_provenance::<u64>(usize::try_from(context).unwrap());
    // SAFETY: the context has the flow in its tenth word.
    unsafe { context.wrapping_add(9).read() }
}

unsafe extern "win64" fn context_create(
    data: *const u8,
    length: usize,
    given: *const u8,
    given_length: usize,
    context: *mut *mut u8,
) -> i32 {
    if given_length != 104 {
        return 6;
    }
    let words: &mut [u64; 21] = Box::leak(Box::new([0; 21]));
    let at: *mut u8 = words.as_mut_ptr().wrapping_add(8).cast();
    // SAFETY: the context has room for as much, after its header.
    unsafe { ptr::copy_nonoverlapping(given, at, given_length) };
    words[19] = u64::try_from(data.expose_provenance()).unwrap();
    words[20] = words[19] + u64::try_from(length).unwrap();
    // SAFETY: the core passes room for the pointer.
    unsafe { context.write(at) };
    0
}

unsafe extern "win64" fn context_destroy(
    context: *mut u8,
    _data: *mut u8,
    length: *mut usize,
    out: *mut u8,
    out_length: *mut usize,
) {
    // SAFETY: the core passes room for the length, and what there is room for.
    let room = unsafe { out_length.read() };
    // SAFETY: as much as there is room for, and no more than a context.
    unsafe { ptr::copy_nonoverlapping(context, out, room.min(104)) };
    // SAFETY: as above.
    unsafe { out_length.write(room.min(104)) };
    // SAFETY: no data comes back.
    unsafe { length.write(0) };
}

const fn header(size: usize, total_size: usize) -> Header {
    Header { version: 1, size, total_size }
}

fn leak<T>(value: T) -> *const T {
    Box::leak(Box::new(value))
}

/// What the extension says of its program type; a test changes what it wants.
pub(crate) fn program_data() -> ProgramData {
    let descriptor = TypeDescriptor {
        header: header(61, 64),
        name: c"flow_classify".as_ptr().cast(),
        context: leak(ContextDescriptor { size: 104, data: 88, end: 96, meta: -1 }),
        program_type: PROGRAM_TYPE,
        bpf_type: 7,
        is_privileged: 0,
    };
    let prototype = HelperPrototype {
        header: header(66, 72),
        id: 19,
        name: c"bpf_get_current_pid_tgid".as_ptr().cast(),
        return_type: 0,
        arguments: [0; 5],
        flags: 0,
        has_implicit_context: 1,
    };
    let information = ProgramInformation {
        header: header(64, 64),
        descriptor: leak(descriptor),
        specific_count: 0,
        specific: ptr::null(),
        global_count: 1,
        global: leak(prototype),
    };
    let helper = (get_current_pid_tgid as *const c_void).expose_provenance();
    let addresses = HelperAddresses {
        header: header(40, 40),
        count: 1,
        addresses: leak(u64::try_from(helper).unwrap()),
    };
    ProgramData {
        header: header(72, 72),
        information: leak(information),
        specific: ptr::null(),
        global: leak(addresses),
        context_create: Some(context_create),
        context_destroy: Some(context_destroy),
        required_irql: 2,
        capabilities: 0,
    }
}

pub(crate) fn hook_data() -> AttachProviderData {
    AttachProviderData {
        header: header(48, 48),
        program_type: PROGRAM_TYPE,
        attach_type: 18,
        link_type: 1,
    }
}

fn characteristics(
    npi: Guid,
    guid: Guid,
    specific: *const c_void,
) -> *const ProviderCharacteristics {
    leak(ProviderCharacteristics {
        version: 0,
        length: 72,
        attach: Some(attach),
        detach: Some(detach),
        cleanup: Some(cleanup),
        instance: RegistrationInstance {
            version: 0,
            size: 40,
            npi: leak(npi),
            module: leak(ModuleId { length: 24, kind: 1, guid }),
            number: 0,
            specific,
        },
    })
}

fn register(characteristics: *const ProviderCharacteristics, context: usize) -> u64 {
    let mut handle = 0;
    let status = call!("NmrRegisterProvider"(
        *const ProviderCharacteristics = characteristics,
        *mut c_void = ptr::without_provenance_mut(context),
        *mut u64 = &raw mut handle,
    ) -> i32);
    assert_eq!(status, 0);
    handle
}

pub(crate) fn register_information(data: ProgramData) -> u64 {
    register(characteristics(PROGRAM_INFORMATION_NPI, PROGRAM_TYPE, leak(data).cast()), 0)
}

pub(crate) fn register_hook(data: AttachProviderData) -> u64 {
    register(characteristics(HOOK_NPI, ATTACH_TYPE, leak(data).cast()), 1)
}

pub(crate) fn deregister(provider: u64) -> i32 {
    call!("NmrDeregisterProvider"(u64 = provider) -> i32)
}

pub(crate) fn wait(provider: u64) -> i32 {
    call!("NmrWaitForProviderDeregisterComplete"(u64 = provider) -> i32)
}

pub(crate) fn complete(binding: u64) {
    call!("NmrProviderDetachClientComplete"(u64 = binding) -> ());
}

/// A context with its header before it.
#[repr(C, align(8))]
pub(crate) struct Context {
    pub(crate) header: [u64; 8],
    pub(crate) words: [u64; 13],
}

impl Context {
    pub(crate) fn of(data: &[u8]) -> Self {
        let mut words = [0; 13];
        (words[0], words[9]) = (2, 0x1_0000_0010);
        if !data.is_empty() {
            words[11] = u64::try_from(data.as_ptr().expose_provenance()).unwrap();
            words[12] = words[11] + u64::try_from(data.len()).unwrap();
        }
        Self { header: [0; 8], words }
    }

    fn at(&mut self) -> *mut u8 {
        (&raw mut *self).cast::<u8>().wrapping_add(64)
    }

    /// Invokes a client on it: the core's result, and the answer.
    pub(crate) fn invoke(&mut self, client: &Client) -> (i32, u32) {
        // SAFETY: the table that the client attached with lives for ever.
        let dispatch = unsafe { &*client.dispatch };
        assert_eq!((dispatch.version, dispatch.count), (1, 4));
        let mut answer = 99;
        ((dispatch.invoke)(client.link, self.at(), &raw mut answer), answer)
    }

    /// The same as a batch of one.
    pub(crate) fn invoke_batch(&mut self, client: &Client) -> (i32, u32) {
        // SAFETY: as above.
        let dispatch = unsafe { &*client.dispatch };
        let (mut state, mut answer) = (Default::default(), 99);
        assert_eq!((dispatch.batch_begin)(63, &raw mut state), 6);
        assert_eq!((dispatch.batch_begin)(64, &raw mut state), 0);
        let at = self.at();
        let result = (dispatch.batch_invoke)(client.link, at, &raw mut answer, &raw const state);
        assert_eq!((dispatch.batch_end)(&raw mut state), 0);
        (result, answer)
    }
}
