//! `weir driver`: the driver and its program type on a machine with Windows.
//!
//! * `store`: what the eBPF store has to hold; `reg_file` prints it.
//! * `service`: how the kernel service is called.
//! * `machine`: what the commands need of Windows; `windows` is the real one.
//! * `registration`, `install`, `remove`, `status`: the commands, the same on a machine made up for
//!   tests, where every operation can be made to fail.
//!
//! On other systems there is nothing to install on: the commands say so, and `--dry-run` shows what
//! they would do.

#[cfg(any(windows, test))]
mod commands;
#[cfg(test)]
mod fake;
#[cfg(any(windows, test))]
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
    let dry_run = match command {
        DriverCommand::Register(args) if args.dry_run => Some(reg_file::additions()),
        DriverCommand::Unregister(args) if args.dry_run => Some(reg_file::removals()),
        DriverCommand::Install(args) if args.dry_run => Some(install_in_words()),
        DriverCommand::Remove(args) if args.dry_run => Some(remove_in_words()),
        DriverCommand::Register(_)
        | DriverCommand::Unregister(_)
        | DriverCommand::Install(_)
        | DriverCommand::Remove(_)
        | DriverCommand::Status(_) => None,
    };
    match dry_run {
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

/// What `install` does to a machine without Weir. The tools' lines are there to be understood; what
/// is registered is a file for `reg import`.
fn install_in_words() -> String {
    let service = format!(
        "; sc create {} type= kernel start= {} binPath= {} DisplayName= {}\n\
         ; sc description {} \"{}\"\n",
        service::NAME,
        service::start_name(service::START),
        service::IMAGE,
        service::DISPLAY_NAME,
        service::NAME,
        service::DESCRIPTION,
    );
    format!(
        "; copy weir.sys {}\n{service}; register:\n{}; sc start {}\n",
        service::IMAGE,
        reg_file::additions(),
        service::NAME
    )
}

/// What `remove` does.
fn remove_in_words() -> String {
    let name = service::NAME;
    format!(
        "; sc stop {name}\n; sc delete {name}\n; del {}\n; unregister:\n{}",
        service::IMAGE,
        reg_file::removals()
    )
}
