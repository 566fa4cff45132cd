//! Faults: every import that can fail is failed once at each place that the scenarios reach, and
//! memory is gone from each such place on.
//!
//! `scenarios` are lives of the driver, `world` runs one and holds every decision against what
//! programs saw and answered, `flows`. `points` fails one point after the other; `told` says which
//! Error event each failure comes with, `counted` that counters and events agree. `low_memory` and
//! `turns` are failures that last, and what the platform does late, twice, never, or at the wrong
//! moment; `places` is what failures must not use up.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod counted;
mod flows;
mod low_memory;
mod places;
mod points;
mod random;
mod scenarios;
mod statuses;
mod told;
mod turns;
mod world;
