//! The hook without a kernel: attachments, flows, programs and events, as the driver has them.
//!
//! One `Hook` is one load of the driver: it owns the attach order, a slab of flow contexts, the
//! counters and the numbering of events, and asks `weir-engine` for every decision.
//! Time comes in with every call; events go out through one closure as the bytes that the driver
//! would write.
//! The caller serialises all calls (S38 holds trivially).

mod attach;
mod calls;
mod counters;
mod events;
mod flows;
mod slab;
mod totals;
mod tuple;
mod walk;

pub use events::EventSink;
pub use flows::FlowInfo;
pub use slab::FlowHandle;

use crate::program::Program;
use events::EventWriter;
use flows::FlowEntry;
use slab::Flows;
use totals::{AttachmentTotals, DriverTotals};
use walk::Walk;
use weir_abi::Direction;
use weir_abi::event::{ClockKind, DriverState, FailurePolicy, StateKind};
use weir_abi::wire::{FileTime, Text, Ticks};
use weir_engine::admission::FLOWS_MAX_DEFAULT;
use weir_engine::{Admission, Attachments, Slot};

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

/// `STATUS_QUOTA_EXCEEDED`, of the 65th attachment and of a flow beyond `MaxFlows`.
const STATUS_QUOTA_EXCEEDED: u32 = 0xC000_0044;

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
    loaded_at: FileTime,
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
            // A replay starts before the first packet has told the time.
            loaded_at: if now_ns == 0 {
                FileTime::default()
            } else {
                FileTime::from_unix_nanos(now_ns)
            },
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
            loaded_at: self.loaded_at,
            version: Text::new(env!("CARGO_PKG_VERSION")).unwrap_or_default(),
        };
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
