//! One fault point after the other, over every scenario and both failure policies.

use crate::scenarios::{ALL, Scenario};
use crate::statuses::{self, OBJECT_NAME_NOT_FOUND};
use crate::world::{Setup, World};
use std::collections::BTreeMap;

/// Fails each point of a scenario once with each status of its import.
#[expect(clippy::print_stdout, reason = "figures, for who reads a run")]
fn sweep(number: usize) {
    let Scenario { name, setup, run } = ALL[number];
    let mut wrong = Vec::new();
    for is_closed in [false, true] {
        let setup = Setup { is_closed, ..setup };
        let Some(world) = World::boot(setup) else { return };
        let clean = world.live(run);
        assert!(clean.wrong.is_empty(), "{name}, nothing fails: {:#?}", clean.wrong);
        let (mut runs, mut points) = (0, BTreeMap::<&str, u32>::new());
        for (point, import) in (1..).zip(&clean.names) {
            *points.entry(import).or_default() += 1;
            // What is written is the same under both policies.
            let is_told = is_closed && *import == "EtwWriteTransfer";
            for status in statuses::all(import).into_iter().filter(|_| !is_told) {
                let told = one((setup, run), (point, *import), status);
                let at = format!("closed {is_closed}, point {point} ({import}), {status:#x}");
                wrong.extend(told.into_iter().map(|it| format!("{at}: {it}")));
                runs += 1;
            }
        }
        let count: u32 = points.values().sum();
        println!("{name}, closed {is_closed}: {count} points, {runs} runs, {points:?}");
    }
    assert!(wrong.is_empty(), "{name}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// A life in which one point fails: what is wrong with it.
fn one(
    (setup, run): (Setup, fn(&World)),
    (point, import): (u64, &str),
    status: i32,
) -> Vec<String> {
    let Some(world) = World::boot(setup) else { return Vec::new() };
    world.kernel.faults.fail_point_with(point, status);
    world.is_no_error.set(status == OBJECT_NAME_NOT_FOUND);
    let mut report = world.live(run);
    if report.hit.map(|(hit, _)| hit) != Some(import) {
        report.wrong.push(format!("another point failed: {:?}", report.hit));
    }
    report.wrong
}

/// A test for each scenario, by its place in the list.
macro_rules! sweeps {
    ($($name:ident = $number:literal,)+) => {
        $(
            #[test]
            fn $name() {
                sweep($number);
            }
        )+

        #[test]
        fn every_scenario_is_swept() {
            assert!([$($number),+].into_iter().eq(0..ALL.len()));
        }
    };
}

sweeps! {
    start_and_unload_survive_any_failure = 0,
    an_engine_that_comes_late_survives_any_failure = 1,
    attach_survives_any_failure = 2,
    uninspected_flows_survive_any_failure = 3,
    inspected_flows_survive_any_failure = 4,
    blocked_flows_survive_any_failure = 5,
    data_of_every_shape_survives_any_failure = 6,
    large_data_survives_any_failure = 7,
    verdicts_survive_any_failure = 8,
    aborts_survive_any_failure = 9,
    late_ends_survive_any_failure = 10,
    reauthorizations_survive_any_failure = 11,
    detaches_survive_any_failure = 12,
    restarts_of_the_engine_survive_any_failure = 13,
    captures_and_counters_survive_any_failure = 14,
    runs_that_user_mode_asks_for_survive_any_failure = 15,
    a_mix_at_random_survives_any_failure = 16,
    races_within_the_association_survive_any_failure = 17,
    detaches_within_an_invocation_survive_any_failure = 18,
}
