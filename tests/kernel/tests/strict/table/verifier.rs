//! What Driver Verifier's options and its rules for imports ask.

use super::{Row, row};

/// The options first, then rules of DDI compliance checking.
pub(super) const ROWS: &[Row] = &[
    row(
        "Special Pool",
        "a step beyond a block, by a byte",
        &[
            "every_byte_around_a_guarded_block_is_looked_at_when_it_is_freed",
            "a_read_behind_a_guarded_block_ends_the_process",
            "a_write_before_a_guarded_block_ends_the_process",
        ],
        "a read of the up to 15 bytes between a block's end and its page",
    ),
    row(
        "Special Pool",
        "use of a block that is freed",
        &[
            "a_read_of_a_guarded_block_that_is_freed_ends_the_process",
            "freed_pool_that_an_import_is_given_ends_the_process",
            "a_write_after_the_free_is_told_at_the_end",
        ],
        "blocks of more than 64 KB, and those that 256 later ones have pushed out",
    ),
    row(
        "Pool Tracking",
        "a block that is left",
        &["pool_fails_on_demand_and_at_its_limit", "what_the_driver_leaves_behind_is_told"],
        "",
    ),
    row(
        "Pool Tracking",
        "a tag that is none, or another one at the free",
        &["tags_that_nobody_can_read_are_told", "misuse_of_pool_is_told"],
        "",
    ),
    row(
        "Pool Tracking",
        "a block that is freed twice or is none",
        &["misuse_of_pool_is_told", "guarded_blocks_are_whole_zero_and_aligned"],
        "",
    ),
    row(
        "Force IRQL Checking",
        "paged memory at DISPATCH_LEVEL",
        &[
            "paged_pool_that_an_import_is_given_at_dispatch_level_is_told",
            "nothing_of_the_image_can_be_paged_out_or_thrown_away",
            "sections_that_can_be_paged_out_thrown_away_or_changed_are_told",
        ],
        "what the driver's own code reads of paged pool: it allocates none",
    ),
    row(
        "Deadlock Detection",
        "a spin lock taken twice, or released elsewhere than last",
        &["misuse_of_locks_is_told"],
        "",
    ),
    row(
        "Deadlock Detection",
        "two locks in opposite orders, on any threads",
        &[
            "locks_that_are_taken_in_opposite_orders_are_told_though_nobody_waited",
            "the_opposite_order_is_told_once_with_both_chains",
            "a_circle_of_three_threads_is_told",
            "every_lock_that_is_held_counts_not_only_the_last",
        ],
        "",
    ),
    row(
        "Miscellaneous Checks",
        "freed memory with an active lock, timer or DPC in it",
        &["a_block_with_a_timer_that_is_set_is_not_freed_in_silence"],
        "",
    ),
    row(
        "Miscellaneous Checks",
        "a driver that leaves timers, work items, event providers, callouts, contexts behind",
        &[
            "misuse_of_timers_is_told",
            "leaks_of_objects_are_told",
            "a_provider_hears_of_sessions",
            "a_dynamic_session_takes_its_objects_along",
        ],
        "",
    ),
    row(
        "Security Checks",
        "handles that user mode could use",
        &["a_key_that_is_opened_for_writing_or_for_user_mode_is_told"],
        "",
    ),
    row(
        "Security Checks",
        "a device that others can open without a right to it",
        &["a_device_that_has_a_name_or_can_be_opened_below_is_told"],
        "",
    ),
    row(
        "Code Integrity Checks",
        "memory or sections that can be written and executed",
        &[
            "flags_that_are_not_for_this_driver_are_told",
            "a_section_that_can_be_written_and_executed_is_refused",
            "sections_that_can_be_paged_out_thrown_away_or_changed_are_told",
        ],
        "HVCI itself",
    ),
    row(
        "Randomized Low Resources Simulation",
        "an allocation that fails",
        &["a_life_with_any_one_failure_leaves_nothing"],
        "each place of each scenario is failed in turn by the binary `faults`",
    ),
    row(
        "Invariant MDL Checking",
        "stream data that a callout changes",
        &["a_stream_callout_that_changes_its_packet_is_told"],
        "",
    ),
    row(
        "IrqlExAllocatePool",
        "an allocation above DISPATCH_LEVEL, of paged pool above APC_LEVEL",
        &["misuse_of_pool_is_told", "paged_pool_is_neither_asked_for_nor_freed_at_dispatch_level"],
        "",
    ),
    row(
        "IrqlIoApcLte, IrqlIoPassive1",
        "devices created or deleted at a raised level",
        &["devices_and_timers_at_a_level_that_is_too_high_are_told"],
        "",
    ),
    row(
        "IrqlKeApcLte1",
        "a wait at DISPATCH_LEVEL or with a lock",
        &["waiting_with_a_lock_is_told", "rundown_refuses_once_it_began"],
        "",
    ),
    row(
        "IrqlKeDispatchLte",
        "timers and locks above DISPATCH_LEVEL",
        &["devices_and_timers_at_a_level_that_is_too_high_are_told"],
        "every import names its level (`enter_import`); nothing of the driver runs higher",
    ),
    row(
        "IrqlKeRaiseLower, IrqlKeRaiseLower2",
        "a level that is lowered by raising, or not restored",
        &["a_call_has_to_come_back_at_its_level"],
        "",
    ),
    row(
        "IrqlKeReleaseSpinLock",
        "a release to another level than the acquisition's",
        &["a_lock_that_is_released_below_dispatch_level_is_told", "misuse_of_locks_is_told"],
        "",
    ),
    row(
        "IrqlReturn",
        "a callback that returns at another level",
        &["a_call_has_to_come_back_at_its_level", "misuse_of_locks_is_told"],
        "",
    ),
    row(
        "IrqlZwPassive",
        "registry calls above PASSIVE_LEVEL",
        &["the_registry_is_read_at_passive_level_only"],
        "",
    ),
    row(
        "SpinLock, SpinLockRelease",
        "a lock that is released without being held, or left held",
        &["misuse_of_locks_is_told"],
        "",
    ),
    row(
        "ZwRegistryOpen",
        "a key that is left open, or closed twice",
        &["the_registry_is_read_below_the_drivers_key"],
        "",
    ),
];
