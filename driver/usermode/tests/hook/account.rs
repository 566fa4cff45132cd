//! Counters and marks against the events themselves: the books balance.

use crate::record::{Recorder, SECOND, Script, outbound};
use std::collections::BTreeMap;
use weir_abi::Direction::{Inbound, Outbound};
use weir_abi::Record;
use weir_abi::counters::{Series, flow_index, invocation_index};
use weir_abi::event::Counters;
use weir_usermode::hook::{Hook, HookOptions};

type Key = (u16, u16, u32);

/// Traffic in which everything that is counted happens.
fn busy(hook: &mut Hook) {
    for flow in 0..60_u64 {
        let info = outbound(flow);
        let Some(handle) = hook.established(&info, flow).handle else { continue };
        for segment in 0..flow % 7 {
            let direction = if segment % 2 == 0 { Outbound } else { Inbound };
            hook.segment(handle, direction, &vec![7; usize::try_from(flow).unwrap() + 1], flow);
        }
        if flow % 5 != 0 {
            hook.deleted(handle, flow + 1);
        }
    }
}

fn answers(step: usize) -> Vec<Result<u32, u32>> {
    (0..400_usize)
        .map(|at| match (at * step + at / 3) % 11 {
            0 => Ok(0),
            1 => Ok(1),
            2 => Ok(9),
            3 => Err(17),
            _ => Ok(2),
        })
        .collect()
}

fn run() -> Recorder {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    for step in 1..=3 {
        Script::attach(&mut hook, &format!("p{step}"), &answers(step));
    }
    busy(&mut hook);
    hook.tick(2 * SECOND);
    assert!(hook.detach(2, 3 * SECOND));
    hook.stop(4 * SECOND);
    recorder
}

#[test]
fn counters_equal_what_the_events_add_up_to() {
    let recorder = run();
    let mut expected: BTreeMap<Key, u64> = BTreeMap::new();
    let mut count = |series: Series, index: u16, scope: u32| {
        *expected.entry((series.number(), index, scope)).or_default() += 1;
    };
    recorder.each(|_, record| match record {
        Record::Invocation(event) => {
            let index = invocation_index(event.state, event.direction, event.answer).unwrap();
            count(Series::Invocations, index, event.attach_id);
        }
        Record::Cleanup(event) => {
            let index = u16::from(event.reason.raw());
            count(Series::Cleanups, index, event.attach_id);
        }
        Record::Verdict(event) => {
            count(Series::Flows, flow_index(event.fate, event.direction, false).unwrap(), 0);
        }
        Record::FlowUninspected(_) => {
            // Their fate is allow, and they are counted once more for themselves.
            let allow = flow_index(weir_abi::event::Fate::Allow, Outbound, false);
            count(Series::Flows, allow.unwrap(), 0);
            count(Series::FlowsUninspected, 0, 0);
        }
        _ => {}
    });
    let told = [Series::Invocations, Series::Cleanups, Series::Flows, Series::FlowsUninspected];
    let found: BTreeMap<Key, u64> = recorder
        .counters()
        .into_iter()
        .filter(|entry| told.iter().any(|series| series.number() == entry.series))
        .map(|entry| ((entry.series, entry.index, entry.scope), entry.value))
        .collect();
    assert!(expected.len() > 20, "the traffic reaches most counters: {}", expected.len());
    assert_eq!(found, expected);
}

#[test]
fn s26_every_pair_that_began_ended_once() {
    let counters = run().counters();
    let sum = |series: Series, attach_id: u32| -> u64 {
        let wanted =
            |it: &&weir_abi::counters::Entry| it.series == series.number() && it.scope == attach_id;
        counters.iter().filter(wanted).map(|it| it.value).sum()
    };
    for attach_id in 1..=3 {
        let begun = sum(Series::PairsBegun, attach_id);
        assert!(begun > 0);
        assert_eq!(sum(Series::PairsEnded, attach_id), begun, "attachment {attach_id}");
    }
    let contexts = counters.iter().find(|it| it.series == Series::Contexts.number());
    assert_eq!(contexts, None, "no context is left");
}

#[test]
fn s27_each_inspected_flow_has_exactly_one_fate() {
    let recorder = run();
    let mut fates: BTreeMap<u64, u32> = BTreeMap::new();
    let mut invoked = std::collections::BTreeSet::new();
    recorder.each(|_, record| match record {
        Record::Verdict(event) => *fates.entry(event.flow_serial).or_default() += 1,
        Record::FlowUninspected(event) => *fates.entry(event.flow_serial).or_default() += 1,
        Record::Invocation(event) => {
            invoked.insert(event.flow_serial);
        }
        _ => {}
    });
    assert!(fates.values().all(|count| *count == 1));
    assert!(fates.keys().copied().eq(invoked));
}

#[test]
fn numbers_of_each_kind_have_no_gap_and_marks_tell_the_last() {
    let recorder = run();
    let mut last: BTreeMap<u16, u32> = BTreeMap::new();
    let events = recorder.bytes();
    let last_set = events.iter().rposition(|(head, _)| head.id == Counters::ID).unwrap();
    let number = |payload: &[u8]| match Record::decode(Counters::ID, payload) {
        Ok((_, Record::Counters(counters))) => counters.header.number,
        other => panic!("{other:?}"),
    };
    let set = number(&events[last_set].1);
    let mut at_marks = BTreeMap::new();
    for (head, payload) in &events {
        if head.id == Counters::ID && number(payload) == set && at_marks.is_empty() {
            at_marks = last.clone();
        }
        let (prefix, _) = Record::decode(head.id, payload).unwrap();
        let expected = last.get(&head.id).map_or(1, |it| it + 1);
        assert_eq!(prefix.sequence, expected, "event {}", head.id);
        last.insert(head.id, prefix.sequence);
    }
    let marks: BTreeMap<u16, u32> = recorder
        .counters()
        .into_iter()
        .filter(|entry| entry.series == Series::MarkNumbered.number())
        .map(|entry| (entry.index, u32::try_from(entry.value).unwrap()))
        .collect();
    assert_eq!(marks, at_marks);
}

#[test]
fn flow_seq_orders_the_events_of_a_flow() {
    let recorder = run();
    let mut last: BTreeMap<u64, u32> = BTreeMap::new();
    recorder.each(|_, record| {
        let (serial, seq) = match record {
            Record::Invocation(event) => (event.flow_serial, event.flow_seq),
            Record::Verdict(event) => (event.flow_serial, event.flow_seq),
            Record::Cleanup(event) => (event.flow_serial, event.flow_seq),
            Record::FlowEstablished(event) => (event.flow_serial, event.flow_seq),
            Record::FlowClosed(event) => (event.flow_serial, event.flow_seq),
            Record::AttachmentVerdict(event) => (event.flow_serial, event.flow_seq),
            Record::FlowUninspected(event) => (event.flow_serial, event.flow_seq),
            _ => return,
        };
        let before = last.insert(serial, seq).unwrap_or(0);
        assert_eq!(seq, before + 1, "flow {serial}");
    });
}

#[test]
fn totals_of_a_detached_attachment_stay_in_ten_sets() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    Script::attach(&mut hook, "a", &[Ok(0)]);
    hook.established(&outbound(1), 0);
    hook.detach(1, 1);
    let mut sets_with_it = 0;
    for set in 1..=15 {
        hook.tick(set * 2 * SECOND);
        let is_final = |it: &weir_abi::counters::Entry| it.series == Series::Final.number();
        sets_with_it += usize::from(recorder.counters().iter().any(is_final));
    }
    assert_eq!(sets_with_it, 10);
}

#[test]
fn a_pause_of_any_length_is_followed_by_one_set() {
    let recorder = Recorder::default();
    let mut hook = recorder.start(HookOptions::default());
    hook.tick(3_600 * SECOND);
    hook.tick(3_600 * SECOND + 1);
    let sets = recorder.all(|record| match record {
        Record::Counters(counters) => Some(counters.header.number),
        _ => None,
    });
    assert_eq!(sets, [1]);
}

#[test]
fn callouts_are_timed_if_and_only_if_the_hook_is() {
    for is_timed in [false, true] {
        let recorder = Recorder::default();
        let mut hook = recorder.start(HookOptions { is_timed, ..HookOptions::default() });
        Script::attach(&mut hook, "a", &[]);
        let handle = hook.established(&outbound(1), 0).handle.unwrap();
        hook.segment(handle, Inbound, b"x", 1);
        hook.tick(2 * SECOND);
        let counters = recorder.counters();
        for series in [
            Series::CalloutTimeEstablished,
            Series::CalloutTimeStream,
            Series::RunTimeNew,
            Series::RunTimeEstablished,
        ] {
            let count: u64 = counters
                .iter()
                .filter(|entry| entry.series == series.number())
                .map(|entry| entry.value)
                .sum();
            assert_eq!(count, u64::from(is_timed), "{}", series.name());
        }
    }
}
