//! The driver and the hook of user mode side by side: every step is taken by both, and what each
//! tells of it is compared at once.
//!
//! The hook gets the flow ids of the simulated filtering platform and its time, so that events are
//! equal but for the list in [`crate::differences`]. After each step the driver's events also go
//! into an [`Account`], which its counters are held against.

mod network;

use crate::account::Account;
use crate::differences::{Differences, Plain, plain_set};
use crate::machine::{Data, Machine, Setup, head_of};
use crate::pattern::{Mix, Pattern};
use crate::sample::{Sample, params};
use crate::sets::{self, Sets, Values};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use weir_abi::counters::Scope;
use weir_abi::event::Record;
use weir_abi::wire::Text;
use weir_abi::{EventHead, context::CONTEXT_BYTES};
use weir_sim_kernel::ebpf::{Attached, Body};
use weir_sim_kernel::net::Connection;
use weir_usermode::hook::{FlowHandle, Hook, HookOptions, SegmentVerdict};
use weir_usermode::program::Program;

/// What the hook wrote since the last step.
type Heard = Arc<Mutex<Vec<(EventHead, Vec<u8>)>>>;

/// How the events of a step are ordered on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// One flow, or none: the same order.
    Same,
    /// All flows, in an order of each side's own; within a flow it is the same.
    ByFlow,
}

/// How much was compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Events of the driver that are equal to one of the hook's.
    pub events: u64,
    /// Events that only the driver has, see [`crate::differences`].
    pub own: u64,
    /// Whole sets of counters.
    pub sets: u64,
    /// Values of those sets.
    pub values: u64,
    /// Connections.
    pub flows: u64,
    /// Indications that the driver was called for.
    pub indicated: u64,
    /// Indications that were absorbed.
    pub absorbed: u64,
    /// CopyFallback events.
    pub copies: u64,
}

impl core::ops::AddAssign for Compared {
    fn add_assign(&mut self, other: Self) {
        self.events += other.events;
        self.own += other.own;
        self.sets += other.sets;
        self.values += other.values;
        self.flows += other.flows;
        self.indicated += other.indicated;
        self.absorbed += other.absorbed;
        self.copies += other.copies;
    }
}

/// Both, and what they have told.
pub struct Twin {
    machine: Machine,
    hook: Hook,
    heard: Heard,
    connections: BTreeMap<u64, (Connection, Option<FlowHandle>)>,
    programs: BTreeMap<u32, Attached>,
    account: Account,
    plain: [Differences; 2],
    sets: [Sets; 2],
    compared: Compared,
}

impl Twin {
    /// Starts both.
    ///
    /// # Errors
    /// The driver does not load, or tells its start otherwise than the hook.
    pub fn start(image: &Path, setup: &Setup) -> Result<Self, String> {
        let machine = Machine::start(image, setup)?;
        let heard = Heard::default();
        let kept = Arc::clone(&heard);
        let sink = Box::new(move |head: &EventHead, payload: &[u8]| {
            lock(&kept).push((*head, payload.to_vec()));
        });
        let defaults = HookOptions::default();
        let options = HookOptions {
            policy: setup.policy,
            flows_max: setup.flows_max.unwrap_or(defaults.flows_max),
            counters_interval_ms: setup.counters_interval_ms,
            keywords: setup.keywords,
            ..defaults
        };
        let hook = Hook::start(options, sink, machine.now_ns());
        let mut twin = Self {
            machine,
            hook,
            heard,
            connections: BTreeMap::new(),
            programs: BTreeMap::new(),
            account: Account::default(),
            plain: Default::default(),
            sets: Default::default(),
            compared: Compared::default(),
        };
        twin.compare(Order::Same)?;
        Ok(twin)
    }

    /// The machine, to look at.
    #[must_use]
    pub const fn machine(&self) -> &Machine {
        &self.machine
    }

    /// Attach ids of the programs that are attached.
    #[must_use]
    pub fn attached(&self) -> Vec<u32> {
        self.programs.keys().copied().collect()
    }

    /// Attaches a sample to both.
    ///
    /// # Errors
    /// It does not load, or one refuses and the other does not.
    pub fn attach_sample(&mut self, sample: &Sample, compartment: u32) -> Result<(), String> {
        let (_, body) = sample.in_kernel(compartment)?;
        let (label, program) = sample.in_user_mode()?;
        self.attach_pair(label, compartment, body, Box::new(program))
    }

    /// Attaches a pattern to both.
    ///
    /// # Errors
    /// One refuses and the other does not.
    pub fn attach_pattern(
        &mut self,
        label: &str,
        compartment: u32,
        (mix, seed): (Mix, u64),
    ) -> Result<(), String> {
        let pattern = Pattern::new(mix, seed);
        let mut own = pattern.clone();
        let body = Body::Script(Box::new(move |seen| own.reply(seen)));
        let mut own = pattern;
        let program =
            move |context: &[u8; CONTEXT_BYTES], data: Option<&[u8]>| own.answer(context, data);
        let label = Text::new(label).ok_or_else(|| format!("`{label}` is no label"))?;
        self.attach_pair(label, compartment, body, Box::new(program))
    }

    /// Attaches one program to the driver and one to the hook; the two should be the same.
    ///
    /// # Errors
    /// One refuses and the other does not.
    pub fn attach_pair(
        &mut self,
        label: Text,
        compartment: u32,
        body: Body,
        program: Box<dyn Program>,
    ) -> Result<(), String> {
        let attached = self.machine.attach(&params(compartment, label), body);
        let now_ns = self.machine.now_ns();
        let attach_id = self.hook.attach(label, compartment, program, now_ns);
        match (attached, attach_id) {
            (Ok(attached), Ok(attach_id)) => {
                self.programs.insert(attach_id, attached);
            }
            (Err(_), Err(_)) => {}
            (attached, attach_id) => {
                return Err(format!("attach: driver {attached:?}, hook {attach_id:?}"));
            }
        }
        self.compare(Order::Same)
    }

    /// Detaches from both.
    ///
    /// # Errors
    /// They tell it otherwise.
    pub fn detach(&mut self, attach_id: u32) -> Result<(), String> {
        let Some(attached) = self.programs.remove(&attach_id) else { return Ok(()) };
        attached.detach();
        self.machine.kernel.run_work();
        let now_ns = self.machine.now_ns();
        if !attached.is_detached() || !self.hook.detach(attach_id, now_ns) {
            return Err(format!("attachment {attach_id} does not go"));
        }
        self.compare(Order::ByFlow)
    }

    /// Both tell everything that lives.
    ///
    /// # Errors
    /// They tell it otherwise.
    pub fn capture_state(&mut self) -> Result<(), String> {
        self.machine.kernel.etw.capture_state();
        self.machine.kernel.run_work();
        self.hook.capture_state(self.machine.now_ns());
        self.compare(Order::ByFlow)
    }

    /// Stops both, and holds the last counters against everything that was told.
    ///
    /// # Errors
    /// They tell the end otherwise, the books do not balance, or the driver broke a rule of the
    /// kernel.
    pub fn stop(mut self) -> Result<Compared, String> {
        for plain in &mut self.plain {
            plain.unloads = true;
        }
        self.machine.stop()?;
        self.hook.stop(self.machine.now_ns());
        self.compare(Order::ByFlow)?;
        let [driver, _] = &self.plain;
        let programs = u32::try_from(self.programs.len()).unwrap_or(u32::MAX);
        if driver.detached != programs {
            return Err(format!("{} of {programs} were detached at unload", driver.detached));
        }
        self.compared.copies = driver.copies_told;
        self.compared.indicated = self.machine.indicated;
        Ok(self.compared)
    }

    /// Compares what both have told since the last step.
    fn compare(&mut self, order: Order) -> Result<(), String> {
        let (mut told, sets) = self.driver_told()?;
        let (mut expected, expected_sets) = self.hook_told()?;
        same_events(&mut told, &mut expected, order)?;
        self.compared.events += u64::try_from(told.len()).unwrap_or(0);
        if sets.len() != expected_sets.len() {
            let (driver, hook) = (sets.len(), expected_sets.len());
            return Err(format!("{driver} sets of the driver, {hook} of the hook"));
        }
        let unloads = self.plain[0].unloads;
        for (set, expected) in sets.iter().zip(&expected_sets) {
            let (set, mut expected) = (plain_set(set, unloads), plain_set(expected, unloads));
            if unloads {
                expected.retain(|(series, _, scope), _| {
                    series.scope() != Scope::Attachment || !self.account.has_forgotten(*scope)
                });
            }
            let differences = sets::differences(("driver", &set), ("hook", &expected));
            if !differences.is_empty() {
                return Err(differences.join("\n"));
            }
            self.compared.sets += 1;
            self.compared.values += u64::try_from(set.len()).unwrap_or(0);
        }
        Ok(())
    }

    /// The driver's events without what may differ, and its sets, held against the account.
    fn driver_told(&mut self) -> Result<(Vec<Plain>, Vec<Values>), String> {
        let (mut told, mut sets) = (Vec::new(), Vec::new());
        let [plain, _] = &mut self.plain;
        plain.next_call();
        for event in self.machine.take_events() {
            let head = head_of(&event);
            self.account.event(&head, &event.payload)?;
            let (prefix, record) =
                Record::decode(event.id, &event.payload).map_err(|error| error.to_string())?;
            if u32::from(prefix.cpu) != event.cpu {
                return Err(format!("written on {}: {prefix:?}", event.cpu));
            }
            if let Record::Counters(part) = record
                && let Some(set) = self.sets[0].part(&part)?
            {
                if plain.unloads {
                    self.account.unloaded(head.time_ns)?;
                }
                let differences = self.account.set(&set);
                if !differences.is_empty() {
                    return Err(differences.join("\n"));
                }
                sets.push(set);
            }
            match plain.plain(&head, &event.payload)? {
                Some(plain) => told.push(plain),
                None => self.compared.own += 1,
            }
        }
        Ok((told, sets))
    }

    /// The same of the hook; flows that it closed have no context any more.
    fn hook_told(&mut self) -> Result<(Vec<Plain>, Vec<Values>), String> {
        let (mut told, mut sets) = (Vec::new(), Vec::new());
        let heard = core::mem::take(&mut *lock(&self.heard));
        for (head, payload) in heard {
            match Record::decode(head.id, &payload) {
                Ok((_, Record::Counters(part))) => sets.extend(self.sets[1].part(&part)?),
                Ok((_, Record::FlowClosed(event))) => {
                    if let Some((_, handle)) = self.connections.get_mut(&event.flow_id) {
                        *handle = None;
                    }
                }
                Ok(_) => {}
                Err(error) => return Err(error.to_string()),
            }
            told.extend(self.plain[1].plain(&head, &payload)?);
        }
        Ok((told, sets))
    }

    fn indicated(&mut self, flow: u64, data: &Data<'_>) -> Result<bool, String> {
        let (connection, handle) = self.known(flow)?;
        if connection.has_context() != handle.is_some() {
            return Err(format!("flow {flow:#x}: the hook has {handle:?}, the driver has not"));
        }
        let outcome = self.machine.indicate(flow, data);
        let mut is_blocked = false;
        if let Some(handle) = handle {
            let now_ns = self.machine.now_ns();
            if data.missed_bytes > 0 {
                self.hook.missed(handle, data.direction, data.missed_bytes, now_ns);
            }
            let verdict = self.hook.segment(handle, data.direction, data.bytes, now_ns);
            is_blocked = verdict == SegmentVerdict::Block;
        }
        if (outcome.is_called, outcome.is_absorbed) != (handle.is_some(), is_blocked)
            || outcome.is_permitted == is_blocked
        {
            return Err(format!("flow {flow:#x}: {outcome:?}, the hook blocks: {is_blocked}"));
        }
        self.compared.absorbed += u64::from(is_blocked);
        self.compare(Order::Same)?;
        Ok(!is_blocked)
    }

    fn known(&self, flow: u64) -> Result<(Connection, Option<FlowHandle>), String> {
        self.connections.get(&flow).copied().ok_or_else(|| format!("there is no flow {flow:#x}"))
    }
}

fn same_events(told: &mut [Plain], expected: &mut [Plain], order: Order) -> Result<(), String> {
    if order == Order::ByFlow {
        told.sort_by_key(|event| event.flow_serial);
        expected.sort_by_key(|event| event.flow_serial);
    }
    if told == expected {
        return Ok(());
    }
    let same = told.iter().zip(&*expected).take_while(|(one, other)| one == other).count();
    let shown = |events: &[Plain]| events.get(same).map_or_else(|| "none".to_owned(), Plain::shown);
    let (ours, theirs) = (shown(told), shown(expected));
    Err(format!("event {same} of the step\n  driver: {ours}\n  hook:   {theirs}"))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
