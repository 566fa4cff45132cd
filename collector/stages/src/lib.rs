//! The stages of the collector between bytes and exposition, without I/O.
//!
//! Nothing here reads a clock, the environment or randomness: `now` and seeds are parameters.
//!
//! * [`batch`]: events as a session delivered them.
//! * [`order`]: events of live sessions in the order of time again.
//! * [`decode`]: bytes to records, with every event counted once as received and once as
//!   aggregated or dropped.
//! * [`aggregate`]: records to bounded state.
//! * [`catalogue`]: the one table of metrics.
//! * [`snapshot`]: state and `now` to sorted families of samples.
//! * [`exposition`]: a snapshot as Prometheus or OpenMetrics text.
//! * [`otlp`]: a snapshot as OTLP requests.
//! * [`checks`]: the doctor's checks, evidence to verdicts.
//! * [`docs`]: the generated pages about metrics and events.
#![forbid(unsafe_code)]

pub mod aggregate;
pub mod batch;
pub mod catalogue;
pub mod checks;
pub mod decode;
pub mod docs;
pub mod exposition;
pub mod kinds;
pub mod order;
pub mod otlp;
pub mod snapshot;

pub use aggregate::{Aggregator, Limits, Options};
pub use batch::EventBatch;
pub use snapshot::{Snapshot, SnapshotOptions};
