//! Lessons from the history of netebpfext: microsoft/ebpf-for-windows issues and commits, and
//! microsoft/usersim issues.

use super::{Hazard, hazard};

pub(super) const HAZARDS: &[Hazard] = &[
    hazard(
        "A.9 #1272 #1402",
        "Unload deregisters the NMR providers first, then drains contexts, then unregisters \
         callouts.",
        &[
            "a09_1272_no_callout_is_asked_to_go_while_a_program_or_a_context_is_there",
            "s35_unload_ends_flows_in_every_state",
            "s35_unload_goes_in_its_order",
        ],
        "",
    ),
    hazard(
        "A.9 #4192 #5472 #5486",
        "Deleting a filter may fail in passing or for good, and be told of late: no hang, no use \
         after free.",
        &[
            "a09_4192_a_filter_that_stays_or_is_told_of_late_does_not_stop_the_unload",
            "s35_filters_that_cannot_be_deleted_go_with_the_session_and_are_told",
        ],
        "there is no context of a filter to be used late: the driver's filters have none",
    ),
    hazard(
        "A.9 #5496",
        "Without its callout a filter lets traffic pass.",
        &[
            "a09_5496_every_filter_permits_without_its_callout_and_nothing_is_left_to_block",
            "s10_the_filters_may_answer_anything_and_permit_without_their_callout",
        ],
        "a filter in force whose callout is not registered: the driver adds filters after its \
         callouts and deletes them before, so only the flag is looked at",
    ),
    hazard(
        "A.9 #4587",
        "No program is invoked for a flow whose association failed.",
        &[
            "a09_4587_no_program_is_invoked_for_data_whose_association_failed",
            "s09_a_flow_that_passed_so_is_not_inspected_and_the_next_one_is",
            "s09_without_a_block_those_classifying_get_deleted_and_the_policy_decides",
        ],
        "",
    ),
    hazard(
        "A.9 #5291",
        "A deletion, in a DPC of its own, finds all that its flow needs.",
        &["a09_5291_a_deletion_that_comes_after_programs_and_filters_are_gone_finds_its_flow"],
        "that the deletion runs while others free: stories of threads do that (tests/sim, \
         seeds_of_the_gate_break_no_rule; planted: reference-given-back-in-two-steps)",
    ),
    hazard(
        "A.9 #5555",
        "A flow leaves its list once and is freed once while programs unload; a failed invocation \
         frees nothing that is associated.",
        &[
            "a09_5555_flows_that_end_while_programs_unload_end_once_in_every_order",
            "s26_a_pair_that_ends_before_the_detach_walk_comes_ends_once",
        ],
        "the same on two processors at once",
    ),
    hazard(
        "A.9 #1093",
        "A deletion drops its reference also when the program has detached.",
        &["a09_1093_a_deletion_after_the_detach_gives_back_what_the_flow_had"],
        "",
    ),
    hazard(
        "A.9 d26597c61",
        "The verdict is set before anybody is asked.",
        &["a09_d26597c61_a_flow_that_nobody_decides_about_does_not_have_the_verdict_of_another"],
        "",
    ),
    hazard(
        "A.9 #521",
        "The filtering engine may not run yet when the driver loads: its state is followed.",
        &[
            "s28_programs_attach_while_the_filtering_engine_is_down",
            "s34_an_engine_that_refuses_is_asked_again",
            "s34_the_engine_may_come_after_the_driver",
        ],
        "",
    ),
    hazard(
        "A.9 #4738",
        "Flow established answers neither block nor permit.",
        &[
            "s10_the_callout_blocks_only_where_continuing_would_let_pass_what_must_not",
            "s10_the_callout_continues_on_every_other_path",
        ],
        "",
    ),
    hazard(
        "A.9 #263 #272 #4555 #4584 #4636",
        "A flow may end before the detach, and may have no context.",
        &[
            "a09_263_flows_that_end_before_a_detach_are_told_once_and_those_without_context_never",
            "s37_a_number_that_is_nobodys_does_nothing",
        ],
        "",
    ),
];
