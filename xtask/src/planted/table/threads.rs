//! What only shows where processors meet: caught by schedules, each of which a seed names.

use super::{Bug, CaughtBy};

/// Schedules that are tried: each of these bugs shows in several of them.
const SEEDS: &str = "0..100";

/// Caught by stories of threads that take turns by seed.
const fn schedules() -> CaughtBy {
    let (package, binary) = ("weir-sim", "interleavings");
    CaughtBy { package, binary, tests: &[], seeds: Some(SEEDS), hangs: false }
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
        caught_by: schedules(),
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
        caught_by: schedules(),
    },
    Bug {
        name: "readers-not-waited-for",
        seen: "F.4 13",
        what: "A detach is completed while walks that began before it still invoke the program.",
        file: "driver/nt/src/published.rs",
        from: "            while place.load(Ordering::SeqCst) == retired.old {\n",
        to: "            while false && place.load(Ordering::SeqCst) == retired.old {\n",
        caught_by: schedules(),
    },
];
