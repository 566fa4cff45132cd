//! A machine that runs sequences, one after the other, and compares each step.

use crate::record::{Account, Line, Walk};
use crate::script::Script;
use crate::sequence::{Sequence, Taken, is_kept, merged};
use crate::sides::{COMPARTMENT, Step};
use crate::subject::Call;
use crate::told::{Frame, Known, Told};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use weir_abi::FlowState;
use weir_abi::counters::Series;
use weir_abi::event::{FailurePolicy, FateReason, PairEnd, Record};
use weir_abi::wire::Text;
use weir_sim::machine::{Machine, Setup};
use weir_sim::sample::params;
use weir_sim::sets::{Sets, Values};
use weir_sim_kernel::ebpf::Attached;
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::fwp::flows::FlowSpec;
use weir_sim_kernel::fwp::status::OBJECT_NAME_EXISTS;
use weir_sim_kernel::fwp::stream::Indication;
use weir_sim_kernel::ndis::Shape;
use weir_sim_kernel::net::Connection;

/// Attachments whose totals are looked at in one set: fewer than the 64 that the driver keeps.
const PENDING_MAX: usize = 40;

/// `STATUS_NO_MEMORY` and `STATUS_INSUFFICIENT_RESOURCES`.
///
/// Source: learn.microsoft.com/openspecs/windows_protocols/ms-erref (read 2026-11)
const NO_MEMORY: i32 = 0xC000_0017_u32.cast_signed();
const INSUFFICIENT_RESOURCES: i32 = 0xC000_009A_u32.cast_signed();

/// How much was run.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sequences: u64,
    pub(crate) steps: u64,
    pub(crate) boots: u64,
    /// Pair ends that counters were held against.
    pub(crate) ends: u64,
}

impl Tally {
    /// Adds what another machine ran.
    pub(crate) const fn add(&mut self, other: &Self) {
        self.sequences += other.sequences;
        self.steps += other.steps;
        self.boots += other.boots;
        self.ends += other.ends;
    }
}

/// The machine, and what is there in the sequence that runs.
pub(crate) struct Stage {
    image: PathBuf,
    setup: Setup,
    machine: Option<Machine>,
    script: Script,
    known: Vec<Known>,
    attached: Vec<Attached>,
    connection: Option<Connection>,
    /// Ends that the next set of counters must tell, by attach id and reason.
    ends: BTreeMap<(u32, usize), u64>,
    pending: Vec<u32>,
    sets: Sets,
    tally: Tally,
}

impl Stage {
    pub(crate) fn new(image: &Path, policy: FailurePolicy) -> Result<Self, String> {
        Ok(Self {
            image: image.to_path_buf(),
            setup: Setup { policy, counters_interval_ms: 3_600_000, ..Setup::default() },
            machine: None,
            script: Script::default(),
            known: Vec::new(),
            attached: Vec::new(),
            connection: None,
            ends: BTreeMap::new(),
            pending: Vec::new(),
            sets: Sets::default(),
            tally: Tally::default(),
        })
    }

    /// Runs one sequence.
    pub(crate) fn run(&mut self, sequence: &Sequence) -> Result<(), String> {
        self.play(sequence).map_err(|told| {
            let steps: Vec<String> = sequence
                .steps
                .iter()
                .map(|taken| format!("  {:?}\n    -> {:?}", taken.step, taken.expected))
                .collect();
            format!("{:?}, {:?}\n{}\n{told}", self.setup.policy, sequence.seats, steps.join("\n"))
        })
    }

    fn machine(&mut self) -> Result<Machine, String> {
        if let Some(machine) = self.machine {
            return Ok(machine);
        }
        self.tally.boots += 1;
        self.sets = Sets::default();
        let machine = Machine::start(&self.image, &self.setup)?;
        self.machine = Some(machine);
        Ok(machine)
    }

    fn play(&mut self, sequence: &Sequence) -> Result<(), String> {
        let machine = self.machine()?;
        self.known.clear();
        self.attached.clear();
        for seat in &sequence.seats {
            self.attach(&machine, *seat)?;
        }
        let mut steps = sequence.steps.as_slice();
        let is_kept = is_kept(steps);
        while let Some((taken, account, length)) = next(steps) {
            let at = sequence.steps.len() - steps.len();
            self.step(&machine, &taken, &account, is_kept)
                .map_err(|told| format!("step {at}, {:?}: {told}", taken.step))?;
            steps = steps.get(length..).unwrap_or(&[]);
            self.tally.steps += 1;
        }
        self.tally.sequences += 1;
        self.clean_up(&machine)
    }

    fn attach(&mut self, machine: &Machine, seat: crate::record::Seat) -> Result<(), String> {
        let _before = machine.take_events();
        let params = params(seat.compartment, Text::new("").unwrap());
        let attached = machine.attach(&params, self.script.program(seat.id));
        self.attached.push(attached.map_err(|refused| format!("attach: {refused:?}"))?);
        let events = machine.take_events();
        let told = events.iter().find_map(|event| match Record::decode(event.id, &event.payload) {
            Ok((_, Record::Attached(it))) => Some((it.attach_id, it.slot)),
            _ => None,
        });
        let (attach_id, slot) = told.ok_or("no Attached event")?;
        self.known.push(Known { seat, attach_id, slot });
        self.pending.push(attach_id);
        Ok(())
    }

    fn step(
        &mut self,
        machine: &Machine,
        taken: &Taken,
        account: &Account,
        is_kept: bool,
    ) -> Result<(), String> {
        let ids: Vec<_> = taken
            .answers()
            .map(|(slot, state, answer)| (self.id_of(slot), state, answer))
            .collect();
        self.script.set(ids.into_iter());
        let frame = Frame {
            has_context: is_kept,
            is_establish: taken.step == Step::Establish,
            why: if taken.step == Step::Call(Call::Unload) {
                FateReason::Unload
            } else {
                FateReason::Closed
            },
            closes: matches!(taken.step, Step::Call(Call::Deleted | Call::Unload)),
        };
        self.count_ends(account);
        self.act(machine, taken, account, is_kept)?;
        machine.kernel.faults.clear();
        let events = machine.take_events();
        let expected = Told::expected(account, frame);
        let told = Told::read(&events, &self.known);
        if told != expected {
            return Err(format!("\n  driver: {told:?}\n  text:   {expected:?}"));
        }
        self.asked(taken.step, &told)?;
        self.counted(&events)?;
        self.has_context(account, is_kept, taken.step)
    }

    /// Programs ran as often as the driver says it invoked them.
    fn asked(&self, step: Step, told: &Told) -> Result<(), String> {
        let invoked: Vec<(u8, FlowState)> = told
            .invoked
            .iter()
            .filter(|(_, state, _)| {
                // Without stack nobody can be asked: the invocation fails (S39).
                let has_stack = step != Step::Call(Call::Unshown(FateReason::NoStack));
                has_stack || *state != FlowState::Deleted
            })
            .map(|(slot, state, _)| (self.id_of(*slot), *state))
            .collect();
        let asked = self.script.asked()?;
        if asked == invoked { Ok(()) } else { Err(format!("asked {asked:?}, told {invoked:?}")) }
    }

    /// The attachment that has a slot of the model now.
    fn id_of(&self, slot: u8) -> u8 {
        let it = self.known.iter().rev().find(|it| it.seat.slot == slot);
        it.map_or(u8::MAX, |it| it.seat.id)
    }

    fn count_ends(&mut self, account: &Account) {
        for line in &account.log {
            if let Line::Ended(slot, end) = *line {
                let it = self.known.iter().rev().find(|it| it.seat.slot == slot);
                let attach_id = it.map_or(0, |it| it.attach_id);
                *self.ends.entry((attach_id, PairEnd::index(end))).or_default() += 1;
            }
        }
    }

    /// Does the step, and looks at what the network sees of it.
    fn act(
        &mut self,
        machine: &Machine,
        taken: &Taken,
        account: &Account,
        is_kept: bool,
    ) -> Result<(), String> {
        let faults = &machine.kernel.faults;
        let bytes = [7; 64];
        let received = Indication::received(&bytes);
        match taken.step {
            Step::Establish => return self.establish(machine, account, is_kept),
            Step::Attach => {
                let seat = taken.seat.ok_or("no seat")?;
                return self.attach(machine, seat);
            }
            Step::Unpublish(seat) => {
                let at = self.known.iter().position(|it| it.seat == seat).ok_or("no seat")?;
                self.attached[at].detach();
                return Ok(());
            }
            Step::Walk(_) => {
                machine.kernel.run_work();
                return Ok(());
            }
            Step::Call(Call::Deleted) => {
                self.connection.take().ok_or("no connection")?.close();
                return Ok(());
            }
            Step::Call(Call::EngineReturned) => {
                machine.net.stop_engine();
                machine.kernel.run_work();
                machine.net.start_engine();
                machine.kernel.run_work();
                return Ok(());
            }
            Step::Call(Call::Unload) => return self.unload(machine, account),
            Step::Call(Call::Segment) => {
                let sent = Indication::sent(&bytes);
                let is_outbound = self.tally.steps.is_multiple_of(2);
                return self.indicate(if is_outbound { &sent } else { &received }, account);
            }
            Step::Call(Call::Unshown(FateReason::Unreadable)) => {
                faults.fail("FwpsCopyStreamDataToBuffer0", 1, 5);
                return self.indicate(&received.shaped(Shape::ManyMdls), account);
            }
            Step::Call(Call::Unshown(FateReason::MissedBytes)) => {
                let missed = Indication { missed_bytes: 9, ..received };
                return self.indicate(&missed, account);
            }
            Step::Call(Call::Unshown(_)) => {
                faults.fail("KeExpandKernelStackAndCalloutEx", 1, NO_MEMORY);
                return self.indicate(&received, account);
            }
            Step::Kept | Step::NotKept | Step::Call(Call::Walk(_)) => {}
        }
        Err("is no step of its own".to_owned())
    }

    fn establish(
        &mut self,
        machine: &Machine,
        account: &Account,
        is_kept: bool,
    ) -> Result<(), String> {
        if account.walk == Some(Walk::Keep) && !is_kept {
            // Only 0 is success: the second passes NT_SUCCESS (S08).
            let is_even = self.tally.sequences.is_multiple_of(2);
            let status = if is_even { INSUFFICIENT_RESOURCES } else { OBJECT_NAME_EXISTS };
            machine.kernel.faults.fail("FwpsFlowAssociateContext0", 1, status);
        }
        let spec = FlowSpec { compartment_id: COMPARTMENT, ..FlowSpec::default() };
        let connection = machine.net.connect(&spec);
        let is_refused = account.is_blocked && !is_kept;
        if !connection.established.is_called || connection.is_refused() != is_refused {
            return Err(format!("{connection:?}"));
        }
        self.connection = Some(connection).filter(|_| !is_refused);
        Ok(())
    }

    fn indicate(&self, indication: &Indication, account: &Account) -> Result<(), String> {
        let outcome = self.connection.ok_or("no connection")?.indicate(indication);
        let is_blocked = account.is_blocked;
        if (outcome.is_called, outcome.is_absorbed, outcome.is_permitted)
            != (true, is_blocked, !is_blocked)
        {
            return Err(format!("{outcome:?}"));
        }
        Ok(())
    }

    fn unload(&mut self, machine: &Machine, account: &Account) -> Result<(), String> {
        let connection = self.connection.take().ok_or("no connection")?;
        machine.stop()?;
        self.machine = None;
        self.attached.clear();
        if machine.kernel.fwp.is_aborted(connection.flow) != account.is_blocked {
            return Err("blocked flows, and no others, are aborted at unload (S35)".to_owned());
        }
        Ok(())
    }

    /// Whether the driver keeps a context is what the account says.
    fn has_context(&self, account: &Account, is_kept: bool, step: Step) -> Result<(), String> {
        let Some(connection) = self.connection else { return Ok(()) };
        let is_establish = step == Step::Establish;
        let has_context = connection.has_context();
        let expected = if is_establish { is_kept } else { has_context && !account.is_released };
        if has_context == expected { Ok(()) } else { Err(format!("context: {has_context}")) }
    }

    /// Holds a set of counters, if one was told, against the ends of all sequences before it.
    fn counted(&mut self, events: &[Written]) -> Result<(), String> {
        for event in events {
            let Ok((_, Record::Counters(part))) = Record::decode(event.id, &event.payload) else {
                continue;
            };
            let Some(set) = self.sets.part(&part)? else { continue };
            self.hold(&set)?;
        }
        Ok(())
    }

    fn hold(&mut self, set: &Values) -> Result<(), String> {
        let ended = set.iter().filter(|((series, _, attach_id), _)| {
            *series == Series::PairsEnded && self.pending.contains(attach_id)
        });
        let told: BTreeMap<(u32, usize), u64> = ended
            .map(|((_, reason, attach_id), count)| ((*attach_id, usize::from(*reason)), *count))
            .collect();
        if told != self.ends {
            return Err(format!("ends by counters {told:?}, by the text {:?}", self.ends));
        }
        self.tally.ends += told.values().sum::<u64>();
        self.ends.clear();
        self.pending.clear();
        Ok(())
    }

    /// Everything of this sequence goes; its counters are looked at before they are told no more.
    fn clean_up(&mut self, machine: &Machine) -> Result<(), String> {
        if self.machine.is_none() {
            return Ok(());
        }
        if let Some(connection) = self.connection.take() {
            connection.close();
        }
        for attached in self.attached.drain(..) {
            attached.detach();
        }
        machine.kernel.run_work();
        if self.pending.len() > PENDING_MAX {
            self.ask_counters(machine)?;
        }
        let violations = machine.kernel.take_violations();
        if violations.is_empty() { Ok(()) } else { Err(violations.join("\n")) }
    }

    fn ask_counters(&mut self, machine: &Machine) -> Result<(), String> {
        machine.kernel.etw.capture_state();
        machine.kernel.run_work();
        let events = machine.take_events();
        self.counted(&events)?;
        if self.pending.is_empty() { Ok(()) } else { Err("no set of counters".to_owned()) }
    }

    /// The end: the driver leaves nothing behind.
    pub(crate) fn finish(mut self) -> Result<Tally, String> {
        if let Some(machine) = self.machine.take() {
            self.ask_counters(&machine)?;
            machine.stop()?;
        }
        Ok(self.tally)
    }
}

/// The next thing that the driver does: its step, what is expected of it, and how many steps of the
/// model that is.
fn next(steps: &[Taken]) -> Option<(Taken, Account, usize)> {
    let (first, rest) = steps.split_first()?;
    let belongs = |taken: &&Taken| match first.step {
        Step::Establish => matches!(taken.step, Step::Kept | Step::NotKept),
        Step::Walk(_) => matches!(taken.step, Step::Walk(_)),
        Step::Kept | Step::NotKept | Step::Call(_) | Step::Unpublish(_) | Step::Attach => false,
    };
    let more: Vec<&Taken> = rest.iter().take_while(belongs).collect();
    let account =
        more.iter().fold(first.expected.clone(), |account, it| merged(&account, &it.expected));
    Some((first.clone(), account, more.len() + 1))
}
