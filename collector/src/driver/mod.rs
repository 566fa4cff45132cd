//! `weir driver`: the driver and its program type on a machine with Windows.
//!
//! * `store`: what the eBPF store has to hold; `reg_file` prints it.
//! * `service`: how the kernel service is called; `image`: what a driver's file says of itself.
//! * `dry_run`: what the commands do, as a file, on any system.
//! * `machine`: what the commands need of Windows; `windows` is the real one.
//! * `registration`, `install`, `remove`, `status`: the commands, the same on a machine made up for
//!   tests, where every operation can be made to fail.
//!
//! On other systems there is nothing to install on: the commands say so, and `--dry-run` shows what
//! they would do.

#[cfg(any(windows, test))]
mod commands;
mod dry_run;
#[cfg(test)]
mod fake;
mod image;
#[cfg(any(windows, test))]
mod install;
#[cfg(any(windows, test))]
mod machine;
mod reg_file;
#[cfg(any(windows, test))]
mod registration;
#[cfg(any(windows, test))]
mod remove;
mod service;
#[cfg(any(windows, test))]
mod status;
mod store;
#[cfg(test)]
mod tests;
#[cfg(any(windows, test))]
mod waiting;
#[cfg(windows)]
mod windows;

use crate::cli::DriverCommand;
use crate::failure::Failure;
use crate::output;
use std::io::Write;

/// Runs the command.
///
/// # Errors
/// What failed, with what to do about it.
pub fn run(command: &DriverCommand, out: &mut impl Write) -> Result<(), Failure> {
    match dry_run::text(command)? {
        Some(text) => output::print(text.as_bytes(), out),
        None => run_here(command, out),
    }
}

#[cfg(windows)]
fn run_here(command: &DriverCommand, out: &mut impl Write) -> Result<(), Failure> {
    commands::run(command, &mut windows::ThisMachine, out)
}

#[cfg(not(windows))]
fn run_here(command: &DriverCommand, _out: &mut impl Write) -> Result<(), Failure> {
    let hint = match command {
        DriverCommand::Status(_) => "run it on the machine that the driver is for",
        DriverCommand::Register(_)
        | DriverCommand::Unregister(_)
        | DriverCommand::Install(_)
        | DriverCommand::Remove(_) => {
            "run it on the machine that the driver is for; --dry-run shows here what it would do"
        }
    };
    let message = format!("run `weir driver {}`: this is not Windows", command.name());
    Err(Failure::new(crate::failure::ExitCode::NotWindows, message, hint))
}
