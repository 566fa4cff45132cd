//! Reading, ends, attachments, failures, the life of the driver: rules S21 to S40.

use super::{Rule, rule};

pub(super) const RULES: &[Rule] = &[
    rule(
        21,
        "Contiguous data is read in place.",
        &["s21_contiguous_data_is_read_where_it_lies_without_copy_or_allocation"],
        "",
    ),
    rule(
        22,
        "Other data is copied once per segment, whatever its shape.",
        &[
            "s22_every_shape_is_one_stream_of_its_bytes_in_segments_of_at_most_65534",
            "s22_other_data_is_copied_once_however_many_attachments_there_are",
            "s22_the_copy_lies_in_a_buffer_of_the_processor_that_was_there_at_start",
        ],
        "",
    ),
    rule(
        23,
        "What cannot be read whole is not shown; the policy decides.",
        &[
            "s23_a_later_segment_that_cannot_be_read_decides_for_the_whole_indication",
            "s23_what_cannot_be_read_whole_is_never_shown_and_blocks_when_closed",
            "s23_what_cannot_be_read_whole_is_never_shown_and_passes_when_open",
        ],
        "",
    ),
    rule(
        24,
        "Programs must not write to segments.",
        &["s24_a_program_that_writes_to_a_segment_fails_and_nobody_sees_its_bytes"],
        "the contract says so and the driver cannot see it broken by native code; here the VM \
         gives programs segments that cannot be written",
    ),
    rule(
        25,
        "A deleted flow is told once to each that is classifying it, in attach order.",
        &[
            "s25_a_deleted_flow_is_not_told_to_those_that_decided",
            "s25_a_deleted_flow_is_told_once_to_each_that_is_classifying_in_attach_order",
            "s25_removal_after_the_last_allow_causes_no_deleted",
        ],
        "",
    ),
    rule(
        26,
        "A pair ends once, with a DELETED or without, by its reason.",
        &[
            "s26_a_block_at_new_ends_its_pair_and_those_before",
            "s26_a_block_by_policy_ends_the_failed_pair_and_the_others_in_attach_order",
            "s26_a_block_within_the_data_ends_its_pair_and_those_before_and_after",
            "s26_a_detach_ends_the_pairs_of_the_attachment_without_a_deleted",
            "s26_a_filtering_engine_that_was_away_ends_the_pairs_of_its_time",
            "s26_a_pair_that_ends_before_the_detach_walk_comes_ends_once",
            "s26_allow_ends_a_pair_at_new_and_within_the_data",
            "s26_failures_end_a_pair_with_a_deleted_where_it_had_asked_for_more",
            "s26_own_answers_of_a_flow_with_a_context_are_told_once_each",
            "s26_the_end_of_the_connection_ends_the_pairs_that_are_left",
            "s26_unload_ends_the_pairs_that_are_left_without_a_deleted",
        ],
        "",
    ),
    rule(
        27,
        "A flow that somebody was asked about has one fate.",
        &[
            "s27_each_flow_has_one_fate_and_each_pair_one_end_whatever_happens_when_closed",
            "s27_each_flow_has_one_fate_and_each_pair_one_end_whatever_happens_when_open",
            "s27_each_flow_has_one_fate_and_each_pair_one_end_where_blocked_flows_are_aborted",
            "s27_each_of_the_five_fates_is_told_and_counted_once",
        ],
        "",
    ),
    rule(
        28,
        "64 attachments, and the 65th is refused; attaching works while the engine is down.",
        &[
            "s28_64_programs_are_asked_in_attach_order_and_the_65th_is_refused",
            "s28_a_place_that_became_free_can_be_taken_once",
            "s28_each_form_of_the_parameter_is_understood_and_told",
            "s28_garbage_of_every_length_is_refused_and_told",
            "s28_programs_attach_while_the_filtering_engine_is_down",
        ],
        "",
    ),
    rule(
        29,
        "Who attaches sees later flows only; a slot is used again after the detach walk.",
        &[
            "s29_a_new_program_sees_only_flows_that_are_established_after_it",
            "s29_a_slot_is_given_again_only_after_the_walk_and_never_with_its_flows",
            "s29_a_walk_goes_on_with_the_order_that_it_began_with",
            "s29_attach_ids_are_never_given_again",
        ],
        "that no reader on another processor has an older order: stories of threads (tests/sim, \
         seeds_of_the_gate_break_no_rule; planted: readers-not-waited-for)",
    ),
    rule(
        30,
        "A detach ends in the worker, without DELETED, and releases what only it was \
         classifying.",
        &[
            "s30_a_detach_ends_in_the_worker_and_nobody_is_asked_meanwhile",
            "s30_detaches_that_were_asked_for_together_end_in_any_order",
            "s30_the_order_of_the_rest_stays_and_who_attaches_again_is_the_last",
            "s30_the_walk_releases_flows_that_only_the_detached_was_classifying",
            "s30_what_an_attachment_took_is_given_back_after_its_final_counters",
            "s30_what_comes_before_the_walk_is_not_counted_as_shown_to_who_left",
        ],
        "",
    ),
    rule(
        31,
        "The result is looked at before the answer; failures are counted, and told at a \
         bounded rate.",
        &[
            "s31_errors_are_told_ten_times_a_second_with_the_number_left_out",
            "s31_failures_are_counted_by_result_and_other_numbers_as_invalid",
            "s31_no_failure_and_no_other_number_is_an_allow_at_new",
            "s31_no_failure_and_no_other_number_is_an_allow_within_the_data",
        ],
        "",
    ),
    rule(
        32,
        "The failure table, under both policies.",
        &[
            "s32_a_block_is_never_turned_into_permit_by_a_failure",
            "s32_a_deletion_without_stack_ends_the_pairs_and_the_flow",
            "s32_a_failure_at_deleted_is_counted_and_nothing_else",
            "s32_a_failure_at_new_ends_its_pair_when_open_and_blocks_when_closed",
            "s32_a_segment_without_stack_ends_every_pair_when_open_and_blocks_when_closed",
            "s32_flow_established_without_stack_asks_nobody_and_the_policy_decides",
            "s32_missed_bytes_end_every_pair_when_open_and_block_when_closed",
            "s32_the_eighth_failure_in_a_row_ends_a_pair_when_open",
            "s32_the_first_failure_within_the_data_blocks_when_closed",
            "s32_without_a_context_the_flow_passes_when_open_and_is_blocked_when_closed",
        ],
        "",
    ),
    rule(
        33,
        "Inspected and blocked flows have a bound each, checked before any program runs.",
        &[
            "s33_a_flow_that_nobody_would_inspect_is_not_refused",
            "s33_blocked_flows_have_a_bound_of_their_own",
            "s33_flows_that_nobody_inspects_take_no_place",
            "s33_inspected_flows_are_bounded_before_any_program_runs",
            "s33_inspected_flows_may_turn_blocked_beyond_the_bound",
            "s33_pool_failures_do_not_use_up_the_contexts",
        ],
        "",
    ),
    rule(
        34,
        "A start that fails leaves nothing; the engine may come late, stop and return.",
        &[
            "s34_a_life_with_any_one_failure_leaves_nothing_whatever_the_engine_does",
            "s34_a_start_that_fails_undoes_what_it_had_done_in_reverse_order",
            "s34_an_engine_that_refuses_is_asked_again",
            "s34_blocked_flows_absorb_again_when_the_engine_returns",
            "s34_every_state_of_the_service_but_running_is_down",
            "s34_flows_of_the_time_without_engine_are_never_inspected",
            "s34_one_transaction_adds_every_object",
            "s34_pairs_that_missed_bytes_end_even_without_stack",
            "s34_the_engine_may_come_after_the_driver",
            "s34_when_the_engine_returns_pairs_that_missed_bytes_end_and_the_policy_decides",
        ],
        "",
    ),
    rule(
        35,
        "The order of the unload, which ends every flow and leaves nothing.",
        &[
            "s35_callouts_that_are_busy_are_tried_again",
            "s35_filters_that_cannot_be_deleted_go_with_the_session_and_are_told",
            "s35_flows_that_cannot_be_aborted_do_not_stop_the_unload_and_are_told",
            "s35_the_last_words_are_a_whole_set_of_counters_and_the_stop",
            "s35_unload_after_the_engine_stopped_removes_the_contexts_of_its_time",
            "s35_unload_ends_flows_in_every_state",
            "s35_unload_goes_in_its_order",
            "s35_unload_needs_no_filtering_engine",
            "s35_unload_with_everything_queued_leaves_nothing",
        ],
        "",
    ),
    rule(
        36,
        "The flags of the callouts.",
        &["s36_callouts_leave_offloads_on_as_far_as_inspection_allows"],
        "",
    ),
    rule(
        37,
        "Contexts are numbers that may be late or wrong; WFP is asked to remove each once.",
        &[
            "s37_a_context_is_removed_once_even_if_everybody_wants_it",
            "s37_a_context_that_has_gone_already_is_no_error",
            "s37_a_deletion_by_itself_asks_for_no_removal",
            "s37_a_number_of_a_flow_that_is_gone_is_not_taken_for_its_successor",
            "s37_a_number_that_is_nobodys_does_nothing",
        ],
        "",
    ),
    rule(
        38,
        "Invocations of a flow are serialised, flows are apart.",
        &[
            "s38_a_flow_is_established_while_data_of_another_is_shown",
            "s38_data_of_two_flows_is_shown_at_once",
            "s38_one_flow_ends_while_data_of_another_is_shown",
        ],
        "that processors wait for each other: stories of threads count invocations of a flow that \
         begin within another, and follow the order of locks (tests/sim, \
         seeds_of_the_gate_break_no_rule; planted: flow-lock-not-held-in-the-walk). No WFP call is \
         made under a lock, which the imports check",
    ),
    rule(
        39,
        "Programs run at DISPATCH_LEVEL, on one expanded stack, without pool calls.",
        &[
            "s39_each_entry_point_stays_within_a_kernel_stack",
            "s39_each_walk_has_one_stack_that_was_asked_for_before_the_lock",
            "s39_flow_established_makes_one_pool_call_at_most_and_the_others_none",
            "s39_nothing_waits_in_callouts",
            "s39_programs_run_at_dispatch_level_whatever_the_callout_was_called_at",
        ],
        "",
    ),
    rule(
        40,
        "Ring 0 reads no level and no privileged register.",
        &["s40_the_image_imports_nothing_that_reads_or_sets_a_level_but_the_lock_calls"],
        "the instructions are checked by `cargo xtask driver`",
    ),
];
