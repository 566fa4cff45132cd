//! Event trace files (`.etl`), read and written on any operating system.
#![forbid(unsafe_code)]

pub mod fields;
pub mod tracelogging;
mod file_time;
mod trace;
mod record;
mod little_endian;
mod header;
mod damage;
mod clock;
mod compression;
mod buffer;
pub mod write;

pub use compression::Format;
pub use file_time::FileTime;
pub use trace::{Buffers, OpenError, PROBE_BYTES, Trace, is_trace};
pub use record::{
    Body, Classic, Event, ExtendedItem, ExtendedItems, Kernel, Kind, Message, Record, item_kind,
};
pub use header::{ClockKind, LogHeader};
pub use damage::{DAMAGES_KEPT, Damage, DamageKind, Damages};
pub use weir_abi::identifiers::Guid;
