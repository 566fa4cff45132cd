//! What every test of a rule stands on: a machine with the driver loaded, programs whose answers
//! are given, the order in which they were asked, and the events that the driver wrote.
//!
//! A scene that goes out of scope unloads the driver and ends its machine, so whatever the driver
//! leaks or does against the kernel's own rules fails every test.

use core::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use weir_abi::Event;
use weir_sim_kernel::ebpf::{Attached, Params, Refused, Reply, Seen};
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::image::image_or_skip;
use weir_sim_kernel::kernel::Life;
use weir_sim_kernel::net::{Connection, Net};
use weir_sim_kernel::{Kernel, Options};

/// The answers of the public design: allow, block, need more data.
pub(crate) const ALLOW: Reply = Reply::Answer(0);
pub(crate) const BLOCK: Reply = Reply::Answer(1);
pub(crate) const MORE: Reply = Reply::Answer(2);
/// The invocation fails: `EBPF_FAILED`, the answer set to 0 as the core does.
///
/// Source: microsoft/ebpf-for-windows, include/ebpf_result.h (read 2026-11)
pub(crate) const FAIL: Reply = Reply::Fail(FAILED);
pub(crate) const FAILED: i32 = 17;

/// The states of the public design.
pub(crate) const NEW: u32 = 0;
pub(crate) const ESTABLISHED: u32 = 1;
pub(crate) const DELETED: u32 = 2;

/// What a machine is like before the driver is loaded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Setup {
    /// `FailurePolicy` is `closed`.
    pub(crate) is_closed: bool,
    /// `BlockAction` is `abort`.
    pub(crate) aborts: bool,
    /// `MaxFlows`.
    pub(crate) max_flows: Option<u32>,
    /// The filtering engine is not there yet.
    pub(crate) is_engine_down: bool,
}

/// What a program answers.
#[derive(Clone, Debug)]
pub(crate) struct Answers {
    pub(crate) new: Reply,
    /// For each segment of a flow in turn; the last for all that follow.
    pub(crate) data: Vec<Reply>,
    pub(crate) deleted: Reply,
}

impl Answers {
    /// NEW, then the segments of a flow in turn. DELETED is answered with what does most harm
    /// where a driver takes it for an answer.
    pub(crate) fn of(answers: &[Reply]) -> Self {
        let (new, data) = answers.split_first().unwrap_or((&ALLOW, &[]));
        Self { new: *new, data: data.to_vec(), deleted: BLOCK }
    }

    fn reply(&self, state: u32, segments_before: usize) -> Reply {
        match state {
            NEW => self.new,
            ESTABLISHED => {
                let last = self.data.len().saturating_sub(1);
                self.data.get(segments_before.min(last)).copied().unwrap_or(self.new)
            }
            _ => self.deleted,
        }
    }
}

/// One invocation: which program, in the order of [`Scene::attach`] from 0, and what it saw.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) program: usize,
    pub(crate) seen: Seen,
}

impl Told {
    /// `new0`, `established0`, `deleted0`.
    fn word(&self) -> String {
        let state = match self.seen.context.state {
            NEW => "new",
            ESTABLISHED => "established",
            DELETED => "deleted",
            _ => "unknown",
        };
        format!("{state}{}", self.program)
    }
}

/// A machine with the driver loaded. There is one at a time.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) kernel: &'static Kernel,
    pub(crate) net: Net,
    told: Rc<RefCell<Vec<Told>>>,
    attached: Cell<usize>,
    /// Events before this one were forgotten.
    events_from: Cell<usize>,
}

impl Scene {
    /// All parameters at their defaults; `None` where there is no image.
    pub(crate) fn open() -> Option<Self> {
        Self::boot(&Setup::default())
    }

    /// `FailurePolicy` is `closed`.
    pub(crate) fn closed() -> Option<Self> {
        Self::boot(&Setup { is_closed: true, ..Setup::default() })
    }

    /// Loads the driver, all events enabled, filters in force.
    pub(crate) fn boot(setup: &Setup) -> Option<Self> {
        let image = image_or_skip()?;
        let kernel = Kernel::boot(Options { image: Some(image), ..Options::default() });
        kernel.etw.enable(0, 0);
        if setup.is_closed {
            kernel.registry.set_string("Parameters", "FailurePolicy", "closed");
        }
        if setup.aborts {
            kernel.registry.set_string("Parameters", "BlockAction", "abort");
        }
        if let Some(flows) = setup.max_flows {
            kernel.registry.set_dword("Parameters", "MaxFlows", flows);
        }
        if setup.is_engine_down {
            kernel.bfe.begin_stopped();
        }
        assert_eq!(kernel.load_driver(), 0, "the driver does not start");
        kernel.run_work();
        Some(Self {
            kernel,
            net: Net::new(kernel),
            told: Rc::default(),
            attached: Cell::new(0),
            events_from: Cell::new(0),
        })
    }

    /// Attaches a program for any compartment; see [`Answers::of`].
    pub(crate) fn attach(&self, answers: &[Reply]) -> Attached {
        self.attach_with(&Params::default(), Answers::of(answers))
    }

    /// Attaches a program that must be accepted.
    pub(crate) fn attach_with(&self, params: &Params, answers: Answers) -> Attached {
        let mut segments = BTreeMap::<u64, usize>::new();
        let script = move |seen: &Seen| {
            let before = segments.entry(seen.context.flow_id).or_default();
            let reply = answers.reply(seen.context.state, *before);
            *before += usize::from(seen.context.state == ESTABLISHED);
            reply
        };
        match self.try_attach(params, script) {
            Ok(attached) => attached,
            Err(refused) => panic!("{refused:?}"),
        }
    }

    /// Attaches a function, which runs as the program does; what it saw is logged before it runs.
    /// It must not panic: the driver is between it and the test.
    pub(crate) fn try_attach(
        &self,
        params: &Params,
        mut script: impl FnMut(&Seen) -> Reply + 'static,
    ) -> Result<Attached, Refused> {
        let (told, program) = (Rc::clone(&self.told), self.attached.get());
        let logged = move |seen: &Seen| {
            told.borrow_mut().push(Told { program, seen: seen.clone() });
            script(seen)
        };
        let attached = self.net.core().attach_scripted(params, logged)?;
        self.attached.set(program + 1);
        Ok(attached)
    }

    /// Detaches a program and runs what that takes.
    pub(crate) fn detach(&self, attached: &Attached) {
        attached.detach();
        self.kernel.run_work();
        assert!(attached.is_detached(), "the detach does not end");
    }

    /// An IPv4 connection.
    pub(crate) fn connect(&self) -> Connection {
        self.net.connect(&FlowSpec::default())
    }

    /// Invocations since the last call, in order: `new0 new1 established0 deleted1`.
    pub(crate) fn log(&self) -> String {
        let words: Vec<_> = self.told.take().iter().map(Told::word).collect();
        words.join(" ")
    }

    /// The same with what programs saw.
    pub(crate) fn take_told(&self) -> Vec<Told> {
        self.told.take()
    }

    /// Events of one kind, in order, without those that were forgotten.
    pub(crate) fn events<E: Event>(&self) -> Vec<E> {
        let events = self.kernel.etw.events();
        let kept = events.iter().skip(self.events_from.get()).filter(|it| it.id == E::ID);
        kept.map(|it| match E::decode(&it.payload) {
            Ok((_, event)) => event,
            Err(error) => panic!("an event {} that cannot be read: {error:?}", E::NAME),
        })
        .collect()
    }

    /// Events so far are of no interest any more.
    pub(crate) fn forget_events(&self) {
        self.events_from.set(self.kernel.etw.events().len());
    }

    /// Unloads the driver, for tests that look at what came of it.
    pub(crate) fn unload(&self) {
        self.kernel.unload_driver();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // A test that has failed says why already.
        if std::thread::panicking() {
            return;
        }
        let is_current = core::ptr::eq(weir_sim_kernel::current(), self.kernel);
        assert!(is_current, "a thread has one machine at a time: scenes must not overlap");
        if self.kernel.life() == Life::Loaded {
            self.kernel.unload_driver();
        }
        self.kernel.finish();
    }
}
