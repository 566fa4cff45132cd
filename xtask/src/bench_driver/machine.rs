//! A machine with the driver and programs that answer one number, and what one call costs on it.

use std::path::Path;
use weir_abi::Event as _;
use weir_abi::event::{ClockKind, DriverState, Record};
use weir_sim_kernel::ebpf::{Attached, Params};
use weir_sim_kernel::fwp::stream::{Indication, Prepared};
use weir_sim_kernel::measure::CallCosts;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::time::Time;
use weir_sim_kernel::{Kernel, Options};

pub(super) const ALLOW: u32 = 0;
pub(super) const BLOCK: u32 = 1;
pub(super) const NEED_MORE_DATA: u32 = 2;

/// Bytes of a full segment of a connection over Ethernet: 1,500 less two headers of 20.
pub(super) const SEGMENT_BYTES: usize = 1_460;

/// What the collector's session that never stops listens to: all but Invocation and CopyFallback.
pub(super) const CONTROL: u64 = 0xF60;
/// All keywords, Invocation events without their description.
pub(super) const ALL_PLAIN: u64 = 0xFF0;
/// All keywords.
pub(super) const ALL: u64 = 0xFFF0;

/// Performance counters of Windows tick so often.
///
/// Source: learn.microsoft.com/windows/win32/sysinfo/acquiring-high-resolution-time-stamps (read
/// 2026-11)
const FREQUENCY: u64 = 10_000_000;

/// What a machine is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) attachments: usize,
    pub(super) answer: u32,
    /// What a session listens to, if there is one.
    pub(super) keywords: Option<u64>,
    /// Real clocks, by which the driver takes the time stamp counter; else virtual ones, by which
    /// it does not.
    pub(super) is_real: bool,
    pub(super) processors: u32,
}

impl Plan {
    pub(super) const fn new(attachments: usize) -> Self {
        Self { attachments, answer: NEED_MORE_DATA, keywords: None, is_real: true, processors: 4 }
    }

    pub(super) const fn listening(self, keywords: u64) -> Self {
        Self { keywords: Some(keywords), ..self }
    }

    pub(super) const fn answering(self, answer: u32) -> Self {
        Self { answer, ..self }
    }

    pub(super) const fn virtual_time(self) -> Self {
        Self { is_real: false, ..self }
    }
}

/// A machine with the driver loaded.
#[derive(Debug)]
pub(super) struct Machine {
    pub(super) kernel: &'static Kernel,
    pub(super) net: Net,
    pub(super) attached: Vec<Attached>,
    /// What the driver said that it measures durations with.
    pub(super) clock: ClockKind,
    pub(super) resolution_ps: u64,
}

impl Machine {
    pub(super) fn boot(image: &Path, plan: &Plan) -> Result<Self, String> {
        let time = if plan.is_real {
            Time::Real { frequency: FREQUENCY }
        } else {
            Time::Virtual { start_unix_ns: 1_793_491_200_000_000_000, frequency: FREQUENCY }
        };
        let kernel = Kernel::try_boot(Options {
            image: Some(image.to_owned()),
            processors: plan.processors,
            time,
            measures_stacks: false,
            breakpoints: None,
        })?;
        kernel.registry.set_dword("Parameters", "CountersIntervalMs", 3_600_000);
        kernel.etw.enable(DriverState::KEYWORD, 0);
        let status = kernel.load_driver();
        if status < 0 {
            return Err(format!("the driver did not start: {status:#x}"));
        }
        kernel.run_work();
        kernel.etw.disable();
        let (clock, resolution_ps) = clock(kernel).ok_or("the driver told no state")?;
        kernel.etw.discard(true);
        if let Some(keywords) = plan.keywords {
            kernel.etw.enable(keywords, 0);
        }
        let net = Net::new(kernel);
        let attach = |_| {
            let attached = net.core().attach_constant(&Params::default(), plan.answer);
            attached.map_err(|refused| format!("no attachment: {refused:?}"))
        };
        let attached = (0..plan.attachments).map(attach).collect::<Result<_, _>>()?;
        kernel.run_work();
        kernel.calibrate_stopwatch();
        Ok(Self { kernel, net, attached, clock, resolution_ps })
    }

    /// What one call costs here.
    pub(super) fn costs(&self) -> Costs {
        let fragmented = segment(Shape::SplitMdls);
        let calls = CallCosts::of(self.kernel, &fragmented, SEGMENT_BYTES);
        let program =
            self.attached.first().map_or(0.0, |it| CallCosts::of_program(self.kernel, it));
        Costs { calls, program }
    }

    /// Unloads the driver; figures of one that broke rules would be worth nothing.
    pub(super) fn end(self) -> Result<(), String> {
        self.kernel.etw.disable();
        self.net.close_all();
        self.kernel.unload_driver();
        let told = self.kernel.end();
        if told.is_empty() { Ok(()) } else { Err(told.join("\n")) }
    }
}

/// The clock of the last DriverState event.
fn clock(kernel: &Kernel) -> Option<(ClockKind, u64)> {
    let events = kernel.etw.take_events();
    let mut states = events.iter().rev().filter(|event| event.id == DriverState::ID);
    match Record::decode(DriverState::ID, &states.next()?.payload) {
        Ok((_, Record::DriverState(state))) => Some((state.clock, state.clock_resolution_ps)),
        _ => None,
    }
}

/// A full segment from the peer, laid out in memory.
pub(super) fn segment(shape: Shape) -> Prepared {
    Prepared::new(&Indication::received(&[0x5a; SEGMENT_BYTES]).shaped(shape))
}

/// What one call costs on a machine.
#[derive(Debug)]
pub(super) struct Costs {
    pub(super) calls: CallCosts,
    /// Invoking a program that answers a constant.
    pub(super) program: f64,
}
