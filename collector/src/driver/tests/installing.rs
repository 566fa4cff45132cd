//! `install` and `remove`.

use super::super::fake::Fake;
use super::super::install::install;
use super::super::machine::State;
use super::super::remove::remove;
use super::super::service::{IMAGE, NAME};
use super::super::store::{Hive, Value, section_path};
use super::{driver, with_others};
use crate::failure::ExitCode;
use core::time::Duration;

const A_MINUTE: Duration = Duration::from_mins(1);

fn installed() -> Fake {
    let mut machine = Fake::new();
    install(&mut machine, &driver(true)).unwrap();
    machine
}

#[test]
fn what_is_installed_runs_and_is_removed_without_a_trace() {
    for before in [Fake::new(), with_others(&Hive::ALL)] {
        let mut machine = before.clone();
        install(&mut machine, &driver(true)).unwrap();
        assert_eq!(machine.services[NAME].state, State::Running);
        assert_eq!(machine.files[IMAGE], driver(true));
        remove(&mut machine, A_MINUTE).unwrap();
        assert_eq!(machine, before);
    }
}

#[test]
fn installed_or_removed_twice_changes_nothing() {
    let mut machine = installed();
    let (before, operations) = (machine.clone(), machine.operations);
    install(&mut machine, &driver(true)).unwrap();
    assert_eq!((machine.operations, &machine), (operations, &before));
    remove(&mut machine, A_MINUTE).unwrap();
    let operations = machine.operations;
    remove(&mut machine, A_MINUTE).unwrap();
    assert_eq!(machine.operations, operations);
}

/// Machines on which an installation has different steps to take.
fn beginnings() -> Vec<Fake> {
    let mut half = Fake::new();
    half.put(Hive::CurrentUser, &section_path(), "Size", Value::text("garbage"));
    half.put(Hive::LocalMachine, &section_path(), "Other", Value::text("garbage"));
    half.files.insert(IMAGE.to_owned(), vec![7; 3]);
    let mut stopped = installed();
    let service = stopped.services.get_mut(NAME).unwrap();
    (service.state, service.start) = (State::Stopped, 4);
    stopped.files.insert(IMAGE.to_owned(), driver(false));
    vec![Fake::new(), with_others(&Hive::ALL), half, stopped]
}

#[test]
fn whichever_step_fails_the_machine_is_as_before() {
    let mut failures = 0;
    for before in beginnings() {
        for step in before.operations.. {
            let mut machine = before.clone();
            machine.fails_at = Some(step);
            let Err(failure) = install(&mut machine, &driver(true)) else { break };
            assert_eq!(failure.code(), ExitCode::DriverFailed);
            assert_eq!(machine, before, "step {step}: {failure}");
            assert!(failure.to_string().contains("a fault"), "{failure}");
            failures += 1;
        }
    }
    assert!(failures > 80, "{failures}");
}

#[test]
fn without_permission_nothing_is_left() {
    let mut machine = Fake::new();
    machine.denied.push(Hive::LocalMachine);
    let failure = install(&mut machine, &driver(true)).unwrap_err();
    assert_eq!(failure.code(), ExitCode::NotPermitted);
    assert!(failure.to_string().contains("elevated"), "{failure}");
    assert_eq!(machine, Fake::new());
}

#[test]
fn whichever_step_of_a_removal_fails_the_next_run_goes_on() {
    for step in 0.. {
        let mut machine = installed();
        machine.fails_at = Some(machine.operations + step);
        if remove(&mut machine, A_MINUTE).is_ok() {
            assert!(step > 5, "{step}");
            return;
        }
        remove(&mut machine, A_MINUTE).unwrap();
        assert_eq!(machine, Fake::new(), "step {step}");
    }
}

#[test]
fn a_driver_that_stops_in_time_is_waited_for() {
    let mut machine = installed();
    machine.stops_after = 50;
    remove(&mut machine, A_MINUTE).unwrap();
    assert_eq!(machine, Fake::new());
    assert_eq!(machine.waited, Duration::from_secs(5));
}

#[test]
fn a_driver_still_told_as_running_after_the_request_is_waited_for() {
    let mut machine = installed();
    (machine.stops_after, machine.tells_late) = (50, true);
    remove(&mut machine, A_MINUTE).unwrap();
    assert_eq!(machine, Fake::new());
    assert_eq!(machine.waited, Duration::from_secs(5));
}

#[test]
fn a_driver_that_stops_in_its_start_is_told_with_the_time_waited() {
    let mut machine = Fake::new();
    machine.stops_at_once = true;
    let failure = install(&mut machine, &driver(true)).unwrap_err();
    assert!(failure.to_string().contains("after 0.0 s it is stopped"), "{failure}");
    assert_eq!(machine, Fake::new());
}

#[test]
fn a_driver_that_does_not_stop_keeps_everything() {
    let mut machine = installed();
    machine.stops_after = usize::MAX;
    let failure = remove(&mut machine, A_MINUTE).unwrap_err();
    assert_eq!(failure.code(), ExitCode::DriverFailed);
    assert!(failure.to_string().contains("programs or connections"), "{failure}");
    assert!(failure.to_string().contains("is not stopped after 60 s"), "{failure}");
    assert_eq!(machine.services[NAME].state, State::Stopping);
    assert!(machine.files.contains_key(IMAGE));
    // Later it has stopped.
    machine.stops_after = 3;
    remove(&mut machine, A_MINUTE).unwrap();
    assert_eq!(machine, Fake::new());
}

#[test]
fn a_service_that_the_inf_made_is_neither_taken_over_nor_removed() {
    let mut machine = installed();
    machine.services.get_mut(NAME).unwrap().image =
        r"\SystemRoot\System32\DriverStore\x.sys".into();
    let before = machine.clone();
    for failure in [
        install(&mut machine, &driver(true)).unwrap_err(),
        remove(&mut machine, A_MINUTE).unwrap_err(),
    ] {
        assert!(failure.to_string().contains("pnputil"), "{failure}");
        assert_eq!(machine, before);
    }
}

#[test]
fn a_loaded_image_is_not_exchanged() {
    let mut machine = installed();
    let before = machine.clone();
    let failure = install(&mut machine, &driver(false)).unwrap_err();
    assert!(failure.to_string().contains("weir driver remove"), "{failure}");
    assert_eq!(machine, before);
}
