//! `weir driver status`: what of an installation is there, line by line.

use super::machine::{Machine, Service, State, Trouble};
use super::registration::{differences, is_absent};
use super::service::{IMAGE, NAME, START, start_name};
use super::store::{Hive, PROVIDERS};
use super::{image, waiting};
use serde::Serialize;

/// How a part of the installation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As `install` leaves it.
    Ok,
    /// Not there.
    Missing,
    /// There, and not as `install` leaves it.
    Differs,
}

impl Verdict {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Differs => "differs",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What was looked at.
    pub(super) part: &'static str,
    /// How it is.
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) found: String,
    /// What to do, where something is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hint: Option<&'static str>,
}

fn ok(part: &'static str, found: impl Into<String>) -> Check {
    Check { part, verdict: Verdict::Ok, found: found.into(), hint: None }
}

fn not(
    verdict: Verdict,
    part: &'static str,
    found: impl Into<String>,
    hint: &'static str,
) -> Check {
    Check { part, verdict, found: found.into(), hint: Some(hint) }
}

/// Differences of the store that are told, so that a line stays one.
const SHOWN_MAX: usize = 3;

const INSTALL: &str = "weir driver install --image weir.sys";

/// Looks at everything.
pub(super) fn status(machine: &impl Machine) -> Result<Vec<Check>, Trouble> {
    let service = machine.service(NAME)?;
    let mut checks = of_image(machine, service.as_ref())?;
    checks.extend(of_service(service.as_ref()));
    for hive in Hive::ALL {
        checks.push(of_store(machine, hive)?);
    }
    checks.push(of_other(
        ("eBPF core", machine.service("ebpfcore")?),
        "install eBPF for Windows, or start it: sc start ebpfcore",
    ));
    checks.push(of_other(
        ("filtering engine", machine.service("bfe")?),
        "start the Base Filtering Engine: sc start bfe",
    ));
    let is_running = service.is_some_and(|it| it.state == State::Running);
    checks.push(of_test_signing(machine, is_running)?);
    Ok(checks)
}

fn of_image(machine: &impl Machine, service: Option<&Service>) -> Result<Vec<Check>, Trouble> {
    let path = service.map_or(IMAGE, |it| &it.image);
    let Some(bytes) = machine.image(path)? else {
        let none = not(Verdict::Missing, "signature", "no image", INSTALL);
        return Ok(vec![not(Verdict::Missing, "image", path, INSTALL), none]);
    };
    Ok(match image::read(&bytes) {
        Err(why) => {
            let unknown = not(Verdict::Missing, "signature", "no driver's image", INSTALL);
            vec![not(Verdict::Differs, "image", format!("{path} {why}"), INSTALL), unknown]
        }
        Ok(image) if !image.is_for_here() => {
            let found = format!("{path} {}", image.elsewhere());
            let other = not(Verdict::Missing, "signature", "another's image", INSTALL);
            vec![not(Verdict::Differs, "image", found, INSTALL), other]
        }
        Ok(image) if image.is_signed => {
            vec![ok("image", path), ok("signature", "present; Windows verifies it at start")]
        }
        Ok(_) => {
            let hint = "sign the image, see docs/windows-driver.md, and install it again";
            vec![ok("image", path), not(Verdict::Missing, "signature", "none", hint)]
        }
    })
}

fn of_service(service: Option<&Service>) -> [Check; 2] {
    let Some(service) = service else {
        return [
            not(Verdict::Missing, "service", "none", INSTALL),
            not(Verdict::Missing, "start type", "no service", INSTALL),
        ];
    };
    let made_by =
        if waiting::is_ours(service) { "" } else { ", not made by `weir driver install`" };
    let found = format!("{}{made_by}", service.state.name());
    let state = match service.state {
        State::Running => ok("service", found),
        State::Stopped => not(Verdict::Differs, "service", found, "sc start weir"),
        State::Starting | State::Stopping | State::Other => not(
            Verdict::Differs,
            "service",
            found,
            "wait; if it stays so, see docs/windows-driver.md",
        ),
    };
    let found = start_name(service.start);
    let start = if service.start == START {
        ok("start type", found)
    } else {
        not(Verdict::Differs, "start type", found, "sc config weir start= demand")
    };
    [state, start]
}

fn of_store(machine: &impl Machine, hive: Hive) -> Result<Check, Trouble> {
    let part = match hive {
        Hive::CurrentUser => "store, this user",
        Hive::LocalMachine => "store, everybody",
    };
    if hive == Hive::CurrentUser
        && machine.tree(hive, PROVIDERS)?.is_none()
        && differences(machine, Hive::LocalMachine)?.is_empty()
    {
        return Ok(ok(part, "none of its own: everybody's entries are read"));
    }
    let hint = "weir driver register";
    if is_absent(machine, hive)? {
        return Ok(not(Verdict::Missing, part, "not registered", hint));
    }
    let found = differences(machine, hive)?;
    Ok(if found.is_empty() {
        ok(part, "complete")
    } else {
        not(Verdict::Differs, part, in_short(&found), hint)
    })
}

/// The first few; `register` repairs them all.
fn in_short(found: &[String]) -> String {
    let more = found.len().saturating_sub(SHOWN_MAX);
    let shown = found.get(..SHOWN_MAX).unwrap_or(found).join("; ");
    if more == 0 { shown } else { format!("{shown}; and {more} more") }
}

fn of_other((part, service): (&'static str, Option<Service>), hint: &'static str) -> Check {
    match service {
        None => not(Verdict::Missing, part, "no such service", hint),
        Some(it) if it.state == State::Running => ok(part, it.state.name()),
        Some(it) => not(Verdict::Differs, part, it.state.name(), hint),
    }
}

/// Windows keeps the options it was started with as words.
///
/// That `testsigning` is one of these words has not been looked at on a machine.
///
/// Source of the option: learn.microsoft.com/windows-hardware/drivers/install,
/// the-testsigning-boot-configuration-option; of the value: Microsoft Knowledge Base Q102987,
/// `CurrentControlSet\Control` (read 2026-11)
fn of_test_signing(machine: &impl Machine, is_running: bool) -> Result<Check, Trouble> {
    let control = machine.values(Hive::LocalMachine, r"SYSTEM\CurrentControlSet\Control")?;
    let options = control.get("SystemStartOptions").map(super::store::Value::to_text);
    let is_on = options.is_some_and(|it| it.to_ascii_uppercase().contains("TESTSIGNING"));
    let part = "test signing";
    Ok(match (is_on, is_running) {
        (true, _) => ok(part, "on"),
        (false, true) => ok(part, "off, and the driver runs without it"),
        (false, false) => {
            let hint = "for an image with a test signature: bcdedit /set testsigning on, restart";
            not(Verdict::Differs, part, "off", hint)
        }
    })
}
