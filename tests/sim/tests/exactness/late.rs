//! Buffers of several processors that come late and in any order, through the collector's
//! [`Reorder`].

use crate::figures;
use crate::host::{Host, Kind};
use crate::reader::{Reader, assert_all_accounted};
use crate::seeds::each_seed;
use std::collections::BTreeMap;
use weir_abi::event::Record;
use weir_sim::machine::{Setup, head_of};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::image::image_or_skip;
use weir_stages::Options;
use weir_stages::kinds::KindSet;
use weir_stages::order::{HOLD_NS, Reorder};
use weir_usermode::capture::synthetic::Random;

/// Events of a buffer at most, and how long one that is not full waits to be flushed.
const BUFFER_EVENTS: usize = 12;
const FLUSH_NS: u64 = 250_000_000;

/// A buffer of one processor.
#[derive(Debug)]
struct Buffer {
    events: Vec<Written>,
    /// When it is handed to the collector.
    comes_ns: u64,
}

/// Cuts a run into buffers, which come up to `late_ns` after they are full or flushed; of one
/// processor one after the other, of several in any order.
fn buffers(events: &[Written], late_ns: u64, random: &mut Random) -> Vec<Buffer> {
    let mut open: BTreeMap<u32, Vec<Written>> = BTreeMap::new();
    let (mut out, mut last_ns) = (Vec::new(), BTreeMap::new());
    let mut close = |cpu: u32, full_ns: u64, events: Vec<Written>, random: &mut Random| {
        let late = random.below(usize::try_from(late_ns).unwrap().max(1));
        let before = last_ns.entry(cpu).or_insert(0);
        // Those of one processor keep their order: time alone does not tell equal times apart.
        *before = (*before + 1).max(full_ns + u64::try_from(late).unwrap());
        out.push(Buffer { events, comes_ns: *before });
    };
    for event in events {
        let buffer = open.entry(event.cpu).or_default();
        let flush_ns = buffer.first().map(|it| it.unix_ns + FLUSH_NS);
        if let Some(flush_ns) = flush_ns.filter(|it| *it < event.unix_ns) {
            close(event.cpu, flush_ns, core::mem::take(buffer), random);
        }
        buffer.push(event.clone());
        if buffer.len() >= BUFFER_EVENTS {
            close(event.cpu, event.unix_ns, core::mem::take(buffer), random);
        }
    }
    for (cpu, events) in open {
        let Some(first) = events.first() else { continue };
        let full_ns = first.unix_ns + FLUSH_NS;
        close(cpu, full_ns, events, random);
    }
    let count = out.len();
    random.shuffle_within(&mut out, count);
    out.sort_by_key(|buffer| buffer.comes_ns);
    out
}

/// Hands buffers to a reader by way of the order.
fn through(buffers: &[Buffer], reader: &mut Reader) -> u64 {
    let mut order = Reorder::default();
    for buffer in buffers {
        let mut is_full = false;
        for event in &buffer.events {
            is_full |= order.push(&head_of(event), &event.payload);
        }
        assert!(!is_full, "a small scenario");
        order.release(buffer.comes_ns, |head, payload| reader.state.apply_event(head, payload));
    }
    order.finish(|head, payload| reader.state.apply_event(head, payload));
    order.late()
}

/// Some intervals of a machine with its events, and what a reader makes of them in their order.
fn story(seed: u64, intervals: usize) -> Option<(Vec<Written>, Reader, u64)> {
    let image = image_or_skip()?;
    let mut host = Host::start(&image, seed, Kind::BUSY, Setup::default().boots_ns);
    let (mut events, mut twin) = (Vec::new(), Reader::with_options(all_late()));
    for interval in 0..intervals {
        if interval == intervals / 2 {
            host.capture();
        }
        host.interval();
        events.extend(host.take());
    }
    host.quiet_interval();
    events.extend(host.take());
    for event in &events {
        twin.takes(event);
    }
    twin.state.finish();
    let now_ns = host.now_ns();
    host.machine.stop().unwrap();
    Some((events, twin, now_ns))
}

/// No session delivers in order, so every interval is closed one set later.
fn all_late() -> Options {
    Options { deferred: KindSet::ALL, ..Options::default() }
}

fn lost(reader: &Reader) -> u64 {
    reader.state.accounts().iter().map(|account| account.lost).sum()
}

fn unaccounted(reader: &Reader) -> i64 {
    reader.state.accounts().iter().map(|account| account.unaccounted()).sum()
}

fn assert_same(twin: &Reader, late: &Reader, now_ns: u64) {
    let (one, two) = (twin.snapshot(now_ns), late.snapshot(now_ns));
    let none = BTreeMap::new();
    let told =
        figures::differences(&figures::counters(&one, &none), &figures::counters(&two, &none));
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert_eq!((lost(late), lost(twin)), (0, 0));
    assert_all_accounted(&two);
}

fn check_within_the_hold(seed: u64) {
    let Some((events, twin, now_ns)) = story(seed, 6) else { return };
    let mut random = Random::new(seed ^ 0x1a7e);
    let all = buffers(&events, HOLD_NS - FLUSH_NS, &mut random);
    let is_shuffled = !all.iter().flat_map(|it| &it.events).is_sorted_by_key(|it| it.unix_ns);
    let mut late = Reader::with_options(all_late());
    let too_late = through(&all, &mut late);
    late.state.finish();
    assert_eq!(too_late, 0, "what comes within the hold comes in order");
    assert_same(&twin, &late, now_ns);
    assert!(late.state.is_flow_set_complete());
    let live = |of: &Reader| {
        let rows = of.snapshot(now_ns).tables.oldest;
        rows.into_iter().map(|row| (row.flow_serial, row.programs)).collect::<Vec<_>>()
    };
    assert_eq!(live(&twin), live(&late), "the same flows, as in order");
    let processors: std::collections::BTreeSet<u32> = events.iter().map(|it| it.cpu).collect();
    assert!(is_shuffled || processors.len() == 1, "buffers came in order all the same");
}

#[test]
fn buffers_within_the_hold_are_as_if_in_order() {
    each_seed!(16, check_within_the_hold);
}

fn number_of_set(event: &Written) -> Option<u32> {
    match Record::decode(event.id, &event.payload) {
        Ok((_, Record::Counters(part))) => Some(part.header.number),
        _ => None,
    }
}

/// Some events of one interval in the middle, which come after so many sets more.
fn check_beyond_the_hold(seed: u64, sets_later: u32) {
    let Some((events, twin, now_ns)) = story(seed, 6) else { return };
    let mut random = Random::new(seed ^ 0xbe40);
    let (mut late, mut set, mut kept) = (Reader::with_options(all_late()), 0, Vec::new());
    // The sets come at once, as does all that no mark covers yet.
    let from = 3;
    for event in &events {
        let number = number_of_set(event);
        if set == from && number.is_none() && random.below(3) == 0 {
            kept.push(event.clone());
            continue;
        }
        let is_whole = late.takes(event);
        set = number.filter(|_| is_whole).unwrap_or(set);
        if is_whole && set == from + sets_later {
            for event in &kept {
                late.takes(event);
            }
        }
    }
    let count = kept.len();
    assert!(count > 3, "{count} events are late");
    late.state.finish();
    if sets_later == 1 {
        return assert_same(&twin, &late, now_ns);
    }
    // They were given up: they count as lost, and then come although nobody misses them.
    assert_eq!(lost(&late), u64::try_from(count).unwrap());
    assert_eq!(unaccounted(&late), -i64::try_from(count).unwrap());
    let none = BTreeMap::new();
    let [one, two] = [&twin, &late].map(|it| figures::counters(&it.snapshot(now_ns), &none));
    assert_eq!(figures::differences(&one, &two), Vec::<String>::new());
}

#[test]
fn what_comes_before_the_next_set_but_one_is_not_lost() {
    each_seed!(8, |seed| check_beyond_the_hold(seed, 1));
}

#[test]
fn what_comes_when_its_interval_was_closed_is_lost_and_unaccounted() {
    // Sets may follow one another at once; three sets later a whole interval has passed.
    each_seed!(8, |seed| check_beyond_the_hold(seed, 3));
}
