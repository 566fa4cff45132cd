//! What a collector costs by number of live flows: events a second from memory, memory for each
//! flow, the time of a snapshot and of a scrape, and its size.
//!
//! `cargo run --release -p weir-stages --example aggregate_bench [millions of events]`

#![expect(clippy::print_stdout, reason = "the figures are its output")]

use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;
use weir_abi::event::{Attached, Event, EventHead, FlowEstablished, Invocation, Prefix};
use weir_abi::wire::{Text, Ticks};
use weir_abi::{Action, Direction, FlowState};
use weir_stages::batch::{BATCH_EVENTS_MAX, EventBatch};
use weir_stages::exposition::text;
use weir_stages::{Aggregator, Limits, SnapshotOptions};

/// Processors whose numbering the events carry.
const CPUS: u16 = 2;

/// Programs that classify; each flow waits for the first of them.
const ATTACHMENTS: u8 = 4;

/// Memory of this process as the system counts it; 0 where it does not say.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|it| it.parse::<u64>().ok());
    pages.unwrap_or(0) * 4096
}

/// Writes numbered events into batches.
struct Source {
    numbers: [[u32; 16]; CPUS as usize],
    batches: Vec<EventBatch>,
    written: u64,
}

impl Source {
    fn new() -> Self {
        let batches = vec![EventBatch::new()];
        Self { numbers: [[0; 16]; CPUS as usize], batches, written: 0 }
    }

    fn write<E: Event>(&mut self, event: &E) {
        let cpu = usize::try_from(self.written % u64::from(CPUS)).unwrap_or(0);
        let number = &mut self.numbers[cpu][usize::from(E::ID)];
        *number += 1;
        let cpu = u16::try_from(cpu).unwrap_or(0);
        let mut out = [0; 512];
        let Some(length) = event.encode(Prefix { cpu, epoch: 1, sequence: *number }, &mut out)
        else {
            return;
        };
        if self.batches.last().is_none_or(|batch| batch.len() == BATCH_EVENTS_MAX) {
            self.batches.push(EventBatch::new());
        }
        if let Some(batch) = self.batches.last_mut() {
            let pushed = batch.push(EventHead::of::<E>(self.written), &out[..length]);
            assert!(pushed.is_ok(), "a batch of {BATCH_EVENTS_MAX} has room");
        }
        self.written += 1;
    }

    fn take(&mut self) -> Vec<EventBatch> {
        core::mem::take(&mut self.batches)
    }
}

fn apply(state: &mut Aggregator, batches: &[EventBatch]) -> Duration {
    let begun = Instant::now();
    for batch in batches {
        state.apply(batch);
    }
    begun.elapsed()
}

fn serial(flow: u64) -> u64 {
    flow + 1
}

fn run(flows: u64, events: u64) {
    let mut source = Source::new();
    let mut state = Aggregator::new(Limits { flows: 4 << 20, ..Limits::default() });
    for slot in 0..ATTACHMENTS {
        let label = Text::new(&format!("program-{slot}")).unwrap_or_default();
        let attach_id = u32::from(slot) + 1;
        source.write(&Attached { slot, attach_id, label, ..Attached::default() });
    }
    for flow in 0..flows {
        let event = FlowEstablished {
            flow_serial: serial(flow),
            classifying: 1,
            ..FlowEstablished::default()
        };
        source.write(&event);
    }
    let batches = source.take();
    let before = resident_bytes();
    let established = apply(&mut state, &batches);
    let flow_bytes = resident_bytes().saturating_sub(before) / flows;
    drop(batches);
    let mut random = 1_u64;
    for _ in 0..events {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        source.write(&Invocation {
            flow_serial: serial((random >> 33) % flows),
            attach_id: 1,
            state: FlowState::Established,
            direction: Direction::Inbound,
            answer: Action::NeedMoreData,
            segment_bytes: 1_460,
            duration: Ticks(random >> 50),
            ..Invocation::default()
        });
    }
    let batches = source.take();
    let times = [0; 5].map(|_| apply(&mut state, &batches));
    let best = times.iter().min().copied().unwrap_or_default();
    let begun = Instant::now();
    let snapshot = Arc::new(state.snapshot(events, &SnapshotOptions::default()));
    let taken = begun.elapsed();
    let begun = Instant::now();
    let bytes = text(&snapshot).map_or(0, |text| text.len());
    let per = |time: Duration, count: u64| time.as_secs_f64() * 1e9 / count as f64;
    println!(
        "{flows:>9} flows of {flow_bytes} B: invocation {:5.1} ns = {:5.1} M/s, established {:5.1} ns, \
         snapshot {:.2?}, text {bytes} B in {:.2?}",
        per(best, events),
        1e3 / per(best, events),
        per(established, flows),
        taken,
        begun.elapsed(),
    );
}

fn main() {
    let millions = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(4);
    for flows in [10_000, 100_000, 1_000_000] {
        run(flows, millions * 1_000_000);
    }
}
