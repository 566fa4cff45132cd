//! Counters equal events, but for those that could not be written.

use crate::world::World;
use std::collections::{BTreeMap, BTreeSet};
use weir_abi::counters::Series;
use weir_abi::event::{Cleanup, Counters, FlowUninspected, Invocation, Verdict};

/// The values of the last set that came whole, and of each attachment the last that were told.
#[derive(Debug, Default)]
struct Told {
    /// By series, scope and index.
    values: BTreeMap<(u16, u32, u16), u64>,
    attachments: BTreeSet<u32>,
}

impl Told {
    fn sum(&self, series: Series, scope: u32) -> u64 {
        let number = series.number();
        let of_series = self.values.range((number, scope, 0)..=(number, scope, u16::MAX));
        of_series.map(|(_, value)| *value).sum()
    }
}

/// Parts of a set that are missing still, and what came.
type Parts = (u16, Vec<((u16, u32, u16), u64)>);

/// Reads all sets. A set of which a part is missing counts for nothing.
fn told(world: &World) -> Option<Told> {
    let mut sets: BTreeMap<u32, Parts> = BTreeMap::new();
    for event in world.kernel.etw.events().iter().filter(|event| event.id == Counters::ID) {
        let (_, counters) = Counters::decode(&event.payload).unwrap();
        let (left, entries) =
            sets.entry(counters.header.number).or_insert((counters.header.parts, Vec::new()));
        *left -= 1;
        entries.extend(counters.entries().map(|it| ((it.series, it.scope, it.index), it.value)));
    }
    let whole = |(number, (left, entries))| (left == 0).then_some((number, entries));
    let whole: Vec<(u32, _)> = sets.into_iter().filter_map(whole).collect();
    let mut told = Told::default();
    for (_, entries) in whole.iter() {
        for ((series, scope, index), value) in entries {
            told.values.insert((*series, *scope, *index), *value);
            if *series == Series::PairsBegun.number() {
                told.attachments.insert(*scope);
            }
        }
    }
    (!whole.is_empty()).then_some(told)
}

/// Holds counters against events.
pub(crate) fn check(world: &World) {
    let lost = world.kernel.etw.failed();
    let Some(told) = told(world) else {
        if lost == 0 {
            world.tell("no set of counters was told".to_owned());
        }
        return;
    };
    let same = |what: &str, counted: u64, events: usize| {
        let events = u64::try_from(events).unwrap();
        if counted < events || counted - events > lost {
            world.tell(format!("{what}: {counted} counted, {events} told, {lost} lost"));
        }
    };
    // The last set may be the one that was lost: the one before knows less.
    if lost > 0 {
        return check_with_loss(world, &told, lost);
    }
    let invocations = world.events::<Invocation>();
    for attach_id in told.attachments.iter().copied() {
        let events = invocations.iter().filter(|it| it.attach_id == attach_id).count();
        same("invocations", told.sum(Series::Invocations, attach_id), events);
        let cleanups = world.events::<Cleanup>();
        let events = cleanups.iter().filter(|it| it.attach_id == attach_id).count();
        same("cleanups", told.sum(Series::Cleanups, attach_id), events);
        let begun = told.sum(Series::PairsBegun, attach_id);
        let ended = told.sum(Series::PairsEnded, attach_id);
        if begun != ended {
            world.tell(format!("attachment {attach_id}: {begun} pairs begun, {ended} ended"));
        }
    }
    let uninspected = world.events::<FlowUninspected>();
    same("uninspected", told.sum(Series::FlowsUninspected, 0), uninspected.len());
    let settled = fates(world).len();
    same("flows", told.sum(Series::Flows, 0), settled);
}

fn check_with_loss(world: &World, told: &Told, lost: u64) {
    let events = u64::try_from(fates(world).len()).unwrap();
    let counted = told.sum(Series::Flows, 0);
    let failed: u64 = (0..world.kernel.processors.count())
        .map(|processor| told.sum(Series::MarkFailed, processor))
        .sum();
    if counted > events + lost {
        world.tell(format!("flows: {counted} counted, {events} told, {lost} lost"));
    }
    if failed > lost {
        world.tell(format!("{failed} events are told as lost, {lost} were"));
    }
}

/// The flows that had a fate: one each for which a program was invoked.
fn fates(world: &World) -> Vec<u64> {
    let invoked: BTreeSet<u64> = world.asked.borrow().iter().map(|it| it.flow).collect();
    let verdicts = world.events::<Verdict>();
    let uninspected = world.events::<FlowUninspected>();
    let fates = verdicts.iter().map(|it| it.flow_id).chain(uninspected.iter().map(|it| it.flow_id));
    let fates: Vec<u64> = fates.filter(|flow| invoked.contains(flow)).collect();
    let distinct: BTreeSet<u64> = fates.iter().copied().collect();
    let is_exact = fates.len() == distinct.len() && distinct == invoked;
    if world.kernel.etw.failed() == 0 && !is_exact && world.reauthorized.get() == 0 {
        world.tell(format!("{} fates of {} flows", fates.len(), invoked.len()));
    }
    fates
}
