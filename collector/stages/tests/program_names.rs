//! Names found through eBPF links: who gets one, and that no counter falls by it.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]
#![allow(dead_code, reason = "the synthetic driver can do more than these tests need")]

mod synthetic;

use std::collections::BTreeMap;
use synthetic::{Driver, Random, SECOND};
use weir_stages::aggregate::{Link, LoadedProgram, Look, VoidLook};
use weir_stages::batch::EventBatch;
use weir_stages::snapshot::{Snapshot, Value};
use weir_stages::{Aggregator, Limits, SnapshotOptions};

fn feed(state: &mut Aggregator, driver: &mut Driver) {
    for event in driver.take() {
        let mut batch = EventBatch::new();
        batch.push(event.head, &event.payload).unwrap();
        state.apply(&batch);
    }
}

fn snapshot(state: &Aggregator) -> Snapshot {
    state.snapshot(1_000 * SECOND, &SnapshotOptions::default())
}

/// Every counter by its name and labels.
fn counters(state: &Aggregator) -> BTreeMap<String, u64> {
    let mut out = BTreeMap::new();
    for family in &snapshot(state).families {
        for sample in &family.samples {
            let labels: Vec<&str> = sample.labels.iter().map(AsRef::as_ref).collect();
            let key = format!("{} {labels:?}", family.metric.name);
            let value = match &sample.value {
                Value::Counter(value) => *value,
                Value::Histogram(histogram) => histogram.count(),
                Value::CounterFloat(_) | Value::Gauge(_) | Value::GaugeFloat(_) | Value::Info => {
                    continue;
                }
            };
            out.insert(key, value);
        }
    }
    out
}

/// Counters about programs that are there before and after, and their sums, do not fall.
fn check_no_fall(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) {
    for (key, value) in before.iter().filter(|(key, _)| key.starts_with("weir_program_")) {
        if let Some(now) = after.get(key) {
            assert!(now >= value, "{key} fell from {value} to {now}");
        }
    }
    let sum = |of: &BTreeMap<String, u64>| -> u64 {
        let invocations = of.iter().filter(|(key, _)| key.starts_with("weir_program_invocations"));
        invocations.map(|(_, value)| value).sum()
    };
    assert!(sum(after) >= sum(before), "the sum fell from {} to {}", sum(before), sum(after));
}

fn invocations(state: &Aggregator, program: &str) -> u64 {
    let prefix = format!("weir_program_invocations_total [{program:?},");
    counters(state).iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(_, it)| it).sum()
}

/// Label values of `weir_program_info`: program, program id, attachment, source.
fn info(state: &Aggregator) -> Vec<String> {
    let snapshot = snapshot(state);
    let family = snapshot.families.iter().find(|it| it.metric.name == "weir_program_info").unwrap();
    let row = |sample: &weir_stages::snapshot::Sample| {
        let label = |place: usize| sample.labels[place].as_ref().to_owned();
        format!("{}|{}|{}|{}", label(0), label(1), label(2), label(6))
    };
    let mut rows: Vec<String> = family.samples.iter().map(row).collect();
    rows.sort();
    rows
}

/// A driver with these attachments that has counted something, and the state after it.
fn story(attachments: &[(u32, &str)], limits: Limits) -> (Driver, Aggregator) {
    let mut state = Aggregator::new(limits);
    let mut driver = Driver::start(77, 2, SECOND);
    for (slot, (id, label)) in (0..).zip(attachments) {
        driver.attach(slot, *id, label);
    }
    driver.traffic(&mut Random(3), 40);
    driver.counters();
    feed(&mut state, &mut driver);
    (driver, state)
}

/// What the runtime tells of one link for each name; program ids from 51, link ids from 30.
fn look(state: &Aggregator, names: &[&str]) -> Look {
    let links = (0..).zip(names).map(|(at, _)| Link { id: 30 + at, program_id: 51 + at });
    let programs =
        (0..).zip(names).map(|(at, name)| LoadedProgram { id: 51 + at, name: (*name).to_owned() });
    Look {
        revision: state.wants_names().unwrap(),
        links: links.collect(),
        programs: programs.collect(),
    }
}

#[test]
fn what_an_attachment_has_counted_goes_to_its_new_name() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    let before = counters(&state);
    let counted = invocations(&state, "attach-11");
    assert!(counted > 0);
    let given = state.name_programs(&look(&state, &["sni_block"])).unwrap();
    assert_eq!(given, 1);
    check_no_fall(&before, &counters(&state));
    assert_eq!(invocations(&state, "sni_block"), counted);
    assert!(!counters(&state).keys().any(|key| key.contains("attach-11")), "the old name ended");
    assert_eq!(info(&state), ["sni_block|51|11|link"]);
    driver.traffic(&mut Random(4), 10);
    driver.counters();
    feed(&mut state, &mut driver);
    assert!(invocations(&state, "sni_block") > counted);
}

#[test]
fn a_label_wins_and_the_programs_id_stands_beside_it() {
    let (_, state) = story(&[(11, "guard")], Limits::default());
    assert_eq!(state.wants_names(), None, "everybody has a label");
    let (_, mut two) = story(&[(11, "guard"), (12, "")], Limits::default());
    let mut look = look(&two, &["sni_block"]);
    look.links.push(Link { id: 31, program_id: 51 });
    assert_eq!(two.name_programs(&look), Ok(1));
    assert_eq!(info(&two), ["guard|51|11|label", "sni_block|51|12|link"]);
}

#[test]
fn rule_1_a_look_from_before_a_change_changes_nothing() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    let look = look(&state, &["sni_block"]);
    driver.detach(11);
    driver.attach(0, 12, "");
    feed(&mut state, &mut driver);
    assert_eq!(state.name_programs(&look), Err(VoidLook::Changed));
    assert_eq!(info(&state), ["attach-12||12|none"]);
    assert_ne!(state.wants_names(), Some(look.revision));
}

#[test]
fn rule_2_a_look_is_void_while_the_driver_counts_somebody_untold() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    driver.attach(1, 12, "");
    // The event that tells of 12 is lost; a set names it.
    driver.take();
    driver.traffic(&mut Random(5), 10);
    driver.counters();
    feed(&mut state, &mut driver);
    let look = look(&state, &["sni_block"]);
    assert_eq!(state.name_programs(&look), Err(VoidLook::Untold));
    assert_eq!(info(&state), ["attach-11||11|none"]);
}

#[test]
fn rule_8_a_capture_state_does_not_take_the_name_away() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    state.name_programs(&look(&state, &["sni_block"])).unwrap();
    let before = counters(&state);
    driver.capture(&[]);
    feed(&mut state, &mut driver);
    assert_eq!(info(&state), ["sni_block|51|11|link"]);
    check_no_fall(&before, &counters(&state));
    assert_eq!(state.wants_names(), None, "nothing came or went");
}

#[test]
fn rule_9_a_name_that_says_nothing_is_not_given_and_others_are_escaped() {
    for name in ["", "other", "attach-11", "attach-12"] {
        let (_, mut state) = story(&[(11, "")], Limits::default());
        assert_eq!(state.name_programs(&look(&state, &[name])), Ok(0));
        assert_eq!(info(&state), ["attach-11|51|11|none"], "{name}");
    }
    let (_, mut state) = story(&[(11, "")], Limits { label_bytes: 12, ..Limits::default() });
    state.name_programs(&look(&state, &["a\nb\u{202e}cdefghijk"])).unwrap();
    assert_eq!(info(&state), ["a\\u{a}b|51|11|link"]);
}

#[test]
fn names_are_bounded_and_other_does_not_fall() {
    let limits = Limits { programs: 1, ..Limits::default() };
    let (_, mut state) = story(&[(11, ""), (12, "")], limits);
    let before = counters(&state);
    assert!(invocations(&state, "other") > 0, "12 found no room");
    let mut look = look(&state, &["sni_block", "sni_block"]);
    look.programs[1].id = 52;
    state.name_programs(&look).unwrap();
    check_no_fall(&before, &counters(&state));
    assert_eq!(info(&state), ["other||12|link", "sni_block||11|link"]);
}

#[test]
fn an_attach_id_of_two_loads_of_the_driver_makes_no_counter_fall() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    let first = invocations(&state, "attach-11");
    let mut again = Driver::start(78, 2, 50 * SECOND);
    again.attach(0, 11, "");
    again.traffic(&mut Random(9), 40);
    again.counters();
    feed(&mut state, &mut again);
    let before = counters(&state);
    let both = invocations(&state, "attach-11");
    assert!(both > first);
    state.name_programs(&look(&state, &["sni_block"])).unwrap();
    check_no_fall(&before, &counters(&state));
    assert_eq!(invocations(&state, "sni_block"), both - first);
    assert_eq!(invocations(&state, "other"), first, "the earlier load's keep no name");
    driver.take();
}

#[test]
fn totals_outlive_named_attachments_and_loads_of_the_driver() {
    let limits = Limits { epochs: 1, ..Limits::default() };
    let (_, mut state) = story(&[(11, "")], limits);
    state.name_programs(&look(&state, &["sni_block"])).unwrap();
    let first = counters(&state);
    for epoch in 78..82 {
        let before = counters(&state);
        let mut driver = Driver::start(epoch, 2, u64::from(epoch) * SECOND);
        driver.attach(0, 11, "");
        driver.traffic(&mut Random(u64::from(epoch)), 20);
        driver.counters();
        feed(&mut state, &mut driver);
        check_no_fall(&before, &counters(&state));
        let before = counters(&state);
        state.name_programs(&look(&state, &["sni_block"])).unwrap();
        check_no_fall(&before, &counters(&state));
    }
    check_no_fall(&first, &counters(&state));
    assert_eq!(invocations(&state, "other"), 0);
}

#[test]
fn names_are_wanted_when_an_attachment_without_a_label_came_or_went() {
    let (mut driver, mut state) = story(&[(11, "")], Limits::default());
    let first = state.wants_names();
    assert!(first.is_some());
    driver.counters();
    feed(&mut state, &mut driver);
    assert_eq!(state.wants_names(), first, "nothing came or went");
    state.name_programs(&look(&state, &["sni_block"])).unwrap();
    assert_eq!(state.wants_names(), None);
    driver.attach(1, 12, "");
    feed(&mut state, &mut driver);
    let second = state.wants_names().unwrap();
    driver.detach(11);
    feed(&mut state, &mut driver);
    assert!(state.wants_names().is_some_and(|third| third != second), "one went");
    driver.detach(12);
    feed(&mut state, &mut driver);
    assert_eq!(state.wants_names(), None, "nobody is left");
}

#[test]
fn looks_that_never_count_end() {
    let (_, mut state) = story(&[(11, "")], Limits::default());
    let mut look = look(&state, &["sni_block"]);
    look.links.push(Link { id: 40, program_id: 51 });
    for _ in 0..3 {
        assert_eq!(state.wants_names(), Some(look.revision));
        assert_eq!(state.name_programs(&look), Err(VoidLook::Unequal));
    }
    assert_eq!(state.wants_names(), None);
}
