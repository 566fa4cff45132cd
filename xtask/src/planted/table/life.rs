//! What is counted, timed, queued and registered, and goes wrong already on one processor.

use super::{Bug, rules};

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "generation-not-looked-at",
        seen: "a late callback of WFP",
        what: "A number of a flow that is gone names the flow that has its place now.",
        file: "driver/nt/src/slab.rs",
        from: "            state & ALIVE != 0 && state >> 32 == handle.generation()\n",
        to: "            state & ALIVE != 0\n",
        caught_by: rules(&["s37_a_number_of_a_flow_that_is_gone_is_not_taken_for_its_successor"]),
    },
    Bug {
        name: "reference-given-back-twice",
        seen: "A.9 #5555, in kind",
        what: "The end of a flow takes a reference along that its owner gives back once more.",
        file: "driver/nt/src/slab.rs",
        from: "        self.slot.state.fetch_and(!ALIVE, Ordering::AcqRel) & ALIVE != 0\n",
        to: "        let before = self.slot.state.fetch_and(!ALIVE, \
             Ordering::AcqRel);\n        \
             self.slab.take_away(self.index, self.slot, 1);\n        \
             before & ALIVE != 0\n",
        caught_by: rules(&["s35_unload_ends_flows_in_every_state"]),
    },
    Bug {
        name: "work-queued-twice",
        seen: "a work item's contract",
        what: "A work item that waits in the queue is queued again.",
        file: "driver/nt/src/work.rs",
        from: "        if self.asked.fetch_add(1, Ordering::AcqRel) == 0 {\n",
        to: "        if self.asked.fetch_add(1, Ordering::AcqRel) != u64::MAX {\n",
        caught_by: rules(&["s35_unload_with_everything_queued_leaves_nothing"]),
    },
    Bug {
        name: "work-not-waited-for",
        seen: "a work item's contract",
        what: "A work item is freed while it waits in the queue.",
        file: "driver/nt/src/work.rs",
        from: "        self.work.running.wait();\n",
        to: "",
        caught_by: rules(&["s34_a_start_that_fails_undoes_what_it_had_done_in_reverse_order"]),
    },
    Bug {
        name: "timer-not-cancelled",
        seen: "unload of any driver with a timer",
        what: "The timer is left in the kernel's list when its memory goes.",
        file: "driver/nt/src/timer.rs",
        from: "KeCancelTimer(self.timer.timer.get().cast())",
        to: "0_u8",
        caught_by: rules(&["s35_unload_ends_flows_in_every_state"]),
    },
    Bug {
        name: "dpc-not-flushed",
        seen: "unload of any driver with a timer",
        what: "The timer is cancelled, but a call of it that has begun is not waited for.",
        file: "driver/nt/src/timer.rs",
        from: "KeFlushQueuedDpcs()",
        to: "()",
        caught_by: rules(&["s35_unload_goes_in_its_order"]),
    },
    Bug {
        name: "released-too-early-to-be-removed",
        seen: "A.9 #5555, in kind",
        what: "A flow that is released before WFP has its context is removed by nobody.",
        file: "driver/src/established.rs",
        from: "let remove = life.is_released && !core::mem::replace(&mut life.is_removing, true);",
        to: "let remove = false;",
        caught_by: rules(&["s08_a_verdict_before_the_association_returns_stands"]),
    },
    Bug {
        name: "work-asked-for-meanwhile-is-lost",
        seen: "a work item's contract",
        what: "Work that is asked for while it is being done is not done again.",
        file: "driver/nt/src/work.rs",
        from: "work.asked.fetch_sub(asked, Ordering::AcqRel) != asked",
        to: "work.asked.swap(0, Ordering::AcqRel) < asked",
        caught_by: rules(&["s30_detaches_that_were_asked_for_together_end_in_any_order"]),
    },
    Bug {
        name: "an-event-after-the-provider",
        seen: "unload of any driver with events",
        what: "The last events are written when the provider is unregistered.",
        file: "driver/src/stop.rs",
        from: "    telling::tell(driver);\n    \
               driver.tell_state(StateKind::Stop);\n    \
               drop(etw);\n",
        to: "    drop(etw);\n    telling::tell(driver);\n    driver.tell_state(StateKind::Stop);\n",
        caught_by: rules(&["s35_the_last_words_are_a_whole_set_of_counters_and_the_stop"]),
    },
    Bug {
        name: "a-released-flow-keeps-its-place",
        seen: "a bound that is counted",
        what: "Flows that end are not taken off the count, until no flow is inspected any more.",
        file: "driver/src/after.rs",
        from: "            driver.admission.released(is_blocked);\n",
        to: "",
        caught_by: rules(&["s33_inspected_flows_are_bounded_before_any_program_runs"]),
    },
    Bug {
        name: "removal-asked-for-twice",
        seen: "a context that everybody wants to remove",
        what: "Whoever asks WFP for a context does not say so: unload asks again for one whose \
               deletion is still to come.",
        file: "driver/src/after.rs",
        from: "!core::mem::replace(&mut life.is_removing, true);",
        to: "!life.is_removing;",
        caught_by: rules(&["s35_unload_ends_flows_in_every_state"]),
    },
];
