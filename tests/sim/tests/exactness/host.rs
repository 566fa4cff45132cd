//! A machine under load: connections, data, programs that come and go, on several processors.
//!
//! Time goes in intervals of Counters. Whatever happens does so at whole hundredths of a second
//! after the last tick, so that an age is never near the bounds that metrics count it by.

use core::cell::RefCell;
use core::net::SocketAddr;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::rc::Rc;
use weir_abi::Direction;
use weir_abi::attach::AttachParameter;
use weir_abi::event::{Counters, Record};
use weir_abi::wire::Text;
use weir_sim::machine::{Data, Machine, Network as _, Setup};
use weir_sim::pattern::{Mix, Pattern};
use weir_sim_kernel::ebpf::{Attached, Body, Params, Reply, Seen};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::ndis::Shape;
use weir_usermode::capture::synthetic::Random;

/// An interval of Counters.
pub(crate) const INTERVAL_NS: u64 = 1_000_000_000;
/// Everything happens at multiples of this within an interval.
const GRID_NS: u64 = 10_000_000;
const GRID: usize = 98;

/// Labels; that of one program is another's too.
const LABELS: [&str; 4] = ["sni", "http", "protocol", "sni"];
/// Programs that are usually there.
const CROWD: usize = 3;
/// Connections that are open at most: more would be more of the same.
const OPEN_MAX: usize = 40;

/// How programs answer where the books are to be kept: no failures, which have rules of their own.
const SOUND: Mix = Mix { more: 60, allow: 2, block: 1, invalid: 0, error: 0 };

/// What a host is like.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Programs fail too, so the books of pairs are not those of [`Books`].
    pub(crate) has_failures: bool,
    /// Programs come and go.
    pub(crate) has_comings: bool,
    /// Steps of an interval.
    pub(crate) steps: usize,
}

impl Kind {
    pub(crate) const BUSY: Self = Self { has_failures: true, has_comings: true, steps: 40 };
    pub(crate) const SOUND: Self = Self { has_failures: false, has_comings: false, steps: 8 };
}

/// Who classifies what, as the programs themselves have seen it.
#[derive(Debug, Default)]
pub(crate) struct Books {
    /// Program and flow of every pair that is undecided.
    pairs: BTreeMap<(usize, u64), ()>,
    /// When a flow began, and segments that any program was shown of it.
    flows: BTreeMap<u64, (u64, u64)>,
}

/// Undecided flows of one label, by the programs' own books.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Undecided {
    pub(crate) all: u64,
    pub(crate) waiting: u64,
    pub(crate) stuck: u64,
    /// Older than 1 s, 10 s, 60 s, 600 s.
    pub(crate) older: [u64; 4],
}

/// The machine.
pub(crate) struct Host {
    pub(crate) machine: Machine,
    pub(crate) random: Random,
    kind: Kind,
    open: Vec<u64>,
    attached: Vec<(usize, Attached)>,
    programs: usize,
    books: Rc<RefCell<Books>>,
    /// Labels by attach id.
    pub(crate) labels: BTreeMap<u32, String>,
    here: BTreeSet<u32>,
    /// The last tick of the driver's timer.
    tick_ns: u64,
    ports: u16,
}

impl Host {
    /// Loads the driver at a time and attaches programs.
    pub(crate) fn start(image: &Path, seed: u64, kind: Kind, boots_ns: u64) -> Self {
        let mut random = Random::new(seed ^ 0x0e8a);
        let processors = 1 + u32::try_from(random.below(4)).unwrap();
        let setup = Setup { processors, boots_ns, ..Setup::default() };
        let machine = Machine::start(image, &setup).unwrap();
        let mut host = Self {
            machine,
            random,
            kind,
            open: Vec::new(),
            attached: Vec::new(),
            programs: 0,
            books: Rc::default(),
            labels: BTreeMap::new(),
            here: BTreeSet::new(),
            tick_ns: 0,
            ports: 0,
        };
        host.find_tick();
        // From here on what the driver does takes time.
        machine.kernel.time.set_step(137);
        (0..CROWD).for_each(|_| host.attach());
        host
    }

    /// Lets time pass until the driver tells its first Counters.
    fn find_tick(&mut self) {
        let is_counters = |event: &Written| event.id == Counters::ID;
        while !self.machine.kernel.etw.events().iter().any(is_counters) {
            self.tick_ns = self.machine.now_ns() + 1_000_000;
            self.machine.reach(self.tick_ns).unwrap();
        }
    }

    /// An interval of traffic, and the Counters that end it.
    pub(crate) fn interval(&mut self) {
        let mut at: Vec<usize> =
            (0..self.kind.steps).map(|_| 1 + self.random.below(GRID)).collect();
        at.sort_unstable();
        for place in at {
            let grid = u64::try_from(place).unwrap() * GRID_NS;
            self.machine.reach(self.tick_ns + grid).unwrap();
            self.step();
        }
        self.quiet_interval();
    }

    /// An interval, or what is left of it, without traffic, and the Counters that end it.
    pub(crate) fn quiet_interval(&mut self) {
        self.tick_ns += INTERVAL_NS;
        self.machine.reach(self.tick_ns).unwrap();
    }

    /// A moment after the last tick at which metrics are looked at.
    pub(crate) const fn now_ns(&self) -> u64 {
        self.tick_ns + GRID_NS / 2
    }

    /// A session asks for the state, and gets it.
    pub(crate) fn capture(&self) {
        self.machine.kernel.etw.capture_state();
        self.machine.kernel.run_work();
    }

    /// Events since the last time.
    pub(crate) fn take(&mut self) -> Vec<Written> {
        let events = self.machine.take_events();
        for event in &events {
            match Record::decode(event.id, &event.payload) {
                Ok((_, Record::Attached(it))) => {
                    self.labels.insert(it.attach_id, it.label.as_str().to_owned());
                    self.here.insert(it.attach_id);
                }
                Ok((_, Record::Detached(it))) => {
                    self.here.remove(&it.attach_id);
                }
                _ => {}
            }
        }
        events
    }

    /// Labels of those that came and went: whoever missed both knows no name for them.
    pub(crate) fn labels_gone(&self) -> BTreeMap<u32, String> {
        let gone = self.labels.iter().filter(|(id, _)| !self.here.contains(id));
        gone.map(|(id, label)| (*id, label.clone())).collect()
    }

    /// Undecided flows of a label.
    pub(crate) fn undecided(&self, label: &str) -> Undecided {
        let (books, now_ns) = (self.books.borrow(), self.now_ns());
        let mut sum = Undecided::default();
        for (program, flow) in books.pairs.keys() {
            if LABELS[program % LABELS.len()] != label {
                continue;
            }
            let (since_ns, segments) = books.flows[flow];
            let age_s = |seconds: u64| now_ns - since_ns > seconds * 1_000_000_000;
            sum.all += 1;
            sum.waiting += u64::from(segments == 0);
            sum.stuck += u64::from(segments > 0 && age_s(30));
            for (count, seconds) in sum.older.iter_mut().zip([1, 10, 60, 600]) {
                *count += u64::from(age_s(seconds));
            }
        }
        sum
    }

    /// Flows of which some pair is undecided.
    pub(crate) fn flows_undecided(&self) -> usize {
        let books = self.books.borrow();
        let flows: BTreeSet<u64> = books.pairs.keys().map(|(_, flow)| *flow).collect();
        flows.len()
    }

    fn step(&mut self) {
        let processors = usize::try_from(self.machine.kernel.processors.count()).unwrap();
        let processor = u32::try_from(self.random.below(processors)).unwrap();
        let kernel = self.machine.kernel;
        kernel.on_processor(processor, || match self.random.below(20) {
            0..=4 => self.connect(),
            5..=15 => self.data(),
            16..=18 => self.close(),
            _ if !self.kind.has_comings => self.connect(),
            _ if self.attached.len() > 1 && self.random.below(2) == 0 => self.detach(),
            _ => self.attach(),
        });
        // A detach lets go in a work item.
        kernel.run_work();
    }

    fn connect(&mut self) {
        if self.open.len() >= OPEN_MAX {
            return self.close();
        }
        self.ports = self.ports.wrapping_add(1);
        let spec = if self.random.below(3) == 0 { FlowSpec::v6() } else { FlowSpec::default() };
        let local = SocketAddr::new(spec.local.ip(), 1_024 + self.ports % 60_000);
        let direction = Direction::ALL[self.random.below(2)];
        let spec = FlowSpec { local, direction, ..spec };
        if let Some(flow) = self.machine.connect(&spec).unwrap() {
            self.open.push(flow);
        }
    }

    fn data(&mut self) {
        let Some(place) = self.random.below(self.open.len().max(1)).checked_rem(self.open.len())
        else {
            return;
        };
        let length = [1, 60, 1_460, 9_000][self.random.below(4)];
        let data = Data {
            direction: Direction::ALL[self.random.below(2)],
            bytes: &self.random.bytes(length),
            missed_bytes: if self.random.below(20) == 0 { 100 } else { 0 },
            shape: Shape::ALL[self.random.below(Shape::ALL.len())],
        };
        let _whether_it_passed = self.machine.data(self.open[place], &data).unwrap();
    }

    fn close(&mut self) {
        if let Some(place) = self.random.below(self.open.len().max(1)).checked_rem(self.open.len())
        {
            let flow = self.open.swap_remove(place);
            self.machine.kernel.fwp.close(self.machine.kernel, flow);
        }
    }

    fn attach(&mut self) {
        let number = self.programs;
        self.programs += 1;
        let mix = match (self.kind.has_failures, number % 3) {
            (false, _) => SOUND,
            (true, 0) => Mix::BUSY,
            (true, 1) => Mix::SOUND,
            (true, _) => Mix::PATIENT,
        };
        let mut pattern = Pattern::new(mix, self.random.next_u64());
        let books = Rc::clone(&self.books);
        let body = Body::Script(Box::new(move |seen| {
            let reply = pattern.reply(seen);
            let kernel = weir_sim_kernel::kernel::current();
            books.borrow_mut().invoked(number, kernel.time.unix_ns(), seen, reply);
            reply
        }));
        let label = Text::new(LABELS[number % LABELS.len()]).unwrap();
        let params = Params::data(&AttachParameter { compartment_id: 0, label }.to_bytes());
        self.attached.push((number, self.machine.attach(&params, body).unwrap()));
    }

    fn detach(&mut self) {
        let (number, attached) = self.attached.remove(self.random.below(self.attached.len()));
        attached.detach();
        self.books.borrow_mut().pairs.retain(|(program, _), ()| *program != number);
    }
}

impl Books {
    fn invoked(&mut self, program: usize, now_ns: u64, seen: &Seen, reply: Reply) {
        let (flow, is_undecided) = (seen.context.flow_id, reply == Reply::Answer(2));
        match seen.context.state {
            0 => {
                self.flows.entry(flow).or_insert((now_ns, 0));
                if is_undecided {
                    self.pairs.insert((program, flow), ());
                }
            }
            1 => {
                self.flows.entry(flow).or_default().1 += u64::from(seen.data.is_some());
                if !is_undecided {
                    self.pairs.remove(&(program, flow));
                }
            }
            _ => {
                self.pairs.remove(&(program, flow));
            }
        }
    }
}
