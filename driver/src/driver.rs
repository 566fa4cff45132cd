//! The running driver: one value in static memory that every callback reaches.

use crate::admission::Admission;
use crate::attach::Control;
use crate::engine::EngineState;
use crate::errors::ErrorRates;
use crate::events::Events;
use crate::flow::FlowContext;
use crate::parameters::Parameters;
use crate::slots::Slots;
use crate::snapshot::Snapshot;
use crate::start::Registered;
use crate::telemetry::Telemetry;
use crate::telling::Teller;
use crate::totals::DriverTotals;
use crate::{RUNNING, attach, capture, deleted, detach, engine, established, start, stop, stream};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use weir_nt::NtStatus;
use weir_nt::device::Device;
use weir_nt::ebpf::Client;
use weir_nt::entry::Running;
use weir_nt::lock::SpinLock;
use weir_nt::parameters::ServiceKey;
use weir_nt::published::Published;
use weir_nt::rundown::Rundown;
use weir_nt::slab::Slab;
use weir_nt::time::Clock;
use weir_nt::wfp::indication::CopyBuffers;
use weir_nt::wfp::{EstablishedValues, Indication};
use weir_nt::work::Work;

/// The driver.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(crate) parameters: Parameters,
    pub(crate) clock: Clock,
    pub(crate) events: Events,
    pub(crate) errors: SpinLock<ErrorRates>,
    pub(crate) totals: DriverTotals,

    /// Who is attached, as walks see it.
    pub(crate) published: Published<Snapshot>,
    /// Who is attached, as attach and detach change it.
    pub(crate) control: SpinLock<Control>,
    pub(crate) slots: Slots,

    /// Contexts of flows.
    pub(crate) flows: Slab<FlowContext>,
    pub(crate) admission: Admission,
    /// Number of the last flow.
    serial: AtomicU64,
    /// Who is inside flow established (S35).
    pub(crate) establishing: Rundown,
    pub(crate) copies: CopyBuffers,
    pub(crate) abort_work: Work,

    pub(crate) engine: EngineState,
    pub(crate) telemetry: Telemetry,
    pub(crate) teller: SpinLock<Option<Teller>>,

    /// No new contexts, and pairs end with the driver rather than with their attachments.
    stopping: AtomicBool,
}

/// The device that work items hang on.
pub(crate) fn device() -> Option<&'static Device> {
    RUNNING.device()
}

/// The driver, for work and timers, which know no context.
pub(crate) fn running() -> Option<&'static Driver> {
    RUNNING.driver()
}

impl Driver {
    /// The number of a new flow.
    pub(crate) fn next_serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    pub(crate) fn begin_stopping(&self) {
        self.stopping.store(true, Ordering::Release);
    }
}

impl weir_nt::entry::Driver for Driver {
    type Registered = Registered;

    #[inline(never)]
    fn new(service: ServiceKey<'_>) -> Result<Self, NtStatus> {
        let (parameters, wrong) = Parameters::read(service);
        let clock = Clock::best();
        Ok(Self {
            parameters,
            clock,
            events: Events::new()?,
            errors: SpinLock::new(ErrorRates::new(wrong)?),
            totals: DriverTotals::new()?,
            published: Published::new(Snapshot::empty()?)?,
            control: SpinLock::new(Control::new()?),
            slots: Slots::new()?,
            flows: Slab::new(parameters.contexts_max())?,
            admission: Admission::new(parameters.flows_max),
            serial: AtomicU64::new(0),
            establishing: Rundown::new(),
            copies: CopyBuffers::new()?,
            abort_work: Work::new(crate::abort::run, 0),
            engine: EngineState::new(),
            telemetry: Telemetry::new(),
            teller: SpinLock::new(Some(Teller::new()?)),
            stopping: AtomicBool::new(false),
        })
    }

    fn start(&'static self, device: &'static Device) -> Result<Registered, NtStatus> {
        start::start(self, device)
    }

    fn stop(&'static self, registered: Registered) {
        stop::stop(self, registered);
    }

    fn running() -> &'static Running<Self> {
        &RUNNING
    }

    fn established(&'static self, values: &EstablishedValues) -> bool {
        established::established(self, values)
    }

    fn stream(&'static self, flow_context: u64, indication: &mut Indication<'_>) -> bool {
        stream::stream(self, flow_context, indication)
    }

    fn flow_deleted(&'static self, flow_context: u64) {
        deleted::deleted(self, flow_context);
    }

    fn attach(&'static self, client: Client, parameter: Option<&[u8]>) -> Result<usize, NtStatus> {
        attach::attach(self, client, parameter)
    }

    fn detach(&'static self, number: usize) -> bool {
        detach::detach(self, number)
    }

    fn capture_state(&'static self) {
        capture::ask(self);
    }

    fn engine_changed(&'static self, is_running: bool) {
        engine::changed(self, is_running);
    }
}
