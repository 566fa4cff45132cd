//! Every rule of the hook's semantics and where it is tested.

use Proof::{Kernel, Tests, Usermode};

/// How a rule is shown to hold.
enum Proof {
    /// These tests of this package.
    Tests(&'static [&'static str]),
    /// These tests of the hook without a kernel.
    Usermode(&'static [&'static str]),
    /// Not at the engine; what it takes instead.
    Kernel(&'static str),
}

const SOURCES: [&str; 4] = [
    include_str!("new.rs"),
    include_str!("data.rs"),
    include_str!("end.rs"),
    include_str!("../model/main.rs"),
];

/// Where the hook without a kernel is tested.
const USERMODE: [&str; 2] = [
    include_str!("../../../usermode/tests/hook/rules.rs"),
    include_str!("../../../usermode/src/vm/tests/faults.rs"),
];

const TABLE: &[(u8, Proof)] = &[
    (1, Usermode(&["s01_the_tuple_is_equal_in_every_invocation_and_direction_follows_the_state"])),
    (
        2,
        Usermode(&[
            "s02_each_invocation_gets_a_context_built_anew_from_the_flow",
            "s02_what_a_program_writes_into_its_context_reaches_nobody",
        ]),
    ),
    (3, Kernel("program types and tail calls belong to the eBPF core")),
    (4, Tests(&["s04_each_matching_attachment_is_invoked_once_in_attach_order"])),
    (5, Tests(&["s05_allow_at_new_is_never_invoked_again_and_need_more_data_is"])),
    (6, Tests(&["s06_block_at_new_stops_the_walk_and_ends_those_classifying"])),
    (7, Tests(&["s07_a_flow_that_everybody_allows_needs_no_context"])),
    (8, Tests(&["s08_a_context_is_needed_while_somebody_classifies_or_for_a_block"])),
    (
        9,
        Tests(&[
            "s09_a_block_without_context_blocks_under_either_policy_and_repeats_no_deleted",
            "s09_without_context_those_classifying_get_deleted_and_the_policy_decides",
        ]),
    ),
    (10, Kernel("filter actions and the classify result are WFP's")),
    (11, Kernel("filter conditions and classify values are WFP's")),
    (12, Tests(&["s12_each_classifying_attachment_sees_a_segment_once_in_attach_order"])),
    (13, Tests(&["s13_allow_ends_one_interest_without_deleted_and_the_others_go_on"])),
    (14, Tests(&["s14_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none"])),
    (15, Tests(&["s15_the_context_goes_at_the_last_allow_not_at_the_first"])),
    (16, Kernel("the engine says only permit or block; the flags are written by the driver")),
    (17, Tests(&["s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking"])),
    (18, Tests(&["s18_a_block_outlives_its_attachment"])),
    (19, Usermode(&["s19_an_indication_without_data_invokes_nobody"])),
    (20, Tests(&["s20_missed_bytes_end_every_classifying_pair_and_the_policy_decides"])),
    (21, Kernel("reads an MDL in place")),
    (22, Kernel("copies buffer chains")),
    (23, Tests(&["s23_what_cannot_be_read_whole_is_not_shown_and_the_policy_decides"])),
    (24, Usermode(&["s24_segment_data_is_read_only"])),
    (25, Tests(&["s25_deletion_gives_each_classifying_attachment_one_deleted_in_attach_order"])),
    (
        26,
        Tests(&[
            "s26_a_pair_that_ended_is_not_ended_again_by_deletion",
            "up_to_two_attachments_follow_the_text",
        ]),
    ),
    (27, Tests(&["s27_a_flow_has_one_fate", "up_to_two_attachments_follow_the_text"])),
    (28, Tests(&["s28_the_65th_attachment_is_refused"])),
    (
        29,
        Tests(&[
            "s29_a_new_attachment_sees_no_older_flow",
            "s29_a_slot_is_given_again_only_after_the_detach_walk",
        ]),
    ),
    (
        30,
        Tests(&[
            "s30_a_detached_pair_gets_no_deleted_and_the_last_one_releases_the_flow",
            "s30_attaching_again_puts_at_the_end_and_keeps_the_order_of_the_rest",
        ]),
    ),
    (31, Tests(&["s31_an_error_is_no_allow"])),
    (
        32,
        Tests(&[
            "s32_a_failure_at_new_ends_the_pair_under_open_and_blocks_under_closed",
            "s32_no_stack_ends_every_classifying_pair_and_the_policy_decides",
            "s32_the_8th_failure_in_a_row_ends_the_pair_under_open",
            "s32_the_first_failure_blocks_under_closed",
            "streaks_of_failures_follow_the_text",
        ]),
    ),
    (33, Tests(&["s33_inspected_and_blocked_flows_are_bounded_apart_and_before_any_program_runs"])),
    (
        34,
        Tests(&[
            "s34_the_engine_returning_ends_pairs_with_deleted_and_the_policy_decides",
            "s34_blocked_flows_absorb_again_when_the_engine_returns",
        ]),
    ),
    (35, Tests(&["s35_unload_ends_pairs_without_deleted"])),
    (36, Kernel("callout flags are WFP's")),
    (37, Kernel("references and removal of flow contexts are WFP's")),
    (38, Kernel("the engine is called under the flow lock; locks are the driver's")),
    (39, Kernel("IRQL and stacks")),
    (40, Kernel("reads of processor registers, checked on the image")),
];

#[test]
fn every_rule_stands_once_in_ascending_order() {
    assert!(TABLE.iter().map(|(rule, _)| *rule).eq(1..=40));
}

#[test]
fn every_test_of_the_table_exists_and_every_kernel_rule_says_why() {
    for (rule, proof) in TABLE {
        match proof {
            Tests(names) => assert_there(*rule, names, &SOURCES),
            Usermode(names) => assert_there(*rule, names, &USERMODE),
            Kernel(why) => assert!(!why.is_empty(), "S{rule:02} does not say why"),
        }
    }
}

fn assert_there(rule: u8, names: &[&str], sources: &[&str]) {
    assert!(!names.is_empty(), "S{rule:02} has no test");
    for name in names {
        let head = format!("#[test]\nfn {name}() {{");
        let is_there = sources.iter().any(|source| source.contains(&head));
        assert!(is_there, "S{rule:02}: no test {name}");
    }
}

#[test]
fn every_test_named_after_a_rule_stands_in_its_row() {
    for name in SOURCES.iter().flat_map(|source| source.split("#[test]\nfn ").skip(1)) {
        let name = name.split('(').next().unwrap_or_default();
        let number = name.get(1..3).and_then(|digits| digits.parse::<u8>().ok());
        let Some(number) = number.filter(|_| name.starts_with('s')) else { continue };
        let is_listed = TABLE.iter().any(|(rule, proof)| {
            *rule == number && matches!(proof, Tests(names) if names.contains(&name))
        });
        assert!(is_listed, "{name} is not in the table");
    }
}
