//! What only shows where processors meet: caught by schedules, each of which a seed names.

use super::{Bug, CaughtBy};

/// Caught by stories of threads that take turns by seed: one of these seeds catches it. Seeds are
/// chosen for speed; where the code or the stories have changed and a bug is missed, others find it.
const fn schedules(seeds: &'static str) -> CaughtBy {
    let (package, binary) = ("weir-sim", "interleavings");
    CaughtBy { package, binary, tests: &["one_seed"], seeds: Some(seeds), hangs: false }
}

pub(super) const BUGS: &[Bug] = &[
    Bug {
        name: "flow-lock-not-held-in-the-walk",
        seen: "a flow that two processors indicate",
        what: "A walk works on a copy of the flow's state and puts it back: what another processor \
               decided meanwhile is undone.",
        file: "driver/src/stream.rs",
        from: "    let mut guard = flow.state.lock();\n    \
               let (life, level) = guard.split();\n    \
               let shown = driver.published.read(level, |snapshot| {\n        \
               let place = Place { driver, level, snapshot, has_stack \
               };\n        \
               Showing { place, tuple: &flow.tuple, life, now, todo: \
               Todo::default() }.turn(indication)\n    \
               });\n",
        to: "    let alone = \
             weir_nt::lock::SpinLock::new(*flow.state.lock());\n    \
             let mut guard = alone.lock();\n    \
             let (life, level) = guard.split();\n    \
             let shown = driver.published.read(level, |snapshot| {\n        \
             let place = Place { driver, level, snapshot, has_stack };\n        \
             let life = &mut *life;\n        \
             Showing { place, tuple: &flow.tuple, life, now, todo: \
             Todo::default() }.turn(indication)\n    \
             });\n    \
             *flow.state.lock() = *life;\n",
        caught_by: schedules("0..30"),
    },
    Bug {
        name: "hazard-pointer-published-too-late",
        seen: "any hazard pointer",
        what: "A reader looks whether its order is still the published one before it says that it \
               reads it.",
        file: "driver/nt/src/published.rs",
        from: "            place.store(value, Ordering::SeqCst);\n            \
               // Repeats only where somebody replaced it in between: \
               attach and detach are rare.\n            \
               if self.current.load(Ordering::SeqCst) == value {\n                \
               return NonNull::new(value);\n",
        to: "            if self.current.load(Ordering::SeqCst) == value \
             {\n                \
             place.store(value, Ordering::SeqCst);\n                \
             return NonNull::new(value);\n",
        caught_by: schedules("100..160"),
    },
    Bug {
        name: "readers-not-waited-for",
        seen: "F.4 13",
        what: "A detach is completed while walks that began before it still invoke the program.",
        file: "driver/nt/src/published.rs",
        from: "            while place.load(Ordering::SeqCst) == retired.old {\n",
        to: "            while false && place.load(Ordering::SeqCst) == retired.old {\n",
        caught_by: schedules("0..30"),
    },
    Bug {
        name: "reference-given-back-in-two-steps",
        seen: "A.9 #5555, in kind",
        what: "A reference count is read and written in two steps: of two that leave at once one \
               is not counted.",
        file: "driver/nt/src/slab.rs",
        from: "        let before = slot.state.fetch_sub(what, Ordering::AcqRel);\n",
        to: "        let before = slot.state.load(Ordering::Acquire);\n        \
             slot.state.swap(before.wrapping_sub(what), \
             Ordering::AcqRel);\n",
        caught_by: schedules("40..95"),
    },
    Bug {
        name: "leaving-told-after-the-order",
        seen: "A.9 #1093, in kind",
        what: "A program leaves the order before it is noted as leaving: pairs that end in between \
               are told by nobody.",
        file: "driver/src/detach.rs",
        from: "    driver.slots.set_leaving(slot, \
               Some(attached.facts.clone()));\n    \
               let retired = driver.published.replace(next);\n",
        to: "    let retired = driver.published.replace(next);\n    \
             driver.slots.set_leaving(slot, \
             Some(attached.facts.clone()));\n",
        caught_by: schedules("40..95"),
    },
    Bug {
        name: "list-joined-in-two-steps",
        seen: "any list without a lock",
        what: "Two flows that are blocked at once are put on the list of those to be aborted: one \
               of them is lost.",
        file: "driver/nt/src/slab.rs",
        from: "        let _before = \
               self.slab.listed.try_update(Ordering::AcqRel, \
               Ordering::Acquire, push);\n",
        to: "        let _pushed = \
             push(self.slab.listed.load(Ordering::Acquire));\n        \
             self.slab.listed.swap(self.index, Ordering::AcqRel);\n",
        caught_by: schedules("40..95"),
    },
    Bug {
        name: "who-did-not-enter-leaves",
        seen: "this driver, found by these schedules",
        what: "Whoever asks to enter a rundown protection that is closed leaves it all the same: \
               the count goes below nobody.",
        file: "driver/nt/src/rundown.rs",
        from: "(entered != 0).then(|| Inside { rundown: self })",
        to: "(entered != 0).then_some(Inside { rundown: self })",
        caught_by: schedules("40..95"),
    },
    Bug {
        name: "a-detached-pair-counts-on",
        seen: "this driver, found by these schedules",
        what: "A pair whose program is being detached is counted with data that the flow was shown \
               after.",
        file: "driver/src/stream.rs",
        from: "        self.count_leaving();\n",
        to: "",
        caught_by: schedules("0..30"),
    },
];
