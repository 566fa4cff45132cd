//! The machine of a story, and what its threads share.

use crate::story::{LAST, Step, Story};
use core::cell::{Cell, RefCell};
use std::path::Path;
use std::rc::Rc;
use weir_abi::event::FailurePolicy;
use weir_sim::machine::{Machine, Setup};
use weir_sim_kernel::Kernel;
use weir_sim_kernel::breakpoints::Breakpoints;
use weir_sim_kernel::ebpf::{Attached, Body, Core, Params, Reply, Seen};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::fwp::{Aborts, Deletes};
use weir_sim_kernel::kernel::Life;
use weir_sim_kernel::net::Connection;

const ALLOW: u32 = 0;
const BLOCK: u32 = 1;
const MORE: u32 = 2;
/// No answer of the three.
const UNKNOWN: u32 = 77;
/// `EBPF_FAILED`.
const FAILED: i32 = 17;
/// The state of a flow that is established.
const NEW: u32 = 0;

/// Connections of one story; more would be more of the same.
const CONNECTIONS_MAX: usize = 64;

/// A machine, its connections and its programs.
pub(crate) struct World {
    pub(crate) machine: Machine,
    connections: RefCell<Vec<Flow>>,
    attached: RefCell<Vec<Attached>>,
    /// The unload has begun.
    pub(crate) is_ending: Cell<bool>,
    /// `BlockAction` is abort.
    aborts: bool,
    /// The engine was stopped at some time: blocked flows passed meanwhile.
    engine_stopped: Cell<bool>,
    /// What must not have happened.
    pub(crate) wrong: RefCell<Vec<String>>,
    /// Segments that were shown to programs or absorbed.
    pub(crate) called: Cell<u64>,
}

#[derive(Clone)]
struct Flow {
    connection: Connection,
    /// An indication with data came back blocked.
    is_blocked: Rc<Cell<bool>>,
}

impl World {
    /// Boots the machine and does what stands before the threads.
    pub(crate) fn new(image: &Path, seed: u64, story: &Story) -> Result<Rc<Self>, String> {
        let policy = if story.is_closed { FailurePolicy::Closed } else { FailurePolicy::Open };
        let setup = Setup {
            policy,
            processors: story.processors,
            breakpoints: Some(Breakpoints { seed, others: story.others }),
            counters_interval_ms: 100,
            block_action: story.aborts.then_some("abort"),
            ..Setup::default()
        };
        let machine = Machine::start(image, &setup)?;
        let fwp = &machine.kernel.fwp;
        fwp.set_aborts(if seed.is_multiple_of(2) { Aborts::AtOnce } else { Aborts::Later });
        if story.deletes_later {
            fwp.set_deletes(Deletes::Later);
        }
        if story.is_hostile {
            fwp.delete_while_classifying();
        }
        let world = Rc::new(Self {
            machine,
            connections: RefCell::default(),
            attached: RefCell::default(),
            is_ending: Cell::new(false),
            aborts: story.aborts,
            engine_stopped: Cell::new(false),
            wrong: RefCell::default(),
            called: Cell::new(0),
        });
        for (temper, compartment) in &story.attached {
            world.step(Step::Attach { temper: *temper, compartment: *compartment });
        }
        for number in 0..story.connections {
            world.step(Step::Connect { is_v6: number % 3 == 0, compartment: 1 });
        }
        Ok(world)
    }

    pub(crate) fn kernel(&self) -> &'static Kernel {
        self.machine.kernel
    }

    /// One step of a thread.
    pub(crate) fn step(&self, step: Step) {
        let kernel = self.kernel();
        match step {
            Step::Connect { is_v6, compartment } => self.connect(is_v6, compartment),
            Step::Data { of, direction, bytes, shape, missed } => {
                let indication = Indication {
                    bytes: vec![0x57; bytes],
                    shape,
                    direction,
                    missed_bytes: missed,
                    ..Indication::default()
                };
                self.data(of, &indication);
            }
            Step::Finish { of, direction } => self.data(of, &Indication::end(direction)),
            Step::Authorize { of } => {
                if let Some(flow) = self.flow(of) {
                    kernel.fwp.reauthorize(kernel, flow.connection.flow);
                }
            }
            Step::Close { of } => {
                if let Some(flow) = self.flow(of) {
                    flow.connection.close();
                }
            }
            Step::Deletions => kernel.fwp.deliver_deletes(kernel),
            Step::Attach { temper, compartment } => self.attach(temper, compartment),
            Step::Detach { of } => self.detach(of),
            Step::Enable { keywords } => kernel.etw.enable_session("other", keywords, 5),
            Step::Disable => kernel.etw.disable_session("other"),
            Step::CaptureState => kernel.etw.capture_state(),
            Step::StopEngine => {
                self.engine_stopped.set(true);
                kernel.bfe.stop(kernel);
            }
            Step::StartEngine => kernel.bfe.start(kernel),
            Step::Stand { nanos } => kernel.stand(nanos),
            Step::Unload => self.unload_among_threads(),
        }
    }

    /// The unload that ends a run whose threads did none.
    pub(crate) fn unload(&self) {
        if self.kernel().life() == Life::Loaded && !self.is_ending.get() {
            self.blocked_are_aborted();
            self.unload_among_threads();
        }
    }

    fn unload_among_threads(&self) {
        if self.kernel().life() == Life::Loaded && !self.is_ending.replace(true) {
            self.kernel().unload_driver();
        }
    }

    /// Nothing is under way: whoever had to be aborted was.
    fn blocked_are_aborted(&self) {
        if !self.aborts {
            return;
        }
        let kernel = self.kernel();
        for flow in self.connections.borrow().iter() {
            if flow.is_blocked.get() && kernel.fwp.is_open(flow.connection.flow) {
                kernel
                    .violation(format!("blocked flow {:#x} was not aborted", flow.connection.flow));
            }
        }
    }

    fn flow(&self, of: usize) -> Option<Flow> {
        let all = self.connections.borrow();
        let from_last = LAST - of;
        let index = if from_last < all.len() { all.len() - 1 - from_last } else { of };
        all.get(index.checked_rem(all.len())?).cloned()
    }

    fn connect(&self, is_v6: bool, compartment_id: u32) {
        if self.connections.borrow().len() >= CONNECTIONS_MAX {
            return;
        }
        let spec = if is_v6 { FlowSpec::v6() } else { FlowSpec::default() };
        let connection = self.machine.net.connect(&FlowSpec { compartment_id, ..spec });
        self.connections.borrow_mut().push(Flow { connection, is_blocked: Rc::default() });
    }

    fn data(&self, of: usize, indication: &Indication) {
        let Some(flow) = self.flow(of) else { return };
        let was_blocked = flow.is_blocked.get() && !indication.bytes.is_empty();
        let kernel = self.kernel();
        let Some(outcome) = kernel.fwp.try_stream(kernel, flow.connection.flow, indication) else {
            return;
        };
        self.called.set(self.called.get() + u64::from(outcome.is_called));
        let is_there = kernel.fwp.is_open(flow.connection.flow);
        let may_pass = self.is_ending.get() || self.engine_stopped.get() || !is_there;
        if was_blocked && outcome.is_permitted && !may_pass {
            self.say(format!("data of blocked flow {:#x} passed", flow.connection.flow));
        }
        if !outcome.is_permitted {
            flow.is_blocked.set(true);
        }
    }

    fn attach(&self, temper: u64, compartment: u32) {
        let params = Params::compartment(compartment);
        let body = Body::Script(Box::new(move |seen| answer(temper, seen)));
        // Refused once the driver goes; a test of what is not refused is another's.
        if let Ok(attached) = Core::new(self.kernel()).attach(&params, body) {
            self.attached.borrow_mut().push(attached);
        }
    }

    fn detach(&self, of: usize) {
        let chosen = {
            let mut all = self.attached.borrow_mut();
            let Some(index) = of.checked_rem(all.len()) else { return };
            all.swap_remove(index)
        };
        chosen.detach();
        self.kernel().stand_until("a detach", || chosen.is_detached());
    }

    fn say(&self, what: String) {
        self.wrong.borrow_mut().push(what);
    }
}

/// What a program answers: it depends on who it is, on the flow and on what it sees, not on what
/// others do. A program that wants more leaves rubbish in context and header (S02).
fn answer(temper: u64, seen: &Seen) -> Reply {
    let context = &seen.context;
    let length = seen.data.as_ref().map_or(0, Vec::len);
    let mixed = temper
        ^ context.flow_id.wrapping_mul(0x9e37_79b9_7f4a_7c15)
        ^ u64::from(context.state) << 7
        ^ u64::try_from(length).unwrap() << 17
        ^ u64::from(context.direction) << 3;
    let drawn = mixed.wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40;
    // Some block or allow most of what they see: several flows are then decided at once.
    let usual = [None, Some(BLOCK), Some(ALLOW)][usize::try_from(temper % 3).unwrap()];
    match (drawn % 16, context.state == NEW) {
        (4..12, false) if let Some(usual) = usual => Reply::Answer(usual),
        (0, _) => Reply::Answer(ALLOW),
        (1, _) => Reply::Answer(BLOCK),
        (2, false) => Reply::Fail(FAILED),
        (3, false) => Reply::Answer(UNKNOWN),
        _ => Reply::Scribble(MORE),
    }
}
