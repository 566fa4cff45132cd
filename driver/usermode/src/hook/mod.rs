//! The hook without a kernel: attachments, flows, programs and events, as the driver has them.
//!
//! One `Hook` is one load of the driver: it owns the attach order, a slab of flow contexts, the
//! counters and the numbering of events, and asks `weir-engine` for every decision.
//! Time comes in with every call; events go out through one closure as the bytes that the driver
//! would write.
//! The caller serialises all calls (S38 holds trivially).

mod attach;
mod counters;
mod events;
mod flows;
mod totals;
mod walk;

pub use events::EventSink;
pub use flows::{FlowHandle, FlowInfo};

use crate::program::Program;
use events::EventWriter;
use flows::{FlowEntry, Flows};
use totals::{AttachmentTotals, DriverTotals};
use walk::Walk;
use weir_abi::Direction;
use weir_abi::event::{
    ClockKind, DriverState, ErrorApi, FailurePolicy, Fate, FateReason, FlowClosed, FlowEstablished,
    StateKind,
};
use weir_abi::wire::{Text, Ticks};
use weir_engine::admission::FLOWS_MAX_DEFAULT;
use weir_engine::{Admission, Attachments, Established, Flow, Outcome, Settled, Slot};

/// Parameters of the hook; the driver reads the same ones from its registry key.
#[derive(Clone, Copy, Debug)]
pub struct HookOptions {
    /// What happens where a program or the hook fails (S32).
    pub policy: FailurePolicy,
    /// Bound of inspected flows, and of blocked ones (S33).
    pub flows_max: u32,
    /// Interval of Counters events.
    pub counters_interval_ms: u32,
    /// Whether invocations are timed; without it durations are 0 and histograms of run time stay
    /// empty, so that the same input gives the same bytes.
    pub is_timed: bool,
    /// Random number of this load.
    pub epoch: u32,
    /// Keywords that a session enables.
    pub keywords: u64,
}

/// Every keyword of the provider but the self-describing form of Invocation.
pub const KEYWORDS_ALL: u64 = 0x1ff0;

/// Keyword of Invocation events.
pub const KEYWORD_INVOCATION: u64 = 0x10;

impl Default for HookOptions {
    fn default() -> Self {
        Self {
            policy: FailurePolicy::Open,
            flows_max: FLOWS_MAX_DEFAULT,
            counters_interval_ms: 1_000,
            is_timed: false,
            epoch: 1,
            keywords: KEYWORDS_ALL,
        }
    }
}

/// An attached program.
pub(crate) struct Attached {
    attach_id: u32,
    label: Text,
    compartment: u32,
    program: Box<dyn Program>,
    totals: Box<AttachmentTotals>,
}

/// A detached attachment whose totals are still told.
struct Gone {
    attach_id: u32,
    totals: Box<AttachmentTotals>,
    sets_left: u8,
}

/// What flow established came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The flow's context, where one is kept; without it the stream is not inspected.
    pub handle: Option<FlowHandle>,
    /// The flow may not pass: blocked at NEW or refused under a closed policy.
    pub is_blocked: bool,
}

/// What becomes of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SegmentVerdict {
    /// It goes on.
    Permit,
    /// It is absorbed, and so is all that follows, in both directions.
    Block,
}

/// The hook.
pub struct Hook {
    options: HookOptions,
    order: Attachments,
    slots: Vec<Option<Attached>>,
    gone: Vec<Gone>,
    next_attach_id: u32,
    flows: Flows,
    admission: Admission,
    driver: Box<DriverTotals>,
    writer: EventWriter,
    next_counters_ns: u64,
    counters_number: u32,
}

impl Hook {
    /// Starts: the filtering engine is up, nobody is attached.
    #[must_use]
    pub fn start(options: HookOptions, sink: EventSink, now_ns: u64) -> Self {
        let mut hook = Self {
            options,
            order: Attachments::default(),
            slots: (0..weir_engine::slots::SLOTS).map(|_| None).collect(),
            gone: Vec::new(),
            next_attach_id: 1,
            flows: Flows::default(),
            admission: Admission::new(options.flows_max),
            driver: Box::default(),
            writer: EventWriter::new(sink, options.keywords, options.epoch),
            next_counters_ns: now_ns.saturating_add(options.interval_ns()),
            counters_number: 0,
        };
        for kind in [StateKind::Start, StateKind::Parameters, StateKind::EngineUp] {
            hook.write_state(kind, now_ns);
        }
        hook
    }

    fn write_state(&mut self, kind: StateKind, now_ns: u64) {
        let clock =
            if self.options.is_timed { ClockKind::PerformanceCounter } else { ClockKind::None };
        let event = DriverState {
            kind,
            failure_policy: self.options.policy,
            block_action: 0,
            engine_up: kind != StateKind::Stop,
            clock,
            // `Instant` counts nanoseconds.
            clock_resolution_ps: if self.options.is_timed { 1_000 } else { 0 },
            counters_interval_ms: self.options.counters_interval_ms,
            flows_max: self.options.flows_max,
            attachments: u32::try_from(self.order.iter().count()).unwrap_or(u32::MAX),
            version: Text::new(env!("CARGO_PKG_VERSION")).unwrap_or_default(),
        };
        self.writer.write(now_ns, &event);
    }

    /// A connection is established: asks the programs (S04 to S09, S33).
    pub fn established(&mut self, info: &FlowInfo, now_ns: u64) -> Opened {
        let serial = self.flows.next_serial();
        if !self.admission.admits() {
            self.driver.refused += 1;
            self.writer.error(now_ns, ErrorApi::MaxFlows, 0, (serial, info.flow_id, 0));
            let is_blocked = Flow::refused(self.options.policy).is_blocked;
            return Opened { handle: None, is_blocked };
        }
        let mut entry = FlowEntry::new(serial, *info, now_ns);
        let mut engine = Flow::default();
        let (mut walk, order) = self.walk(&mut entry, info.direction, None, now_ns);
        let policy = walk.policy;
        let established = engine.establish(&mut walk, order, policy, info.compartment_id);
        let ends = walk.into_ends();
        match established {
            Established::Ignored => self.uninspected(&mut entry, now_ns),
            Established::Uninspected(settled) => {
                self.end_pairs(&mut entry, &ends, false, now_ns);
                if settled.fate == Fate::Allow {
                    self.driver.count_fate(&settled, info);
                    self.uninspected(&mut entry, now_ns);
                } else {
                    // A failure let it pass: that is a verdict worth an event.
                    self.settle(&mut entry, &engine, Some(settled), now_ns);
                }
            }
            Established::Keep => {
                let settled = engine.kept();
                let event = FlowEstablished {
                    invoked: engine.invoked().mask(),
                    classifying: engine.classifying().mask(),
                    blocked: engine.is_blocked(),
                    ..entry.established_event()
                };
                self.writer.write(now_ns, &event);
                self.end_pairs(&mut entry, &ends, true, now_ns);
                self.admission.made(engine.is_blocked());
                self.settle(&mut entry, &engine, settled, now_ns);
                let is_blocked = engine.is_blocked();
                entry.engine = engine;
                return Opened { handle: Some(self.flows.insert(entry)), is_blocked };
            }
        }
        Opened { handle: None, is_blocked: false }
    }

    fn uninspected(&mut self, entry: &mut FlowEntry, now_ns: u64) {
        self.driver.uninspected += 1;
        let event = entry.uninspected_event();
        self.writer.write(now_ns, &event);
    }

    /// Data arrived; more than [`weir_abi::context::SEGMENT_BYTES_MAX`] bytes are shown as
    /// consecutive segments. No data, no invocation (S19).
    pub fn segment(
        &mut self,
        handle: FlowHandle,
        direction: Direction,
        data: &[u8],
        now_ns: u64,
    ) -> SegmentVerdict {
        for part in data.chunks(weir_abi::context::SEGMENT_BYTES_MAX) {
            let Some(mut entry) = self.flows.take(handle) else { break };
            if entry.engine.is_blocked() {
                self.absorb(&mut entry, direction, data.len());
                self.flows.put_back(handle, entry);
                return SegmentVerdict::Block;
            }
            let mut engine = entry.engine;
            let (mut walk, order) = self.walk(&mut entry, direction, Some(part), now_ns);
            let policy = walk.policy;
            let outcome = engine.segment(&mut walk, order, policy);
            let ends = walk.into_ends();
            entry.engine = engine;
            entry.count_segment(direction, part.len(), now_ns);
            if outcome.is_blocked {
                // A block in any part blocks the whole indication.
                self.absorb(&mut entry, direction, data.len());
            }
            self.after(handle, entry, &ends, outcome, now_ns);
            if outcome.is_blocked {
                return SegmentVerdict::Block;
            }
        }
        SegmentVerdict::Permit
    }

    fn absorb(&mut self, entry: &mut FlowEntry, direction: Direction, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        entry.absorbed_segments += 1;
        entry.absorbed_bytes += bytes;
        self.driver.absorbed_segments.add(direction, 1);
        self.driver.absorbed_bytes.add(direction, bytes);
    }

    /// Bytes of the stream never reached the hook (S20): the failure table decides.
    pub fn missed(
        &mut self,
        handle: FlowHandle,
        direction: Direction,
        bytes: u64,
        now_ns: u64,
    ) -> SegmentVerdict {
        self.driver.missed_bytes.add(direction, bytes);
        let outcome = self.end_with(handle, now_ns, |engine, walk, order, policy| {
            engine.unshown(walk, order, policy, FateReason::MissedBytes)
        });
        match outcome {
            Some(outcome) if outcome.is_blocked => SegmentVerdict::Block,
            _ => SegmentVerdict::Permit,
        }
    }

    /// The connection ended: each program still classifying gets its DELETED (S25).
    pub fn deleted(&mut self, handle: FlowHandle, now_ns: u64) {
        self.end_with(handle, now_ns, |engine, walk, order, _| engine.deleted(walk, order));
    }

    fn end_with(
        &mut self,
        handle: FlowHandle,
        now_ns: u64,
        end: impl FnOnce(&mut Flow, &mut Walk<'_>, &Attachments, FailurePolicy) -> Outcome,
    ) -> Option<Outcome> {
        let mut entry = self.flows.take(handle)?;
        entry.current = None;
        let mut engine = entry.engine;
        let direction = entry.info.direction;
        let (mut walk, order) = self.walk(&mut entry, direction, None, now_ns);
        let policy = walk.policy;
        let outcome = end(&mut engine, &mut walk, order, policy);
        let ends = walk.into_ends();
        entry.engine = engine;
        self.after(handle, entry, &ends, outcome, now_ns);
        Some(outcome)
    }

    /// Everything that follows an engine call for a flow with a context.
    fn after(
        &mut self,
        handle: FlowHandle,
        mut entry: Box<FlowEntry>,
        ends: &walk::Ends,
        outcome: Outcome,
        now_ns: u64,
    ) {
        self.end_pairs(&mut entry, ends, true, now_ns);
        let engine = entry.engine;
        self.settle(&mut entry, &engine, outcome.settled, now_ns);
        if outcome.settled.is_some() && engine.is_blocked() && !outcome.is_released {
            self.admission.turned_blocked();
        }
        if outcome.is_released {
            self.admission.released(engine.is_blocked());
            let reason = outcome.settled.map_or(FateReason::Closed, |settled| settled.reason);
            let event = FlowClosed {
                reason,
                absorbed_segments: entry.absorbed_segments,
                absorbed_bytes: entry.absorbed_bytes,
                ..entry.closed_event()
            };
            self.writer.write(now_ns, &event);
            self.flows.release(handle);
        } else {
            self.flows.put_back(handle, entry);
        }
    }

    fn settle(
        &mut self,
        entry: &mut FlowEntry,
        engine: &Flow,
        settled: Option<Settled>,
        now_ns: u64,
    ) {
        let Some(settled) = settled else { return };
        self.driver.count_fate(&settled, &entry.info);
        let decider = settled.decider;
        let attach_id = decider.and_then(|slot| self.attach_id(slot)).unwrap_or(0);
        let chain_index = decider.and_then(|slot| self.order.chain_index(slot)).unwrap_or(255);
        let event = entry.verdict_event(engine, settled, (attach_id, chain_index), now_ns);
        self.writer.write(now_ns, &event);
    }

    fn attach_id(&self, slot: Slot) -> Option<u32> {
        let attached = self.slots.get(usize::from(slot.number()))?.as_ref()?;
        Some(attached.attach_id)
    }

    /// Flow contexts that live now.
    #[must_use]
    pub fn contexts(&self) -> u32 {
        self.admission.classifying().saturating_add(self.admission.blocked())
    }

    /// Splits the hook into what a walk borrows and the order it walks.
    fn walk<'a>(
        &'a mut self,
        entry: &'a mut FlowEntry,
        direction: Direction,
        data: Option<&'a [u8]>,
        now_ns: u64,
    ) -> (Walk<'a>, &'a Attachments) {
        let walk = Walk::new(
            walk::Parts { slots: &mut self.slots, writer: &mut self.writer, entry },
            walk::Presented { direction, data, now_ns },
            (self.options.policy, self.options.is_timed),
        );
        (walk, &self.order)
    }
}

impl HookOptions {
    fn interval_ns(&self) -> u64 {
        u64::from(self.counters_interval_ms.max(1)).saturating_mul(1_000_000)
    }
}

/// Time from `from_ns` to `to_ns`, 0 where a capture's clock went back.
pub(crate) const fn elapsed(from_ns: u64, to_ns: u64) -> Ticks {
    Ticks::from_nanos(to_ns.saturating_sub(from_ns))
}
