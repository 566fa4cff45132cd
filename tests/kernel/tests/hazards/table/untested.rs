//! What nobody tests: gaps of the public simulations of the filtering platform and of their tests.
//!
//! Source: microsoft/usersim, src/fwp_um.cpp, and microsoft/ebpf-for-windows, tests/netebpfext_unit
//! (read 2026-11)

use super::{Hazard, hazard};

pub(super) const HAZARDS: &[Hazard] = &[
    hazard(
        "F.4 1",
        "Callouts conditional on a flow; a block that lasts; the end that passes.",
        &[
            "a10_after_a_block_every_later_segment_is_classified_and_none_passes",
            "a_callout_that_needs_a_context_is_skipped_without_one",
            "s07_a_flow_that_everybody_allows_costs_nothing_after_flow_established",
            "s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking",
            "s19_they_pass_on_blocked_flows_too_so_that_both_ends_finish",
        ],
        "",
    ),
    hazard(
        "F.4 2",
        "Every failure of an association; a flow that ends within it, or while it is classified; a \
         removal that is pending.",
        &[
            "a09_4587_no_program_is_invoked_for_data_whose_association_failed",
            "f04_02_a_flow_that_ends_while_its_data_is_shown_has_its_verdict_and_ends_once",
            "p01_a_flow_may_come_to_its_end_between_association_and_return",
            "p02_each_answer_to_a_removal_is_taken_for_what_it_is",
            "s09_a_block_is_returned_here_whatever_the_policy_and_no_deleted_is_repeated",
        ],
        "a deletion that is told while the same flow is being classified: a third of the stories of \
         threads has that (tests/sim, seeds_of_the_gate_break_no_rule, `is_hostile`)",
    ),
    hazard(
        "F.4 3",
        "Verdicts of several programs in attach order, with every DELETED; attach and detach in \
         the middle of a flow.",
        &[
            "f04_03_three_programs_answer_in_every_combination",
            "s14_a_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none",
            "s25_a_deleted_flow_is_told_once_to_each_that_is_classifying_in_attach_order",
            "s29_a_new_program_sees_only_flows_that_are_established_after_it",
            "s30_the_walk_releases_flows_that_only_the_detached_was_classifying",
        ],
        "",
    ),
    hazard(
        "F.4 4",
        "An invocation that fails with the answer 0, and numbers that are no answers.",
        &[
            "p06_no_number_but_the_three_is_an_answer_and_each_is_counted",
            "s31_no_failure_and_no_other_number_is_an_allow_at_new",
            "s31_no_failure_and_no_other_number_is_an_allow_within_the_data",
        ],
        "",
    ),
    hazard(
        "F.4 5",
        "Data in every shape, of no bytes and of megabytes, unmapped, and copied in part.",
        &[
            "f04_05_eight_megabytes_are_shown_whole",
            "s12_megabytes_are_no_different",
            "s19_indications_without_data_invoke_nobody_and_are_permitted",
            "s21_contiguous_data_is_read_where_it_lies_without_copy_or_allocation",
            "s22_every_shape_is_one_stream_of_its_bytes_in_segments_of_at_most_65534",
            "s23_what_cannot_be_read_whole_is_never_shown_and_blocks_when_closed",
            "s23_what_cannot_be_read_whole_is_never_shown_and_passes_when_open",
        ],
        "a copy buffer that cannot be allocated: there is one for each processor from the start \
         on, so it is a start that fails",
    ),
    hazard(
        "F.4 6",
        "The header before the context is written by the core; a context is not shared by \
         processors.",
        &[
            "s02_header_and_context_lie_on_the_stack_of_the_processor_that_invokes",
            "s02_what_a_program_writes_reaches_no_other_program_nor_the_driver_nor_an_event",
            "s38_data_of_two_flows_is_shown_at_once",
        ],
        "",
    ),
    hazard(
        "F.4 7",
        "The level of every call, and waits with a lock held.",
        &[
            "a_call_has_to_come_back_at_its_level",
            "a_lock_that_others_may_want_must_not_be_held",
            "misuse_of_locks_is_told",
            "s39_nothing_waits_in_callouts",
            "s39_programs_run_at_dispatch_level_whatever_the_callout_was_called_at",
            "waiting_with_a_lock_is_told",
        ],
        "",
    ),
    hazard(
        "F.4 8",
        "Loopback: both ends.",
        &[
            "f04_08_each_end_of_a_loopback_connection_has_its_own_verdict",
            "s01_both_ends_of_a_loopback_connection_are_flows_of_their_own",
        ],
        "whether Windows indicates one end within the indication of the other",
    ),
    hazard(
        "F.4 9",
        "Fewer and more values than today, and metadata that is missing.",
        &[
            "f04_09_a_flow_is_inspected_with_whatever_values_and_metadata_there_are",
            "s11_a_missing_flow_handle_is_an_error",
            "s11_fields_are_read_only_where_there_are_so_many_values",
        ],
        "",
    ),
    hazard(
        "F.4 10",
        "The engine stops and returns, its handle is stale, its transaction fails.",
        &[
            "s34_an_engine_that_refuses_is_asked_again",
            "s34_blocked_flows_absorb_again_when_the_engine_returns",
            "s34_when_the_engine_returns_pairs_that_missed_bytes_end_and_the_policy_decides",
            "s35_unload_after_the_engine_stopped_removes_the_contexts_of_its_time",
        ],
        "an abort of a transaction that fails: the driver closes the session right after, which \
         ends it too",
    ),
    hazard(
        "F.4 11",
        "Unload with live flows, busy callouts, memory that goes last; a start that fails at each \
         step.",
        &[
            "a09_1272_no_callout_is_asked_to_go_while_a_program_or_a_context_is_there",
            "s34_a_life_with_any_one_failure_leaves_nothing_whatever_the_engine_does",
            "s35_callouts_that_are_busy_are_tried_again",
            "s35_unload_ends_flows_in_every_state",
            "s35_unload_goes_in_its_order",
        ],
        "threads that classify during the unload",
    ),
    hazard(
        "F.4 12",
        "A filter that is not deleted, or whose deletion is told late or never.",
        &[
            "a09_4192_a_filter_that_stays_or_is_told_of_late_does_not_stop_the_unload",
            "s35_filters_that_cannot_be_deleted_go_with_the_session_and_are_told",
        ],
        "",
    ),
    hazard(
        "F.4 13",
        "A detach while an invocation is in flight; a provider that leaves while a client comes.",
        &[
            "f04_13_a_detach_is_pending_while_the_program_is_running",
            "s29_a_walk_goes_on_with_the_order_that_it_began_with",
            "s30_a_detach_ends_in_the_worker_and_nobody_is_asked_meanwhile",
        ],
        "a client that comes while the provider leaves (microsoft/ebpf-for-windows issue 4982): \
         nothing of a test runs within an unload, and the registrar here refuses it",
    ),
    hazard(
        "F.4 14",
        "Sizes and offsets of every structure.",
        &[],
        "assertions of the compiler, in `driver/nt` and once more, from the public headers, in \
         the `layout` modules of this kernel; a driver that does not agree is not built",
    ),
];
