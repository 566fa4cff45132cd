//! Metrics, and what the collector says of itself, to an OTLP receiver.
//!
//! Snapshots become requests in the stages; here they wait in a bounded queue and are sent.
//!
//! * [`OtlpArgs`] and `OTEL_*` variables: [`Settings`], by `variables`, `endpoint`, `headers`,
//!   `resource`.
//! * [`Exporter`]: a thread that converts at each interval and sends.
//! * `http_transport`, `grpc_transport`, `connect`, `tls`: the way out.
//! * `sender`, `outcome`, `backoff`: what is tried again, and when.
//! * `queue`, [`SignalStats`]: what waits, what became of it.
//! * [`Operational`]: the SDK, for the collector's own times and warnings.

mod args;
mod backoff;
mod connect;
mod endpoint;
mod exporter;
mod grpc_transport;
mod headers;
mod http_transport;
mod message;
mod notices;
mod operational;
mod outcome;
mod queue;
mod resource;
mod sender;
mod settings;
mod signal;
mod stats;
mod tls;
mod variables;

pub use args::{Compression, HistogramArg, OtlpArgs, Protocol, TemporalityArg};
pub use exporter::Exporter;
pub use operational::Operational;
pub use settings::Settings;
pub use signal::Signal;
pub use stats::{SignalStats, StatsReader};

/// Who asks, in every request.
const AGENT: &str = concat!("weir/", env!("CARGO_PKG_VERSION"));

/// An error with what caused it, in one line.
fn chain(error: &dyn core::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    // An error names a handful of causes; a longer chain says nothing more.
    for _ in 0..8 {
        let Some(cause) = source else { break };
        let cause_words = cause.to_string();
        if !words.contains(&cause_words) {
            words = format!("{words}: {cause_words}");
        }
        source = cause.source();
    }
    words
}
