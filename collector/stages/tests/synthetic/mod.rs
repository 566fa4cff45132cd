//! A synthetic driver: numbers events by processor and kind, keeps its own truth, writes sets of
//! counters with marks.

#![allow(dead_code, clippy::allow_attributes, reason = "each test uses a part of it")]

pub(crate) mod surroundings;

use std::collections::BTreeMap;
use weir_abi::counters::{ENTRIES_MAX, Entry, Series, flow_index, invocation_index};
use weir_abi::event::{
    Attached, Cleanup, Counters, CountersHeader, DriverState, EVENT_BYTES_MAX, Event, EventHead,
    Fate, FlowClosed, FlowEstablished, FlowRundown, Invocation, PairEnd, Prefix, StateKind,
    Verdict,
};
use weir_abi::wire::{Address, Port, Text, Ticks};
use weir_abi::{Action, Direction, FlowState};

/// A second.
pub(crate) const SECOND: u64 = 1_000_000_000;

/// A small linear generator, so that a failure repeats.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Random(pub u64);

impl Random {
    /// The next number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let state = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = state.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// An event as a session delivers it.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// Its head.
    pub(crate) head: EventHead,
    /// Processor.
    pub(crate) cpu: u16,
    /// Its payload.
    pub(crate) payload: Vec<u8>,
}

/// The driver.
#[derive(Clone, Debug)]
pub(crate) struct Driver {
    /// Load.
    pub(crate) epoch: u32,
    /// Time of the next event.
    pub(crate) now_ns: u64,
    /// What was written and not taken yet.
    pub(crate) events: Vec<Written>,
    /// Its own truth, marks left out.
    pub(crate) truth: BTreeMap<(u16, u16, u32), u64>,
    cpus: u16,
    numbers: BTreeMap<(u16, u16), u32>,
    set: u32,
    serial: u64,
    attached: Vec<Attached>,
}

impl Driver {
    /// A driver that has just been loaded; its start is the first event.
    pub(crate) fn start(epoch: u32, cpus: u16, now_ns: u64) -> Self {
        let mut driver = Self {
            epoch,
            now_ns,
            events: Vec::new(),
            truth: BTreeMap::new(),
            cpus,
            numbers: BTreeMap::new(),
            set: 0,
            serial: 0,
            attached: Vec::new(),
        };
        driver.state(StateKind::Start);
        driver
    }

    /// Writes an event.
    pub(crate) fn write<E: Event>(&mut self, cpu: u16, event: &E) {
        let prefix = self.prefix(cpu, E::ID);
        let mut out = [0; EVENT_BYTES_MAX];
        let length = event.encode(prefix, &mut out).unwrap();
        let head = EventHead::of::<E>(self.now_ns);
        self.events.push(Written { head, cpu, payload: out[..length].to_vec() });
    }

    fn prefix(&mut self, cpu: u16, id: u16) -> Prefix {
        self.now_ns += 1_000;
        let number = self.numbers.entry((cpu, id)).or_default();
        *number += 1;
        Prefix { cpu, epoch: self.epoch, sequence: *number }
    }

    /// Writes a state.
    pub(crate) fn state(&mut self, kind: StateKind) {
        let event = DriverState {
            kind,
            engine_up: true,
            counters_interval_ms: 1_000,
            clock_resolution_ps: 100_000,
            clock: weir_abi::event::ClockKind::PerformanceCounter,
            attachments: u32::try_from(self.attached.len()).unwrap(),
            version: Text::new("0.1.0").unwrap(),
            ..DriverState::default()
        };
        self.write(
            0,
            &DriverState { failure_policy: weir_abi::event::FailurePolicy::Open, ..event },
        );
    }

    /// Attaches a program.
    pub(crate) fn attach(&mut self, slot: u8, attach_id: u32, label: &str) {
        let label = Text::new(label).unwrap();
        let event = Attached { slot, attach_id, chain_index: slot, compartment_id: 0, label };
        self.attached.push(event);
        self.write(0, &event);
    }

    /// Detaches it.
    pub(crate) fn detach(&mut self, attach_id: u32) {
        let place = self.attached.iter().position(|one| one.attach_id == attach_id).unwrap();
        let one = self.attached.remove(place);
        self.write(
            0,
            &weir_abi::event::Detached {
                slot: one.slot,
                attach_id,
                chain_index: one.chain_index,
                compartment_id: 0,
                label: one.label,
            },
        );
    }

    /// Counts.
    pub(crate) fn count(&mut self, series: Series, index: u16, scope: u32, more: u64) {
        *self.truth.entry((series.number(), index, scope)).or_default() += more;
    }

    /// Invokes a program.
    pub(crate) fn invoke(&mut self, cpu: u16, event: Invocation) {
        let index = invocation_index(event.state, event.direction, event.answer).unwrap();
        self.count(Series::Invocations, index, event.attach_id, 1);
        let (state, ticks) = (u16::from(event.state.raw()), event.duration.0);
        self.count(Series::RunTime, state, event.attach_id, ticks);
        let bucket = weir_abi::buckets::RUN_TIME.bucket(ticks);
        let series = Series::from_number(Series::RunTimeNew.number() + state).unwrap();
        self.count(series, bucket, event.attach_id, 1);
        self.write(cpu, &event);
    }

    /// Establishes a flow that these slots classify; returns its serial.
    pub(crate) fn establish(&mut self, cpu: u16, slots: u64) -> u64 {
        self.serial += 1;
        for one in self.attached.clone() {
            if slots & (1 << one.slot) != 0 {
                self.count(Series::PairsBegun, 0, one.attach_id, 1);
            }
        }
        let event = FlowEstablished {
            flow_serial: self.serial,
            flow_id: self.serial + 0x1000,
            flow_seq: 1,
            family: 2,
            local_address: Address::v4([10, 0, 0, 1]),
            remote_address: Address::v4([192, 0, 2, 7]),
            local_port: Port(50_000),
            remote_port: Port(443),
            protocol: 6,
            direction: Direction::Outbound,
            process_id: 4_711,
            invoked: slots,
            classifying: slots,
            ..FlowEstablished::default()
        };
        self.write(cpu, &event);
        self.serial
    }

    /// Settles a flow.
    pub(crate) fn settle(&mut self, cpu: u16, serial: u64, fate: Fate, slots: u64, end: PairEnd) {
        for one in self.attached.clone() {
            if slots & (1 << one.slot) != 0 {
                self.count(Series::PairsEnded, u16::from(end.raw()), one.attach_id, 1);
            }
        }
        let index = flow_index(fate, Direction::Outbound, false).unwrap();
        self.count(Series::Flows, index, 0, 1);
        self.write(
            cpu,
            &Verdict {
                flow_serial: serial,
                flow_seq: 10,
                direction: Direction::Outbound,
                fate,
                ..Verdict::default()
            },
        );
        self.write(cpu, &FlowClosed { flow_serial: serial, flow_seq: 11, ..FlowClosed::default() });
    }

    /// A DELETED invocation.
    pub(crate) fn cleanup(&mut self, cpu: u16, serial: u64, attach_id: u32, reason: PairEnd) {
        self.count(Series::Cleanups, u16::from(reason.raw()), attach_id, 1);
        self.write(
            cpu,
            &Cleanup { flow_serial: serial, flow_seq: 9, attach_id, reason, ..Cleanup::default() },
        );
    }

    /// Writes a whole set of counters.
    pub(crate) fn counters(&mut self) {
        self.set += 1;
        let truth = self.truth.iter().filter(|(_, value)| **value > 0);
        let entries: Vec<Entry> = truth
            .map(|((series, index, scope), value)| Entry {
                series: *series,
                index: *index,
                scope: *scope,
                value: *value,
            })
            .collect();
        let mut parts: Vec<(u16, Vec<Entry>)> =
            entries.chunks(ENTRIES_MAX).map(|entries| (0, entries.to_vec())).collect();
        // Each processor writes its own marks, so they come after the events that they cover.
        for cpu in 0..self.cpus {
            let own = self.numbers.range((cpu, 0)..=(cpu, u16::MAX));
            let marks = own.map(|((_, id), number)| {
                Entry::of(Series::MarkNumbered, *id, u32::from(cpu), u64::from(*number))
            });
            parts.push((cpu, marks.collect()));
        }
        let count = u16::try_from(parts.len()).unwrap();
        for (part, (cpu, entries)) in (0..count).zip(parts) {
            self.part(cpu, CountersHeader { number: self.set, part, parts: count }, &entries);
        }
    }

    fn part(&mut self, cpu: u16, header: CountersHeader, entries: &[Entry]) {
        let prefix = self.prefix(cpu, Counters::ID);
        let mut out = [0; EVENT_BYTES_MAX];
        let length = Counters::encode(header, entries, prefix, &mut out).unwrap();
        let head = EventHead { id: Counters::ID, time_ns: self.now_ns, ..EventHead::default() };
        self.events.push(Written { head, cpu, payload: out[..length].to_vec() });
    }

    /// Writes a capture state that names these flows: serial and slots.
    pub(crate) fn capture(&mut self, flows: &[(u64, u64)]) {
        self.state(StateKind::CaptureBegin);
        self.state(StateKind::Parameters);
        for one in self.attached.clone() {
            self.write(0, &one);
        }
        for (serial, slots) in flows {
            self.write(
                1 % self.cpus,
                &FlowRundown {
                    flow_serial: *serial,
                    flow_id: *serial + 0x1000,
                    flow_seq: 5,
                    classifying: *slots,
                    segments_inbound: 2,
                    bytes_inbound: 300,
                    age: Ticks(40 * Ticks::PER_SECOND),
                    ..FlowRundown::default()
                },
            );
        }
        self.counters();
        self.state(StateKind::CaptureEnd);
    }

    /// A busy second: flows come, are shown segments and are settled by the programs' answers.
    pub(crate) fn traffic(&mut self, random: &mut Random, flows: u64) {
        for _ in 0..flows {
            let cpu = u16::try_from(random.below(u64::from(self.cpus))).unwrap();
            let slots = self.attached.iter().fold(0, |mask, one| mask | 1 << one.slot);
            let serial = self.establish(cpu, slots);
            for one in self.attached.clone() {
                for place in 0..=random.below(4) {
                    let cpu = u16::try_from(random.below(u64::from(self.cpus))).unwrap();
                    self.invoke(
                        cpu,
                        Invocation {
                            flow_serial: serial,
                            flow_seq: 2 + u32::try_from(place).unwrap(),
                            attach_id: one.attach_id,
                            state: if place == 0 { FlowState::New } else { FlowState::Established },
                            direction: Direction::ALL[usize::try_from(random.below(2)).unwrap()],
                            answer: Action::NeedMoreData,
                            segment_bytes: u32::try_from(place * 500).unwrap(),
                            duration: Ticks(random.below(1 << 20)),
                            ..Invocation::default()
                        },
                    );
                }
            }
            match random.below(4) {
                0 => self.settle(cpu, serial, Fate::Allow, slots, PairEnd::Allowed),
                1 => self.settle(cpu, serial, Fate::Block, slots, PairEnd::Blocked),
                2 => {
                    for one in self.attached.clone() {
                        self.cleanup(cpu, serial, one.attach_id, PairEnd::Closed);
                    }
                    self.settle(cpu, serial, Fate::Undecided, slots, PairEnd::Closed);
                }
                _ => {}
            }
        }
    }

    /// What was written since the last time.
    pub(crate) fn take(&mut self) -> Vec<Written> {
        core::mem::take(&mut self.events)
    }
}

/// Reorders events between processors and keeps each processor's own order.
pub(crate) fn interleave(events: Vec<Written>, random: &mut Random) -> Vec<Written> {
    let mut queues: BTreeMap<u16, std::collections::VecDeque<Written>> = BTreeMap::new();
    for event in events {
        queues.entry(event.cpu).or_default().push_back(event);
    }
    let mut out = Vec::new();
    while !queues.is_empty() {
        let cpus: Vec<u16> = queues.keys().copied().collect();
        let cpu = cpus[usize::try_from(random.below(cpus.len() as u64)).unwrap()];
        let queue = queues.get_mut(&cpu).unwrap();
        out.extend(queue.pop_front());
        if queue.is_empty() {
            queues.remove(&cpu);
        }
    }
    out
}
