//! An eBPF core: loads programs, attaches them to the driver's hook and runs them.
//!
//! [`Core`] is what a test holds. A program is a client of the driver's program information
//! provider (`program`), an attachment one of its hook provider (`link`); both go through
//! [`crate::nmr`] as the real core does. What runs is compiled eBPF code, a script of the test, or
//! a constant (`body`); `invoke` is what the driver calls, `test_run` what user mode asks for.

mod body;
mod information;
mod invoke;
pub mod layout;
mod link;
mod program;
mod test_run;

use crate::kernel::Kernel;
use core::cell::Cell;
use weir_abi::identifiers::Guid;

pub use body::{Body, Reply, Seen};
pub use information::{Helper, ProgramInfo};
pub use link::{Attached, Params};
pub use program::Loaded;
pub use test_run::{TestRun, TestRunInput};
pub use weir_usermode::vm::{LoadError, Object, Program};

/// The core of one machine.
#[derive(Clone, Copy, Debug)]
pub struct Core {
    kernel: &'static Kernel,
}

/// Why a program cannot be loaded or attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The `ebpf_result_t` that user mode sees.
    pub result: i32,
    /// The `NTSTATUS` of the provider, or of the core's own checks; `None` if there is no provider.
    pub status: Option<i32>,
}

impl Core {
    /// The core of a machine.
    #[must_use]
    pub const fn new(kernel: &'static Kernel) -> Self {
        Self { kernel }
    }

    /// Loads a program of an object: section or function, or the only one there is.
    ///
    /// # Errors
    /// If the object or the program cannot be read.
    pub fn compile(object: &[u8], section: Option<&str>) -> Result<Body, LoadError> {
        let object = Object::parse(object)?;
        Ok(Body::Code(Box::new(Program::load(&object, section)?)))
    }

    /// Loads a program of the hook's type.
    ///
    /// # Errors
    /// If no provider answers for the type, or what it says of it is wrong.
    pub fn load(&self, body: Body) -> Result<Loaded, Refused> {
        Loaded::new(self.kernel, body)
    }

    /// Loads a program and attaches it.
    ///
    /// # Errors
    /// If either is refused.
    pub fn attach(&self, params: &Params, body: Body) -> Result<Attached, Refused> {
        self.load(body)?.attach(params)
    }

    /// Attaches a script.
    ///
    /// # Errors
    /// If it is refused.
    pub fn attach_scripted(
        &self,
        params: &Params,
        script: impl FnMut(&Seen) -> Reply + 'static,
    ) -> Result<Attached, Refused> {
        self.attach(params, Body::Script(Box::new(script)))
    }

    /// Attaches compiled code.
    ///
    /// # Errors
    /// If it is refused.
    ///
    /// # Panics
    /// If the object cannot be loaded.
    pub fn attach_code(&self, params: &Params, object: &[u8]) -> Result<Attached, Refused> {
        match Self::compile(object, None) {
            Ok(body) => self.attach(params, body),
            Err(error) => panic!("{error}"),
        }
    }

    /// Attaches what costs next to nothing: it answers one number, sees and checks nothing.
    ///
    /// # Errors
    /// If it is refused.
    pub fn attach_constant(&self, params: &Params, answer: u32) -> Result<Attached, Refused> {
        self.attach(params, Body::Constant(answer))
    }
}

thread_local! {
    /// Client modules of this thread's tests.
    static MODULES: Cell<u32> = const { Cell::new(0) };
}

/// The GUID of a client module: different each time, and the same in each run of a test.
fn module_guid() -> Guid {
    MODULES.set(MODULES.get() + 1);
    Guid::new(MODULES.get(), 0x7e57, 0x4bf0, 0x8c0e, [0x5a, 0x17, 0x3f, 0x60, 0x91, 0xc4])
}
