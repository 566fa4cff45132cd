//! What went wrong in comparable drivers, and what nobody tests, done to this driver.
//!
//! Source: microsoft/ebpf-for-windows issues and commits, microsoft/usersim issues, by number
//! (read 2026-11)

use super::{Bug, hazards, rules};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "callouts-go-before-programs",
        seen: "A.9 #1272 #1402",
        what: "The unload asks for the callouts first, while programs are attached and flows live.",
        file: "driver/src/stop.rs",
        from: "    drop(hook);\n",
        to: "    unregister(driver, &mut callouts);\n    drop(hook);\n",
        caught_by: hazards(&[
            "a09_1272_no_callout_is_asked_to_go_while_a_program_or_a_context_is_there",
        ]),
    },
    Bug {
        name: "a-filters-deletion-is-tried-once",
        seen: "A.9 #4192 #5472 #5486, F.4 12",
        what: "A deletion of a filter that fails in passing leaves the filter.",
        file: "driver/nt/src/wfp/engine.rs",
        from: "const DELETIONS_MAX: u32 = 3;",
        to: "const DELETIONS_MAX: u32 = 1;",
        caught_by: hazards(&[
            "a09_4192_a_filter_that_stays_or_is_told_of_late_does_not_stop_the_unload",
        ]),
    },
    Bug {
        name: "filter-blocks-without-its-callout",
        seen: "A.9 #5496",
        what: "Filters lack the flag that permits while their callout is not registered.",
        file: "driver/nt/src/wfp/engine.rs",
        from: "flags: FWPM_FILTER_FLAG_PERMIT_IF_CALLOUT_UNREGISTERED,",
        to: "flags: 0,",
        caught_by: hazards(&[
            "a09_5496_every_filter_permits_without_its_callout_and_nothing_is_left_to_block",
        ]),
    },
    Bug {
        name: "goes-on-without-a-context",
        seen: "A.9 #4587, F.4 2",
        what: "A flow whose association failed is treated as one that has a context: programs go \
               on classifying what they will never see.",
        file: "driver/src/established.rs",
        from: "        return Walked::over(new.take_back(place, &flow));\n",
        to: "",
        caught_by: hazards(&["a09_4587_no_program_is_invoked_for_data_whose_association_failed"]),
    },
    Bug {
        name: "a-name-that-exists-is-success",
        seen: "F.4 2",
        what: "STATUS_OBJECT_NAME_EXISTS is a success code: an association that left another's \
               context in place is taken for ours.",
        file: "driver/nt/src/wfp/flows.rs",
        from: "if status == NtStatus::SUCCESS { Ok(()) }",
        to: "if status.is_success() { Ok(()) }",
        caught_by: rules(&["s08_a_name_that_exists_is_no_success"]),
    },
    Bug {
        name: "flows-keep-a-program-that-is-gone",
        seen: "A.9 #5291",
        what: "A detach does not clear its slot out of the flows, which then hold what the next \
               program in that slot is.",
        file: "driver/src/detach.rs",
        from: "    if !is_stopping {\n        clear(driver, slot);\n    }\n",
        to: "",
        caught_by: rules(&[
            "s29_a_slot_is_given_again_only_after_the_walk_and_never_with_its_flows",
            "s30_the_walk_releases_flows_that_only_the_detached_was_classifying",
        ]),
    },
    Bug {
        name: "a-detach-frees-what-wfp-has",
        seen: "A.9 #5555",
        what: "The walk of a detach frees the flows that it ends, which WFP still has.",
        file: "driver/src/detach.rs",
        from: "            driver.finish(&flow, todo);\n",
        to: "            if todo.remove {\n                flow.retire();\n            }\n",
        caught_by: rules(&["s30_the_walk_releases_flows_that_only_the_detached_was_classifying"]),
    },
    Bug {
        name: "a-deletion-after-the-detach-leaks",
        seen: "A.9 #1093",
        what: "A deletion of a flow that no program is classifying any more gives nothing back.",
        file: "driver/src/deleted.rs",
        from: "    if wants_nobody(&flow) {\n        end(driver, &flow, true);\n",
        to: "    if wants_nobody(&flow) {\n        end(driver, &flow, true);\n        return;\n",
        caught_by: hazards(&["a09_1093_a_deletion_after_the_detach_gives_back_what_the_flow_had"]),
    },
    Bug {
        name: "verdict-not-set",
        seen: "A.9 d26597c61",
        what: "Where nobody blocks the action stays what it was before the callout.",
        file: "driver/nt/src/wfp/callouts.rs",
        from: "        } else {\n            out.action_type = FWP_ACTION_PERMIT;\n        }\n",
        to: "        }\n",
        caught_by: hazards(&[
            "a09_d26597c61_a_flow_that_nobody_decides_about_does_not_have_the_verdict_of_another",
        ]),
    },
    Bug {
        name: "an-engine-that-refused-is-given-up",
        seen: "A.9 #521",
        what: "A filtering engine that did not take the filters at load is never asked again.",
        file: "driver/src/telemetry.rs",
        from: "    if !driver.engine.is_up() {\n",
        to: "    if false {\n",
        caught_by: rules(&["s34_an_engine_that_refuses_is_asked_again"]),
    },
    Bug {
        name: "flow-established-permits",
        seen: "A.9 #4738",
        what: "Flow established answers PERMIT, which overrides other filters, instead of \
               CONTINUE.",
        file: "driver/nt/src/wfp/callouts.rs",
        from: "{ FWP_ACTION_BLOCK } else { FWP_ACTION_CONTINUE }",
        to: "{ FWP_ACTION_BLOCK } else { FWP_ACTION_PERMIT }",
        caught_by: rules(&["s10_the_callout_continues_on_every_other_path"]),
    },
    Bug {
        name: "a-deletion-asks-for-a-removal",
        seen: "A.9 #263 #272 #4555 #4584 #4636",
        what: "A flow that ends by itself has its context removed besides, from within the telling \
               of its deletion.",
        file: "driver/src/deleted.rs",
        from: "        let (_outcome, Todo { .. }) = ended;\n",
        to: "        let (_outcome, Todo { .. }) = ended;\n        \
             let tuple = &flow.tuple;\n        \
             let _status = weir_nt::wfp::flows::remove(tuple.flow_id(), \
             tuple.is_v6());\n",
        caught_by: rules(&["s37_a_deletion_by_itself_asks_for_no_removal"]),
    },
    Bug {
        name: "answer-before-result",
        seen: "F.4 4",
        what: "An answer is believed although the invocation failed: the core sets it to 0, which \
               is ALLOW.",
        file: "driver/nt/src/ebpf/client.rs",
        from: "            0 => Ok(answer),\n",
        to: "            failed if failed == 0 || answer <= 2 => Ok(answer),\n",
        caught_by: rules(&[
            "s31_no_failure_and_no_other_number_is_an_allow_at_new",
            "s31_no_failure_and_no_other_number_is_an_allow_within_the_data",
        ]),
    },
    Bug {
        name: "the-end-of-a-stream-is-absorbed",
        seen: "F.4 1",
        what: "On a blocked flow an indication without data is blocked too: no side ever finishes.",
        file: "driver/src/stream.rs",
        from: "    if indication.bytes == 0 && indication.missed_bytes \
               == 0 {\n        \
               return false;\n",
        to: "    if indication.bytes == 0 && indication.missed_bytes == \
             0 {\n        \
             let handle = Handle::from_raw(flow_context);\n        \
             let flow = handle.and_then(|handle| \
             driver.flows.get(handle));\n        \
             return flow.is_some_and(|flow| \
             flow.state.lock().engine.is_blocked());\n",
        caught_by: rules(&["s19_they_pass_on_blocked_flows_too_so_that_both_ends_finish"]),
    },
    Bug {
        name: "a-detach-does-not-wait",
        seen: "F.4 13",
        what: "A detach says that it is complete while the program runs, so the core frees it.",
        file: "driver/src/detach.rs",
        from: "unpublish(driver, slot).is_some() && state.work.queue()",
        to: "unpublish(driver, slot).is_some() && state.work.queue() && false",
        caught_by: hazards(&["f04_13_a_detach_is_pending_while_the_program_is_running"]),
    },
    Bug {
        name: "a-busy-callout-is-taken-for-gone",
        seen: "F.4 11",
        what: "A callout that cannot be unregistered yet is left, and the driver goes.",
        file: "driver/nt/src/wfp/callouts.rs",
        from: "                return Err(status);\n            }\n            *place = None;\n",
        to: "            }\n            *place = None;\n",
        caught_by: rules(&["s35_callouts_that_are_busy_are_tried_again"]),
    },
    Bug {
        name: "a-missing-field-is-read",
        seen: "F.4 9",
        what: "A metadata field is read whether its bit says that it is there or not.",
        file: "driver/nt/src/wfp/values.rs",
        from: "    metadata.current_metadata_values & bit != 0\n",
        to: "    metadata.current_metadata_values | bit != 0\n",
        caught_by: rules(&["s11_a_missing_flow_handle_is_an_error"]),
    },
];
