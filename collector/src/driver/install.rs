//! `weir driver install`: image, service, eBPF store, start; all of it or nothing.

use super::commands::registered;
use super::machine::{Machine, Service, State, Trouble};
use super::registration::{self, Before, Done};
use super::service::{IMAGE, NAME, START};
use super::waiting;
use crate::failure::Failure;

/// A step that was taken, and what was there before.
enum Undo {
    Image(Option<Vec<u8>>),
    Service,
    Start(u32),
    Store(Before),
}

/// Installs the image; gives the lines that say what was done.
pub(super) fn install(machine: &mut impl Machine, image: &[u8]) -> Result<Vec<String>, Failure> {
    let found = machine.service(NAME).map_err(Trouble::into_failure)?;
    if let Some(service) = &found {
        refuse_other(machine, service, image)?;
    }
    let (mut taken, mut said) = (Vec::new(), Vec::new());
    match steps(machine, image, found.as_ref(), (&mut taken, &mut said)) {
        Ok(()) => Ok(said),
        Err(trouble) => Err(undo(machine, taken, trouble).into_failure()),
    }
}

/// A service that something else made is not taken over, and a loaded image not exchanged.
fn refuse_other(machine: &impl Machine, service: &Service, image: &[u8]) -> Result<(), Failure> {
    let refuse = |why: &str, hint: &str| {
        let message = format!("install service `{NAME}`: {why}");
        Err(Failure::new(crate::failure::ExitCode::DriverFailed, message, hint))
    };
    if !waiting::is_ours(service) {
        let why = format!("there is one already, with image {}", service.image);
        return refuse(
            &why,
            "remove that first: `pnputil /delete-driver` for an INF, `sc delete weir` otherwise; \
             or keep it, and run `weir driver register`",
        );
    }
    let is_loaded = service.state != State::Stopped;
    let installed = machine.image(IMAGE).map_err(Trouble::into_failure)?;
    if is_loaded && installed.as_deref() != Some(image) {
        return refuse("it is loaded, with another image", "run `weir driver remove` first");
    }
    Ok(())
}

fn steps(
    machine: &mut impl Machine,
    image: &[u8],
    service: Option<&Service>,
    (taken, said): (&mut Vec<Undo>, &mut Vec<String>),
) -> Result<(), Trouble> {
    let installed = machine.image(IMAGE)?;
    if installed.as_deref() == Some(image) {
        said.push(format!("image: {IMAGE} is there"));
    } else {
        taken.push(Undo::Image(installed));
        machine.write_image(image)?;
        said.push(format!("image: written to {IMAGE}"));
    }
    match service {
        None => {
            machine.create_service()?;
            taken.push(Undo::Service);
            said.push(format!("service: {NAME} created, started on demand"));
        }
        Some(service) if service.start != START => {
            machine.set_start(START)?;
            taken.push(Undo::Start(service.start));
            said.push("service: started on demand from now on".to_owned());
        }
        Some(_) => said.push(format!("service: {NAME} is there")),
    }
    taken.push(Undo::Store(registration::before(machine)?));
    let done = registration::register(machine)?;
    if let Some((hive, _)) = done.iter().find(|(_, done)| *done == Done::Denied) {
        let mut denied = Trouble::new(format!("write to {}", hive.name()), "access is denied");
        denied.code = Some(super::machine::ACCESS_DENIED);
        return Err(denied);
    }
    said.extend(done.iter().map(|(hive, done)| registered(*hive, *done)));
    if service.is_some_and(|it| it.state == State::Running) {
        said.push("driver: runs".to_owned());
    } else {
        waiting::start(machine)?;
        said.push("driver: started".to_owned());
    }
    Ok(())
}

/// Takes back what was done, last first; what cannot be is told besides what failed.
fn undo(machine: &mut impl Machine, taken: Vec<Undo>, mut trouble: Trouble) -> Trouble {
    let count = taken.len();
    let mut left = Vec::new();
    for step in taken.into_iter().rev() {
        let undone = match step {
            Undo::Image(None) => machine.delete_image(),
            Undo::Image(Some(bytes)) => machine.write_image(&bytes),
            Undo::Service => machine.delete_service(),
            Undo::Start(start) => machine.set_start(start),
            Undo::Store(before) => registration::restore(machine, &before),
        };
        left.extend(undone.err().map(|it| it.to_string()));
    }
    if count > 0 && left.is_empty() {
        trouble.why.push_str("; nothing is left of the attempt");
    }
    for it in left {
        trouble.why = format!("{}; besides, what was done is not undone: {it}", trouble.why);
    }
    trouble
}
