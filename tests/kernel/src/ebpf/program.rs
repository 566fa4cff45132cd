//! A loaded program: a client of the provider that describes its type.
//!
//! Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_program.c (read 2026-11)

use super::body::Body;
use super::information::{ProgramInfo, read_program};
use super::layout::{ContextDescriptor, PROGRAM_INFORMATION_NPI, result};
use super::link::{Attached, Params};
use super::{Refused, module_guid};
use crate::fwp::status;
use crate::kernel::Kernel;
use crate::memory;
use crate::nmr::{ModuleId, NmrClient, RegistrationInstance};
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use weir_abi::identifiers::{Guid, PROGRAM_TYPE};

/// A program that is loaded; not attached by that.
#[derive(Clone, Copy, Debug)]
pub struct Loaded {
    pub(super) kernel: &'static Kernel,
    pub(super) program: &'static ProgramClient,
}

/// The registration of a program, which lives for ever, as NMR wants it.
#[derive(Debug)]
pub(super) struct ProgramClient {
    instance: &'static RegistrationInstance,
    handle: Cell<Option<u64>>,
    /// What the provider said last; kept while it is attached.
    information: RefCell<Option<ProgramInfo>>,
    is_attached: Cell<bool>,
    /// Empty while the program runs, or when it is gone.
    pub(super) body: RefCell<Option<Body>>,
}

/// The context of the hook, where the public design has its pointers.
const CONTEXT: ContextDescriptor = ContextDescriptor { size: 104, data: 88, end: 96, meta: -1 };

impl Loaded {
    pub(super) fn new(kernel: &'static Kernel, body: Body) -> Result<Self, Refused> {
        let program: &'static ProgramClient = Box::leak(Box::new(ProgramClient {
            instance: registration(PROGRAM_INFORMATION_NPI, module_guid(), ptr::null()),
            handle: Cell::new(None),
            information: RefCell::new(None),
            is_attached: Cell::new(false),
            body: RefCell::new(Some(body)),
        }));
        let (handle, refusal) = kernel.nmr.register_client(kernel, program);
        program.handle.set(Some(handle));
        let loaded = Self { kernel, program };
        if !program.is_attached.get() {
            loaded.unload();
            return Err(Refused { result: result::EXTENSION_FAILED_TO_LOAD, status: refusal });
        }
        Ok(loaded)
    }

    /// Attaches the program to the hook.
    ///
    /// # Errors
    /// If the provider refuses, or there is none.
    pub fn attach(&self, params: &Params) -> Result<Attached, Refused> {
        Attached::new(*self, params)
    }

    /// What the provider says of the type, if it is there.
    #[must_use]
    pub fn information(&self) -> Option<ProgramInfo> {
        self.program.information.borrow().clone()
    }

    /// Looks into compiled code: maps and their contents. `None` for a script.
    pub fn with_code<T>(
        &self,
        look: impl FnOnce(&mut weir_usermode::vm::Program) -> T,
    ) -> Option<T> {
        match self.program.body.borrow_mut().as_mut() {
            Some(Body::Code(program)) => Some(look(program)),
            Some(Body::Script(_) | Body::Constant(_)) | None => None,
        }
    }

    /// Unloads the program; whether the provider let go at once. Attachments must be gone.
    pub fn unload(&self) -> bool {
        let handle = self.program.handle.take();
        let done = handle.is_none_or(|it| self.kernel.nmr.deregister_client(self.kernel, it));
        drop(self.program.body.take());
        done
    }
}

impl ProgramClient {
    /// Whether a provider stands behind the program: without one it does not run.
    pub(super) fn is_attached(&self) -> bool {
        self.is_attached.get()
    }

    /// Asks the provider's own `bpf_get_current_pid_tgid`.
    pub(super) fn pid_tgid(&self, context: *mut u8) -> Option<u64> {
        const GET_CURRENT_PID_TGID: u32 = 19;
        let information = self.information.borrow();
        let helpers = &information.as_ref()?.global;
        let helper = helpers.iter().find(|helper| helper.id == GET_CURRENT_PID_TGID)?.clone();
        drop(information);
        Some(super::invoke::call_helper(&helper, context))
    }
}

impl NmrClient for ProgramClient {
    fn instance(&self) -> *const RegistrationInstance {
        self.instance
    }

    fn binding_context(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn dispatch(&self) -> *const c_void {
        // The core shows a table of one function that nobody calls.
        static NOTHING: u64 = 0;
        (&raw const NOTHING).cast()
    }

    fn accept(&self, kernel: &Kernel, provider: &RegistrationInstance) -> Result<(), i32> {
        if module_of(provider) != Some(PROGRAM_TYPE) {
            return Err(status::NO_INTERFACE);
        }
        let information = read_program(provider.specific.cast()).map_err(|wrong| {
            kernel.violation(format!("program information: {wrong}"));
            status::INVALID_PARAMETER
        })?;
        if information.program_type != PROGRAM_TYPE || information.context != CONTEXT {
            kernel.violation(format!(
                "program information is of type {} with the context {:?}",
                information.program_type, information.context
            ));
        }
        self.information.replace(Some(information));
        Ok(())
    }

    fn attached(&self) {
        self.is_attached.set(true);
    }

    fn detaching(&self) {
        self.is_attached.set(false);
    }

    fn detached(&self) {
        self.information.replace(None);
    }
}

/// The GUID of a module, if that is what it is identified by.
pub(super) fn module_of(instance: &RegistrationInstance) -> Option<Guid> {
    const MIT_GUID: i32 = 1;
    memory::fetch(instance.module).filter(|it| it.kind == MIT_GUID).map(|it| it.guid)
}

/// A client's registration, which stays where it is.
pub(super) fn registration(
    npi: Guid,
    module: Guid,
    specific: *const c_void,
) -> &'static RegistrationInstance {
    let npi: &Guid = Box::leak(Box::new(npi));
    let module: &ModuleId = Box::leak(Box::new(ModuleId { length: 24, kind: 1, guid: module }));
    Box::leak(Box::new(RegistrationInstance {
        version: 0,
        size: 40,
        npi,
        module,
        number: 0,
        specific,
    }))
}
