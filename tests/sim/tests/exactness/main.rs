//! What the collector says of the real driver is exact, whatever it missed.
//!
//! The events are those of `weir.sys` in the simulated kernel, the collector is its own stages; in
//! between, events are dropped, repeated, forged, delayed and shuffled under a seed.
//! The same rules on synthetic events are in `collector/stages/tests/exact_under_loss.rs`, which
//! can write what the driver never would; here nobody agrees with themselves: values, marks and
//! capture states are the driver's.
//!
//! * `host`: a machine under load, and its own books of who classifies what.
//! * `reader`: a collector that misses some of the events, and the books of what it missed.
//! * `figures`: a snapshot as plain numbers, and the same numbers from the driver's own totals.
//! * `loss`, `flows`, `forged`, `loads`, `late`, `detail`: the rules.
//!
//! `WEIR_SEEDS=FIRST..LAST` chooses other seeds than those of the gate.
//! `WEIR_RECORD=FILE.etl` has `record::a_run_is_recorded` write one run as a trace file.
#![expect(unused_crate_dependencies, reason = "dependencies of the crate's other targets")]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod detail;
mod figures;
mod flows;
mod forged;
mod host;
mod late;
mod loads;
mod loss;
mod reader;
mod record;
mod seeds;
