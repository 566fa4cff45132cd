//! What the public prototypes of this hook do wrong, done to this driver.
//!
//! Source: github.com/mikeagun/ebpf-for-windows (`A.10` 1 to 9) and
//! github.com/mikeagun/ntosebpfext (10 to 14), both branch `poc-flow-hook` (read 2026-11)

use super::{Bug, hazards, rules};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "programs-not-called-at-new",
        seen: "A.10 1",
        what: "No program is asked at flow established: each hears of a flow with its first data.",
        file: "driver/engine/src/flow/establish.rs",
        from: "match host.invoke(slot, FlowState::New) {",
        to: "match Action::NeedMoreData {",
        caught_by: hazards(&["a10_programs_are_called_for_a_new_flow_before_any_data"]),
    },
    Bug {
        name: "associated-before-it-is-whole",
        seen: "A.10 2, A.9 #5555",
        what: "WFP has the context before what the walk came to is in it: data, a detach or the \
               end of the flow that comes at once finds nobody classifying.",
        file: "driver/src/established.rs",
        from: "    let associated = \
               flows::associate(new.tuple.flow_id(), new.tuple.is_v6(), \
               flow.handle());\n",
        to: "    let now = place.driver.clock.now();\n    \
             let whole = core::mem::replace(&mut *flow.state.lock(), \
             crate::flow::FlowLife::new(now));\n    \
             let associated =\n        \
             flows::associate(new.tuple.flow_id(), new.tuple.is_v6(), \
             flow.handle());\n    \
             *flow.state.lock() = whole;\n",
        caught_by: rules(&[
            "s08_data_before_the_association_returns_is_shown_to_those_classifying",
        ]),
    },
    Bug {
        name: "allowed-data-is-absorbed",
        seen: "A.10 3",
        what: "PERMIT comes with the flag that absorbs: what programs allow never arrives.",
        file: "driver/nt/src/wfp/callouts.rs",
        from: "out.action_type = FWP_ACTION_PERMIT;",
        to: "out.action_type = FWP_ACTION_PERMIT;\n            \
             out.flags |= FWPS_CLASSIFY_OUT_FLAG_ABSORB;",
        caught_by: hazards(&["p04_only_a_block_absorbs_whatever_the_answer_and_the_data_are"]),
    },
    Bug {
        name: "removed-while-it-is-classified",
        seen: "A.10 4",
        what: "WFP is asked for the context in the middle of the classification, which goes on \
               with it, its lock held.",
        file: "driver/src/after.rs",
        from: "            todo.remove = !life.is_associating && \
               !core::mem::replace(&mut life.is_removing, true);\n",
        to: "            if !life.is_associating && \
             !core::mem::replace(&mut life.is_removing, true) {\n                \
             let _status = flows::remove(tuple.flow_id(), \
             tuple.is_v6());\n            \
             }\n",
        caught_by: hazards(&[
            "p03_a_context_that_is_removed_on_the_own_stack_or_later_is_not_used_again",
        ]),
    },
    Bug {
        name: "a-block-removes-the-context",
        seen: "A.10 5",
        what: "A blocked flow loses its context, so the stream callout, which is conditional on \
               one, is not called again and everything after the block passes.",
        file: "driver/src/after.rs",
        from: "            driver.admission.turned_blocked();\n",
        to: "            driver.admission.turned_blocked();\n            \
             todo.remove = !core::mem::replace(&mut life.is_removing, \
             true);\n",
        caught_by: hazards(&[
            "a10_after_a_block_every_later_segment_is_classified_and_none_passes",
        ]),
    },
    Bug {
        name: "only-the-first-net-buffer",
        seen: "A.10 6",
        what: "Data in any buffer but the first of an indication is not looked at.",
        file: "driver/nt/src/wfp/indication.rs",
        from: "            return true;\n        }\n        self.next_buffer()\n",
        to: "            return true;\n        }\n        false\n",
        caught_by: hazards(&[
            "a10_a_needle_is_seen_wherever_it_lies_in_the_indication_and_what_is_not_in_it_is_not",
        ]),
    },
    Bug {
        name: "data-offset-ignored",
        seen: "A.10 6",
        what: "Programs are shown an MDL from its beginning, not from where the data begins.",
        file: "driver/nt/src/wfp/indication.rs",
        from: "let start = base.saturating_add(u64::from(self.data.data_offset.mdl_offset));",
        to: "let start = base;",
        caught_by: hazards(&[
            "a10_a_needle_is_seen_wherever_it_lies_in_the_indication_and_what_is_not_in_it_is_not",
        ]),
    },
    Bug {
        name: "one-context-for-a-flow",
        seen: "A.10 7",
        what: "Every invocation of a flow gets the same context, with what programs wrote to it.",
        file: "driver/nt/src/ebpf/client.rs",
        from: "(self.invoke)(self.binding, program_context, &raw mut answer)",
        to: "\n            \
             static KEPT: crate::lock::SpinLock<([u8; 8], [u8; 64])> =\n                \
             crate::lock::SpinLock::new(([0; 8], [0; 64]));\n            \
             let mut kept = KEPT.lock();\n            \
             if kept.0 == context.context[72..80] {\n                \
             context.context[..64].copy_from_slice(&kept.1);\n            \
             }\n            \
             kept.0.copy_from_slice(&context.context[72..80]);\n            \
             let result = (self.invoke)(self.binding, program_context, \
             &raw mut answer);\n            \
             kept.1.copy_from_slice(&context.context[..64]);\n            \
             result\n       \
             ",
        caught_by: rules(&[
            "s02_what_a_program_writes_reaches_no_other_program_nor_the_driver_nor_an_event",
        ]),
    },
    Bug {
        name: "the-last-verdict-wins",
        seen: "A.10 8",
        what: "A block does not end the walk: whoever is asked after it overrides it.",
        file: "driver/engine/src/flow/establish.rs",
        from: "                    self.block_by(BlockedBy::Program, \
               slot, FateReason::Answer, classifying);\n                    \
               return Established::Keep;\n",
        to: "                    self.block_by(BlockedBy::Program, slot, \
             FateReason::Answer, classifying);\n",
        caught_by: rules(&[
            "s06_a_block_stops_the_walk_and_those_classifying_get_one_deleted_each",
        ]),
    },
    Bug {
        name: "a-deletion-leaks",
        seen: "A.10 9",
        what: "A deleted flow's place is never given back.",
        file: "driver/src/deleted.rs",
        from: "        end(driver, &flow, false);\n    }\n    flow.retire();\n",
        to: "        end(driver, &flow, false);\n    }\n",
        caught_by: hazards(&["a10_flows_of_every_end_leave_no_place_taken"]),
    },
    Bug {
        name: "descriptor-without-data",
        seen: "A.10 10",
        what: "The context descriptor says that data begins and ends at 0, so the verifier refuses \
               every program that looks at it.",
        file: "driver/abi/src/program_type.rs",
        from: "    offset_of!(FlowClassify, data_start) as i32,\n    \
               offset_of!(FlowClassify, data_end) as i32,\n",
        to: "    0,\n    0,\n",
        caught_by: hazards(&[
            "a10_the_information_names_the_data_and_the_level_at_which_programs_run",
        ]),
    },
    Bug {
        name: "required-irql-passive",
        seen: "A.10 11",
        what: "The core is told that programs run at PASSIVE_LEVEL.",
        file: "driver/nt/src/ebpf/program_information.rs",
        from: "const REQUIRED_IRQL: u8 = 2;",
        to: "const REQUIRED_IRQL: u8 = 0;",
        caught_by: hazards(&[
            "a10_the_information_names_the_data_and_the_level_at_which_programs_run",
        ]),
    },
    Bug {
        name: "sublayer-never-created",
        seen: "A.10 12",
        what: "The sublayer that filters name is not added, so no filter is.",
        file: "driver/nt/src/wfp/engine.rs",
        from: "FwpmSubLayerAdd0(self.handle, &raw const sublayer, null_mut())",
        to: "core::mem::forget(sublayer); NtStatus::SUCCESS",
        caught_by: hazards(&["a10_every_filter_is_in_a_sublayer_that_was_added"]),
    },
    Bug {
        name: "removal-by-wrong-ids",
        seen: "A.10 13",
        what: "A context is removed by the id of the wrong layer, which leaves it where it is.",
        file: "driver/nt/src/wfp/flows.rs",
        from: "FwpsFlowRemoveContext0(flow_id, layer, callout)",
        to: "FwpsFlowRemoveContext0(flow_id, layer + 1, callout)",
        caught_by: hazards(&["a10_removal_names_the_layer_and_the_callout_of_the_association"]),
    },
    Bug {
        name: "freed-while-associated",
        seen: "A.10 14, A.9 #5291",
        what: "A context's memory goes when its removal is asked for, not when the deletion is \
               told.",
        file: "driver/src/after.rs",
        from: "        if todo.remove {\n            self.remove(flow);\n",
        to: "        if todo.remove {\n            \
             flow.retire();\n            \
             self.remove(flow);\n",
        caught_by: hazards(&["a10_a_place_is_not_given_again_while_wfp_has_the_context"]),
    },
];
