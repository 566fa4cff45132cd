//! What the server shows: published whole, read by any number of requests.

use core::net::SocketAddr;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;
use weir_abi::wire::Ticks;
use weir_stages::Snapshot;

/// Where the newest view is found.
pub type Views = watch::Receiver<Arc<View>>;

/// One moment of a running collector.
pub struct View {
    /// Metrics and tables.
    pub snapshot: Arc<Snapshot>,
    /// What the flows are, as a part of a sentence.
    pub source: &'static str,
    /// When the collector started, in nanoseconds since 1970.
    pub started_ns: u64,
    /// Age from which an undecided flow with data counts as stuck.
    pub stuck_after_ns: u64,
    /// Flows that nobody has decided yet.
    pub undecided: usize,
    /// Rates of the last minute.
    pub rates: Rates,
    /// The latest verdicts of each fate, newest first.
    pub verdicts: Vec<VerdictRow>,
    /// Servers by address, where their purpose is known.
    pub endpoints: Vec<Endpoint>,
}

/// Counts per second, oldest first; the last is the newest.
#[derive(Clone, Debug, Default)]
pub struct Rates {
    /// Invocations per second by program.
    pub invocations: BTreeMap<Arc<str>, Vec<u32>>,
    /// Settled flows per second.
    pub flows: Vec<u32>,
}

/// A server and what it is for.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its address.
    pub address: SocketAddr,
    /// Its purpose.
    pub purpose: &'static str,
}

/// A settled flow, from its Verdict event.
#[derive(Clone, Debug)]
pub struct VerdictRow {
    /// When it was settled, in nanoseconds since 1970.
    pub at_ns: u64,
    /// The flow as the driver numbers it.
    pub flow_serial: u64,
    /// Local end.
    pub local: SocketAddr,
    /// Remote end.
    pub remote: SocketAddr,
    /// What a demo client says it asked for; events never carry it.
    pub note: Option<&'static str>,
    /// Who decided; of an undecided flow, who had not.
    pub program: String,
    /// The fate.
    pub fate: &'static str,
    /// What brought it about.
    pub reason: &'static str,
    /// Segments shown, both directions.
    pub segments: u64,
    /// Bytes shown, both directions.
    pub bytes: u64,
    /// From established to settled.
    pub after: Ticks,
}
