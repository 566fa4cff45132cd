//! Starting and stopping Weir's service, and waiting for it.

use super::machine::{Machine, Service, State, Trouble};
use super::service::{IMAGE, NAME};
use core::time::Duration;

/// How long a start may take. `DriverEntry` waits for nobody.
const START_MAX: Duration = Duration::from_secs(30);

/// How often a service that changes is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// Whether the service is one that `install` made, and not for instance the INF.
pub(crate) fn is_ours(service: &Service) -> bool {
    service.image.eq_ignore_ascii_case(IMAGE)
}

/// Starts the service and waits until it runs.
pub(crate) fn start(machine: &mut impl Machine) -> Result<(), Trouble> {
    machine.start_service()?;
    let is_over = |it: Option<State>| it != Some(State::Starting);
    match wait_until(machine, is_over, START_MAX)? {
        (Some(State::Running), _) => Ok(()),
        (other, waited) => {
            let state = other.map_or("gone", State::name);
            let why = format!("after {:.1} s it is {state}", waited.as_secs_f64());
            Err(Trouble::new(format!("start service `{NAME}`"), why))
        }
    }
}

/// Stops the service, if it is not stopped, and waits until it is; false where it takes longer.
pub(crate) fn stop(machine: &mut impl Machine, at_most: Duration) -> Result<bool, Trouble> {
    let state = machine.service(NAME)?.map(|it| it.state);
    if is_stopped(state) {
        return Ok(true);
    }
    if state != Some(State::Stopping) {
        machine.stop_service()?;
    }
    // Right after the request it may still be told as running.
    let (after, _) = wait_until(machine, is_stopped, at_most)?;
    Ok(is_stopped(after))
}

const fn is_stopped(state: Option<State>) -> bool {
    matches!(state, None | Some(State::Stopped))
}

/// The state in which the wait ended, and how long it was.
fn wait_until(
    machine: &mut impl Machine,
    is_over: impl Fn(Option<State>) -> bool,
    at_most: Duration,
) -> Result<(Option<State>, Duration), Trouble> {
    let mut waited = Duration::ZERO;
    loop {
        let now = machine.service(NAME)?.map(|it| it.state);
        if is_over(now) || waited >= at_most {
            return Ok((now, waited));
        }
        machine.wait(LOOK);
        waited += LOOK;
    }
}
