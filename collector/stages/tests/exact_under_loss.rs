//! What loss, reordering, repeats and restarts do to the numbers: nothing that is not counted.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

mod synthetic;

use synthetic::{Driver, Random, SECOND, Written, interleave};
use weir_abi::counters::Series;
use weir_abi::event::{
    Attached, Counters, DriverState, Event, Fate, Invocation, PairEnd, StateKind,
};
use weir_stages::batch::EventBatch;
use weir_stages::catalogue::{METRICS, Source};
use weir_stages::kinds::{KINDS, KindSet, kind_label};
use weir_stages::snapshot::{Snapshot, Value};
use weir_stages::{Aggregator, Limits, Options, SnapshotOptions};

fn feed(state: &mut Aggregator, events: &[Written]) {
    let mut batch = EventBatch::new();
    for event in events {
        if batch.push(event.head, &event.payload).is_err() {
            state.apply(&batch);
            batch.clear();
            batch.push(event.head, &event.payload).unwrap();
        }
    }
    state.apply(&batch);
    assert!(state.intake().is_balanced(), "received = aggregated + dropped");
}

fn snapshot(state: &Aggregator, now_ns: u64) -> Snapshot {
    state.snapshot(now_ns, &SnapshotOptions::default())
}

fn number(of: &Snapshot, name: &str, labels: &[&str]) -> f64 {
    of.value(name, labels).unwrap_or_else(|| panic!("no {name} {labels:?}")).number()
}

fn lost(state: &Aggregator) -> u64 {
    state.accounts().iter().map(|account| account.lost).sum()
}

fn unaccounted(state: &Aggregator) -> i64 {
    state.accounts().iter().map(|account| account.unaccounted()).sum()
}

/// Two programs under load for some seconds; every second ends with a set of counters.
fn story(seed: u64, seconds: u64) -> (Driver, Vec<Written>) {
    let mut random = Random(seed);
    let mut driver = Driver::start(77, 4, SECOND);
    driver.attach(0, 11, "sni");
    driver.attach(1, 12, "http");
    let mut events = driver.take();
    for _ in 0..seconds {
        driver.traffic(&mut random, 60);
        driver.counters();
        events.extend(interleave(driver.take(), &mut random));
    }
    // The last marks cover what came before them, so one more set closes every interval.
    driver.counters();
    events.extend(driver.take());
    (driver, events)
}

fn is_single(event: &Written) -> bool {
    ![Counters::ID, DriverState::ID, Attached::ID].contains(&event.head.id)
}

fn counters_agree(one: &Snapshot, other: &Snapshot) {
    for (family, twin) in one.families.iter().zip(&other.families) {
        if family.metric.source == Source::Counters {
            let labels = |f: &weir_stages::snapshot::Family| {
                let named = |s: &&weir_stages::snapshot::Sample| !s.labels.is_empty();
                f.samples.iter().filter(named).count()
            };
            assert_eq!(labels(family), labels(twin), "{}", family.metric.name);
            for (sample, twin) in family.samples.iter().zip(&twin.samples) {
                assert_eq!(sample.value, twin.value, "{} {sample:?}", family.metric.name);
            }
        }
    }
}

fn check_drops(seed: u64, percent: u64) {
    let (driver, events) = story(seed, 5);
    let mut random = Random(seed ^ 0x5eed);
    let (mut whole, mut holed) =
        (Aggregator::new(Limits::default()), Aggregator::new(Limits::default()));
    let mut dropped = [0_u64; KINDS];
    let mut kept = Vec::new();
    for event in &events {
        if is_single(event) && random.below(100) < percent {
            dropped[usize::from(event.head.id)] += 1;
        } else {
            kept.push(event.clone());
        }
    }
    feed(&mut whole, &events);
    feed(&mut holed, &kept);
    let (whole_now, holed_now) = (snapshot(&whole, driver.now_ns), snapshot(&holed, driver.now_ns));
    counters_agree(&whole_now, &holed_now);
    let invoked: f64 = holed_now
        .family("weir_program_invocations_total")
        .unwrap()
        .samples
        .iter()
        .map(|sample| sample.value.number())
        .sum();
    let truth: u64 = driver
        .truth
        .iter()
        .filter(|((series, ..), _)| *series == Series::Invocations.number())
        .map(|(_, count)| count)
        .sum();
    assert_eq!(invoked, truth as f64, "seed {seed}");
    for (kind, dropped) in dropped.iter().enumerate() {
        assert_eq!(holed.accounts()[kind].lost, *dropped, "{} seed {seed}", kind_label(kind));
    }
    assert_eq!((lost(&whole), unaccounted(&whole), unaccounted(&holed)), (0, 0, 0), "seed {seed}");
}

#[test]
fn counters_are_the_truth_and_n_drops_read_n_lost_with_half_of_all_events_gone() {
    (1..20).for_each(|seed| check_drops(seed, 50));
}

#[test]
fn counters_are_the_truth_and_n_drops_read_n_lost_with_99_of_100_events_gone() {
    (1..20).for_each(|seed| check_drops(seed, 99));
}

#[test]
fn counters_are_the_truth_with_every_single_event_gone() {
    let (driver, events) = story(9, 3);
    let mut state = Aggregator::new(Limits::default());
    let mut kept = events;
    kept.retain(|event| !is_single(event) && event.head.id != Attached::ID);
    feed(&mut state, &kept);
    let now = snapshot(&state, driver.now_ns);
    let undecided = number(&now, "weir_flow_undecided", &["attach-11"]);
    let begun = driver.truth[&(Series::PairsBegun.number(), 0, 11)];
    let ended: u64 = (0..8)
        .filter_map(|reason| driver.truth.get(&(Series::PairsEnded.number(), reason, 11)))
        .sum();
    assert_eq!(undecided, (begun - ended) as f64);
    assert_eq!(number(&now, "weir_flow_set_complete", &[]), 0.0);
}

#[test]
fn nothing_is_unaccounted_in_any_interleaving() {
    for seed in 100..140 {
        let (_, events) = story(seed, 4);
        let mut state = Aggregator::new(Limits::default());
        feed(&mut state, &events);
        assert_eq!((lost(&state), unaccounted(&state)), (0, 0), "seed {seed}");
        assert!(state.is_flow_set_complete(), "seed {seed}");
    }
}

#[test]
fn events_of_another_session_may_come_a_set_late() {
    let (_, events) = story(5, 4);
    let options = Options { deferred: KindSet::DETAIL, ..Options::default() };
    let mut state = Aggregator::with_options(options);
    let is_detail = |event: &&Written| event.head.id == Invocation::ID;
    let mut late: std::collections::VecDeque<Written> = std::collections::VecDeque::new();
    let mut order = Vec::new();
    for event in &events {
        if is_detail(&event) {
            late.push_back(event.clone());
            if late.len() > 100 {
                order.extend(late.pop_front());
            }
        } else {
            order.push(event.clone());
        }
    }
    // Nothing is later than one whole set.
    let parts = u16::from_le_bytes(events.last().unwrap().payload[18..20].try_into().unwrap());
    let tail = order.split_off(order.len() - usize::from(parts));
    order.extend(late);
    order.extend(tail);
    feed(&mut state, &order);
    state.finish();
    assert_eq!((lost(&state), unaccounted(&state)), (0, 0));
}

#[test]
fn repeated_events_make_the_account_not_balance() {
    let (driver, mut events) = story(3, 3);
    let again: Vec<_> = events.iter().filter(|event| is_single(event)).take(5).cloned().collect();
    let at = events.len() - 1;
    events.splice(at..at, again);
    let mut state = Aggregator::new(Limits::default());
    feed(&mut state, &events);
    assert_eq!((unaccounted(&state), lost(&state)), (-5, 0));
    let now = snapshot(&state, driver.now_ns);
    let shown = now.family("weir_etw_unaccounted").unwrap();
    let sum: f64 = shown.samples.iter().map(|sample| sample.value.number()).sum();
    assert_eq!(sum, -5.0);
}

#[test]
fn a_restart_of_the_driver_makes_no_counter_fall() {
    let mut random = Random(8);
    let mut state = Aggregator::new(Limits::default());
    let mut total = 0_u64;
    let mut last = 0.0;
    for load in 1..=10 {
        let mut driver = Driver::start(load, 2, u64::from(load) * 100 * SECOND);
        driver.attach(0, 1, "sni");
        for _ in 0..3 {
            driver.traffic(&mut random, 20);
            driver.counters();
            feed(&mut state, &driver.take());
            let now = snapshot(&state, driver.now_ns);
            let flows: f64 = now.tables.fates.iter().map(|row| row.flows as f64).sum();
            assert!(flows >= last, "load {load}");
            last = flows;
        }
        driver.state(StateKind::Stop);
        feed(&mut state, &driver.take());
        let settled = |((series, ..), count): (&(u16, u16, u32), &u64)| {
            (*series == Series::Flows.number()).then_some(*count)
        };
        total += driver.truth.iter().filter_map(settled).sum::<u64>();
        assert_eq!(last, total as f64, "load {load}");
        assert_eq!(number(&snapshot(&state, driver.now_ns), "weir_driver_up", &[]), 0.0);
    }
    assert_eq!((lost(&state), unaccounted(&state)), (0, 0));
}

#[test]
fn a_load_whose_start_was_missed_is_taken_up_with_its_first_whole_set() {
    let mut state = Aggregator::new(Limits::default());
    let mut first = Driver::start(1, 2, SECOND);
    first.counters();
    feed(&mut state, &first.take());
    let mut second = Driver::start(2, 2, 100 * SECOND);
    second.attach(0, 1, "sni");
    drop(second.take());
    let mut random = Random(1);
    second.traffic(&mut random, 10);
    second.counters();
    feed(&mut state, &second.take());
    assert!(state.wants_capture());
    second.capture(&[(1, 1)]);
    feed(&mut state, &second.take());
    second.counters();
    feed(&mut state, &second.take());
    let now = snapshot(&state, second.now_ns);
    let invoked = now.tables.programs.iter().map(|row| row.invocations[0]).sum::<u64>();
    assert_eq!((invoked, now.tables.programs[0].program.as_ref()), (10, "sni"));
    assert_eq!((state.flows_live(), state.is_flow_set_complete()), (1, true));
    assert_eq!(unaccounted(&state), 0);
}

#[test]
fn a_forged_load_leaves_the_state_alone() {
    let (mut driver, events) = story(4, 2);
    let mut state = Aggregator::new(Limits::default());
    feed(&mut state, &events);
    let before = snapshot(&state, driver.now_ns);
    let mut forger = Driver::start(0xbad, 2, driver.now_ns);
    drop(forger.take());
    forger.traffic(&mut Random(6), 3);
    let forged = forger.take();
    feed(&mut state, &forged);
    counters_agree(&before, &snapshot(&state, driver.now_ns));
    driver.counters();
    feed(&mut state, &driver.take());
    assert_eq!(unaccounted(&state), -i64::try_from(forged.len()).unwrap());
    assert!(state.is_flow_set_complete());
}

#[test]
fn totals_of_a_detached_program_stay_and_its_label_is_summed() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 2, SECOND);
    let mut random = Random(2);
    let mut truth = 0;
    for attach_id in 1..=300 {
        driver.attach(3, attach_id, "sni");
        driver.traffic(&mut random, 2);
        driver.detach(attach_id);
        driver.count(Series::Final, 0, attach_id, 1);
        driver.counters();
        // The driver leaves out what has been final in ten sets; here in one.
        let gone = |(_, _, scope): &(u16, u16, u32)| *scope == attach_id;
        let counted: Vec<_> = driver.truth.keys().copied().filter(gone).collect();
        for key in counted {
            let count = driver.truth.remove(&key).unwrap();
            truth += if key.0 == Series::Invocations.number() { count } else { 0 };
        }
        feed(&mut state, &driver.take());
    }
    driver.counters();
    feed(&mut state, &driver.take());
    let now = snapshot(&state, driver.now_ns);
    let rows = &now.tables.programs;
    assert_eq!((rows.len(), rows[0].program.as_ref()), (1, "sni"));
    assert_eq!(rows[0].invocations.iter().sum::<u64>(), truth);
    assert_eq!(number(&now, "weir_attachments", &[]), 0.0);
    assert_eq!(state.oddities().attachments_refused, 0);
}

#[test]
fn a_part_that_never_comes_delays_a_set_and_spoils_nothing() {
    let (mut driver, events) = story(12, 3);
    let counters = events.iter().filter(|event| event.head.id == Counters::ID).count();
    for missing in 0..counters {
        let mut state = Aggregator::new(Limits::default());
        let mut place = 0;
        let kept: Vec<_> = events
            .iter()
            .filter(|event| {
                place += usize::from(event.head.id == Counters::ID);
                event.head.id != Counters::ID || place - 1 != missing
            })
            .cloned()
            .collect();
        feed(&mut state, &kept);
        let mut tail = driver.clone();
        tail.counters();
        tail.counters();
        feed(&mut state, &tail.take());
        assert_eq!((lost(&state), unaccounted(&state)), (1, 0), "part {missing}");
        let settled: u64 =
            snapshot(&state, tail.now_ns).tables.fates.iter().map(|row| row.flows).sum();
        let truth = driver.truth.iter().filter(|((s, ..), _)| *s == Series::Flows.number());
        assert_eq!(settled, truth.map(|(_, count)| count).sum::<u64>());
    }
    driver.counters();
}

#[test]
fn the_live_set_is_what_has_not_been_settled() {
    let (driver, events) = story(21, 4);
    let mut state = Aggregator::new(Limits::default());
    feed(&mut state, &events);
    let now = snapshot(&state, driver.now_ns);
    let undecided = number(&now, "weir_flow_undecided", &["sni"]);
    assert_eq!(state.flows_live() as f64, undecided);
    let later = snapshot(&state, driver.now_ns + 31 * SECOND);
    let sum =
        number(&later, "weir_flow_stuck", &["sni"]) + number(&later, "weir_flow_waiting", &["sni"]);
    assert_eq!(sum, undecided);
    assert_eq!(number(&later, "weir_flow_undecided_older", &["sni", "10s"]), undecided);
    assert_eq!(number(&later, "weir_flow_undecided_older", &["sni", "60s"]), 0.0);
}

#[test]
fn a_loss_makes_the_set_incomplete_until_a_whole_capture_replaces_it() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 2, SECOND);
    driver.attach(0, 1, "sni");
    let (settled, silent) = (driver.establish(0, 1), driver.establish(1, 1));
    driver.counters();
    feed(&mut state, &driver.take());
    assert_eq!((state.flows_live(), state.is_flow_set_complete()), (2, true));
    driver.now_ns += 60 * SECOND;
    driver.settle(0, settled, Fate::Allow, 1, PairEnd::Allowed);
    drop(driver.take());
    driver.counters();
    feed(&mut state, &driver.take());
    assert_eq!((state.flows_live(), state.wants_capture()), (2, true));
    driver.capture(&[(silent, 1)]);
    let capture = driver.take();
    feed(&mut state, &capture[..capture.len() - 1]);
    assert_eq!((state.flows_live(), state.wants_capture()), (2, false));
    feed(&mut state, &capture[capture.len() - 1..]);
    assert_eq!((state.flows_live(), state.is_flow_set_complete()), (1, true));
    let now = snapshot(&state, driver.now_ns);
    assert_eq!(number(&now, "weir_flow_stuck", &["sni"]), 1.0);
    assert_eq!(now.tables.oldest[0].flow_serial, silent);
    assert_eq!(now.tables.oldest[0].segments, 2);
}

#[test]
fn a_capture_with_a_hole_keeps_the_old_flows_and_is_wanted_again() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 2, SECOND);
    driver.attach(0, 1, "sni");
    let flows: Vec<(u64, u64)> = (0..50).map(|_| (driver.establish(0, 1), 1)).collect();
    driver.counters();
    feed(&mut state, &driver.take());
    driver.capture(&flows);
    let mut capture = driver.take();
    capture.remove(20);
    feed(&mut state, &capture);
    assert_eq!((state.flows_live(), state.wants_capture()), (50, true));
}

#[test]
fn an_end_that_overtakes_its_beginning_leaves_no_phantom() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 2, SECOND);
    driver.attach(0, 1, "sni");
    feed(&mut state, &driver.take());
    let serial = driver.establish(0, 1);
    driver.settle(1, serial, Fate::Allow, 1, PairEnd::Allowed);
    let mut events = driver.take();
    events.rotate_left(1);
    feed(&mut state, &events);
    assert_eq!(state.flows_live(), 0);
    driver.capture(&[(serial, 1)]);
    feed(&mut state, &driver.take());
    assert_eq!(state.flows_live(), 0, "a rundown that was overtaken");
}

/// A collector that is started anew finds a driver that has counted for days. A 0 before its first
/// set would be a reset to whoever computes rates, and that set a jump by all of it.
#[test]
fn what_the_driver_counts_is_not_0_before_it_has_told() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 1, SECOND);
    driver.attach(0, 1, "sni");
    feed(&mut state, &driver.take());
    let before = snapshot(&state, driver.now_ns);
    for metric in METRICS.iter().filter(|metric| metric.source == Source::Counters) {
        assert_eq!(
            before.family(metric.name).map(|it| it.samples.len()),
            Some(0),
            "{}",
            metric.name
        );
    }
    assert_eq!(before.value("weir_flow_stuck", &["sni"]), Some(&Value::Gauge(0)));
    driver.counters();
    feed(&mut state, &driver.take());
    let after = snapshot(&state, driver.now_ns);
    assert_eq!(number(&after, "weir_flows_uninspected_total", &[]), 0.0);
}

#[test]
fn every_known_series_is_there_from_zero() {
    let mut state = Aggregator::new(Limits::default());
    let mut driver = Driver::start(1, 1, SECOND);
    driver.attach(0, 1, "sni");
    driver.counters();
    feed(&mut state, &driver.take());
    let now = snapshot(&state, driver.now_ns);
    for (name, labels) in [
        ("weir_program_invocations_total", &["sni", "deleted", "inbound"][..]),
        ("weir_program_verdicts_total", &["sni", "new", "invalid"]),
        ("weir_flow_verdicts_total", &["failed_closed", "inbound", "ipv6"]),
        ("weir_flow_deleted_undecided_total", &["sni", "engine"]),
        ("weir_program_run_seconds", &["sni", "new"]),
        ("weir_flow_undecided_older", &["sni", "600s"]),
        ("weir_events_dropped_total", &["verdict", "queue"]),
    ] {
        assert_eq!(number(&now, name, labels), 0.0, "{name}");
    }
    assert_eq!(now.value("weir_flow_stuck", &["sni"]), Some(&Value::Gauge(0)));
}
