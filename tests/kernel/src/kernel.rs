//! One simulated machine: its parts, how the driver is called, and what it did wrong.
//!
//! One thread runs one machine at a time. Imports find it through [`current`], because the driver
//! hands them no context. Everything is deterministic under virtual time: what is queued runs
//! when a test says so, or while the driver waits.

mod end;

use crate::bfe::Bfe;
use crate::calls::Calls;
use crate::etw::Etw;
use crate::faults::Faults;
use crate::fwp::Fwp;
use crate::io::Io;
use crate::loader::Image;
use crate::locks::Locks;
use crate::measure::Stopwatch;
use crate::nmr::Nmr;
use crate::options::Options;
use crate::pool::Pool;
use crate::processors::Processors;
use crate::registry::Registry;
use crate::rundown::Rundown;
use crate::stack::{KERNEL_STACK_BYTES, Stacks};
use crate::threads::Threads;
use crate::time::Clock;
use crate::timers::Timers;
use crate::{crt, fault_handler, host};
use core::cell::{Cell, RefCell};

/// The level of threads.
///
/// Source of the levels: learn.microsoft.com/windows-hardware/drivers/kernel/
/// managing-hardware-priorities (read 2026-11)
pub const PASSIVE_LEVEL: u8 = 0;
/// Threads that take no asynchronous procedure calls.
pub const APC_LEVEL: u8 = 1;
/// No thread is switched.
pub const DISPATCH_LEVEL: u8 = 2;
/// Nothing interrupts.
pub const HIGH_LEVEL: u8 = 15;

/// Violations that are kept; a driver that does one thing wrong for ever fills no memory.
const VIOLATIONS_MAX: usize = 100;

thread_local! {
    static CURRENT: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
}

/// The kernel of this thread: the last that was booted on it.
///
/// Ends the process where there is none: an import has nobody to tell.
#[must_use]
pub fn current() -> &'static Kernel {
    match CURRENT.get() {
        Some(kernel) => kernel,
        None => host::die("an import was called on a thread that booted no kernel"),
    }
}

/// Where in the driver an address lies, for the handler of faults.
pub(crate) fn offset_in_driver(address: usize) -> Option<usize> {
    let image = CURRENT.get()?.image()?;
    image.offset(address)
}

/// Where to go on from a breakpoint of the driver, for the handler of faults.
pub(crate) fn stub_of(address: usize) -> Option<usize> {
    CURRENT.get()?.image()?.stub_of(address)
}

/// A function that the driver may import.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// Who exports it; compared without case.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Where it is, an `extern "win64"` function.
    pub address: usize,
}

/// Where the driver is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// `DriverEntry` was not called.
    Booted,
    /// `DriverEntry` is running, or succeeded.
    Loaded,
    /// `DriverEntry` failed, or the unload routine returned: nothing of it may be left.
    Gone,
}

/// One machine.
#[derive(Debug)]
pub struct Kernel {
    /// Memory.
    pub pool: Pool,
    /// Processors and their levels.
    pub processors: Processors,
    /// Spin locks.
    pub locks: Locks,
    /// Rundown protection.
    pub rundown: Rundown,
    /// Clocks.
    pub time: Clock,
    /// Timers and deferred procedure calls.
    pub timers: Timers,
    /// Driver object, devices, work items.
    pub io: Io,
    /// Registry keys.
    pub registry: Registry,
    /// Event tracing.
    pub etw: Etw,
    /// The filtering platform.
    pub fwp: Fwp,
    /// The network module registrar.
    pub nmr: Nmr,
    /// The base filtering engine.
    pub bfe: Bfe,
    /// Failures to come.
    pub faults: Faults,
    /// Calls of imports.
    pub calls: Calls,
    /// Kernel stacks and how far each entry point went down on one.
    pub stacks: Stacks,
    /// Time of calls into the driver.
    pub stopwatch: Stopwatch,
    /// Threads that take turns.
    pub threads: Threads,
    image: Option<Image>,
    life: Cell<Life>,
    violations: RefCell<Vec<String>>,
}

/// Every function that an image can import here.
#[must_use]
pub fn imports() -> Vec<Import> {
    [
        crate::pool::imports(),
        crate::processors::imports(),
        crate::locks::imports(),
        crate::rundown::imports(),
        crate::time::imports(),
        crate::timers::imports(),
        crate::stack::imports(),
        crate::io::imports(),
        crate::registry::imports(),
        crate::etw::imports(),
        crt::imports(),
        crate::fwp::imports(),
        crate::nmr::imports(),
        crate::bfe::imports(),
    ]
    .concat()
}

impl Kernel {
    /// Boots a machine on this thread and maps the driver; nothing of it has run yet.
    ///
    /// The machine lives as long as the process, since imports refer to it; [`Kernel::end`] gives
    /// back what is large but the events, which [`Etw::take_events`] does. A few kilobytes stay.
    ///
    /// # Panics
    /// Where [`Kernel::try_boot`] fails.
    #[must_use]
    pub fn boot(options: Options) -> &'static Self {
        Self::try_boot(options).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same for tools, whose users name the image.
    ///
    /// # Errors
    /// The image cannot be mapped, or imports what nobody here provides; the error names the file.
    pub fn try_boot(options: Options) -> Result<&'static Self, String> {
        let Options { image, processors, time, measures_stacks, breakpoints } = options;
        fault_handler::install();
        let told = |path: &std::path::Path, error| format!("{}: {error}", path.display());
        let map =
            |path| Image::map(path, &imports(), breakpoints).map_err(|error| told(path, error));
        let image = image.as_deref().map(map).transpose()?;
        let kernel: &'static Self = Box::leak(Box::new(Self {
            pool: Pool::default(),
            processors: Processors::new(processors),
            locks: Locks::new(measures_stacks || breakpoints.is_some()),
            rundown: Rundown::default(),
            time: Clock::new(time),
            timers: Timers::default(),
            io: Io::new(image.as_ref()),
            registry: Registry::default(),
            etw: Etw::default(),
            fwp: Fwp::default(),
            nmr: Nmr::default(),
            bfe: Bfe::default(),
            faults: Faults::default(),
            calls: Calls::default(),
            stacks: Stacks::new(measures_stacks),
            stopwatch: Stopwatch::default(),
            threads: Threads::default(),
            image,
            life: Cell::new(Life::Booted),
            violations: RefCell::default(),
        }));
        CURRENT.set(Some(kernel));
        Ok(kernel)
    }

    /// Calls `DriverEntry` and returns its status; work that it queued has not run yet.
    ///
    /// # Panics
    /// If the machine was booted without an image.
    pub fn load_driver(&self) -> i32 {
        let Some(image) = &self.image else { panic!("the machine was booted without an image") };
        self.life.set(Life::Loaded);
        let (driver, registry_path) = (self.io.driver_object(), self.io.registry_path());
        let entry = image.entry();
        let status = self.enter("DriverEntry", || entry(driver, registry_path));
        if status < 0 {
            self.life.set(Life::Gone);
        }
        status
    }

    /// Calls the driver's unload routine, after which none of its code may run.
    pub fn unload_driver(&self) {
        let Some(unload) = self.io.unload_routine().filter(|_| self.life.get() == Life::Loaded)
        else {
            return self.violation("the driver has no unload routine".to_owned());
        };
        let driver = self.io.driver_object();
        // SAFETY: the routine is the one that the driver stored for this, and it is called once,
        // with the object that `DriverEntry` got.
        self.enter("DriverUnload", || unsafe { unload(driver) });
        self.life.set(Life::Gone);
        for left in self.leftovers() {
            self.violation(left);
        }
        // A work item refers to its device until its routine has returned, and the device to the
        // driver: its code stays so long.
        // Source: learn.microsoft.com/windows-hardware/drivers/kernel/system-worker-threads (read
        // 2026-11)
        self.wait_for("routines of work items", || !self.io.is_working());
        if let Some(image) = &self.image {
            image.seal();
        }
    }

    pub(crate) fn passed_breakpoint(&self, site: usize) {
        if let Some(image) = &self.image {
            image.pass_breakpoint(site);
        }
    }

    /// Where the driver is in its life.
    #[must_use]
    pub const fn life(&self) -> Life {
        self.life.get()
    }

    /// The driver's image.
    #[must_use]
    pub const fn image(&self) -> Option<&Image> {
        self.image.as_ref()
    }

    /// Notes something that the driver must not do.
    pub fn violation(&self, what: String) {
        let mut violations = self.violations.borrow_mut();
        let what = match self.threads.name() {
            Some(name) => format!("{what} (in `{name}`, point {})", self.threads.points()),
            None => what,
        };
        if violations.len() < VIOLATIONS_MAX {
            violations.push(what);
        }
    }

    /// What was noted so far; [`Kernel::finish`] will not tell it again.
    #[must_use]
    pub fn take_violations(&self) -> Vec<String> {
        self.violations.take()
    }

    /// Notes a call above the highest level it may be made at.
    #[inline]
    pub fn require_irql(&self, function: &'static str, max: u8) {
        let irql = self.processors.irql();
        if irql > max {
            self.violation(format!("{function} at IRQL {irql}, at most {max} is allowed"));
        }
    }

    /// Notes a call with a spin lock held.
    pub fn require_no_locks(&self, function: &'static str) {
        let held = self.locks_held();
        if held > 0 {
            self.violation(format!("{function} with {held} spin locks held"));
        }
    }

    /// The level of the processor that runs.
    #[must_use]
    pub fn irql(&self) -> u8 {
        self.processors.irql()
    }

    /// Spin locks that the running thread holds.
    #[must_use]
    pub fn locks_held(&self) -> usize {
        self.locks.held_by(self.threads.running())
    }

    /// Runs `f`, a call into the driver, on processor `number`.
    pub fn on_processor<T>(&self, number: u32, f: impl FnOnce() -> T) -> T {
        let before = self.processors.current();
        self.move_to(number);
        let result = f();
        if self.threads.running().is_none() {
            self.processors.switch_to(before);
        }
        result
    }

    /// Runs `f`, a call into the driver, at a level; it has to come back at that level and with as
    /// many locks held as before.
    pub fn at_irql<T>(&self, irql: u8, f: impl FnOnce() -> T) -> T {
        let before = self.processors.irql();
        if irql < before {
            self.violation(format!("a call at IRQL {irql} from IRQL {before}"));
        }
        self.processors.set_irql(irql);
        let locks = self.locks_held();
        let result = f();
        self.came_back("a call", irql, locks);
        self.processors.set_irql(before);
        result
    }

    /// Runs `call`, which calls into the driver, on a kernel stack of its own; `entry` names it
    /// where stacks and violations are told. Every call into the driver goes through here: its
    /// imports find the thread's own stack by that of the kernel.
    pub fn enter<R>(&self, entry: &'static str, call: impl FnOnce() -> R) -> R {
        let (irql, locks) = (self.processors.irql(), self.locks_held());
        let affinity = self.processors.affinity();
        let delays = self.time.count_delays_from(0);
        let timed = || self.stopwatch.time(call);
        let (result, nanos) = self.stacks.run(entry, KERNEL_STACK_BYTES, timed);
        self.stopwatch.note(entry, nanos);
        self.time.count_delays_from(delays);
        self.came_back(entry, irql, locks);
        if self.processors.affinity().is_elsewhere(&affinity) {
            self.violation(format!("{entry} left its thread bound to a processor"));
            self.processors.restore_affinity(affinity);
        }
        result
    }

    fn came_back(&self, entry: &str, irql: u8, locks: usize) {
        let (irql_after, locks_after) = (self.processors.irql(), self.locks_held());
        if locks_after != locks {
            self.violation(format!("{entry} left {locks_after} spin locks held, not {locks}"));
            self.locks.forget(self.threads.running(), locks);
        }
        if irql_after != irql {
            self.violation(format!("{entry} came back at IRQL {irql_after}, not {irql}"));
            self.processors.set_irql(irql);
        }
    }
}
