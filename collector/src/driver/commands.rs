//! Runs a command on a machine, and says what came of it.

use super::machine::{Machine, Trouble};
use super::registration::{self, Done};
use super::status::{Check, Verdict};
use super::store::Hive;
use super::{image, install, remove, status};
use crate::cli::DriverCommand;
use crate::failure::{ExitCode, Failure};
use crate::{output, table};
use core::fmt::Write as _;
use std::io::Write;

/// Runs a command that is no dry run.
pub(super) fn run(
    command: &DriverCommand,
    machine: &mut impl Machine,
    out: &mut impl Write,
) -> Result<(), Failure> {
    match command {
        DriverCommand::Register(_) => {
            let done = registration::register(machine).map_err(Trouble::into_failure)?;
            print(&done.map(|(hive, done)| registered(hive, done)), out)?;
            all_permitted(&done)
        }
        DriverCommand::Unregister(_) => {
            let done = registration::unregister(machine).map_err(Trouble::into_failure)?;
            print(&done.map(|(hive, done)| unregistered(hive, done)), out)?;
            all_permitted(&done)
        }
        DriverCommand::Install(args) => {
            let path = image::path(args);
            let (bytes, image) = image::load(&path)?;
            image.refuse_elsewhere(&path)?;
            print(&install::install(machine, &bytes)?, out)
        }
        DriverCommand::Remove(args) => print(&remove::remove(machine, args.stop_within)?, out),
        DriverCommand::Status(args) => {
            let checks = status::status(machine).map_err(Trouble::into_failure)?;
            let text = if args.json { json(&checks) } else { lines(&checks) };
            output::print(text.as_bytes(), out)?;
            all_ok(&checks)
        }
    }
}

fn print(lines: &[String], out: &mut impl Write) -> Result<(), Failure> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    output::print(text.as_bytes(), out)
}

/// What `register` did in one hive.
pub(super) fn registered(hive: Hive, done: Done) -> String {
    let what = match done {
        Done::Changed(count) => format!("registered, {count} keys and values written or deleted"),
        Done::Nothing => "registered already, nothing changed".to_owned(),
        Done::Denied => "not registered, access is denied".to_owned(),
        Done::LeftToEverybody => {
            "left to the entries for everybody: a key of this user's own would hide those of \
             other program types"
                .to_owned()
        }
    };
    format!("{}: {what}", hive.name())
}

/// What `unregister` did in one hive.
pub(super) fn unregistered(hive: Hive, done: Done) -> String {
    let what = match done {
        Done::Changed(count) => format!("unregistered, {count} keys and values deleted"),
        Done::Nothing | Done::LeftToEverybody => "not registered, nothing changed".to_owned(),
        Done::Denied => "still registered, access is denied".to_owned(),
    };
    format!("{}: {what}", hive.name())
}

/// Fails where Windows did not permit everything.
pub(super) fn all_permitted(done: &[(Hive, Done)]) -> Result<(), Failure> {
    match done.iter().find(|(_, done)| *done == Done::Denied) {
        None => Ok(()),
        Some((hive, _)) => {
            let message = format!("write to {}: access is denied", hive.name());
            let hint = "run the command in an elevated command prompt; the services of eBPF for \
                        Windows read no other entries than those for everybody";
            Err(Failure::new(ExitCode::NotPermitted, message, hint))
        }
    }
}

fn lines(checks: &[Check]) -> String {
    let mut rows = table::table(["part", "is", "found"]);
    for check in checks {
        rows.add_row([check.part, check.verdict.name(), &check.found]);
    }
    let mut text = format!("{rows}\n");
    for check in checks {
        if let Some(hint) = check.hint {
            let _infallible = writeln!(text, "hint: {}: {hint}", check.part);
        }
    }
    text
}

fn json(checks: &[Check]) -> String {
    let is_ok = checks.iter().all(|it| it.verdict == Verdict::Ok);
    format!("{:#}\n", serde_json::json!({ "ok": is_ok, "checks": checks }))
}

fn all_ok(checks: &[Check]) -> Result<(), Failure> {
    let wrong: Vec<&str> =
        checks.iter().filter(|it| it.verdict != Verdict::Ok).map(|it| it.part).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!("find everything as `install` leaves it: {}", wrong.join(", "));
    Err(Failure::new(ExitCode::DriverIncomplete, message, "each part has a hint above"))
}
