//! Whatever arrives, nothing panics and nothing grows without bound.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod synthetic;

use synthetic::{Driver, Random, SECOND};
use weir_abi::counters::{Entry, Series};
use weir_abi::event::{
    Attached, Counters, CountersHeader, EVENT_BYTES_MAX, Event, EventHead, FlowEstablished,
    Invocation, Prefix,
};
use weir_abi::wire::Text;
use weir_stages::exposition::{openmetrics, text};
use weir_stages::{Aggregator, Limits, SnapshotOptions};

fn show(state: &Aggregator, now_ns: u64) -> String {
    let snapshot = std::sync::Arc::new(state.snapshot(now_ns, &SnapshotOptions::default()));
    openmetrics(&snapshot).unwrap();
    text(&snapshot).unwrap()
}

fn put<E: Event>(state: &mut Aggregator, sequence: u32, event: &E) {
    let mut out = [0; EVENT_BYTES_MAX];
    let prefix = Prefix { cpu: 0, epoch: 1, sequence };
    let length = event.encode(prefix, &mut out).unwrap();
    state.apply_event(&EventHead::of::<E>(u64::from(sequence)), &out[..length]);
}

#[test]
fn arbitrary_bytes_never_panic_and_every_event_is_counted_once() {
    let mut random = Random(1);
    let mut state = Aggregator::new(Limits { flows: 100, ..Limits::default() });
    for round in 0..200_000_u64 {
        let length = usize::try_from(random.below(400)).unwrap();
        let mut payload: Vec<u8> =
            (0..length).map(|_| random.below(256).to_le_bytes()[0]).collect();
        // A plausible prefix and small numbers lead past the first checks.
        for (place, byte) in payload.iter_mut().enumerate() {
            if (4..8).contains(&place) && random.below(10) > 0 {
                *byte = 1;
            }
            if place == 0 {
                *byte = u8::try_from(random.below(250)).unwrap();
            }
            if place == 1 || (place > 12 && random.below(3) == 0) {
                *byte = 0;
            }
        }
        let id = u16::try_from(random.below(17)).unwrap();
        let head = EventHead { id, time_ns: random.below(u64::MAX >> 33), ..EventHead::default() };
        state.apply_event(&head, &payload);
        if round % 20_000 == 0 {
            show(&state, round);
            state.tick(round);
        }
    }
    assert!(state.intake().is_balanced());
    assert_eq!(state.intake().received.iter().sum::<u64>(), 200_000);
    assert!(state.intake().aggregated.iter().sum::<u64>() > 1_000, "the decoders were reached");
}

#[test]
fn bits_that_flip_in_real_events_never_panic() {
    let mut random = Random(2);
    for seed in 0..20 {
        let mut driver = Driver::start(1, 2, SECOND);
        driver.attach(0, 1, "sni");
        driver.traffic(&mut Random(seed), 40);
        driver.capture(&[(1, 1), (2, 3)]);
        driver.traffic(&mut Random(seed), 40);
        driver.counters();
        let mut state = Aggregator::new(Limits::default());
        for mut event in driver.take() {
            for _ in 0..random.below(4) {
                let place = usize::try_from(random.below(event.payload.len() as u64)).unwrap();
                event.payload[place] ^= 1 << random.below(8);
            }
            state.apply_event(&event.head, &event.payload);
        }
        state.finish();
        show(&state, driver.now_ns);
        assert!(state.intake().is_balanced());
    }
}

#[test]
fn a_million_flows_beyond_the_bound_are_counted_and_left_out() {
    let limits = Limits { flows: 10_000, ..Limits::default() };
    let mut state = Aggregator::new(limits);
    for serial in 1..=1_000_000_u32 {
        let flow_serial = u64::from(serial) * 7_919;
        let event = FlowEstablished { flow_serial, classifying: 1, ..FlowEstablished::default() };
        put(&mut state, serial, &event);
    }
    assert_eq!(state.flows_live(), 10_000);
    assert_eq!(state.oddities().flows_refused, 990_000);
    assert!(!state.is_flow_set_complete());
}

#[test]
fn ten_thousand_attachments_leave_at_most_the_bound() {
    let mut state = Aggregator::new(Limits::default());
    for attach_id in 1..=10_000_u32 {
        let label = Text::new(&format!("program-{attach_id}")).unwrap();
        let slot = attach_id.to_le_bytes()[0] % 64;
        put(&mut state, attach_id, &Attached { slot, attach_id, label, ..Attached::default() });
    }
    let snapshot = state.snapshot(0, &SnapshotOptions::default());
    let attached = snapshot.value("weir_attachments", &[]).unwrap().number();
    assert_eq!(attached, 64.0);
    assert!(snapshot.tables.programs.len() <= 257);
}

#[test]
fn counters_of_ten_thousand_forged_attachments_are_bounded_too() {
    let mut state = Aggregator::new(Limits::default());
    let mut out = [0; EVENT_BYTES_MAX];
    for number in 1..=50_u32 {
        let entries: Vec<Entry> = (0..200_u32)
            .map(|place| Entry::of(Series::Invocations, 0, number * 200 + place, u64::MAX))
            .collect();
        let header = CountersHeader { number, part: 0, parts: 1 };
        let prefix = Prefix { cpu: 0, epoch: 1, sequence: number };
        let length = Counters::encode(header, &entries, prefix, &mut out).unwrap();
        let head = EventHead { id: Counters::ID, ..EventHead::default() };
        state.apply_event(&head, &out[..length]);
    }
    let rows = state.snapshot(0, &SnapshotOptions::default()).tables.programs;
    assert!(rows.len() <= 257, "{}", rows.len());
    assert!(rows.iter().any(|row| row.program.as_ref() == "other"));
    assert!(state.oddities().programs_limited > 0);
}

#[test]
fn numbers_from_impossible_processors_and_far_ahead_cost_no_memory() {
    let mut state = Aggregator::new(Limits { processors: 8, ..Limits::default() });
    let mut out = [0; EVENT_BYTES_MAX];
    let mut random = Random(3);
    for round in 0..200_000_u64 {
        let cpu = u16::try_from(random.below(1 << 16)).unwrap();
        let sequence = u32::try_from(random.below(1 << 32)).unwrap_or(0);
        let prefix = Prefix { cpu, epoch: 1, sequence };
        let length = Invocation::default().encode(prefix, &mut out).unwrap();
        state.apply_event(&EventHead::of::<Invocation>(round), &out[..length]);
    }
    assert!(state.accounts()[1].unaccounted() < -100_000, "they belong to no interval");
}

#[test]
fn forged_loads_do_not_pile_up() {
    let mut state = Aggregator::new(Limits::default());
    for epoch in 1..=1_000 {
        let mut driver = Driver::start(epoch, 1, u64::from(epoch) * SECOND);
        driver.attach(0, 1, "sni");
        driver.traffic(&mut Random(u64::from(epoch)), 1);
        driver.counters();
        for event in driver.take() {
            state.apply_event(&event.head, &event.payload);
        }
    }
    let rows = state.snapshot(0, &SnapshotOptions::default()).tables.programs;
    assert_eq!((rows.len(), rows[0].invocations[0]), (1, 1_000));
}
