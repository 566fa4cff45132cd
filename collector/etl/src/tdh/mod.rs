//! Descriptions of manifest events that a file carries with it.
//!
//! An event of a manifest provider does not say what it holds; its provider's manifest does, on the
//! machine that wrote it. Tools that make a trace ready to be read elsewhere (`xperf -merge`, the
//! Windows Performance Recorder, PerfView) copy what Windows knows of its events into the file, as
//! classic events of one class:
//!
//! ```text
//! type 32: TRACE_EVENT_INFO, what TdhGetEventInformation gave
//! type 33: provider's GUID | EVENT_MAP_INFO, what TdhGetEventMapInformation gave
//! ```
//!
//! [`Catalogue`] collects them, and finds the [`EventInfo`] of an event: names, and the
//! [`Schema`](crate::fields::Schema) to read its payload by. A merge appends them, so that they
//! carry times of their own and may come after the events they describe: read the file twice, with
//! [`Trace::into_reader`](crate::Trace::into_reader) in between.
//!
//! An `EventSource` of .NET needs no merge: it writes its manifest, which is XML, into its own
//! event stream. The catalogue reads those too, and, where a file describes nothing, the manifests
//! that programs are built from: [`Catalogue::learn_manifest`].
//!
//! The third class that mergers write, `ed54dff8-c409-4cf6-bf83-05e1e61a09c4`, describes no events:
//! it is the machine's Windows System Assessment Tool results, compressed XML.
//!
//! Source: microsoft/perfview src/TraceEvent/RegisteredTraceEventParser.cs and
//! src/TraceEvent/Parsers/SymbolTraceEventParser.cs (read 2026-11)

mod catalogue;
mod chunks;
mod codes;
mod event_info;
mod manifest;
mod map_info;
mod properties;
mod strings;

#[cfg(test)]
mod tests;

pub use catalogue::{BYTES_MAX, Catalogue, DESCRIPTIONS_MAX};
pub use event_info::{EventInfo, InfoError};
pub use manifest::{MANIFEST_BYTES_MAX, ManifestError};
pub use map_info::MapError;
