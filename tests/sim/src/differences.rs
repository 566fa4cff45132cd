//! The complete list of what may differ between the driver's events and those of the hook of user
//! mode, and events without it.
//!
//! 1. `epoch` and `cpu` of the prefix: each load has its own number; user mode has one processor.
//!    `sequence` is left out here because the driver walks its flows in another order where a
//!    program is detached or the driver stops; [`crate::account`] holds it.
//! 2. DriverState: the clock and its resolution; `loaded_at`, which the driver asks its own kernel
//!    for; `engine_up` before the filtering engine was up for
//!    the first time, which in user mode it always is; `attachments` at stop, when the driver has
//!    detached everybody.
//! 3. Detached at unload, which user mode leaves out for the same reason.
//! 4. CopyFallback, `copied` of Invocation, and the numbers within the flow that CopyFallback takes:
//!    user mode has nothing to copy. Each copy is held against the invocations that follow it.
//! 5. Counters: how a set is cut into parts, marks, `RunTime…` and `CalloutTime…` (user mode is not
//!    timed), copies, aborts at unload, and `Final` at unload, where the driver also forgets the
//!    oldest of more than 64 attachments that are gone. All but `CalloutTime…` and aborts is held by
//!    [`crate::account`].

use crate::flow_of::flow_of;
use crate::sets::Values;
use std::collections::BTreeMap;
use weir_abi::counters::Series;
use weir_abi::event::{ClockKind, Event, Prefix, Record, StateKind};
use weir_abi::wire::FileTime;
use weir_abi::{EventHead, FlowState};

/// One event without what may differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    /// Its descriptor and time.
    pub head: EventHead,
    /// The flow, 0 if it is about none.
    pub flow_serial: u64,
    bytes: Vec<u8>,
}

impl Plain {
    /// The event for a message.
    #[must_use]
    pub fn shown(&self) -> String {
        match Record::decode(self.head.id, &self.bytes) {
            Ok((_, record)) => format!("{} ns: {record:?}", self.head.time_ns),
            Err(error) => error.to_string(),
        }
    }
}

/// Takes out what may differ; one for each side.
#[derive(Clone, Debug, Default)]
pub struct Differences {
    was_up: bool,
    /// The driver is being unloaded.
    pub unloads: bool,
    /// CopyFallback events of each flow.
    copies: BTreeMap<u64, u32>,
    /// The copy that invocations of its flow must show now: flow, bytes.
    copied: Option<(u64, u32)>,
    /// Who was shown it: whoever is shown another segment is not shown the copy any more.
    shown: Vec<u32>,
    /// Detached events at unload.
    pub detached: u32,
    /// CopyFallback events.
    pub copies_told: u64,
}

impl Differences {
    /// The event without what may differ; `None` for one that the other side need not have.
    ///
    /// # Errors
    /// It cannot be decoded, or its copy was not told.
    pub fn plain(&mut self, head: &EventHead, payload: &[u8]) -> Result<Option<Plain>, String> {
        let decoded = Record::decode(head.id, payload).map_err(|error| error.to_string());
        let (_, record) = decoded?;
        let (flow_serial, seq) = flow_of(&record).unwrap_or((0, 0));
        let seq = seq - self.copies.get(&flow_serial).copied().unwrap_or(0);
        macro_rules! numbered {
            ($event:ident) => {{
                let mut event = $event;
                event.flow_seq = seq;
                encoded(&event)
            }};
        }
        let bytes = match record {
            Record::Invocation(event) => {
                let is_segment = event.state == FlowState::Established;
                if is_segment && self.shown.contains(&event.attach_id) {
                    self.next_call();
                }
                self.shown.push(event.attach_id);
                let copy = Some((flow_serial, event.segment_bytes));
                if event.copied != (is_segment && self.copied == copy) {
                    return Err(format!("{event:?} after the copy {:?}", self.copied));
                }
                let mut event = event;
                event.copied = false;
                numbered!(event)
            }
            Record::CopyFallback(event) => {
                *self.copies.entry(flow_serial).or_default() += 1;
                self.shown.clear();
                self.copied = (event.status == 0).then_some((flow_serial, event.bytes));
                self.copies_told += 1;
                return Ok(None);
            }
            Record::Detached(_) if self.unloads => {
                self.detached += 1;
                return Ok(None);
            }
            Record::Counters(_) => return Ok(None),
            Record::DriverState(state) => self.state(state),
            Record::Verdict(event) => numbered!(event),
            Record::Cleanup(event) => numbered!(event),
            Record::FlowEstablished(event) => numbered!(event),
            Record::FlowClosed(event) => numbered!(event),
            Record::FlowRundown(event) => numbered!(event),
            Record::AttachmentVerdict(event) => numbered!(event),
            Record::FlowUninspected(event) => numbered!(event),
            Record::Attached(event) => encoded(&event),
            Record::Detached(event) => encoded(&event),
            Record::Error(event) => encoded(&event),
        };
        Ok(Some(Plain { head: *head, flow_serial, bytes }))
    }

    /// A new call: what was copied before is over.
    pub fn next_call(&mut self) {
        self.copied = None;
        self.shown.clear();
    }

    fn state(&mut self, mut state: weir_abi::event::DriverState) -> Vec<u8> {
        self.was_up |= state.kind == StateKind::EngineUp;
        (state.clock, state.clock_resolution_ps) = (ClockKind::None, 0);
        state.loaded_at = FileTime::default();
        if !self.was_up {
            state.engine_up = true;
        }
        if state.kind == StateKind::Stop {
            state.attachments = 0;
        }
        encoded(&state)
    }
}

fn encoded<E: Event>(event: &E) -> Vec<u8> {
    let mut bytes = vec![0; weir_abi::event::EVENT_BYTES_MAX];
    let length = event.encode(Prefix::default(), &mut bytes).unwrap_or(0);
    bytes.truncate(length);
    bytes
}

/// A set without what may differ.
#[must_use]
pub fn plain_set(set: &Values, unloads: bool) -> Values {
    let differs = |series: Series| {
        matches!(
            series,
            Series::RunTime
                | Series::RunTimeNew
                | Series::RunTimeEstablished
                | Series::RunTimeDeleted
                | Series::CalloutTime
                | Series::CalloutTimeEstablished
                | Series::CalloutTimeStream
                | Series::Copies
                | Series::CopiedBytes
                | Series::Aborts
                | Series::MarkNumbered
        ) || (unloads && series == Series::Final)
    };
    set.iter().filter(|((it, ..), _)| !differs(*it)).map(|(key, value)| (*key, *value)).collect()
}
