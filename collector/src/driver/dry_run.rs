//! `--dry-run`: what each command does, as a file that `reg import` takes, on any system.
//!
//! What is done to the registry for everybody are the file's entries; all other steps are comment
//! lines in it, each a command of Windows'. Nothing is looked at but the image: a file cannot look
//! before it writes, so it holds nothing that is right on some machines only.

use super::{image, reg_file, service};
use crate::cli::{DriverCommand, DriverInstallArgs};
use crate::failure::Failure;
use core::fmt::Write as _;
use std::path::Path;

/// Why the user's hive is in neither file. `registration` has the rule in code.
const OF_REGISTER: &str = "\
What `weir driver register` writes for everybody, on a machine without entries.

It writes the same to HKEY_CURRENT_USER, but not where the user has no key Software\\eBPF\\Providers
and others have entries for everybody: readers look at the user's key alone if there is one, and
would find the others' program types no more. A file cannot look first, so it leaves that hive out.
Where the user has the key, use the command.
Nor does a file stop, as the command does, where the section belongs to another program type.";

const OF_UNREGISTER: &str = "\
What `weir driver unregister` deletes for everybody, of what `weir driver register` wrote.

It deletes the same from HKEY_CURRENT_USER, and the keys above that are empty then: of the user's,
an empty key Software\\eBPF\\Providers would hide everybody's entries. A file cannot look what is
empty, so it leaves that hive out. Where the user has entries of Weir's, use the command.
Nor does a file leave the section alone, as the command does, where it is another program type's.";

/// What the command does, if it is a dry run.
pub(super) fn text(command: &DriverCommand) -> Result<Option<String>, Failure> {
    let text = match command {
        DriverCommand::Register(args) if args.dry_run => {
            file(OF_REGISTER, &reg_file::additions(), "")
        }
        DriverCommand::Unregister(args) if args.dry_run => {
            file(OF_UNREGISTER, &reg_file::removals(), "")
        }
        DriverCommand::Install(args) if args.dry_run => install(args)?,
        DriverCommand::Remove(args) if args.dry_run => remove(),
        DriverCommand::Register(_)
        | DriverCommand::Unregister(_)
        | DriverCommand::Install(_)
        | DriverCommand::Remove(_)
        | DriverCommand::Status(_) => return Ok(None),
    };
    Ok(Some(text))
}

/// `install` on a machine without Weir.
fn install(args: &DriverInstallArgs) -> Result<String, Failure> {
    let path = image::path(args);
    let found = if args.image.is_none() && !path.exists() {
        "not there: name one with --image".to_owned()
    } else {
        let (bytes, image) = image::load(&path)?;
        // Elsewhere the image is for another machine anyway.
        if cfg!(windows) {
            image.refuse_elsewhere(&path)?;
        }
        let signed = if image.is_signed { "signed" } else { "not signed" };
        format!("{} bytes, for {}, {signed}", bytes.len(), image.processor)
    };
    Ok(file(&before_registering(&path, &found), &reg_file::additions(), &after_registering()))
}

fn before_registering(path: &Path, found: &str) -> String {
    let path = path.display();
    format!(
        "What `weir driver install` does on a machine without Weir.\n\
         image: {path}: {found}\n\n\
         copy \"{path}\" \"{}\"\n\
         sc create {} type= kernel start= {} binPath= {} DisplayName= {}\n\
         sc description {} \"{}\"\n\n\
         {OF_REGISTER}",
        service::image_file(),
        service::NAME,
        service::start_name(service::START),
        service::IMAGE,
        service::DISPLAY_NAME,
        service::NAME,
        service::DESCRIPTION,
    )
}

fn after_registering() -> String {
    format!("sc start {}", service::NAME)
}

fn remove() -> String {
    let name = service::NAME;
    let steps = format!(
        "What `weir driver remove` does where `weir driver install` was.\n\n\
         sc stop {name}\nsc delete {name}\ndel \"{}\"\n\n{OF_UNREGISTER}",
        service::image_file(),
    );
    file(&steps, &reg_file::removals(), "")
}

/// The head has to be the first line: without it, `reg import` takes nothing.
fn file(before: &str, entries: &str, after: &str) -> String {
    let mut out = format!("{}\n", reg_file::HEAD);
    comment(&mut out, before);
    out.push_str(entries);
    if !after.is_empty() {
        out.push('\n');
        comment(&mut out, after);
    }
    out
}

fn comment(out: &mut String, text: &str) {
    for line in text.lines() {
        // The name of an image may hold anything; each line stays a comment, and one line.
        let line = line.replace(char::is_control, "?");
        let between = if line.is_empty() { "" } else { " " };
        let _infallible = writeln!(out, ";{between}{line}");
    }
}
