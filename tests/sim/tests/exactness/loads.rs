//! The driver goes and comes, or the collector does: totals neither fall nor count twice.
//!
//! A load of the driver is a machine of its own here, since an image that was unloaded stays so;
//! its clock goes on where that of the last one stood.

use crate::figures::{self, Figures};
use crate::flows;
use crate::host::{Host, Kind};
use crate::reader::{Reader, assert_all_accounted, number};
use crate::seeds::each_seed;
use std::collections::BTreeMap;
use weir_abi::event::{Counters, DriverState, Event as _, Record};
use weir_sim::machine::Setup;
use weir_sim_kernel::etw::Written;
use weir_sim_kernel::image::image_or_skip;
use weir_usermode::capture::synthetic::Random;

/// When the driver says that it was loaded, in nanoseconds since 1970.
fn loaded_at(events: &[Written]) -> Option<u64> {
    events.iter().find_map(|event| match Record::decode(event.id, &event.payload) {
        Ok((_, Record::DriverState(state))) => state.loaded_at.unix_nanos(),
        _ => None,
    })
}

/// Growing figures that are gauges of the load that runs now are not sums over loads.
fn add(sum: &mut Figures, more: &Figures) {
    for (name, value) in more {
        *sum.entry(name.clone()).or_default() += value;
    }
}

/// How the end of a load reaches the collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// All of it.
    Whole,
    /// Without the word that it stops.
    NoStop,
    /// Without its last Counters too: what they told is not known to anybody.
    Cut,
}

fn check_reloads(seed: u64) {
    let Some(image) = image_or_skip() else { return };
    let mut random = Random::new(seed ^ 0x10ad);
    let mut reader = Reader::new();
    let (mut boots_ns, mut since_ns) = (Setup::default().boots_ns, None);
    let (mut sum, mut last) = (Figures::new(), Figures::new());
    for load in 0..5 {
        let mut host = Host::start(&image, seed * 10 + load, Kind::BUSY, boots_ns);
        let end = [End::Whole, End::NoStop, End::Cut][random.below(3)];
        // This load alone, as far as the collector hears of it.
        let mut alone = Reader::new();
        for _ in 0..1 + random.below(4) {
            host.interval();
            let events = host.take();
            since_ns = since_ns.or_else(|| loaded_at(&events));
            for event in events {
                alone.takes(&event);
                if reader.takes(&event) {
                    let now = figures::growing(&reader.snapshot(host.now_ns()));
                    let fallen = figures::fallen(&last, &now);
                    assert!(fallen.is_empty(), "load {load}:\n{}", fallen.join("\n"));
                    last = now;
                }
            }
        }
        host.machine.stop().unwrap();
        let ending = host.take();
        assert!(ending.iter().any(|it| it.id == Counters::ID), "a last set before the end");
        let kept: Vec<Written> = ending
            .into_iter()
            .filter(|it| end == End::Whole || it.id != DriverState::ID)
            .filter(|it| end != End::Cut || it.id != Counters::ID)
            .collect();
        for event in &kept {
            alone.takes(event);
            reader.takes(event);
        }
        let now_ns = host.now_ns();
        add(&mut sum, &figures::growing(&alone.snapshot(now_ns)));
        let shown = reader.snapshot(now_ns);
        last = figures::growing(&shown);
        let told = figures::differences(&sum, &last);
        assert!(told.is_empty(), "the sum of {} loads:\n{}", load + 1, told.join("\n"));
        assert_eq!(shown.driver_since_ns, since_ns, "the first load");
        assert_eq!(number(&shown, "weir_driver_up", "") == 0, end == End::Whole);
        if end == End::Whole {
            assert_all_accounted(&shown);
        }
        // The next one comes within a second, or after an hour.
        boots_ns = host.machine.now_ns() + [300_000_000, 3_600_000_000_000][random.below(2)];
    }
    assert!(sum.len() > 30, "{sum:?}");
    assert_all_accounted(&reader.snapshot(boots_ns));
    let lost: u64 = reader.state.accounts().iter().map(|account| account.lost).sum();
    assert_eq!(lost, 0, "what a load wrote after its last mark that came has no account");
}

#[test]
fn totals_are_sums_over_loads_of_the_driver_and_never_fall() {
    each_seed!(10, check_reloads);
}

fn check_restart(seed: u64) {
    let Some(image) = image_or_skip() else { return };
    let mut host = Host::start(&image, seed, Kind::SOUND, Setup::default().boots_ns);
    let mut twin = Reader::new();
    let mut random = Random::new(seed ^ 0x2e57);
    let mut loaded_ns = None;
    for _ in 0..35 + random.below(30) {
        host.interval();
        let events = host.take();
        loaded_ns = loaded_ns.or_else(|| loaded_at(&events));
        for event in &events {
            twin.takes(event);
        }
    }
    // It sees nothing of what was, begins in the middle, and asks for the state once.
    let mut again = Reader::new();
    host.interval();
    let events = host.take();
    let cut = random.below(events.len());
    for (place, event) in events.iter().enumerate() {
        twin.takes(event);
        if place >= cut {
            again.takes(event);
        }
    }
    assert!(again.state.wants_capture(), "it knows that it does not know");
    host.capture();
    let mut sets = 0;
    for event in host.take() {
        twin.takes(&event);
        sets += u32::from(again.takes(&event));
    }
    assert_eq!(sets, 1, "the set of the capture state");
    let now_ns = host.now_ns();
    compare(&twin, &again, now_ns);
    assert_eq!(flows::wrong(&host, &again.snapshot(now_ns)), Vec::<String>::new());
    let shown = again.snapshot(now_ns);
    assert_eq!(shown.driver_since_ns, loaded_ns.filter(|it| *it > 0));
    assert!(shown.driver_since_ns.is_some() && again.state.is_flow_set_complete());
    assert_eq!(again.state.flows_live(), host.flows_undecided());
    // And it goes on so.
    for _ in 0..3 {
        host.interval();
        for event in host.take() {
            twin.takes(&event);
            again.takes(&event);
        }
        compare(&twin, &again, host.now_ns());
        assert_eq!(flows::wrong(&host, &again.snapshot(host.now_ns())), Vec::<String>::new());
    }
    host.machine.stop().unwrap();
}

/// The collector that was there all the time, and the one that was not.
fn compare(twin: &Reader, again: &Reader, now_ns: u64) {
    let (before, now) = (twin.snapshot(now_ns), again.snapshot(now_ns));
    let none = BTreeMap::new();
    let told =
        figures::differences(&figures::counters(&before, &none), &figures::counters(&now, &none));
    assert!(told.is_empty(), "restarted:\n{}", told.join("\n"));
    assert_all_accounted(&now);
    let lost: u64 = again.state.accounts().iter().map(|account| account.lost).sum();
    assert_eq!(lost, 0, "nothing was lost that it was there for");
    for name in ["weir_flow_stuck", "weir_flow_waiting", "weir_flow_undecided_older"] {
        let values = |of: &weir_stages::Snapshot| of.family(name).unwrap().samples.clone();
        assert_eq!(values(&before), values(&now), "{name}");
    }
}

#[test]
fn a_collector_that_restarts_is_exact_within_one_capture_state() {
    each_seed!(8, check_restart);
}
