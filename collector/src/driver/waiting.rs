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
    match wait_while(machine, State::Starting, START_MAX)? {
        Some(State::Running) => Ok(()),
        other => {
            let state = other.map_or("gone", State::name);
            let why = format!("after {} s it is {state}", START_MAX.as_secs());
            Err(Trouble::new(format!("start service `{NAME}`"), why))
        }
    }
}

/// Stops the service, if it is not stopped, and waits until it is; false where it takes longer.
pub(crate) fn stop(machine: &mut impl Machine, at_most: Duration) -> Result<bool, Trouble> {
    let state = machine.service(NAME)?.map(|it| it.state);
    if matches!(state, None | Some(State::Stopped)) {
        return Ok(true);
    }
    if state != Some(State::Stopping) {
        machine.stop_service()?;
    }
    let after = wait_while(machine, State::Stopping, at_most)?;
    Ok(matches!(after, None | Some(State::Stopped)))
}

fn wait_while(
    machine: &mut impl Machine,
    state: State,
    at_most: Duration,
) -> Result<Option<State>, Trouble> {
    let mut waited = Duration::ZERO;
    loop {
        let now = machine.service(NAME)?.map(|it| it.state);
        if now != Some(state) || waited >= at_most {
            return Ok(now);
        }
        machine.wait(LOOK);
        waited += LOOK;
    }
}
