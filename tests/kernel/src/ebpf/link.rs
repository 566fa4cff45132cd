//! An attachment: a client of the hook provider, which calls it back with every flow.
//!
//! Source: microsoft/ebpf-for-windows, libs/execution_context/ebpf_link.c (read 2026-11)

use super::body::Body;
use super::information::read_attach_provider;
use super::invoke::{CONSTANT_DISPATCH, DISPATCH};
use super::layout::{Dispatch, ExtensionData, HOOK_NPI, Header, result};
use super::program::{Loaded, ProgramClient, module_of, registration};
use super::{Refused, module_guid};
use crate::fwp::{guarded::Guarded, status};
use crate::kernel::{Kernel, current};
use crate::nmr::{NmrClient, RegistrationInstance};
use core::cell::{Cell, RefCell};
use core::ffi::c_void;
use core::ptr;
use weir_abi::identifiers::{ATTACH_TYPE, Guid, PROGRAM_TYPE};

/// What a program is attached with.
#[derive(Clone, Debug)]
pub struct Params {
    /// The attach parameter, as user mode gives it.
    pub data: Vec<u8>,
    /// Flags of the attachment.
    pub flags: u64,
    /// Which hook is meant.
    pub attach_type: Guid,
    /// Of which type the program is.
    pub program_type: Guid,
    /// The header of the structure around the parameter; a test may spoil it.
    pub header: Header,
    /// Whether the structure is there at all.
    pub has_extension_data: bool,
}

impl Default for Params {
    /// Any compartment.
    fn default() -> Self {
        Self {
            data: Vec::new(),
            flags: 0,
            attach_type: ATTACH_TYPE,
            program_type: PROGRAM_TYPE,
            header: Header { version: 1, size: 48, total_size: 48 },
            has_extension_data: true,
        }
    }
}

impl Params {
    /// One compartment.
    #[must_use]
    pub fn compartment(id: u32) -> Self {
        Self::data(&id.to_le_bytes())
    }

    /// These bytes.
    #[must_use]
    pub fn data(bytes: &[u8]) -> Self {
        Self { data: bytes.to_vec(), ..Self::default() }
    }
}

/// An attached program.
#[derive(Clone, Copy, Debug)]
pub struct Attached {
    loaded: Loaded,
    link: &'static Link,
}

/// Where an attachment is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// In the provider's attach callback, or refused by it.
    Attaching,
    Attached,
    /// The provider was asked to let go, and may be calling still.
    Detaching,
    /// It let go: from here on it must not call.
    Detached,
}

/// The registration of an attachment, which lives for ever, as NMR wants it.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Link {
    /// [`MAGIC`], first: what the driver passes is looked at before it is taken for a link.
    magic: u64,
    pub(super) program: &'static ProgramClient,
    pub(super) phase: Cell<Phase>,
    pub(super) invocations: Cell<u64>,
    /// Invocations that have begun and not ended.
    pub(super) in_flight: Cell<u32>,
    /// For the cheap dispatch table.
    pub(super) constant: u32,
    is_constant: bool,
    attach_type: Guid,
    program_type: Guid,
    instance: &'static RegistrationInstance,
    handle: Cell<Option<u64>>,
    /// The attach parameter; it ends where readable memory ends, and goes with the attachment: a
    /// process may have 65,530 mappings, and tests attach often.
    data: RefCell<Option<Guarded>>,
}

/// Begins every [`Link`].
pub(super) const MAGIC: u64 = 0x6b6e_696c_2072_6577;

impl Attached {
    pub(super) fn new(loaded: Loaded, params: &Params) -> Result<Self, Refused> {
        let link: &'static Link = Box::leak(Box::new(Link::new(loaded, params)));
        let attached = Self { loaded, link };
        let (handle, refusal) = loaded.kernel.nmr.register_client(loaded.kernel, link);
        link.handle.set(Some(handle));
        if link.phase.get() != Phase::Attached {
            attached.detach();
            return Err(Refused { result: result::EXTENSION_FAILED_TO_LOAD, status: refusal });
        }
        Ok(attached)
    }

    /// Detaches the program; whether the provider let go at once. Otherwise it does so in a work
    /// item ([`Kernel::run_work`]).
    pub fn detach(&self) -> bool {
        let handle = self.link.handle.take();
        let kernel = self.loaded.kernel;
        handle.is_none_or(|it| kernel.nmr.deregister_client(kernel, it))
    }

    /// Whether the provider invokes the program: it attached it and was not asked to let go.
    #[must_use]
    pub fn is_attached(&self) -> bool {
        self.link.phase.get() == Phase::Attached
    }

    /// Whether the provider let go.
    #[must_use]
    pub fn is_detached(&self) -> bool {
        self.link.phase.get() == Phase::Detached
    }

    /// How often the program was invoked.
    #[must_use]
    pub fn invocations(&self) -> u64 {
        self.link.invocations.get()
    }

    /// What the driver calls to invoke the program, and with what.
    pub(crate) const fn link(&self) -> (&'static Dispatch, *const c_void) {
        let table = if self.link.is_constant { &CONSTANT_DISPATCH } else { &DISPATCH };
        (table, ptr::from_ref(self.link).cast())
    }

    /// The program.
    #[must_use]
    pub const fn loaded(&self) -> Loaded {
        self.loaded
    }
}

impl Link {
    fn new(loaded: Loaded, params: &Params) -> Self {
        let data = Guarded::read_only(&params.data);
        let start = if params.data.is_empty() { ptr::null() } else { data.start().cast_const() };
        let extension: &ExtensionData = Box::leak(Box::new(ExtensionData {
            header: params.header,
            data: start.cast(),
            data_size: params.data.len(),
            flags: params.flags,
        }));
        let extension: *const ExtensionData =
            if params.has_extension_data { extension } else { ptr::null() };
        let constant = match &*loaded.program.body.borrow() {
            Some(Body::Constant(answer)) => Some(*answer),
            Some(Body::Code(_) | Body::Script(_)) | None => None,
        };
        Self {
            magic: MAGIC,
            program: loaded.program,
            phase: Cell::new(Phase::Attaching),
            invocations: Cell::new(0),
            in_flight: Cell::new(0),
            constant: constant.unwrap_or(0),
            is_constant: constant.is_some(),
            attach_type: params.attach_type,
            program_type: params.program_type,
            instance: registration(HOOK_NPI, module_guid(), extension.cast()),
            handle: Cell::new(None),
            data: RefCell::new(Some(data)),
        }
    }
}

impl NmrClient for Link {
    fn instance(&self) -> *const RegistrationInstance {
        self.instance
    }

    fn binding_context(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }

    fn dispatch(&self) -> *const c_void {
        let table = if self.is_constant { &CONSTANT_DISPATCH } else { &DISPATCH };
        ptr::from_ref(table).cast()
    }

    fn accept(&self, kernel: &Kernel, provider: &RegistrationInstance) -> Result<(), i32> {
        if module_of(provider) != Some(self.attach_type) || self.phase.get() == Phase::Attached {
            return Err(status::NO_INTERFACE);
        }
        let data = read_attach_provider(provider.specific.cast()).map_err(|wrong| {
            kernel.violation(format!("hook provider: {wrong}"));
            status::INVALID_PARAMETER
        })?;
        if data.program_type != self.program_type {
            return Err(status::NO_INTERFACE);
        }
        Ok(())
    }

    fn attached(&self) {
        self.phase.set(Phase::Attached);
    }

    fn detaching(&self) {
        self.phase.set(Phase::Detaching);
    }

    fn detached(&self) {
        if self.in_flight.get() > 0 {
            let told = self.in_flight.get();
            current().violation(format!("a detach was completed during {told} invocations"));
        }
        drop(self.data.take());
        self.phase.set(Phase::Detached);
    }
}
