//! What the platform does late, never, in another order, or wrong for as long as a scenario lasts;
//! two failures in one life; and that these tests see a driver that decides wrongly.

use crate::scenarios::ALL;
use crate::statuses;
use crate::world::{Report, Setup, World};
use std::collections::BTreeSet;
use std::process::Command;
use weir_sim_kernel::fwp::{Aborts, Deletes, Notifications, status};

#[track_caller]
fn assert_none(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

fn tell(wrong: &mut Vec<String>, at: &str, report: Report) {
    wrong.extend(report.wrong.into_iter().map(|it| format!("{at}: {it}")));
}

/// How a platform behaves.
type Behaviour = (Notifications, Deletes, Aborts, bool);

/// Every choice of each beside every choice of one other: notices and deletions, deletions and
/// aborts, and the order of work with all.
fn behaviours() -> Vec<Behaviour> {
    let notices = [Notifications::AtOnce, Notifications::Later, Notifications::Never];
    let deletes = [Deletes::AtOnce, Deletes::Later, Deletes::WithTime];
    let aborts = [Aborts::AtOnce, Aborts::Later, Aborts::Fail(status::UNSUCCESSFUL)];
    let pairs = (0..3).flat_map(|first| (0..3).map(move |second| (first, second)));
    let all = pairs.flat_map(|(first, second)| {
        let third = (first + second) % 3;
        [false, true]
            .map(|is_reversed| (notices[first], deletes[second], aborts[third], is_reversed))
    });
    all.collect()
}

#[test]
fn whatever_the_platform_does_late_or_never_each_decision_is_right_and_nothing_is_left() {
    let (mut wrong, mut runs) = (Vec::new(), 0);
    for (scenario, is_closed) in ALL.iter().flat_map(|it| [(it, false), (it, true)]) {
        for (notifications, deletes, aborts, is_reversed) in behaviours() {
            let Some(world) = World::boot(Setup { is_closed, ..scenario.setup }) else { return };
            world.kernel.fwp.set_notifications(notifications);
            world.kernel.fwp.set_deletes(deletes);
            world.kernel.fwp.set_aborts(aborts);
            if is_reversed {
                world.kernel.io.reverse_queue();
            }
            let at = format!(
                "{}, closed {is_closed}, {notifications:?} {deletes:?} {aborts:?} {is_reversed}",
                scenario.name
            );
            tell(&mut wrong, &at, world.live(scenario.run));
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert_none(&wrong);
}

/// Imports that may not fail for ever: what the platform can call must not be freed, so the driver
/// never gives up asking (S35).
const ENDLESS: [&str; 2] = ["FwpsCalloutUnregisterById0", "FwpsFlowRemoveContext0"];

#[test]
fn an_import_that_fails_for_as_long_as_the_scenario_lasts_turns_no_decision() {
    let (mut wrong, mut runs) = (Vec::new(), 0);
    for (scenario, is_closed) in ALL.iter().flat_map(|it| [(it, false), (it, true)]) {
        let setup = Setup { is_closed, ..scenario.setup };
        let Some(world) = World::boot(setup) else { return };
        let names: BTreeSet<&str> = world.live(scenario.run).names.into_iter().collect();
        for import in names {
            // Some last into the unload, others heal before it.
            for (status, in_unload) in statuses::all(import).into_iter().zip([true, false, true]) {
                let in_unload = in_unload && !ENDLESS.contains(&import);
                let Some(world) = World::boot(setup) else { return };
                world.lasting.set(Some((import, status, in_unload)));
                world.is_up.set(false);
                let at = format!(
                    "{}, closed {is_closed}, {import} {status:#x}, in the unload {in_unload}",
                    scenario.name
                );
                tell(&mut wrong, &at, world.live(scenario.run));
                runs += 1;
            }
        }
    }
    println!("{runs} runs");
    assert_none(&wrong);
}

#[test]
fn callouts_that_are_busy_any_number_of_times_are_unregistered_in_the_end() {
    let mut wrong = Vec::new();
    for (scenario, times) in ALL.iter().flat_map(|it| [1_u64, 3, 4, 5, 40].map(|n| (it, n))) {
        for status in [status::DEVICE_BUSY, status::IN_USE] {
            let Some(world) = World::boot(scenario.setup) else { return };
            for nth in 1..=times {
                world.kernel.faults.fail("FwpsCalloutUnregisterById0", nth, status);
            }
            let at = format!("{}, {times} times {status:#x}", scenario.name);
            tell(&mut wrong, &at, world.live(scenario.run));
        }
    }
    assert_none(&wrong);
}

#[test]
fn two_failures_in_one_life_turn_no_decision() {
    let (mut wrong, mut runs) = (Vec::new(), 0);
    for (scenario, is_closed) in ALL.iter().flat_map(|it| [(it, false), (it, true)]) {
        let setup = Setup { is_closed, ..scenario.setup };
        let Some(world) = World::boot(setup) else { return };
        let points = u64::try_from(world.live(scenario.run).names.len()).unwrap();
        // Distances without a common divisor with each other: no pattern of the scenario's.
        for (first, distance) in
            (1..=points).step_by(11).flat_map(|it| [(it, 1), (it, 5), (it, 23)])
        {
            let Some(world) = World::boot(setup) else { return };
            world.is_told.set(false);
            world.is_up.set(false);
            world.kernel.faults.fail_point(first);
            world.kernel.faults.fail_point(first + distance);
            let at = format!("{}, closed {is_closed}, {first} and {distance}", scenario.name);
            tell(&mut wrong, &at, world.live(scenario.run));
            runs += 1;
        }
    }
    println!("{runs} runs");
    assert_none(&wrong);
}

/// In a process of its own: a start that does not end is ended by the kernel.
#[test]
fn a_start_that_cannot_undo_a_callout_at_once_does_it_later_and_ends() {
    const NAME: &str = "turns::a_start_that_cannot_undo_a_callout_at_once_does_it_later_and_ends";
    if std::env::var_os("WEIR_TEST_DIES").is_none() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", NAME, "--nocapture"])
            .env("WEIR_TEST_DIES", "1")
            .output()
            .unwrap();
        let words = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words}");
        return;
    }
    let mut wrong = Vec::new();
    for (registered, status) in
        [2, 3, 4].into_iter().flat_map(|it| [(it, status::IN_USE), (it, status::DEVICE_BUSY)])
    {
        let Some(world) = World::boot(Setup::default()) else { return };
        world.kernel.faults.fail("FwpsCalloutRegister1", registered, status::ALREADY_EXISTS);
        world.kernel.faults.fail("FwpsCalloutUnregisterById0", 1, status);
        tell(&mut wrong, &format!("{registered}, {status:#x}"), world.live(|_| {}));
    }
    assert_none(&wrong);
}

/// A life in which contexts cannot be kept, held against the policy that the driver does not have.
fn held_against_the_other_policy(is_closed: bool) -> Option<Report> {
    let mut world = World::boot(Setup { is_closed, ..Setup::default() })?;
    world.setup.is_closed = !is_closed;
    world.lasting.set(Some(("FwpsFlowAssociateContext0", status::INVALID_PARAMETER, false)));
    let [_, _, _, _, inspected, ..] = ALL;
    Some(world.live(inspected.run))
}

#[test]
fn a_driver_of_the_other_policy_is_told() {
    let Some(open) = held_against_the_other_policy(false) else { return };
    let is_about = |report: &Report, words: &str| report.wrong.iter().any(|it| it.contains(words));
    assert!(is_about(&open, "passes, though not every program allowed it"), "{:?}", open.wrong);
    let Some(closed) = held_against_the_other_policy(true) else { return };
    assert!(is_about(&closed, "blocked, though no program said so"), "{:?}", closed.wrong);
}

#[test]
fn events_that_counters_do_not_know_are_told() {
    let Some(world) = World::boot(Setup::default()) else { return };
    let report = world.live(|world| {
        world.attach(&[weir_sim_kernel::ebpf::Reply::Answer(2)]);
        world.connect_v4();
        // As if the driver had not written them.
        drop(world.kernel.etw.take_events());
    });
    assert!(report.wrong.iter().any(|it| it.contains("invocations: ")), "{:?}", report.wrong);
}
