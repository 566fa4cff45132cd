//! The driver's events through the collector's stages, to an exposition.

use crate::machine::head_of;
use std::sync::Arc;
use weir_abi::identifiers::PROVIDER;
use weir_sim_kernel::etw::Written;
use weir_stages::batch::{BatchError, EventBatch};
use weir_stages::snapshot::SnapshotOptions;
use weir_stages::{Aggregator, Limits, Snapshot, exposition};

/// What the collector makes of these events, once the trace is over.
///
/// # Errors
/// An event that is not Weir's, or longer than any can be.
pub fn snapshot(events: &[Written]) -> Result<Arc<Snapshot>, String> {
    let mut aggregator = Aggregator::new(Limits::default());
    let mut batch = EventBatch::new();
    let mut now_ns = 0;
    for event in events {
        if event.provider != PROVIDER {
            return Err(format!("event {} is of provider {}", event.id, event.provider));
        }
        let head = head_of(event);
        now_ns = now_ns.max(head.time_ns);
        if batch.push(head, &event.payload) == Err(BatchError::Full) {
            aggregator.apply(&batch);
            batch.clear();
            batch.push(head, &event.payload).map_err(|error| error.to_string())?;
        }
    }
    aggregator.apply(&batch);
    aggregator.finish();
    Ok(Arc::new(aggregator.snapshot(now_ns, &SnapshotOptions::default())))
}

/// The exposition of these events.
///
/// # Errors
/// As [`snapshot`], or the encoder refuses.
pub fn metrics(events: &[Written]) -> Result<String, String> {
    exposition::text(&snapshot(events)?).map_err(|error| error.to_string())
}
