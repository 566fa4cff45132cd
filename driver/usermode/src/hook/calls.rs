//! What happens to a flow, in the order of its life: established, segments, missed bytes, deleted.

use super::flows::{FlowEntry, FlowInfo};
use super::slab::FlowHandle;
use super::totals::Layer;
use super::walk::{Ends, Walk};
use super::{Hook, Opened, STATUS_QUOTA_EXCEEDED, SegmentVerdict};
use std::time::Instant;
use weir_abi::Direction;
use weir_abi::event::{ErrorApi, FailurePolicy, Fate, FateReason, FlowClosed, FlowEstablished};
use weir_abi::wire::Ticks;
use weir_engine::{Attachments, Established, Flow, Outcome, Settled};

impl Hook {
    /// A connection is established: asks the programs (S04 to S09, S33).
    pub fn established(&mut self, info: &FlowInfo, now_ns: u64) -> Opened {
        self.timed(Layer::FlowEstablished, |hook| hook.walk_new(info, now_ns))
    }

    /// Times a callout where the hook is timed.
    fn timed<T>(&mut self, layer: Layer, callout: impl FnOnce(&mut Self) -> T) -> T {
        let started = self.options.is_timed.then(Instant::now);
        let result = callout(self);
        if let Some(started) = started {
            let nanos = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.driver.count_callout(layer, Ticks::from_nanos(nanos));
        }
        result
    }

    fn walk_new(&mut self, info: &FlowInfo, now_ns: u64) -> Opened {
        let serial = self.flows.next_serial();
        // Only flows that somebody is asked about are bounded (S33).
        let is_wanted = self.order.iter().any(|it| it.matches(info.compartment_id));
        if is_wanted && !self.admission.admits() {
            self.driver.refused += 1;
            self.writer.error(
                now_ns,
                ErrorApi::MaxFlows,
                STATUS_QUOTA_EXCEEDED,
                (serial, info.flow_id, 0),
            );
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
        self.timed(Layer::Stream, |hook| hook.walk_segments(handle, direction, data, now_ns))
    }

    fn walk_segments(
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
            self.after(handle, entry, &ends, (outcome, FateReason::Closed), now_ns);
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
        let outcome =
            self.end_with(handle, FateReason::Closed, now_ns, |engine, walk, order, policy| {
                engine.unshown(walk, order, policy, FateReason::MissedBytes)
            });
        // Of a flow without a context the driver hears nothing.
        if outcome.is_some() {
            self.driver.missed_bytes.add(direction, bytes);
        }
        match outcome {
            Some(outcome) if outcome.is_blocked => SegmentVerdict::Block,
            _ => SegmentVerdict::Permit,
        }
    }

    /// The connection ended: each program still classifying gets its DELETED (S25).
    pub fn deleted(&mut self, handle: FlowHandle, now_ns: u64) {
        let deleted = |engine: &mut Flow, walk: &mut Walk<'_>, order: &Attachments, _| {
            engine.deleted(walk, order)
        };
        self.end_with(handle, FateReason::Closed, now_ns, deleted);
    }

    /// Ends pairs in a way that the engine decides; `None` for a flow that is gone.
    pub(super) fn end_with(
        &mut self,
        handle: FlowHandle,
        why: FateReason,
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
        self.after(handle, entry, &ends, (outcome, why), now_ns);
        Some(outcome)
    }

    /// Everything that follows an engine call for a flow with a context; `why` is the reason of the
    /// release where the fate was settled before.
    fn after(
        &mut self,
        handle: FlowHandle,
        mut entry: Box<FlowEntry>,
        ends: &Ends,
        (outcome, why): (Outcome, FateReason),
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
            let reason = outcome.settled.map_or(why, |settled| settled.reason);
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
}
