//! Contexts, flow established, data: rules S01 to S20.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule(
        1,
        "The tuple is captured once and the same in every invocation; direction is the \
         connection's but for segments; no data pointers without data.",
        &[
            "s01_both_ends_of_a_loopback_connection_are_flows_of_their_own",
            "s01_data_pointers_are_null_at_new_and_deleted_only",
            "s01_direction_is_the_connections_at_new_and_deleted_and_the_segments_at_established",
            "s01_nothing_is_taken_from_the_stream_layer",
            "s01_the_deleted_that_a_block_brings_has_the_connections_direction",
            "s01_the_tuple_is_captured_at_flow_established_and_equal_in_every_invocation",
            "s01_what_wfp_does_not_name_is_zero",
        ],
        "",
    ),
    rule(
        2,
        "Header and context are built anew for each invocation, on the stack, from the flow's \
         own fields.",
        &[
            "s02_flows_in_turn_do_not_mix",
            "s02_header_and_context_lie_on_the_stack_of_the_processor_that_invokes",
            "s02_what_a_program_writes_reaches_no_other_program_nor_the_driver_nor_an_event",
        ],
        "",
    ),
    rule(
        3,
        "One program type, one attach type, helper 19 gives the process of flow established.",
        &[
            "s03_the_process_id_is_that_of_flow_established_in_every_state",
            "s03_there_is_one_program_type_and_one_attach_type",
        ],
        "a tail call is over before the core answers, so the driver cannot tell one; no \
         program here makes one. Helper 19 is called by the simulated core, not by compiled \
         code",
    ),
    rule(
        4,
        "Whoever matches the compartment is asked once, in attach order, from one published \
         order.",
        &[
            "s04_a_flow_of_a_compartment_that_nobody_wants_is_not_shown",
            "s04_a_walk_follows_the_order_that_was_published_when_it_began",
            "s04_each_matching_attachment_is_invoked_once_in_attach_order",
            "s04_the_order_is_kept_with_64_attachments",
        ],
        "an attach within a walk, which waits for it: stories of threads (tests/sim, \
         seeds_of_the_gate_break_no_rule)",
    ),
    rule(
        5,
        "Allow ends the interest in the flow, need-more-data begins it.",
        &[
            "s05_allow_is_never_invoked_for_the_flow_again_whatever_happens_to_it",
            "s05_need_more_data_is_classifying_the_flow",
        ],
        "",
    ),
    rule(
        6,
        "A block at flow established ends the walk and takes effect with the first data.",
        &[
            "s06_a_block_stops_the_walk_and_those_classifying_get_one_deleted_each",
            "s06_a_block_takes_effect_at_the_first_stream_callout",
        ],
        "",
    ),
    rule(
        7,
        "Without interest and without block there is no context, and no cost from then on.",
        &[
            "s07_a_flow_that_everybody_allows_costs_nothing_after_flow_established",
            "s07_flows_that_nobody_inspects_take_no_memory",
            "s07_neither_do_flows_of_foreign_compartments_nor_those_that_passed_by_failure",
            "s07_no_context_exists_before_the_walk_needs_one",
        ],
        "",
    ),
    rule(
        8,
        "One context is associated after the walk, whole before WFP has it; only status 0 is \
         success.",
        &[
            "s08_a_block_keeps_a_context_although_nobody_classifies",
            "s08_a_flow_may_end_before_the_association_returns",
            "s08_a_flow_that_is_blocked_at_new_absorbs_before_the_association_returns",
            "s08_a_name_that_exists_is_no_success",
            "s08_a_verdict_before_the_association_returns_stands",
            "s08_an_association_that_fails_after_such_a_detach_ends_each_pair_once",
            "s08_data_before_the_association_returns_is_shown_to_those_classifying",
            "s08_one_context_is_associated_with_the_stream_callout_after_the_walk",
            "s08_the_only_one_classifying_may_be_detached_before_the_association_returns",
        ],
        "",
    ),
    rule(
        9,
        "Where the context cannot be kept the policy decides, and a block is returned at \
         once.",
        &[
            "s09_a_block_by_policy_that_cannot_be_kept_is_returned_here_too",
            "s09_a_block_is_returned_here_whatever_the_policy_and_no_deleted_is_repeated",
            "s09_a_failure_that_nobody_needs_a_context_for_is_none",
            "s09_a_flow_that_passed_so_is_not_inspected_and_the_next_one_is",
            "s09_at_max_flows_nobody_is_asked_and_the_policy_decides",
            "s09_without_a_block_those_classifying_get_deleted_and_the_policy_decides",
        ],
        "",
    ),
    rule(
        10,
        "Flow established continues but where continuing would let a blocked flow pass.",
        &[
            "s10_the_callout_blocks_only_where_continuing_would_let_pass_what_must_not",
            "s10_the_callout_continues_on_every_other_path",
            "s10_the_filters_may_answer_anything_and_permit_without_their_callout",
        ],
        "that Windows permits while the callout is not registered: the filter's flag is \
         looked at, the driver never leaves such a filter behind",
    ),
    rule(
        11,
        "Only TCP, no reauthorization, only fields that are there, never without a flow \
         handle.",
        &[
            "s11_a_flag_that_is_not_there_is_not_read_and_a_compartment_binds_by_what_is_known",
            "s11_a_missing_flow_handle_is_an_error",
            "s11_a_reauthorized_connection_is_ignored",
            "s11_fields_are_read_only_where_there_are_so_many_values",
            "s11_that_it_is_tcp_is_checked_again",
            "s11_the_filters_ask_for_tcp_only",
            "s11_without_both_ends_nobody_is_asked",
        ],
        "",
    ),
    rule(
        12,
        "Who is classifying sees each segment once, whole, in attach order; large indications \
         in parts.",
        &[
            "s12_a_block_in_any_part_blocks_the_whole_indication",
            "s12_a_larger_indication_is_consecutive_segments_in_stream_order",
            "s12_a_late_part_decides_about_megabytes_too",
            "s12_after_the_last_allow_the_rest_is_permitted_unseen",
            "s12_an_allow_in_one_part_does_not_outweigh_a_block_in_a_later_one",
            "s12_an_attachment_that_allows_is_not_invoked_for_the_rest",
            "s12_each_classifying_attachment_sees_each_segment_once_and_whole_in_both_directions",
            "s12_megabytes_are_no_different",
        ],
        "",
    ),
    rule(
        13,
        "Need-more-data permits and goes on, allow ends one interest, without a DELETED.",
        &[
            "s13_allow_ends_this_attachments_interest_and_the_others_go_on_without_deleted",
            "s13_need_more_data_permits_and_goes_on",
        ],
        "",
    ),
    rule(
        14,
        "A block is immediate and final; every other one gets one DELETED.",
        &[
            "s14_a_block_is_final",
            "s14_a_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none",
            "s14_the_first_blocker_decides_and_the_others_do_not_see_the_segment",
        ],
        "",
    ),
    rule(
        15,
        "The context goes with the last allow, not with the first.",
        &[
            "s15_each_direction_may_bring_the_last_allow",
            "s15_the_context_goes_at_the_last_allow_not_at_the_first",
        ],
        "",
    ),
    rule(
        16,
        "Permit is PERMIT, block is BLOCK and ABSORB, on every call, and nothing else is \
         written.",
        &[
            "s16_a_block_is_block_and_absorb_on_every_call_and_enforced_bytes_are_untouched",
            "s16_a_permit_is_permit_on_every_call_and_enforced_bytes_are_untouched",
            "s16_an_end_without_data_is_permit_on_every_call",
        ],
        "",
    ),
    rule(
        17,
        "A blocked flow keeps its context and absorbs without asking.",
        &[
            "s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking",
            "s17_so_does_a_flow_that_the_policy_blocked",
        ],
        "",
    ),
    rule(
        18,
        "A block outlives its attachment; with abort, one work item ends the connections.",
        &[
            "s18_a_block_at_flow_established_aborts_too",
            "s18_a_block_outlives_its_attachment_because_stream_filters_stay",
            "s18_a_failing_abort_is_ignored_and_the_flow_goes_on_absorbing",
            "s18_a_flow_that_comes_after_a_listed_one_has_ended_is_not_taken_for_it",
            "s18_a_flow_that_is_being_deleted_may_be_aborted_and_the_failure_is_ignored",
            "s18_abort_absorbs_and_one_work_item_of_the_start_aborts_all_that_are_listed",
            "s18_absorb_is_the_default_and_aborts_nothing",
            "s18_an_abort_that_ends_the_flow_on_the_spot_is_fine",
            "s18_flows_that_are_deleted_already_are_skipped",
            "s18_what_the_policy_blocks_is_aborted_too",
        ],
        "that who blocks and who aborts meet at the list: stories of threads (tests/sim, \
         seeds_of_the_gate_break_no_rule; planted: list-joined-in-two-steps). That no lock is held \
         during the abort is checked by the import",
    ),
    rule(
        19,
        "Indications without data invoke nobody and pass; data with a disconnect is data.",
        &[
            "s19_data_with_a_disconnect_is_data",
            "s19_indications_without_data_invoke_nobody_and_are_permitted",
            "s19_they_pass_on_blocked_flows_too_so_that_both_ends_finish",
        ],
        "",
    ),
    rule(
        20,
        "Missed bytes are counted, and the policy decides.",
        &[
            "s20_missed_bytes_are_counted_by_direction_on_blocked_flows_too",
            "s20_under_closed_a_hole_before_nothing_blocks_what_follows",
            "s20_under_closed_missed_bytes_block_the_flow",
            "s20_under_open_missed_bytes_end_every_classifying_pair_and_the_segment_passes_unseen",
        ],
        "",
    ),
];
