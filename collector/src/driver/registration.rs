//! Brings a machine's eBPF store to what [`super::store`] says, and takes it out again.
//!
//! Another vendor's entries are read, never written: the two keys that are written carry Weir's
//! GUID and Weir's section name, and the latter is left alone where it names another's program
//! type.

use super::machine::{Machine, Trouble};
use super::store::{self, Hive, PROVIDERS, REG_BINARY, Tree};
use std::collections::BTreeMap;
use weir_abi::identifiers::{Guid, PROGRAM_TYPE, SECTION_PREFIX};

/// The keys that hold entries of every vendor, from the innermost outwards.
const SHARED: [&str; 4] = [
    r"Software\eBPF\Providers\SectionData",
    r"Software\eBPF\Providers\ProgramData",
    PROVIDERS,
    r"Software\eBPF",
];

/// What was done in one hive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// So many keys and values were written or deleted.
    Changed(usize),
    /// Everything was as it should be.
    Nothing,
    /// Windows did not permit it.
    Denied,
    /// Left to the entries for everybody: a key of the user's own would hide other vendors'.
    LeftToEverybody,
}

/// What [`before`] remembers: both keys of both hives.
pub(crate) type Before = Vec<(Hive, String, Option<Tree>)>;

/// What is where Weir's entries belong, to be put back by [`restore`].
pub(crate) fn before(machine: &impl Machine) -> Result<Before, Trouble> {
    let mut found = Before::new();
    for hive in Hive::ALL {
        for (path, _) in store::entries() {
            let tree = machine.tree(hive, &path)?;
            found.push((hive, path, tree));
        }
    }
    Ok(found)
}

/// Puts both keys back to what they were.
pub(crate) fn restore(machine: &mut impl Machine, before: &Before) -> Result<(), Trouble> {
    for (hive, path, tree) in before {
        match tree {
            Some(tree) => _ = bring(machine, *hive, path, tree)?,
            None if machine.tree(*hive, path)?.is_some() => machine.delete_tree(*hive, path)?,
            None => {}
        }
    }
    Hive::ALL.into_iter().try_for_each(|hive| delete_empty(machine, hive))
}

/// Writes what is missing or differs, and deletes what does not belong into Weir's keys.
pub(crate) fn register(machine: &mut impl Machine) -> Result<[(Hive, Done); 2], Trouble> {
    for hive in Hive::ALL {
        refuse_another_owner(machine, hive)?;
    }
    // Everybody's first: whether the user needs entries depends on those.
    let everybody = unless_denied(register_in(machine, Hive::LocalMachine))?;
    let user = if would_hide_others(machine)? {
        Done::LeftToEverybody
    } else {
        unless_denied(register_in(machine, Hive::CurrentUser))?
    };
    Ok([(Hive::CurrentUser, user), (Hive::LocalMachine, everybody)])
}

/// Deletes Weir's keys, and those above them that hold nothing any more.
pub(crate) fn unregister(machine: &mut impl Machine) -> Result<[(Hive, Done); 2], Trouble> {
    let user = unless_denied(unregister_in(machine, Hive::CurrentUser))?;
    let everybody = unless_denied(unregister_in(machine, Hive::LocalMachine))?;
    Ok([(Hive::CurrentUser, user), (Hive::LocalMachine, everybody)])
}

/// What is not as it should be in one hive, in words; nothing if all is.
pub(crate) fn differences(machine: &impl Machine, hive: Hive) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    for (path, wanted) in store::entries() {
        let name = path.strip_prefix(PROVIDERS).unwrap_or(&path).trim_start_matches('\\');
        match machine.tree(hive, &path)? {
            Some(tree) => compare(name, &tree, &wanted, &mut found),
            None => found.push(format!("{name} is missing")),
        }
    }
    Ok(found)
}

/// Whether there is nothing of Weir's in one hive.
pub(crate) fn is_absent(machine: &impl Machine, hive: Hive) -> Result<bool, Trouble> {
    for (path, _) in store::entries() {
        if machine.tree(hive, &path)?.is_some() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether entries of the user's own would keep the user's programs from finding other vendors'.
///
/// Readers take the user's key [`PROVIDERS`] if there is one, and everybody's only if there is not.
pub(crate) fn would_hide_others(machine: &impl Machine) -> Result<bool, Trouble> {
    if machine.tree(Hive::CurrentUser, PROVIDERS)?.is_some() {
        return Ok(false);
    }
    let everybody = machine.tree(Hive::LocalMachine, PROVIDERS)?.unwrap_or_default();
    let is_weir = |folder: &str, name: &str| {
        let path = format!(r"{PROVIDERS}\{folder}\{name}");
        store::entries().iter().any(|(ours, _)| ours.eq_ignore_ascii_case(&path))
    };
    let has_others = everybody.children.iter().any(|(folder, below)| {
        !below.values.is_empty() || below.children.keys().any(|name| !is_weir(folder, name))
    });
    Ok(has_others || !everybody.values.is_empty())
}

/// Fails where the section's name belongs to somebody else's program type.
fn refuse_another_owner(machine: &impl Machine, hive: Hive) -> Result<(), Trouble> {
    let Some(owner) = another_owner(machine, hive)? else { return Ok(()) };
    let what = format!(r"write {}\{}", hive.name(), store::section_path());
    let why = format!(
        "sections `{SECTION_PREFIX}` are registered for program type {owner}, which is not Weir's"
    );
    Err(Trouble::new(what, why))
}

/// The program type, registered and not Weir's, to which the section's name leads.
fn another_owner(machine: &impl Machine, hive: Hive) -> Result<Option<Guid>, Trouble> {
    let section = machine.tree(hive, &store::section_path())?.unwrap_or_default();
    let named = find(&section.values, "ProgramType").filter(|it| it.kind == REG_BINARY);
    let named = named.and_then(|it| it.bytes.as_slice().try_into().ok()).map(Guid);
    let Some(owner) = named.filter(|it| *it != PROGRAM_TYPE) else { return Ok(None) };
    // A GUID that names nothing is nobody's entry, but damage to Weir's.
    let is_registered = machine.tree(hive, &format!(r"{PROVIDERS}\ProgramData\{owner}"))?.is_some();
    Ok(is_registered.then_some(owner))
}

fn register_in(machine: &mut impl Machine, hive: Hive) -> Result<Done, Trouble> {
    let mut changes = 0;
    for (path, wanted) in store::entries() {
        changes += bring(machine, hive, &path, &wanted)?;
    }
    Ok(if changes == 0 { Done::Nothing } else { Done::Changed(changes) })
}

fn unregister_in(machine: &mut impl Machine, hive: Hive) -> Result<Done, Trouble> {
    let is_anothers = another_owner(machine, hive)?.is_some();
    let mut changes = 0;
    for (path, _) in store::entries() {
        if is_anothers && path == store::section_path() {
            continue;
        }
        let Some(tree) = machine.tree(hive, &path)? else { continue };
        machine.delete_tree(hive, &path)?;
        changes += 1 + values(&tree);
    }
    // Also where nothing was deleted: an earlier run may have ended here.
    delete_empty(machine, hive)?;
    Ok(if changes == 0 { Done::Nothing } else { Done::Changed(changes) })
}

/// How many values a key holds, with those below it.
fn values(tree: &Tree) -> usize {
    tree.values.len() + tree.children.values().map(values).sum::<usize>()
}

/// Makes of an operation that Windows does not permit something that was not done.
fn unless_denied(done: Result<Done, Trouble>) -> Result<Done, Trouble> {
    match done {
        Err(trouble) if trouble.is_denied() => Ok(Done::Denied),
        other => other,
    }
}

/// An empty key [`PROVIDERS`] of the user's would hide everybody's entries, so none is left.
fn delete_empty(machine: &mut impl Machine, hive: Hive) -> Result<(), Trouble> {
    SHARED.iter().try_for_each(|path| machine.delete_empty(hive, path))
}

/// Makes a key what it should be; tells how many keys and values that took.
fn bring(
    machine: &mut impl Machine,
    hive: Hive,
    path: &str,
    wanted: &Tree,
) -> Result<usize, Trouble> {
    let found = machine.tree(hive, path)?;
    let mut changes = 0;
    if found.is_none() {
        machine.create_key(hive, path)?;
        changes += 1;
    }
    let found = found.unwrap_or_default();
    for name in found.values.keys().filter(|name| find(&wanted.values, name).is_none()) {
        machine.unset(hive, path, name)?;
        changes += 1;
    }
    for name in found.children.keys().filter(|name| find(&wanted.children, name).is_none()) {
        machine.delete_tree(hive, &format!(r"{path}\{name}"))?;
        changes += 1;
    }
    for (name, value) in &wanted.values {
        if find(&found.values, name) != Some(value) {
            machine.set(hive, path, name, value)?;
            changes += 1;
        }
    }
    for (name, child) in &wanted.children {
        changes += bring(machine, hive, &format!(r"{path}\{name}"), child)?;
    }
    Ok(changes)
}

fn compare(path: &str, found: &Tree, wanted: &Tree, out: &mut Vec<String>) {
    for (name, value) in &wanted.values {
        match find(&found.values, name) {
            None => out.push(format!(r"{path}\{name} is missing")),
            Some(it) if it != value => out.push(format!(r"{path}\{name} differs")),
            Some(_) => {}
        }
    }
    for (name, child) in &wanted.children {
        match find(&found.children, name) {
            None => out.push(format!(r"{path}\{name} is missing")),
            Some(it) => compare(&format!(r"{path}\{name}"), it, child, out),
        }
    }
    let values = found.values.keys().filter(|name| find(&wanted.values, name).is_none());
    let children = found.children.keys().filter(|name| find(&wanted.children, name).is_none());
    out.extend(values.chain(children).map(|name| format!(r"{path}\{name} does not belong there")));
}

/// An entry by its name: the registry does not tell capitals from small letters.
fn find<'a, T>(entries: &'a BTreeMap<String, T>, name: &str) -> Option<&'a T> {
    entries.iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, entry)| entry)
}
