//! Weak spots of the prototypes, a scenario each.
//!
//! Source: github.com/mikeagun/ebpf-for-windows, branch `poc-flow-hook`, and
//! learn.microsoft.com/windows-hardware/drivers/ddi/fwpsk (read 2026-11)

use super::{Hazard, hazard};

pub(super) const HAZARDS: &[Hazard] = &[
    hazard(
        "P1",
        "A flow may end between its association and its place in a list.",
        &[
            "p01_a_flow_may_come_to_its_end_between_association_and_return",
            "s08_a_flow_may_end_before_the_association_returns",
            "s08_an_association_that_fails_after_such_a_detach_ends_each_pair_once",
        ],
        "",
    ),
    hazard(
        "P2",
        "A removal succeeds, is pending, or comes too late; DELETED is told once, and the unload \
         waits.",
        &[
            "f04_13_a_detach_is_pending_while_the_program_is_running",
            "p02_each_answer_to_a_removal_is_taken_for_what_it_is",
            "s37_a_context_is_removed_once_even_if_everybody_wants_it",
            "s37_a_context_that_has_gone_already_is_no_error",
        ],
        "a detach walk that meets a classification of the same flow on another processor: one \
         thread cannot be in both",
    ),
    hazard(
        "P3",
        "A context that was removed is not touched, however the removal ended.",
        &["p03_a_context_that_is_removed_on_the_own_stack_or_later_is_not_used_again"],
        "a removal that succeeds from within a stream classification: the platform documents \
         pending for it, and so it is here",
    ),
    hazard(
        "P4",
        "Only a block absorbs.",
        &[
            "f04_03_three_programs_answer_in_every_combination",
            "p04_only_a_block_absorbs_whatever_the_answer_and_the_data_are",
        ],
        "",
    ),
    hazard(
        "P5",
        "After a block no byte passes.",
        &[
            "a10_after_a_block_every_later_segment_is_classified_and_none_passes",
            "p05_of_a_blocked_flow_no_byte_passes_in_either_direction",
        ],
        "what Windows makes of a blocked flow whose context is gone: the driver does not come \
         there, since the context stays",
    ),
    hazard(
        "P6",
        "A number outside the three is no verdict, and is counted.",
        &[
            "p06_no_number_but_the_three_is_an_answer_and_each_is_counted",
            "s31_failures_are_counted_by_result_and_other_numbers_as_invalid",
        ],
        "",
    ),
    hazard(
        "P7",
        "A program never runs on nothing: what cannot be read is the policy's.",
        &[
            "s23_a_later_segment_that_cannot_be_read_decides_for_the_whole_indication",
            "s23_what_cannot_be_read_whole_is_never_shown_and_blocks_when_closed",
            "s23_what_cannot_be_read_whole_is_never_shown_and_passes_when_open",
        ],
        "",
    ),
    hazard(
        "P8",
        "The verdict does not depend on pieces; lengths beyond 32 bits, ends, and missed bytes.",
        &[
            "p08_a_length_beyond_32_bits_is_not_cut_to_what_fits",
            "p08_the_verdict_does_not_depend_on_the_pieces",
            "s19_data_with_a_disconnect_is_data",
            "s19_indications_without_data_invoke_nobody_and_are_permitted",
            "s20_under_closed_missed_bytes_block_the_flow",
            "s20_under_open_missed_bytes_end_every_classifying_pair_and_the_segment_passes_unseen",
        ],
        "",
    ),
    hazard(
        "P9",
        "A flow that has a context already.",
        &[
            "p09_a_flow_that_has_a_context_already_keeps_it_and_a_new_block_is_returned",
            "s08_a_name_that_exists_is_no_success",
        ],
        "a context number at flow established: contexts are the stream callouts', so Windows \
         has none to pass there, and the driver does not look",
    ),
    hazard(
        "P10",
        "One blocks while others are owed a DELETED; the blocker detaches from the middle.",
        &[
            "f04_03_three_programs_answer_in_every_combination",
            "p10_whoever_a_block_ended_is_told_once_and_not_again_when_the_blocker_leaves",
            "s14_a_block_is_immediate_and_every_other_gets_one_deleted_and_the_blocker_none",
            "s26_a_block_within_the_data_ends_its_pair_and_those_before_and_after",
        ],
        "",
    ),
];
