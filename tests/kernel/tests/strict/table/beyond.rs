//! What is asked beyond Driver Verifier.

use super::{Row, row};

/// Registry, tracing, the platform, the registrar, the driver's own life.
pub(super) const ROWS: &[Row] = &[
    row(
        "beyond",
        "a key opened for more than is done with it, or read without the right",
        &[
            "a_key_that_is_opened_for_writing_or_for_user_mode_is_told",
            "a_value_of_a_key_that_was_not_opened_for_it_is_refused_and_told",
        ],
        "",
    ),
    row(
        "beyond",
        "a buffer that is not aligned, or shorter than what is read of it",
        &[
            "a_value_into_memory_that_is_not_aligned_is_told",
            "a_pointer_to_less_than_an_import_reads_is_told",
        ],
        "",
    ),
    row(
        "beyond",
        "a lock that is held through many imports, copies or long",
        &["the_longest_hold_is_kept_with_what_happened_in_it"],
        "a figure, no bound",
    ),
    row(
        "beyond",
        "an event provider registered twice, unregistered twice or in its own callback, written \
         to afterwards",
        &[
            "a_provider_that_is_registered_twice_is_told",
            "a_provider_that_unregisters_in_its_own_callback_is_told",
            "a_keyword_of_microsofts_and_an_event_after_the_end_are_told",
        ],
        "",
    ),
    row(
        "beyond",
        "an event that no reader understands",
        &[
            "pieces_stand_in_their_order",
            "a_keyword_of_microsofts_and_an_event_after_the_end_are_told",
        ],
        "",
    ),
    row(
        "beyond",
        "objects without provider, key or sublayer of the driver's own",
        &["objects_that_name_no_provider_are_told", "what_a_filter_names_must_exist_and_fit"],
        "",
    ),
    row(
        "beyond",
        "objects that outlive the driver: persistent, boot-time, of a session that is not dynamic",
        &[
            "objects_that_would_outlive_the_driver_are_told_and_refused",
            "a_session_that_is_not_dynamic_and_what_it_adds_are_told",
        ],
        "",
    ),
    row(
        "beyond",
        "a security descriptor of one's own",
        &["a_security_descriptor_of_ones_own_is_told"],
        "whether the engine's default lets a service without rights delete the objects",
    ),
    row(
        "beyond",
        "a transaction left open, a session closed twice, a handle used by two at once",
        &[
            "a_session_that_is_closed_with_a_transaction_open_is_told",
            "a_session_whose_commit_failed_may_be_closed",
            "a_session_that_is_closed_twice_is_told",
            "a_handle_that_is_used_by_two_at_once_is_told",
        ],
        "",
    ),
    row(
        "beyond",
        "a callout unregistered twice, or with contexts and no way to hear of their end",
        &[
            "a_callout_that_is_unregistered_twice_is_told",
            "a_callout_with_contexts_that_hears_of_no_end_is_told",
        ],
        "",
    ),
    row(
        "beyond",
        "a provider deregistered twice, or waited for without that; a detachment completed twice",
        &["misuse_is_told"],
        "",
    ),
    row(
        "beyond",
        "work items queued twice, freed while queued, or left on a device that goes",
        &["misuse_of_devices_and_work_items_is_told"],
        "",
    ),
    row(
        "beyond",
        "a thread that stays bound to a processor",
        &["a_thread_moves_with_its_affinity_and_has_to_give_it_back"],
        "",
    ),
    row(
        "beyond",
        "a stack that overflows, the expanded one too",
        &["a_stack_overflow_is_told", "an_overflow_of_an_expanded_stack_is_told"],
        "real depth below other vendors' frames",
    ),
    row(
        "beyond",
        "a wait without end",
        &["a_loop_of_waits_without_end_is_told", "a_rundown_that_never_ends_is_told"],
        "",
    ),
    row(
        "beyond",
        "code that runs after the unload",
        &["code_of_a_driver_that_is_gone_is_not_run"],
        "",
    ),
    row(
        "beyond",
        "a context that one program leaves to the next",
        &[
            "s02_nobodys_scribbling_changes_what_anybody_sees_decides_or_reads_of_it",
            "s02_a_test_run_takes_its_context_apart_whatever_was_written_over_it",
        ],
        "",
    ),
    row(
        "beyond",
        "a callout that leaves no action, or a terminating one that goes on",
        &["a_missing_or_wrong_action_is_told"],
        "",
    ),
    row(
        "beyond",
        "a call into the platform or the registrar with a lock that others may want",
        &["a_lock_that_others_may_want_must_not_be_held"],
        "",
    ),
    row(
        "beyond",
        "a context removed from the telling of its end",
        &["removal_from_the_deletion_is_told"],
        "",
    ),
    row(
        "beyond",
        "a position in stream data that was moved half",
        &["a_position_that_was_moved_half_is_told"],
        "",
    ),
    row(
        "all of them",
        "the image itself",
        &[
            "a_life_with_everything_in_it_breaks_no_rule_with_pool_guarded_behind",
            "a_life_with_everything_in_it_breaks_no_rule_with_pool_guarded_before",
        ],
        "",
    ),
];
