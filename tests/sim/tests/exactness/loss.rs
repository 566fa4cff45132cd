//! Counters equal the driver's truth after the next whole set, and N missed events read N lost.

use crate::figures::{self, Figures};
use crate::host::{Host, INTERVAL_NS, Kind};
use crate::reader::{Reader, assert_all_accounted};
use crate::seeds::each_seed;
use core::cell::Cell;
use std::collections::BTreeMap;
use weir_abi::event::{Record, StateKind};
use weir_sim::machine::Setup;
use weir_sim::sets::{Sets, Values};
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::image::image_or_skip;
use weir_usermode::capture::synthetic::Random;

/// A detached attachment is told for ten sets, those of capture states among them: a reader that
/// misses all ten misses its end. So no more than these are missed in a row.
const SETS_MISSED_MAX: u32 = 7;
const ROUGH_INTERVALS_MAX: usize = 8;

/// A reader that sees all, one that does not, and the driver's own totals.
struct Story {
    host: Host,
    twin: Reader,
    holed: Reader,
    sets: Sets,
    totals: Values,
    random: Random,
    /// Sets in a row of which some part was missed.
    sets_missed: u32,
    /// Comparisons after a set that came through although events around it did not.
    compared: u64,
    /// Most figures of a comparison with the driver's own totals.
    figures_max: Cell<usize>,
}

impl Story {
    fn new(image: &std::path::Path, seed: u64) -> Self {
        let host = Host::start(image, seed, Kind::BUSY, Setup::default().boots_ns);
        Self {
            host,
            twin: Reader::new(),
            holed: Reader::new(),
            sets: Sets::default(),
            totals: Values::new(),
            random: Random::new(seed ^ 0x1055),
            sets_missed: 0,
            compared: 0,
            figures_max: Cell::new(0),
        }
    }

    /// Hands on what the driver wrote, less so many of a hundred.
    fn deliver(&mut self, percent: usize) {
        for event in self.host.take() {
            self.twin.takes(&event);
            self.count(&event);
            // Without the start of the load nobody knows where its numbers began.
            if !is_start(&event) && self.random.below(100) < percent {
                self.holed.misses(&event);
            } else if self.holed.takes(&event) {
                self.compare(&self.host.labels);
                self.compared += 1;
                self.sets_missed = 0;
            }
        }
    }

    fn count(&mut self, event: &Written) {
        if let Ok((_, Record::Counters(part))) = Record::decode(event.id, &event.payload)
            && let Some(set) = self.sets.part(&part).unwrap()
        {
            self.totals.extend(set);
            self.sets_missed += 1;
        }
    }

    /// Right after a whole set: both readers and the driver's totals say the same.
    fn compare(&self, forgiven: &BTreeMap<u32, String>) {
        let now_ns = self.host.now_ns();
        let (twin, holed) = (self.twin.snapshot(now_ns), self.holed.snapshot(now_ns));
        let truth = figures::counters(&twin, &BTreeMap::new());
        let seen = figures::counters(&holed, forgiven);
        assert_same(&truth, &seen, "with every event, with holes");
        let told = figures::told(&self.totals, &self.host.labels);
        assert_same(&told, &figures::only_told(&seen), "as the driver tells, with holes");
        self.figures_max.set(self.figures_max.get().max(told.len()));
        self.holed.assert_lost_is_missed(&holed);
        assert_all_accounted(&twin);
        assert_all_accounted(&holed);
    }

    /// Nothing is missed for a while, and a reader that wants it gets the state.
    fn recover(&mut self) {
        self.host.quiet_interval();
        self.deliver(0);
        if self.holed.state.wants_capture() {
            self.host.capture();
            self.deliver(0);
        }
        // Whoever is still there has its name back; whoever came and went meanwhile has not.
        let gone = self.host.labels_gone();
        self.compare(&gone);
        assert!(self.holed.state.is_flow_set_complete(), "a capture state without a loss");
    }
}

/// Whether the event is the first of a load.
fn is_start(event: &Written) -> bool {
    let record = Record::decode(event.id, &event.payload);
    matches!(record, Ok((_, Record::DriverState(it))) if it.kind == StateKind::Start)
}

fn assert_same(one: &Figures, other: &Figures, what: &str) {
    let told = figures::differences(one, other);
    assert!(told.is_empty(), "{what}:\n{}", told.join("\n"));
}

fn check(seed: u64, percent: usize) {
    let Some(image) = image_or_skip() else { return };
    let mut story = Story::new(&image, seed);
    for _ in 0..3 {
        for _ in 0..1 + story.random.below(ROUGH_INTERVALS_MAX) {
            if story.sets_missed >= SETS_MISSED_MAX {
                break;
            }
            story.host.interval();
            story.deliver(percent);
            if story.holed.state.wants_capture() && story.random.below(2) == 0 {
                story.host.capture();
                story.deliver(percent);
            }
        }
        story.recover();
    }
    // The tail: what follows the last marks is covered by the next ones.
    story.host.quiet_interval();
    story.deliver(0);
    let now_ns = story.host.now_ns();
    let lost: u64 = story.holed.state.accounts().iter().map(|account| account.lost).sum();
    assert_eq!(lost, u64::try_from(story.holed.missed()).unwrap(), "N missed, N lost");
    let (compared, figures) = (story.compared, story.figures_max.get());
    assert!(lost > 50 && compared >= 3 && figures > 20, "{lost}, {compared}, {figures}");
    assert_eq!(story.twin.snapshot(now_ns).driver_since_ns, story.loaded_ns());
    assert_eq!(story.holed.snapshot(now_ns).driver_since_ns, story.loaded_ns());
    story.host.machine.stop().unwrap();
}

impl Story {
    /// The driver was loaded within the interval before its first tick.
    fn loaded_ns(&self) -> Option<u64> {
        let boots_ns = Setup::default().boots_ns;
        let since = self.twin.snapshot(self.host.now_ns()).driver_since_ns;
        assert!(since.is_some_and(|it| (boots_ns..boots_ns + INTERVAL_NS).contains(&it)));
        since
    }
}

#[test]
fn counters_are_the_drivers_and_n_missed_are_n_lost_with_half_of_all_events_gone() {
    each_seed!(15, |seed| check(seed, 50));
}

#[test]
fn counters_are_the_drivers_and_n_missed_are_n_lost_with_99_of_100_events_gone() {
    each_seed!(15, |seed| check(seed, 99));
}
