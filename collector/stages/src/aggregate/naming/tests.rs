//! The rules about names, each by a small story of looks.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

use super::order::{AFTER_LOAD_NS, APART_NS};
use super::*;

const LOADED: Option<u64> = Some(1_000);
/// Before any attachment was heard of.
const UNHEARD: u64 = 0;

fn at(changes: u64) -> Revision {
    Revision::new(7, changes)
}

fn present(ids: &[u32]) -> Vec<Present> {
    ids.iter().map(|id| Present { attach_id: *id, since_ns: UNHEARD }).collect()
}

/// A look with these links, as id and program id, and programs `p1`, `p2`, … of ids 1 to 9.
fn look(changes: u64, links: &[(u32, u32)]) -> Look {
    let program = |id: u32| LoadedProgram { id, name: format!("p{id}") };
    Look {
        revision: at(changes),
        links: links
            .iter()
            .map(|(id, program_id)| Link { id: *id, program_id: *program_id })
            .collect(),
        programs: (1..=9).map(program).collect(),
    }
}

/// Matches as `attachment program_id name`.
fn judged(state: &mut Naming, look: &Look, present: &[Present]) -> Vec<String> {
    let mut lines: Vec<String> = state
        .judge(look, present, LOADED)
        .unwrap()
        .into_iter()
        .map(|it| {
            let id = it.program_id.map_or_else(|| "-".to_owned(), |id| id.to_string());
            format!("{} {id} {}", it.attach_id, it.name)
        })
        .collect();
    lines.sort();
    lines
}

fn void(look: &Look, ids: &[u32]) -> VoidLook {
    Naming::default().judge(look, &present(ids), LOADED).unwrap_err()
}

#[test]
fn one_link_and_one_attachment_belong_together() {
    let matches = judged(&mut Naming::default(), &look(1, &[(30, 4)]), &present(&[12]));
    assert_eq!(matches, ["12 4 p4"]);
}

#[test]
fn rule_3_a_link_whose_program_went_or_that_is_listed_twice_voids_the_look() {
    assert_eq!(void(&look(1, &[(30, 77)]), &[1]), VoidLook::ProgramGone);
    assert_eq!(void(&look(1, &[(30, 4), (30, 5)]), &[1, 2]), VoidLook::Repeated);
    let mut twice = look(1, &[(30, 4)]);
    twice.programs.push(LoadedProgram { id: 4, name: "else".to_owned() });
    assert_eq!(void(&twice, &[1]), VoidLook::Repeated);
}

#[test]
fn rule_3_a_detached_link_is_none() {
    let matches = judged(&mut Naming::default(), &look(1, &[(30, 0), (31, 5)]), &present(&[1]));
    assert_eq!(matches, ["1 5 p5"]);
}

#[test]
fn rule_4_unequal_sides_void_the_look() {
    assert_eq!(void(&look(1, &[(30, 4), (31, 4)]), &[1]), VoidLook::Unequal);
    assert_eq!(void(&look(1, &[(30, 4)]), &[1, 2]), VoidLook::Unequal);
    assert_eq!(void(&look(1, &[]), &[1]), VoidLook::Unequal);
}

#[test]
fn several_programs_at_once_are_ambiguous() {
    let look = look(1, &[(30, 4), (31, 5)]);
    assert!(judged(&mut Naming::default(), &look, &present(&[1, 2])).is_empty());
}

#[test]
fn rule_5_who_came_between_two_looks_belongs_together() {
    let mut state = Naming::default();
    assert_eq!(judged(&mut state, &look(1, &[(30, 4)]), &present(&[1])).len(), 1);
    let matches = judged(&mut state, &look(2, &[(30, 4), (31, 5)]), &present(&[1, 2]));
    assert_eq!(matches, ["1 4 p4", "2 5 p5"]);
    // The first goes, another comes, in whatever order of ids.
    let matches = judged(&mut state, &look(4, &[(29, 6), (31, 5)]), &present(&[2, 3]));
    assert_eq!(matches, ["2 5 p5", "3 6 p6"]);
}

#[test]
fn rule_5_the_last_of_an_ambiguous_cohort_is_known() {
    let mut state = Naming::default();
    assert!(judged(&mut state, &look(1, &[(30, 4), (31, 5)]), &present(&[1, 2])).is_empty());
    assert_eq!(judged(&mut state, &look(2, &[(31, 5)]), &present(&[1])), ["1 5 p5"]);
}

#[test]
fn rule_5_a_program_attached_again_is_a_link_of_its_own() {
    let mut state = Naming::default();
    let both = present(&[1, 2]);
    assert!(judged(&mut state, &look(1, &[(30, 4), (31, 5)]), &both).is_empty());
    // Attachment 2 was one of the two; what came instead is known, and so is who stayed.
    let matches = judged(&mut state, &look(3, &[(30, 4), (32, 5)]), &present(&[1, 3]));
    assert_eq!(matches, ["1 4 p4", "3 5 p5"]);
}

#[test]
fn rule_5_what_contradicts_itself_begins_again() {
    let mut state = Naming::default();
    assert_eq!(judged(&mut state, &look(1, &[(30, 4)]), &present(&[1])), ["1 4 p4"]);
    // The link went, its attachment did not.
    let matches = judged(&mut state, &look(3, &[(31, 5), (32, 6)]), &present(&[1, 2]));
    assert!(matches.is_empty(), "{matches:?}");
}

#[test]
fn rule_5_nothing_is_remembered_over_a_restart_of_the_driver() {
    let mut state = Naming::default();
    assert_eq!(judged(&mut state, &look(1, &[(30, 4)]), &present(&[1])).len(), 1);
    let mut after = look(2, &[(30, 4), (31, 5)]);
    after.revision = Revision::new(8, 2);
    assert!(judged(&mut state, &after, &present(&[1, 2])).is_empty());
}

#[test]
fn rule_6_one_program_for_all_is_known() {
    let matches = judged(&mut Naming::default(), &look(1, &[(30, 4), (31, 4)]), &present(&[1, 2]));
    assert_eq!(matches, ["1 4 p4", "2 4 p4"]);
}

#[test]
fn rule_6_one_name_of_several_programs_leaves_the_id_open() {
    let mut look = look(1, &[(30, 4), (31, 5)]);
    look.programs.iter_mut().for_each(|it| "sni".clone_into(&mut it.name));
    let matches = judged(&mut Naming::default(), &look, &present(&[1, 2]));
    assert_eq!(matches, ["1 - sni", "2 - sni"]);
}

/// Two attachments that were heard of, some time after the load and one after the other.
fn heard(after_load_ns: u64, apart_ns: u64) -> Vec<Present> {
    let first = 1_000 + after_load_ns;
    vec![
        Present { attach_id: 1, since_ns: first },
        Present { attach_id: 2, since_ns: first + apart_ns },
    ]
}

#[test]
fn rule_7_attachments_clearly_one_after_the_other_are_matched_in_order() {
    let mut state = Naming::default();
    let present = heard(AFTER_LOAD_NS, APART_NS);
    let matches = judged(&mut state, &look(1, &[(31, 4), (30, 5)]), &present);
    assert_eq!(matches, ["1 5 p5", "2 4 p4"]);
    let matches = judged(&mut state, &look(2, &[(31, 4)]), &present[1..]);
    assert_eq!(matches, ["2 4 p4"], "what was certain is remembered");
}

#[test]
fn rule_7_order_tells_nothing_where_it_may_be_another() {
    let check = |present: &[Present], links: &[(u32, u32)], loaded_ns, why: &str| {
        let matches = Naming::default().judge(&look(1, links), present, loaded_ns).unwrap();
        assert!(matches.is_empty(), "{why}");
    };
    let clear = heard(AFTER_LOAD_NS, APART_NS);
    let links = [(30, 4), (31, 5)];
    check(&heard(AFTER_LOAD_NS, APART_NS - 1), &links, LOADED, "at the same time");
    check(&heard(AFTER_LOAD_NS - 1, APART_NS), &links, LOADED, "they waited for the driver");
    check(&clear, &links, None, "nobody knows when the driver was loaded");
    check(&present(&[1, 2]), &links, Some(0), "nobody heard them come");
    check(&clear, &[(30, 4), (1 << 16, 5)], LOADED, "ids of an older runtime");
    let mut back = clear;
    back.swap(0, 1);
    check(&back, &links, LOADED, "ids and times disagree");
}

#[test]
fn a_state_of_the_attachments_is_worth_one_look_that_counts_or_three_that_do_not() {
    let mut state = Naming::default();
    assert!(state.is_open(at(1)));
    for _ in 0..2 {
        state.note_void(at(1));
        assert!(state.is_open(at(1)));
    }
    state.note_void(at(1));
    assert!(!state.is_open(at(1)));
    assert!(state.is_open(at(2)), "something came or went");
    judged(&mut state, &look(2, &[(30, 4)]), &present(&[1]));
    assert!(!state.is_open(at(2)));
}
