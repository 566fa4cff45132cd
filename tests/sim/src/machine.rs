//! The simulated kernel with the driver loaded, and a clock that follows the traffic.
//!
//! [`Network`] is what [`crate::player`] plays to; [`crate::twin`] is another.

use std::path::Path;
use weir_abi::event::{ClockKind, DriverState, Event as _, FailurePolicy, Record};
use weir_abi::{Direction, EventHead};
use weir_sim_kernel::breakpoints::Breakpoints;
use weir_sim_kernel::ebpf::{Attached, Body, Core, Params, Refused};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::{Indication, StreamOutcome};
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::time::Time;
use weir_sim_kernel::{Kernel, Options};

/// Times that a machine is booted anew because the driver took the time stamp counter for a clock.
const BOOTS_MAX: u32 = 20;

/// What a driver is loaded with.
#[derive(Clone, Debug)]
pub struct Setup {
    /// `FailurePolicy`.
    pub policy: FailurePolicy,
    /// `MaxFlows`; `None` leaves the value out.
    pub flows_max: Option<u32>,
    /// `CountersIntervalMs`.
    pub counters_interval_ms: u32,
    /// Keywords that the one session wants; 0 for none of the events.
    pub keywords: u64,
    /// When the machine boots, in nanoseconds since 1970.
    pub boots_ns: u64,
    /// Processors.
    pub processors: u32,
    /// `BlockAction`; `None` leaves the value out.
    pub block_action: Option<&'static str>,
    /// Where threads can lose their processor within the image.
    pub breakpoints: Option<Breakpoints>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            policy: FailurePolicy::Open,
            flows_max: None,
            counters_interval_ms: 1_000,
            keywords: weir_usermode::hook::KEYWORDS_ALL,
            boots_ns: 1_793_491_200_000_000_000,
            processors: 1,
            block_action: None,
            breakpoints: None,
        }
    }
}

/// Connections that open, carry bytes and end, at given times.
pub trait Network {
    /// What went wrong.
    type Error;

    /// Time passes up to this one, in nanoseconds since 1970; it never goes back.
    ///
    /// # Errors
    /// What the time that passed brought to light.
    fn reach(&mut self, at_ns: u64) -> Result<(), Self::Error>;

    /// A connection is established: its flow, `None` where it is blocked at once.
    ///
    /// # Errors
    /// What the connection brought to light.
    fn connect(&mut self, spec: &FlowSpec) -> Result<Option<u64>, Self::Error>;

    /// Bytes of a flow; whether they go on.
    ///
    /// # Errors
    /// What the bytes brought to light.
    fn data(&mut self, flow: u64, data: &Data<'_>) -> Result<bool, Self::Error>;

    /// A flow ends.
    ///
    /// # Errors
    /// What the end brought to light.
    fn close(&mut self, flow: u64) -> Result<(), Self::Error>;
}

/// Bytes on their way.
#[derive(Clone, Copy, Debug)]
pub struct Data<'a> {
    /// Sent is outbound.
    pub direction: Direction,
    /// The bytes.
    pub bytes: &'a [u8],
    /// Bytes that were taken away before these.
    pub missed_bytes: u64,
    /// How they lie in memory.
    pub shape: Shape,
}

/// A machine with the driver.
#[derive(Clone, Copy, Debug)]
pub struct Machine {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// Its network.
    pub net: Net,
    /// Indications for which a callout was called.
    pub indicated: u64,
    /// Bytes that those indications said were missed.
    pub missed_bytes: u64,
    /// Connections that were opened.
    pub opened: u64,
}

impl Machine {
    /// Boots a machine, loads the driver and lets it add its filters.
    ///
    /// Under virtual time the driver cannot calibrate the time stamp counter and takes the
    /// performance counter, which is exact; should a busy host make the calibration look plausible
    /// all the same, the machine boots again.
    ///
    /// # Errors
    /// The image cannot be mapped, or the driver does not load.
    pub fn start(image: &Path, setup: &Setup) -> Result<Self, String> {
        for _ in 0..BOOTS_MAX {
            let machine = Self::boot(image, setup)?;
            if machine.is_timed_exactly() {
                return Ok(machine);
            }
            machine.stop()?;
        }
        Err("the driver takes the time stamp counter for a clock".to_owned())
    }

    fn boot(image: &Path, setup: &Setup) -> Result<Self, String> {
        let kernel = Kernel::try_boot(Options {
            image: Some(image.to_path_buf()),
            processors: setup.processors,
            time: Time::Virtual { start_unix_ns: setup.boots_ns, frequency: 1_000_000_000 },
            measures_stacks: false,
            breakpoints: setup.breakpoints,
        })?;
        let registry = &kernel.registry;
        registry.set_string("Parameters", "FailurePolicy", setup.policy.name());
        let interval = setup.counters_interval_ms;
        registry.set_dword("Parameters", "CountersIntervalMs", interval);
        if let Some(flows_max) = setup.flows_max {
            registry.set_dword("Parameters", "MaxFlows", flows_max);
        }
        if let Some(action) = setup.block_action {
            registry.set_string("Parameters", "BlockAction", action);
        }
        if setup.keywords != 0 {
            kernel.etw.enable(setup.keywords, 5);
        }
        let status = kernel.load_driver();
        if status < 0 {
            return Err(format!("load the driver: DriverEntry returned {status:#x}"));
        }
        kernel.run_work();
        Ok(Self { kernel, net: Net::new(kernel), indicated: 0, missed_bytes: 0, opened: 0 })
    }

    /// Whether the driver says that it is timed by the performance counter, if it says anything.
    fn is_timed_exactly(&self) -> bool {
        self.kernel.etw.events().iter().all(|event| {
            let is_state = event.id == DriverState::ID;
            match Record::decode(event.id, &event.payload) {
                Ok((_, Record::DriverState(state))) if is_state => state.clock != ClockKind::Tsc,
                _ => true,
            }
        })
    }

    /// Attaches a program; the label names it in metrics.
    ///
    /// # Errors
    /// If the driver refuses.
    pub fn attach(&self, params: &Params, body: Body) -> Result<Attached, Refused> {
        Core::new(self.kernel).attach(params, body)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.kernel.time.unix_ns()
    }

    /// Indicates bytes.
    pub fn indicate(&mut self, flow: u64, data: &Data<'_>) -> StreamOutcome {
        let indication = Indication {
            bytes: data.bytes.to_vec(),
            shape: data.shape,
            direction: data.direction,
            missed_bytes: usize::try_from(data.missed_bytes).unwrap_or(usize::MAX),
            ..Indication::default()
        };
        let outcome = self.kernel.fwp.stream(self.kernel, flow, &indication);
        self.indicated += u64::from(outcome.is_called);
        self.missed_bytes += if outcome.is_called { data.missed_bytes } else { 0 };
        outcome
    }

    /// Events since the last call.
    #[must_use]
    pub fn take_events(&self) -> Vec<Written> {
        self.kernel.etw.take_events()
    }

    /// Unloads the driver.
    ///
    /// # Errors
    /// Every rule of the kernel that the driver broke, and what it left behind.
    pub fn stop(&self) -> Result<(), String> {
        self.kernel.unload_driver();
        let told = self.kernel.end();
        if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
    }
}

impl Network for Machine {
    type Error = String;

    fn reach(&mut self, at_ns: u64) -> Result<(), String> {
        self.kernel.advance(at_ns.saturating_sub(self.now_ns()));
        Ok(())
    }

    fn connect(&mut self, spec: &FlowSpec) -> Result<Option<u64>, String> {
        self.opened += 1;
        let connection = self.net.connect(spec);
        if connection.is_refused() {
            connection.close();
            return Ok(None);
        }
        Ok(Some(connection.flow))
    }

    fn data(&mut self, flow: u64, data: &Data<'_>) -> Result<bool, String> {
        Ok(self.indicate(flow, data).is_permitted)
    }

    fn close(&mut self, flow: u64) -> Result<(), String> {
        for direction in [Direction::Outbound, Direction::Inbound] {
            // Both ends finish, which no program hears of (S19).
            let ending = Indication::end(direction);
            if !self.kernel.fwp.stream(self.kernel, flow, &ending).is_permitted {
                return Err(format!("the end of flow {flow:#x} was not permitted"));
            }
        }
        self.kernel.fwp.close(self.kernel, flow);
        Ok(())
    }
}

/// The head of an event as the collector's stages take it.
#[must_use]
pub const fn head_of(event: &Written) -> EventHead {
    EventHead {
        id: event.id,
        version: event.version,
        level: event.level,
        keyword: event.keyword,
        time_ns: event.unix_ns,
    }
}
