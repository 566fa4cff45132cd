//! The second session: whatever becomes of Invocation and CopyFallback changes nothing that the
//! driver's counters tell, and costs no event of another kind.

use crate::figures;
use crate::host::{Host, Kind};
use crate::reader::{Reader, assert_all_accounted, number};
use crate::seeds::each_seed;
use std::collections::BTreeMap;
use weir_abi::event::{CopyFallback, Event as _, Invocation};
use weir_sim::machine::Setup;
use weir_sim_kernel::image::image_or_skip;
use weir_stages::Options;
use weir_stages::kinds::{KINDS, KindSet, kind_label};
use weir_usermode::capture::synthetic::Random;

/// The kinds of `weir-detail`.
const DETAIL: [u16; 2] = [Invocation::ID, CopyFallback::ID];

/// Events that wait between the second session and the collector; in a flood most find no room.
const ROOM: usize = 16;

fn check(seed: u64) {
    let Some(image) = image_or_skip() else { return };
    let mut host = Host::start(&image, seed, Kind::BUSY, Setup::default().boots_ns);
    let mut random = Random::new(seed ^ 0xde7a);
    let deferred = Options { deferred: KindSet::DETAIL, ..Options::default() };
    let without = Options { listening: KindSet::ALL.without(KindSet::DETAIL), ..deferred };
    let mut whole = Reader::new();
    // One has no second session, one has lost all of it, one is flooded and hears it late.
    let mut others = [without, Options::default(), deferred].map(Reader::with_options);
    let mut waiting = Vec::new();
    for _ in 0..6 {
        host.interval();
        for event in host.take() {
            let is_whole = whole.takes(&event);
            let [without, deaf, flooded] = &mut others;
            if !DETAIL.contains(&event.id) {
                for reader in [without, deaf, flooded] {
                    reader.takes(&event);
                }
            } else if waiting.len() < ROOM {
                deaf.misses(&event);
                waiting.push(event);
            } else {
                deaf.misses(&event);
                flooded.misses(&event);
            }
            if is_whole {
                for reader in &others {
                    compare(&whole, reader, host.now_ns());
                }
                // Its buffers come when they come, within one set.
                random.shuffle_within(&mut waiting, ROOM);
                for event in waiting.drain(..) {
                    others[2].takes(&event);
                }
            }
        }
    }
    for _ in 0..2 {
        host.quiet_interval();
        for event in host.take() {
            others.iter_mut().for_each(|reader| {
                reader.takes(&event);
            });
        }
    }
    let [without, deaf, flooded] = others.map(|reader| {
        let shown = reader.snapshot(host.now_ns());
        assert_all_accounted(&shown);
        (reader, shown)
    });
    let lost = |of: &(Reader, weir_stages::Snapshot)| {
        number(&of.1, "weir_etw_events_lost_total", kind_label(usize::from(Invocation::ID)))
    };
    assert_eq!(lost(&without), 0, "what nobody asked for is not lost");
    deaf.0.assert_lost_is_missed(&deaf.1);
    flooded.0.assert_lost_is_missed(&flooded.1);
    assert!(lost(&deaf) > lost(&flooded) && lost(&flooded) > 20, "a flood");
    host.machine.stop().unwrap();
}

fn compare(whole: &Reader, other: &Reader, now_ns: u64) {
    let (one, two) = (whole.snapshot(now_ns), other.snapshot(now_ns));
    let none = BTreeMap::new();
    let told =
        figures::differences(&figures::counters(&one, &none), &figures::counters(&two, &none));
    assert!(told.is_empty(), "{}", told.join("\n"));
    assert_all_accounted(&two);
    for kind in (1..KINDS).filter(|kind| !KindSet::DETAIL.has(*kind)) {
        assert_eq!(number(&two, "weir_etw_events_lost_total", kind_label(kind)), 0);
    }
    assert!(other.state.is_flow_set_complete(), "the second session says nothing of flows");
}

#[test]
fn a_flood_of_the_second_session_changes_no_counter_and_loses_nothing_of_the_first() {
    each_seed!(8, check);
}
