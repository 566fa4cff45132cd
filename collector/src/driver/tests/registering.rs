//! `register` and `unregister`.

use super::super::fake::Fake;
use super::super::machine::Machine as _;
use super::super::registration::{Done, differences, register, unregister};
use super::super::store::{Hive, PROVIDERS, Value, entries, program_path, section_path};
use super::{OTHERS, with_others};
use crate::failure::ExitCode;

const USER: Hive = Hive::CurrentUser;
const ALL_USERS: Hive = Hive::LocalMachine;

fn dones(machine: &mut Fake) -> [Done; 2] {
    register(machine).unwrap().map(|(_, done)| done)
}

#[test]
fn registered_twice_is_registered_once() {
    let mut machine = Fake::new();
    let [user, everybody] = dones(&mut machine);
    assert!(matches!((user, everybody), (Done::Changed(_), Done::Changed(_))));
    for hive in Hive::ALL {
        for (path, tree) in entries() {
            assert_eq!(machine.tree(hive, &path).unwrap(), Some(tree));
        }
        assert_eq!(differences(&machine, hive).unwrap(), [""; 0]);
    }
    let (before, operations) = (machine.clone(), machine.operations);
    assert_eq!(dones(&mut machine), [Done::Nothing; 2]);
    assert_eq!((machine.operations, &machine), (operations, &before));
}

#[test]
fn unregistering_leaves_the_machine_as_it_was() {
    for before in [Fake::new(), with_others(&Hive::ALL), with_others(&[ALL_USERS])] {
        let mut machine = before.clone();
        register(&mut machine).unwrap();
        unregister(&mut machine).unwrap();
        assert_eq!(machine, before);
        let again = unregister(&mut machine).unwrap().map(|(_, done)| done);
        assert_eq!(again, [Done::Nothing; 2]);
        assert_eq!(machine, before);
    }
}

#[test]
fn every_single_damage_is_seen_and_repaired_and_unregistered() {
    let mut whole = Fake::new();
    register(&mut whole).unwrap();
    let mut damages = Vec::new();
    for (path, _) in entries() {
        for key in [path.clone(), format!(r"{path}\TypeDescriptor")] {
            for name in whole.values(USER, &key).unwrap().into_keys() {
                let mut missing = whole.clone();
                missing.unset(USER, &key, &name).unwrap();
                let mut other = whole.clone();
                other.put(USER, &key, &name, Value::text("garbage"));
                damages.extend([missing, other]);
            }
            if whole.tree(USER, &key).unwrap().is_some() {
                let mut more = whole.clone();
                more.put(USER, &key, "Extra", Value::text("garbage"));
                let mut below = whole.clone();
                below.put(USER, &format!(r"{key}\Helpers\x"), "Size", Value::text("9"));
                let mut gone = whole.clone();
                gone.delete_tree(USER, &key).unwrap();
                damages.extend([more, below, gone]);
            }
        }
    }
    assert!(damages.len() > 30, "{}", damages.len());
    for damaged in damages {
        assert_ne!(differences(&damaged, USER).unwrap(), [""; 0]);
        let mut repaired = damaged.clone();
        assert!(matches!(dones(&mut repaired), [Done::Changed(_), Done::Nothing]));
        assert_eq!(repaired, whole);
        let mut gone = damaged;
        unregister(&mut gone).unwrap();
        assert_eq!(gone, Fake::new());
    }
}

#[test]
fn names_in_other_capitals_are_the_same_names() {
    let mut machine = Fake::new();
    register(&mut machine).unwrap();
    let size = machine.values(USER, &section_path()).unwrap()["Size"].clone();
    machine.unset(USER, &section_path(), "Size").unwrap();
    machine.put(USER, &section_path(), "SIZE", size);
    assert_eq!(dones(&mut machine), [Done::Nothing; 2]);
}

#[test]
fn a_user_without_a_store_keeps_seeing_other_vendors() {
    let mut machine = with_others(&[ALL_USERS]);
    assert!(matches!(dones(&mut machine), [Done::LeftToEverybody, Done::Changed(_)]));
    assert_eq!(machine.tree(USER, PROVIDERS).unwrap(), None);
    assert_eq!(dones(&mut machine), [Done::LeftToEverybody, Done::Nothing]);
}

#[test]
fn what_is_denied_is_said_and_the_rest_is_done() {
    let mut machine = Fake::new();
    machine.denied.push(ALL_USERS);
    assert!(matches!(dones(&mut machine), [Done::Changed(_), Done::Denied]));
    assert_eq!(differences(&machine, USER).unwrap(), [""; 0]);
    let gone = unregister(&mut machine).unwrap().map(|(_, done)| done);
    assert!(matches!(gone, [Done::Changed(_), Done::Nothing]));
}

#[test]
fn a_section_of_another_program_type_is_left_alone() {
    let mut machine = with_others(&Hive::ALL);
    let theirs = weir_abi::identifiers::Guid::parse(OTHERS.rsplit_once('\\').unwrap().1).unwrap();
    let value = Value { kind: 3, bytes: theirs.0.to_vec() };
    machine.put(ALL_USERS, &section_path(), "ProgramType", value);
    let before = machine.clone();
    let failure = register(&mut machine).unwrap_err().into_failure();
    assert_eq!(failure.code(), ExitCode::DriverFailed);
    assert!(failure.to_string().contains("51e1d2ba"), "{failure}");
    unregister(&mut machine).unwrap();
    assert_eq!(machine, before);
    // Weir's own key goes all the same.
    machine.put(ALL_USERS, &program_path(), "Size", Value::text("garbage"));
    unregister(&mut machine).unwrap();
    assert_eq!(machine, before);
}
