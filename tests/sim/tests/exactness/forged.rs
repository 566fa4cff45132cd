//! Events that the driver did not write, or that come twice: they show, and do no lasting harm.
//!
//! Anybody who may write to the provider can write any bytes, so nothing here is told from the
//! driver's own by what it says.
//! What is held is that its number gives it away, that no counter falls but back to the driver's
//! own values, and that whole sets of the driver make everything right.

use crate::figures::{self, Figures};
use crate::host::{Host, Kind};
use crate::reader::{Reader, number, prefix_of};
use crate::seeds::each_seed;
use std::collections::{BTreeMap, BTreeSet};
use weir_abi::counters::{ENTRIES_MAX, Entry, Series};
use weir_abi::event::{
    Counters, CountersHeader, DriverState, EVENT_BYTES_MAX, Event as _, FlowEstablished,
    Invocation, Prefix, Record, StateKind,
};
use weir_abi::wire::FileTime;
use weir_sim::machine::Setup;
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::image::image_or_skip;
use weir_stages::kinds::{KINDS, kind_index, kind_label};
use weir_usermode::capture::synthetic::Random;

/// Whole sets of the driver after which everything is right again.
const SETS_TO_RECOVER: usize = 4;

/// Another load's number.
const STRANGER: u32 = 0xbad_c0de;

/// A machine, a reader that a forger writes to, and one that he does not.
struct Story {
    host: Host,
    clean: Reader,
    fooled: Reader,
    random: Random,
    /// The newest event of each kind and processor, to be imitated.
    newest: BTreeMap<(u16, u16), Written>,
    highest: Figures,
    /// Entries of the last whole set of the driver, by the number of the set.
    told: (u32, Vec<Entry>),
}

/// Replaces what stands before an event's own fields.
fn with_prefix(event: &Written, prefix: Prefix) -> Written {
    let mut forged = event.clone();
    forged.payload[2..4].copy_from_slice(&prefix.cpu.to_le_bytes());
    forged.payload[4..8].copy_from_slice(&prefix.epoch.to_le_bytes());
    forged.payload[8..12].copy_from_slice(&prefix.sequence.to_le_bytes());
    forged
}

impl Story {
    fn new(seed: u64) -> Option<Self> {
        let image = image_or_skip()?;
        let host = Host::start(&image, seed, Kind::BUSY, Setup::default().boots_ns);
        let mut story = Self {
            host,
            clean: Reader::new(),
            fooled: Reader::new(),
            random: Random::new(seed ^ 0xf0f),
            newest: BTreeMap::new(),
            highest: Figures::new(),
            told: (0, Vec::new()),
        };
        for _ in 0..3 {
            story.host.interval();
            story.deliver();
        }
        Some(story)
    }

    /// Hands on what the driver wrote; asks for the state where it is wanted.
    fn deliver(&mut self) {
        self.hand_on();
        if self.fooled.state.wants_capture() {
            self.host.capture();
            self.hand_on();
        }
    }

    fn hand_on(&mut self) {
        for event in self.host.take() {
            self.clean.takes(&event);
            self.fooled.takes(&event);
            if let Ok((_, Record::Counters(part))) = Record::decode(event.id, &event.payload) {
                if part.header.number != self.told.0 {
                    self.told = (part.header.number, Vec::new());
                }
                self.told.1.extend(part.entries());
            }
            self.newest.insert((prefix_of(&event).cpu, event.id), event);
        }
    }

    /// A forged event comes now.
    fn forge(&mut self, event: &Written) {
        let now_ns = self.host.machine.now_ns();
        let event = Written { unix_ns: now_ns, ..event.clone() };
        self.fooled.state.apply_event(&weir_sim::machine::head_of(&event), &event.payload);
        let shown = self.fooled.snapshot(self.host.now_ns());
        assert!(!shown.families.is_empty());
    }

    /// Any event of the driver's that has come, of one of these kinds.
    fn any(&mut self, kinds: impl Fn(u16) -> bool) -> Written {
        let places: Vec<_> = self.newest.keys().filter(|(_, id)| kinds(*id)).copied().collect();
        self.newest[&places[self.random.below(places.len())]].clone()
    }

    /// Some intervals later both readers say the same of what the driver counts and of flows.
    fn recovers(&mut self) {
        for _ in 0..SETS_TO_RECOVER {
            self.host.interval();
            self.deliver();
        }
        let now_ns = self.host.now_ns();
        let (clean, fooled) = (self.clean.snapshot(now_ns), self.fooled.snapshot(now_ns));
        let (none, gone) = (BTreeMap::new(), self.host.labels_gone());
        let told = figures::differences(
            &figures::counters(&clean, &none),
            &figures::counters(&fooled, &gone),
        );
        assert!(told.is_empty(), "the driver's, the fooled one's:\n{}", told.join("\n"));
        assert!(self.fooled.state.is_flow_set_complete());
        assert_eq!(self.fooled.state.flows_live(), self.clean.state.flows_live());
        assert_eq!(fooled.driver_since_ns, clean.driver_since_ns);
    }

    /// `weir_etw_unaccounted` of one kind alone.
    fn shows(&self, kind: u16) {
        let shown = self.fooled.snapshot(self.host.now_ns());
        let of = |kind: usize| number(&shown, "weir_etw_unaccounted", kind_label(kind));
        let found: BTreeSet<usize> = (1..KINDS).filter(|kind| of(*kind) != 0).collect();
        assert_eq!(found, BTreeSet::from([kind_index(kind)]), "unaccounted kinds");
    }

    /// No counter is smaller than it ever was.
    fn never_falls(&mut self) {
        let now = figures::growing(&self.fooled.snapshot(self.host.now_ns()));
        let fallen = figures::fallen(&self.highest, &now);
        assert!(fallen.is_empty(), "{}", fallen.join("\n"));
        self.highest = now;
    }
}

const fn is_single(id: u16) -> bool {
    id != Counters::ID && id != DriverState::ID
}

fn check(seed: u64, forge: impl Fn(&mut Story) -> Written) {
    let Some(mut story) = Story::new(seed) else { return };
    story.never_falls();
    let forged = forge(&mut story);
    story.forge(&forged);
    story.never_falls();
    for _ in 0..SETS_TO_RECOVER {
        story.host.interval();
        story.deliver();
        story.never_falls();
    }
    story.shows(forged.id);
    story.recovers();
    story.host.machine.stop().unwrap();
}

#[test]
fn an_event_that_comes_twice_is_unaccounted() {
    each_seed!(14, |seed| check(seed, |story| story.any(|_| true)));
}

#[test]
fn an_event_of_another_load_is_unaccounted() {
    each_seed!(10, |seed| check(seed, |story| {
        let event = story.any(is_single);
        let prefix = prefix_of(&event);
        with_prefix(&event, Prefix { epoch: STRANGER, ..prefix })
    }));
}

#[test]
fn a_number_from_the_future_is_unaccounted_when_its_time_has_come() {
    each_seed!(12, |seed| check(seed, |story| {
        let ahead = [1, 1, 3, 100_000, 1 << 30, (1 << 31) + 5][story.random.below(6)];
        // A number close ahead waits for the driver's own, which seldom comes of some kinds.
        let event = story.any(|id| match ahead {
            1 | 3 => id == Invocation::ID || id == FlowEstablished::ID,
            _ => is_single(id),
        });
        let prefix = prefix_of(&event);
        let sequence = prefix.sequence.wrapping_add(ahead);
        with_prefix(&event, Prefix { sequence, ..prefix })
    }));
}

#[test]
fn a_number_that_was_used_is_unaccounted() {
    each_seed!(10, |seed| check(seed, |story| {
        let event = story.any(|id| is_single(id) && id != Invocation::ID);
        let prefix = prefix_of(&event);
        let sequence = u32::try_from(story.random.below(1 + prefix.sequence as usize)).unwrap();
        with_prefix(&event, Prefix { sequence, ..prefix })
    }));
}

/// A flow that nobody opened.
fn made_up_flow(story: &mut Story) -> Written {
    let event = story.any(|id| id == FlowEstablished::ID);
    let (prefix, Record::FlowEstablished(flow)) = Record::decode(event.id, &event.payload).unwrap()
    else {
        panic!("FlowEstablished is another event");
    };
    let flow = FlowEstablished {
        flow_serial: flow.flow_serial + 1_000_000,
        classifying: u64::MAX,
        blocked: false,
        ..flow
    };
    let mut payload = [0; EVENT_BYTES_MAX];
    let prefix = Prefix { sequence: prefix.sequence + 1, ..prefix };
    let length = flow.encode(prefix, &mut payload).unwrap();
    Written { payload: payload[..length].to_vec(), ..event }
}

#[test]
fn a_flow_that_nobody_opened_is_unaccounted_and_goes() {
    each_seed!(6, |seed| check(seed, made_up_flow));
}

/// What a load says of itself that never was, and when it claims to have begun.
fn made_up_load(story: &mut Story, epoch: u32, kind: StateKind) -> Written {
    let event = story.any(|id| id == DriverState::ID);
    let (prefix, Record::DriverState(state)) = Record::decode(event.id, &event.payload).unwrap()
    else {
        panic!("DriverState is another event");
    };
    let loaded_at = FileTime::from_unix_nanos(1_000_000_000);
    let state = DriverState { kind, loaded_at, ..state };
    let mut payload = [0; EVENT_BYTES_MAX];
    let length = state.encode(Prefix { epoch, ..prefix }, &mut payload).unwrap();
    Written { payload: payload[..length].to_vec(), ..event }
}

#[test]
fn the_state_of_a_load_that_never_was_is_unaccounted_and_makes_way_for_the_drivers() {
    each_seed!(8, |seed| check(seed, |story| {
        let kinds = [StateKind::Start, StateKind::Parameters, StateKind::Stop];
        let kind = kinds[story.random.below(3)];
        made_up_load(story, STRANGER, kind)
    }));
}

#[test]
fn more_made_up_loads_than_are_kept_apart_count_nothing_twice() {
    each_seed!(4, |seed| {
        let Some(mut story) = Story::new(seed) else { return };
        for load in 0..9 {
            let forged = made_up_load(&mut story, STRANGER + load, StateKind::Start);
            story.forge(&forged);
        }
        story.recovers();
        story.host.machine.stop().unwrap();
    });
}

/// A whole set, after the last one of the driver: these entries, and what that told.
fn set(story: &mut Story, (number_ahead, epoch): (u32, u32), entries: &[Entry]) -> Vec<Written> {
    let event = story.any(|id| id == Counters::ID);
    let mut prefix = prefix_of(&event);
    let place = |entry: &Entry| (entry.series, entry.index, entry.scope);
    let others =
        story.told.1.iter().filter(|it| !entries.iter().any(|own| place(own) == place(it)));
    let all: Vec<Entry> = entries.iter().chain(others).copied().collect();
    let number = story.told.0.wrapping_add(number_ahead);
    let parts = u16::try_from(all.chunks(ENTRIES_MAX).count()).unwrap();
    let mut forge = |(entries, part)| {
        prefix = Prefix { sequence: prefix.sequence + 1, epoch, ..prefix };
        part_of(&event, CountersHeader { number, part, parts }, entries, prefix)
    };
    all.chunks(ENTRIES_MAX).zip(0..).map(&mut forge).collect()
}

fn part_of(like: &Written, header: CountersHeader, entries: &[Entry], prefix: Prefix) -> Written {
    let mut payload = [0; EVENT_BYTES_MAX];
    let length = Counters::encode(header, entries, prefix, &mut payload).unwrap();
    Written { payload: payload[..length].to_vec(), ..like.clone() }
}

#[test]
fn a_set_that_tells_less_than_was_told_is_not_believed() {
    each_seed!(6, |seed| check(seed, |story| {
        let event = story.any(|id| id == Counters::ID);
        let prefix = prefix_of(&event);
        let ahead = [1, 5, 1 << 20, 1 << 30][story.random.below(4)];
        let header = CountersHeader { number: story.told.0 + ahead, part: 0, parts: 1 };
        part_of(&event, header, &[], Prefix { sequence: prefix.sequence + 1, ..prefix })
    }));
}

#[test]
fn a_part_that_takes_the_place_of_one_of_the_drivers_is_not_believed() {
    each_seed!(8, |seed| check(seed, |story| {
        let event = story.any(|id| id == Counters::ID);
        let (prefix, Record::Counters(part)) = Record::decode(event.id, &event.payload).unwrap()
        else {
            panic!("Counters is another event");
        };
        let parts = [part.header.parts, part.header.parts + 1, 2_000][story.random.below(3)];
        let header = CountersHeader { number: story.told.0 + 1, part: 0, parts };
        let huge = Entry::of(Series::Flows, 0, 0, 1 << 50);
        part_of(&event, header, &[huge], Prefix { sequence: prefix.sequence + 1, ..prefix })
    }));
}

fn epoch_of(story: &Story) -> u32 {
    story.newest.values().next().map(prefix_of).unwrap().epoch
}

/// What a set that tells more than is true does: the counters have to come back.
fn check_raised(seed: u64, epoch: Option<u32>, ahead: u32) {
    let Some(mut story) = Story::new(seed) else { return };
    let huge = |series, index, scope| Entry::of(series, index, scope, 1 << 50);
    let entries = [huge(Series::Flows, 0, 0), huge(Series::Invocations, 3, 1)];
    let epoch = epoch.unwrap_or_else(|| epoch_of(&story));
    let forged = set(&mut story, (ahead, epoch), &entries);
    forged.iter().for_each(|event| story.forge(event));
    let shown = story.fooled.snapshot(story.host.now_ns());
    let flows = shown.tables.fates.iter().map(|row| row.flows).sum::<u64>();
    assert!(flows >= 1 << 50, "nothing tells it from a set of the driver's");
    story.recovers();
    story.shows(Counters::ID);
    story.host.machine.stop().unwrap();
}

#[test]
fn a_set_that_tells_more_than_is_true_is_outvoted_by_the_drivers_next_ones() {
    each_seed!(6, |seed| {
        let ahead = [1, 2, 1 << 20, 1 << 30, (1 << 31) - 1];
        check_raised(seed, None, ahead[usize::try_from(seed % 5).unwrap()]);
    });
}

#[test]
fn what_a_load_told_that_never_was_is_gone_when_the_driver_is_heard_again() {
    each_seed!(4, |seed| check_raised(seed, Some(STRANGER), 1));
}

#[test]
fn marks_that_lie_ahead_stop_the_account_for_a_while_only() {
    each_seed!(6, |seed| {
        let Some(mut story) = Story::new(seed) else { return };
        let ahead = [100_000, 1 << 31, 1 << 40, 1 << 61][usize::try_from(seed % 4).unwrap()];
        let marks: Vec<Entry> = story
            .told
            .1
            .iter()
            .filter(|it| it.series == Series::MarkNumbered.number())
            .map(|it| Entry { value: it.value + ahead, ..*it })
            .collect();
        let epoch = epoch_of(&story);
        for event in set(&mut story, (1, epoch), &marks) {
            story.forge(&event);
        }
        let lost = |story: &Story| -> u128 {
            story.fooled.state.accounts().iter().map(|it| u128::from(it.lost)).sum()
        };
        assert!(lost(&story) >= u128::from(ahead), "nothing tells them from the driver's");
        (0..2).for_each(|_| story.recovers());
        // What is lost from now on is known again.
        let (before, mut dropped) = (lost(&story), 0);
        for interval in 0..2 {
            story.host.interval();
            for event in story.host.take() {
                if interval == 0 && is_single(event.id) && story.random.below(2) == 0 {
                    dropped += 1;
                } else {
                    story.fooled.takes(&event);
                }
            }
        }
        assert_eq!(lost(&story) - before, dropped, "lost after the forged marks");
        let shown = story.fooled.snapshot(story.host.now_ns());
        assert_ne!(number(&shown, "weir_etw_unaccounted", "counters"), 0);
        story.host.machine.stop().unwrap();
    });
}
