//! What is deployed beside the programs is held to what the programs are.
//!
//! * [`names`]: expressions name only metrics, labels and label values that the catalogue has.
//! * [`place`]: where the files are.
//!
//! The tests are in `tests/`: dashboards, rules, documents, and a day with a real Prometheus.

pub mod names;
pub mod place;
