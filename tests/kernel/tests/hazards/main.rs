//! Hazards: what went wrong in comparable drivers, what public prototypes of this hook do wrong
//! and what nobody tests, each against the image of `weir.sys` in the simulated kernel.
//!
//! `table` lists every hazard and says which tests hold it, of here or of `rules`, or why it cannot
//! be shown here. `history` and `deletions` have lessons of netebpfext, `prototypes` bugs of the
//! prototypes, `untested` what no simulation tests, `scenarios` ends of flows at the wrong moment,
//! `verdicts`, `answers` and `bytes` what programs answer about what. The scene is that of `rules`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod bytes;
#[path = "../rules/counted.rs"]
#[expect(dead_code, reason = "`rules` uses the rest")]
mod counted;
mod deletions;
mod history;
mod kept;
mod prototypes;
mod scenarios;
#[path = "../rules/scene.rs"]
#[expect(dead_code, reason = "`rules` uses the rest")]
mod scene;
mod table;
mod untested;
mod verdicts;
