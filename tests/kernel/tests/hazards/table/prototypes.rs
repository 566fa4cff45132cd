//! Bugs of the public prototypes of the hook.
//!
//! Source: github.com/mikeagun/ebpf-for-windows (1 to 9) and github.com/mikeagun/ntosebpfext (10 to
//! 14), both branch `poc-flow-hook` (read 2026-11)

use super::{Hazard, hazard};

pub(super) const HAZARDS: &[Hazard] = &[
    hazard(
        "A.10 1",
        "Programs are called for new flows.",
        &[
            "a10_programs_are_called_for_a_new_flow_before_any_data",
            "s04_each_matching_attachment_is_invoked_once_in_attach_order",
        ],
        "",
    ),
    hazard(
        "A.10 2",
        "A flow is linked before it is associated.",
        &[
            "p01_a_flow_may_come_to_its_end_between_association_and_return",
            "s08_data_before_the_association_returns_is_shown_to_those_classifying",
            "s08_the_only_one_classifying_may_be_detached_before_the_association_returns",
        ],
        "",
    ),
    hazard(
        "A.10 3",
        "An allowed segment is not absorbed.",
        &[
            "p04_only_a_block_absorbs_whatever_the_answer_and_the_data_are",
            "s16_a_permit_is_permit_on_every_call_and_enforced_bytes_are_untouched",
        ],
        "",
    ),
    hazard(
        "A.10 4",
        "A context is not used after its removal.",
        &["p03_a_context_that_is_removed_on_the_own_stack_or_later_is_not_used_again"],
        "reads of a place that stays mapped, as places of flows do until the unload: only writes \
         and what comes of them show",
    ),
    hazard(
        "A.10 5",
        "A blocked flow goes on being classified.",
        &[
            "a10_after_a_block_every_later_segment_is_classified_and_none_passes",
            "s17_a_blocked_flow_keeps_its_context_and_absorbs_without_asking",
        ],
        "",
    ),
    hazard(
        "A.10 6",
        "All buffers are looked at, from the offset on.",
        &[
            "a10_a_needle_is_seen_wherever_it_lies_in_the_indication_and_what_is_not_in_it_is_not",
            "s22_every_shape_is_one_stream_of_its_bytes_in_segments_of_at_most_65534",
        ],
        "",
    ),
    hazard(
        "A.10 7",
        "Each invocation has a context of its own.",
        &[
            "s02_flows_in_turn_do_not_mix",
            "s02_header_and_context_lie_on_the_stack_of_the_processor_that_invokes",
            "s02_what_a_program_writes_reaches_no_other_program_nor_the_driver_nor_an_event",
        ],
        "",
    ),
    hazard(
        "A.10 8",
        "With several programs the first block decides, not the last verdict.",
        &[
            "f04_03_three_programs_answer_in_every_combination",
            "s12_an_allow_in_one_part_does_not_outweigh_a_block_in_a_later_one",
            "s14_the_first_blocker_decides_and_the_others_do_not_see_the_segment",
        ],
        "",
    ),
    hazard(
        "A.10 9",
        "Nothing of a flow is left in a list when it has ended.",
        &[
            "a09_1093_a_deletion_after_the_detach_gives_back_what_the_flow_had",
            "a10_flows_of_every_end_leave_no_place_taken",
        ],
        "",
    ),
    hazard(
        "A.10 10",
        "The descriptor of the context says where data lies.",
        &[
            "a10_the_information_names_the_data_and_the_level_at_which_programs_run",
            "s12_each_classifying_attachment_sees_each_segment_once_and_whole_in_both_directions",
        ],
        "",
    ),
    hazard(
        "A.10 11",
        "The information names the level at which programs run.",
        &[
            "a10_the_information_names_the_data_and_the_level_at_which_programs_run",
            "s39_programs_run_at_dispatch_level_whatever_the_callout_was_called_at",
        ],
        "",
    ),
    hazard(
        "A.10 12",
        "The sublayer is added.",
        &[
            "a10_every_filter_is_in_a_sublayer_that_was_added",
            "s34_one_transaction_adds_every_object",
            "what_a_filter_names_must_exist_and_fit",
        ],
        "",
    ),
    hazard(
        "A.10 13",
        "A removal names the ids of the association.",
        &["a10_removal_names_the_layer_and_the_callout_of_the_association"],
        "",
    ),
    hazard(
        "A.10 14",
        "Memory stays while it is associated.",
        &[
            "a09_1272_no_callout_is_asked_to_go_while_a_program_or_a_context_is_there",
            "a10_a_place_is_not_given_again_while_wfp_has_the_context",
        ],
        "",
    ),
];
