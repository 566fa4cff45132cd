//! A machine on which one scenario runs: it notes where the fault came, and what is wrong in the
//! end.

use crate::flows::{Asked, Watched};
use crate::{counted, told};
use core::cell::{Cell, RefCell};
use std::rc::Rc;
use weir_abi::Event;
use weir_abi::event::{DriverState, ErrorApi, ErrorEvent, StateKind};
use weir_sim_kernel::bfe::ServiceState;
use weir_sim_kernel::ebpf::{Attached, Params, Refused, Reply, Seen};
use weir_sim_kernel::fwp::Deletes;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::kernel::Life;
use weir_sim_kernel::net::Net;
use weir_sim_kernel::{Kernel, Options};

/// The default of `CountersIntervalMs`.
pub(crate) const TICK_NS: u64 = 1_000_000_000;

/// What was going on when a fault came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// `DriverEntry`.
    Start,
    /// Work items: the engine, detaches, aborts, counters, a capture state.
    Work,
    Attach,
    Established,
    Data,
    /// The flow ends, or a deletion comes late.
    Deletion,
    TestRun,
    Unload,
}

/// What a machine is like.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Setup {
    /// `FailurePolicy` is `closed`, and deletions come when somebody waits.
    pub(crate) is_closed: bool,
    /// `BlockAction` is `abort`.
    pub(crate) aborts: bool,
    /// Every parameter has a value.
    pub(crate) has_parameters: bool,
    /// The filtering engine comes after the driver.
    pub(crate) is_engine_late: bool,
}

/// A program that the driver accepted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program {
    pub(crate) attached: Attached,
    /// 0 is any.
    pub(crate) compartment: u32,
}

/// What happens elsewhere while a program runs; gets its number.
pub(crate) type Meanwhile = Box<dyn FnMut(usize, &Seen)>;

/// The machine of one run.
pub(crate) struct World {
    pub(crate) kernel: &'static Kernel,
    pub(crate) net: Net,
    pub(crate) setup: Setup,
    /// By number, detached ones too.
    pub(crate) programs: RefCell<Vec<Program>>,
    pub(crate) asked: Rc<RefCell<Vec<Asked>>>,
    pub(crate) meanwhile: Rc<RefCell<Option<Meanwhile>>>,
    pub(crate) flows: RefCell<Vec<Watched>>,
    pub(crate) wrong: RefCell<Vec<String>>,
    /// Flows that were established once more, with fates of their own.
    pub(crate) reauthorized: Cell<u32>,
    /// What fails is no error, such as a value that is not there.
    pub(crate) is_no_error: Cell<bool>,
    /// Several failures: one may keep another from being told.
    pub(crate) is_told: Cell<bool>,
    /// The engine has to be up in the end.
    pub(crate) is_up: Cell<bool>,
    /// What fails from the end of the start on, and whether in the unload too.
    pub(crate) lasting: Cell<Option<(&'static str, i32, bool)>>,
    hit: Cell<Option<Phase>>,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Report {
    /// Imports of the fault points, in their order.
    pub(crate) names: Vec<&'static str>,
    /// The import that failed, and when.
    pub(crate) hit: Option<(&'static str, Phase)>,
    pub(crate) wrong: Vec<String>,
}

impl World {
    /// A machine with the driver's image, of which nothing has run. `None` where there is none.
    pub(crate) fn boot(setup: Setup) -> Option<Self> {
        let image = Some(image_or_skip()?);
        // Thousands of lives: how deep stacks go is measured elsewhere; they are guarded here too.
        let kernel = Kernel::boot(Options { image, measures_stacks: false, ..Options::default() });
        kernel.etw.enable(0, 0);
        kernel.faults.keep_names();
        let string = |name, value| kernel.registry.set_string("Parameters", name, value);
        if setup.is_closed {
            string("FailurePolicy", "closed");
            kernel.fwp.set_deletes(Deletes::WithTime);
        }
        if setup.aborts {
            string("BlockAction", "abort");
        }
        if setup.has_parameters {
            kernel.registry.set_dword("Parameters", "CountersIntervalMs", 1000);
            kernel.registry.set_dword("Parameters", "MaxFlows", 100);
        }
        if setup.is_engine_late {
            kernel.bfe.begin_stopped();
        }
        Some(Self {
            kernel,
            net: Net::new(kernel),
            setup,
            programs: RefCell::default(),
            asked: Rc::default(),
            meanwhile: Rc::default(),
            flows: RefCell::default(),
            wrong: RefCell::default(),
            reauthorized: Cell::new(0),
            is_no_error: Cell::new(false),
            is_told: Cell::new(true),
            is_up: Cell::new(true),
            lasting: Cell::new(None),
            hit: Cell::new(None),
        })
    }

    /// One life: start, the scenario, unload. What is wrong with it is in the report.
    pub(crate) fn live(self, scenario: fn(&Self)) -> Report {
        let status = self.during(Phase::Start, || self.kernel.load_driver());
        if status >= 0 {
            self.work();
            if let Some((import, status, _)) = self.lasting.get() {
                self.kernel.faults.fail_always(import, status);
            }
            scenario(&self);
            // A set of counters, and another look at an engine that refused.
            self.pass(2 * TICK_NS);
            if self.is_up.get() {
                self.check_filters();
            }
            if self.lasting.get().is_some_and(|(_, _, in_unload)| !in_unload) {
                self.kernel.faults.clear();
            }
            self.kernel.fwp.set_deletes(Deletes::WithTime);
            self.unload();
            counted::check(&self);
        } else if self.kernel.faults.failed().is_none() {
            self.tell(format!("the start fails: {status:#x}"));
        }
        self.end(status)
    }

    fn end(self, status: i32) -> Report {
        let failed = self.kernel.faults.failed();
        let hit = failed.zip(self.hit.get());
        if let Some((name, phase)) = hit.filter(|_| self.is_told.get()) {
            told::check(&self, (name, phase), status);
        }
        let mut wrong = self.kernel.end();
        wrong.extend(self.wrong.take());
        Report { names: self.kernel.faults.take_names(), hit, wrong }
    }

    /// Notes something wrong.
    pub(crate) fn tell(&self, what: String) {
        self.wrong.borrow_mut().push(what);
    }

    /// Runs a step, and notes if the fault comes in it.
    pub(crate) fn during<T>(&self, phase: Phase, step: impl FnOnce() -> T) -> T {
        let was_hit = self.kernel.faults.failed().is_some();
        let result = step();
        if !was_hit && self.kernel.faults.failed().is_some() {
            self.hit.set(Some(phase));
        }
        result
    }

    /// Runs what is queued.
    pub(crate) fn work(&self) {
        self.during(Phase::Work, || self.kernel.run_work());
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, nanos: u64) {
        self.during(Phase::Work, || self.kernel.advance(nanos));
    }

    /// Unloads the driver.
    pub(crate) fn unload(&self) {
        self.during(Phase::Unload, || self.kernel.unload_driver());
        if self.kernel.life() != Life::Gone {
            self.tell("the unload does not end".to_owned());
        }
    }

    /// Attaches a program that answers NEW, then each segment of a flow in turn, the last for all
    /// that follow. One that the driver does not accept is attached to nothing.
    pub(crate) fn attach(&self, answers: &'static [Reply]) -> Option<usize> {
        self.attach_with(&Params::default(), 0, answers).ok()
    }

    /// The same with a parameter, which is for a compartment.
    pub(crate) fn attach_with(
        &self,
        params: &Params,
        compartment: u32,
        answers: &'static [Reply],
    ) -> Result<usize, Refused> {
        let (asked, number) = (Rc::clone(&self.asked), self.programs.borrow().len());
        let meanwhile = Rc::clone(&self.meanwhile);
        let script = move |seen: &Seen| {
            // Taken out while it runs: what happens may make programs run.
            let elsewhere = meanwhile.take();
            if let Some(mut elsewhere) = elsewhere {
                elsewhere(number, seen);
                meanwhile.replace(Some(elsewhere));
            }
            let (flow, state) = (seen.context.flow_id, seen.context.state);
            let mut asked = asked.borrow_mut();
            let of_flow = asked.iter().filter(|it| (it.program, it.flow) == (number, flow));
            let before = of_flow.filter(|it| it.state != 2).count();
            let reply = answers[before.min(answers.len() - 1)];
            let answer = match reply {
                Reply::Answer(answer) | Reply::Scribble(answer) => Some(answer),
                Reply::Fail(_) => None,
            };
            asked.push(Asked { program: number, flow, state, data: seen.data.clone(), answer });
            reply
        };
        let attached =
            self.during(Phase::Attach, || self.net.core().attach_scripted(params, script))?;
        self.programs.borrow_mut().push(Program { attached, compartment });
        Ok(number)
    }

    /// Detaches a program and sees that it ends.
    pub(crate) fn detach(&self, number: Option<usize>) {
        let Some(number) = number else { return };
        let attached = self.programs.borrow()[number].attached;
        attached.detach();
        self.work();
        if !attached.is_detached() {
            self.tell(format!("the detach of program {number} does not end"));
        }
    }

    /// The engine stops, and returns; work runs after both.
    pub(crate) fn restart_engine(&self) {
        self.stop_engine();
        self.work();
        self.net.start_engine();
        self.work();
    }

    /// The engine stops: flows pass what nobody sees.
    pub(crate) fn stop_engine(&self) {
        self.net.stop_engine();
        for flow in self.flows.borrow_mut().iter_mut() {
            flow.is_unseen = true;
        }
    }

    /// An engine that refused is asked again with the next tick.
    fn check_filters(&self) {
        let filters = self.kernel.fwp.filter_count();
        if self.kernel.bfe.state() == ServiceState::Running && filters != 4 {
            self.tell(format!("{filters} filters, although the engine runs"));
        }
    }

    /// Events of one kind.
    pub(crate) fn events<E: Event>(&self) -> Vec<E> {
        let events = self.kernel.etw.events();
        let of_kind = events.iter().filter(|it| it.id == E::ID);
        of_kind.map(|it| E::decode(&it.payload).unwrap().1).collect()
    }

    /// Kinds of the DriverState events.
    pub(crate) fn states(&self) -> Vec<StateKind> {
        self.events::<DriverState>().iter().map(|it| it.kind).collect()
    }

    /// The APIs of all Error events.
    pub(crate) fn errors(&self) -> Vec<ErrorApi> {
        self.events::<ErrorEvent>().iter().map(|it| it.api).collect()
    }
}
