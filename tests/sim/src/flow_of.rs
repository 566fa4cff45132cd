//! Which flow an event is about.

use weir_abi::event::Record;

/// The flow that an event is about, and its number within the flow.
#[must_use]
pub(crate) const fn flow_of(record: &Record<'_>) -> Option<(u64, u32)> {
    match record {
        Record::Invocation(event) => Some((event.flow_serial, event.flow_seq)),
        Record::Verdict(event) => Some((event.flow_serial, event.flow_seq)),
        Record::Cleanup(event) => Some((event.flow_serial, event.flow_seq)),
        Record::CopyFallback(event) => Some((event.flow_serial, event.flow_seq)),
        Record::FlowEstablished(event) => Some((event.flow_serial, event.flow_seq)),
        Record::FlowClosed(event) => Some((event.flow_serial, event.flow_seq)),
        Record::FlowRundown(event) => Some((event.flow_serial, event.flow_seq)),
        Record::AttachmentVerdict(event) => Some((event.flow_serial, event.flow_seq)),
        Record::FlowUninspected(event) => Some((event.flow_serial, event.flow_seq)),
        Record::Attached(_)
        | Record::Detached(_)
        | Record::DriverState(_)
        | Record::Error(_)
        | Record::Counters(_) => None,
    }
}
