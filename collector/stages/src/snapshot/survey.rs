//! One walk over the live set: ages, waiting and stuck flows by program, and the oldest of all.

use super::{DETAIL_FLOWS_MAX, SnapshotOptions};
use crate::aggregate::{Aggregator, Flow, SLOTS};
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use weir_abi::wire::{Address, Port};

/// Ages that `weir_flow_undecided_older` tells, with their label values.
pub(super) const OLDER: [(&str, u64); 4] = [
    ("1s", 1_000_000_000),
    ("10s", 10_000_000_000),
    ("60s", 60_000_000_000),
    ("600s", 600_000_000_000),
];

/// How much earlier than its attachment a flow may seem: times of a rundown are rounded.
const SLACK_NS: u64 = 10_000_000;

/// Undecided flows of one program.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ages {
    pub(super) stuck: u64,
    pub(super) waiting: u64,
    pub(super) older: [u64; OLDER.len()],
    pub(super) oldest_ns: u64,
}

/// One of the oldest undecided flows.
#[derive(Clone, Debug)]
pub(super) struct Old {
    pub(super) flow_id: u64,
    pub(super) serial: u64,
    pub(super) age_ns: u64,
    pub(super) segments: u32,
    pub(super) bytes: u64,
    pub(super) local: (Address, Port),
    pub(super) remote: (Address, Port),
    pub(super) process_id: u32,
    pub(super) programs: Vec<Arc<str>>,
}

/// What the live set says at one moment.
#[derive(Debug, Default)]
pub(super) struct Survey {
    pub(super) by_program: BTreeMap<Arc<str>, Ages>,
    pub(super) oldest: Vec<Old>,
    /// Flows old enough to be stuck of which no segment is known.
    pub(super) doubtful: u64,
}

impl Survey {
    pub(super) fn take(from: &Aggregator, now_ns: u64, options: &SnapshotOptions) -> Self {
        let mut since_ns = [u64::MAX; SLOTS];
        let mut programs: [Option<Arc<str>>; SLOTS] = [const { None }; SLOTS];
        if let Some(epoch) = from.totals.active() {
            for slot in 0..SLOTS {
                let Some((_, attachment)) = epoch.attachments.in_slot(slot) else { continue };
                since_ns[slot] = attachment.since_ns.saturating_sub(SLACK_NS);
                programs[slot] = Some(attachment.program.clone());
            }
        }
        let mut by_slot = [Ages::default(); SLOTS];
        let mut doubtful = 0;
        let details = options.detail_flows.min(DETAIL_FLOWS_MAX);
        let mut oldest = BinaryHeap::with_capacity(details + 1);
        for flow in from.flows.iter() {
            let slots = current_slots(flow, &since_ns);
            if slots == 0 {
                continue;
            }
            count(&mut by_slot, slots, flow, now_ns, options.stuck_after_ns);
            let age_ns = now_ns.saturating_sub(flow.established_ns);
            doubtful += u64::from(flow.segments == 0 && age_ns > options.stuck_after_ns);
            if details > 0 {
                keep_oldest(&mut oldest, (flow.established_ns, flow.serial), details);
            }
        }
        let chosen: BTreeMap<u64, u64> =
            oldest.into_iter().map(|(since, serial)| (serial, since)).collect();
        Self {
            by_program: sum_up(from, &by_slot, &programs),
            oldest: details_of(from, &chosen, &since_ns, &programs, now_ns),
            doubtful,
        }
    }
}

/// The slots of a flow whose attachment is still the one that saw the flow begin (S29).
fn current_slots(flow: &Flow, since_ns: &[u64; SLOTS]) -> u64 {
    let mut left = flow.classifying;
    let mut current = 0;
    while left != 0 {
        let slot = left.trailing_zeros() as usize;
        left &= left - 1;
        if flow.established_ns >= since_ns[slot] {
            current |= 1 << slot;
        }
    }
    current
}

fn count(by_slot: &mut [Ages; SLOTS], slots: u64, flow: &Flow, now_ns: u64, stuck_ns: u64) {
    let age_ns = now_ns.saturating_sub(flow.established_ns);
    let mut left = slots;
    while left != 0 {
        let ages = &mut by_slot[left.trailing_zeros() as usize];
        left &= left - 1;
        ages.waiting += u64::from(flow.segments == 0);
        ages.stuck += u64::from(flow.segments > 0 && age_ns > stuck_ns);
        ages.oldest_ns = ages.oldest_ns.max(age_ns);
        for (count, (_, than_ns)) in ages.older.iter_mut().zip(OLDER) {
            *count += u64::from(age_ns > than_ns);
        }
    }
}

fn keep_oldest(oldest: &mut BinaryHeap<(u64, u64)>, flow: (u64, u64), most: usize) {
    if oldest.len() < most {
        oldest.push(flow);
    } else if oldest.peek().is_some_and(|youngest| flow < *youngest) {
        oldest.pop();
        oldest.push(flow);
    }
}

fn sum_up(
    from: &Aggregator,
    by_slot: &[Ages; SLOTS],
    programs: &[Option<Arc<str>>; SLOTS],
) -> BTreeMap<Arc<str>, Ages> {
    let names = from.totals.programs.iter();
    let mut sums: BTreeMap<_, _> = names.map(|(name, _)| (name.clone(), Ages::default())).collect();
    for (ages, program) in by_slot.iter().zip(programs) {
        let Some(sum) = program.as_ref().and_then(|program| sums.get_mut(program)) else {
            continue;
        };
        sum.stuck += ages.stuck;
        sum.waiting += ages.waiting;
        sum.oldest_ns = sum.oldest_ns.max(ages.oldest_ns);
        for (count, more) in sum.older.iter_mut().zip(ages.older) {
            *count += more;
        }
    }
    sums
}

fn details_of(
    from: &Aggregator,
    chosen: &BTreeMap<u64, u64>,
    since_ns: &[u64; SLOTS],
    programs: &[Option<Arc<str>>; SLOTS],
    now_ns: u64,
) -> Vec<Old> {
    let mut details: Vec<Old> = chosen
        .keys()
        .filter_map(|serial| from.flows.find(*serial))
        .map(|flow| {
            let slots = current_slots(flow, since_ns);
            let who = from.flows.identity(flow);
            let mut names: Vec<Arc<str>> = (0..SLOTS)
                .filter(|slot| slots & (1 << slot) != 0)
                .filter_map(|slot| programs[slot].clone())
                .collect();
            names.sort();
            names.dedup();
            Old {
                flow_id: who.flow_id,
                serial: flow.serial,
                age_ns: now_ns.saturating_sub(flow.established_ns),
                segments: flow.segments,
                bytes: flow.bytes,
                local: (who.local, who.local_port),
                remote: (who.remote, who.remote_port),
                process_id: who.process_id,
                programs: names,
            }
        })
        .collect();
    details.sort_by(|one, other| (other.age_ns, one.serial).cmp(&(one.age_ns, other.serial)));
    details
}
