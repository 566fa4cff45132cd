//! `weir driver remove`: stop, delete, unregister. It can be repeated, and goes on where it ended.

use super::commands::{all_permitted, unregistered};
use super::machine::{Machine, State, Trouble};
use super::registration;
use super::service::{IMAGE, NAME};
use super::waiting;
use crate::failure::{ExitCode, Failure};
use core::time::Duration;

/// Removes everything; gives the lines that say what was done.
pub(super) fn remove(
    machine: &mut impl Machine,
    stop_within: Duration,
) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    remove_service(machine, stop_within, &mut said)?;
    if machine.image(IMAGE).map_err(Trouble::into_failure)?.is_some() {
        machine.delete_image().map_err(Trouble::into_failure)?;
        said.push(format!("image: {IMAGE} deleted"));
    } else {
        said.push("image: none".to_owned());
    }
    let done = registration::unregister(machine).map_err(Trouble::into_failure)?;
    said.extend(done.iter().map(|(hive, done)| unregistered(*hive, *done)));
    all_permitted(&done)?;
    Ok(said)
}

fn remove_service(
    machine: &mut impl Machine,
    stop_within: Duration,
    said: &mut Vec<String>,
) -> Result<(), Failure> {
    let Some(service) = machine.service(NAME).map_err(Trouble::into_failure)? else {
        said.push("service: none".to_owned());
        return Ok(());
    };
    if !waiting::is_ours(&service) {
        let message = format!("remove service `{NAME}`: its image is {}", service.image);
        let hint = "`weir driver install` did not make it: remove it with `pnputil /delete-driver` \
                    or `sc delete weir`, then run `weir driver unregister`";
        return Err(Failure::new(ExitCode::DriverFailed, message, hint));
    }
    if !waiting::stop(machine, stop_within).map_err(Trouble::into_failure)? {
        let message =
            format!("stop service `{NAME}`: it is not stopped after {} s", stop_within.as_secs());
        let hint = "programs or connections keep the driver: detach programs, end blocked \
                    connections, and look for Error events of the driver; then run the command \
                    again. Nothing was deleted";
        return Err(Failure::new(ExitCode::DriverFailed, message, hint));
    }
    if service.state != State::Stopped {
        said.push("driver: stopped".to_owned());
    }
    machine.delete_service().map_err(Trouble::into_failure)?;
    said.push(format!("service: {NAME} deleted"));
    Ok(())
}
