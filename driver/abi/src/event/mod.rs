//! The events of provider `Weir.FlowClassify`: one definition each, encode and decode from it.
//!
//! A payload is packed and little-endian: the fixed fields in their order, beginning with
//! `fixed_length`, then counted texts, then 8 bytes reserved for a keyed MAC.
//! `fixed_length` counts from the payload's first byte to the end of the fixed fields; a reader
//! skips fixed fields that it does not know and ignores what lies between its last known text and
//! the MAC, so an old reader reads new events.
//! `fixed_length` is followed by `cpu`, `epoch` and `sequence` in every event.

mod decode;
mod define;
mod flow;
mod state;

pub use decode::{DecodeError, Record, kind_metadata, kind_name};
pub use flow::{
    AttachmentVerdict, Cleanup, CopyFallback, CopyReason, Fate, FateReason, FlowClosed,
    FlowEstablished, FlowRundown, FlowUninspected, Invocation, PairEnd, Verdict,
};
pub use state::{
    Attached, ClockKind, Counters, CountersHeader, Detached, DriverState, ErrorApi, ErrorEvent,
    FailurePolicy, StateKind,
};

use crate::wire::FieldInfo;

/// Bytes before an event's own first field: `fixed_length`, `cpu`, `epoch`, `sequence`.
pub const PREFIX_BYTES: usize = 12;

/// Bytes after the last text, reserved for a keyed MAC; zero in version 1.
pub const MAC_BYTES: usize = 8;

/// Largest payload of any event that this version writes.
pub const EVENT_BYTES_MAX: usize = 3_800;

/// What stands before every event's own fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    /// Processor on which the event was numbered and written.
    pub cpu: u16,
    /// Random number of this load of the driver.
    pub epoch: u32,
    /// Number of the event on this processor and of this kind, counted from 1.
    pub sequence: u32,
}

/// An event kind: its descriptor and its codec.
pub trait Event: Sized {
    /// Event id.
    const ID: u16;
    /// Version that this code writes.
    const VERSION: u8;
    /// Keyword bit.
    const KEYWORD: u64;
    /// Level: 2 error, 4 information, 5 verbose.
    const LEVEL: u8;
    /// Name.
    const NAME: &'static str;
    /// Fields after `fixed_length`, in order.
    const FIELDS: &'static [FieldInfo];
    /// What a self-describing event carries beside its payload.
    const METADATA: &'static [u8];

    /// Writes the payload; `None` where `out` is too small.
    fn encode(&self, prefix: Prefix, out: &mut [u8]) -> Option<usize>;

    /// Reads a payload of any bytes.
    ///
    /// # Errors
    /// Where the payload is shorter than this version's fields or a value is malformed.
    fn decode(payload: &[u8]) -> Result<(Prefix, Self), DecodeError>;
}

/// What ETW knows of an event beside its payload.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventHead {
    /// Event id.
    pub id: u16,
    /// Version.
    pub version: u8,
    /// Level.
    pub level: u8,
    /// Keyword.
    pub keyword: u64,
    /// When it was written, in nanoseconds since 1970 UTC.
    pub time_ns: u64,
}

impl EventHead {
    /// The head of an event of kind `E`.
    #[must_use]
    pub const fn of<E: Event>(time_ns: u64) -> Self {
        Self { id: E::ID, version: E::VERSION, level: E::LEVEL, keyword: E::KEYWORD, time_ns }
    }
}

/// Keyword that asks for Invocation events with their metadata; all others always carry it.
pub const KEYWORD_SELF_DESCRIBING: u64 = 0x2000;

/// Error events of one API and status that are written in a second (S31).
pub const ERRORS_PER_SECOND: u32 = 10;

/// Highest event id of this version; ids count from 1.
pub const KIND_LAST: u16 = 14;
