//! Event trace files (`.etl`), read and written on any operating system.
//!
//! A session of Event Tracing for Windows writes buffers, each with records of one processor.
//! [`Trace`] reads them as one sequence in the order of time: events of manifest and TraceLogging
//! providers, classic events, records of the kernel, messages of the trace preprocessor.
//! [`Tail`] reads one that still grows, buffer by buffer.
//! [`tracelogging`] and [`fields`] make typed values of self-describing events.
//! [`write::TraceWriter`] writes files that this crate, other readers and Windows' tools read.
//!
//! The crate does no I/O of its own: it reads from anything that is [`Read`](std::io::Read) and
//! [`Seek`](std::io::Seek), and keeps one buffer for each processor in memory.
//! No bytes make it panic; what cannot be read is skipped and counted in [`Damages`].
//!
//! ```
//! use std::io::Cursor;
//! use weir_etl::fields::{InType, OutType, PointerSize, Value};
//! use weir_etl::tracelogging::{Blob, parse_schema};
//! use weir_etl::write::{EventHeader, ExtendedItem, Options, TraceWriter};
//! use weir_etl::{Body, Guid, Trace, item_kind};
//!
//! // A file with one self-describing event.
//! let options = Options { session: "example".into(), ..Options::default() };
//! let start = options.start;
//! let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options)?;
//! let metadata = Blob::new("Hello").field("answer", InType::U32, OutType::Default).build()?;
//! let items = [ExtendedItem { kind: item_kind::SCHEMA, data: &metadata }];
//! let header = EventHeader { level: 4, channel: 11, ..EventHeader::new(Guid([7; 16])) };
//! writer.event(0, start, &header, &items, &42_u32.to_le_bytes())?;
//! let file = writer.finish(start)?;
//!
//! // Any file: what it says of its session, its records, what could not be read.
//! let mut trace = Trace::open(file)?;
//! assert_eq!(trace.header().session, "example");
//! let mut answers = Vec::new();
//! while let Some(record) = trace.next_record()? {
//!     let Body::Event(event) = record.body else { continue };
//!     let schema = parse_schema(event.schema().expect("self-describing"))?;
//!     let decoded = schema.decode(event.payload, PointerSize::Bytes8);
//!     assert_eq!(decoded.fields.value("answer"), Some(&Value::U64(42)));
//!     answers.push(schema.name().to_owned());
//! }
//! assert_eq!(answers, ["Hello"]);
//! assert!(trace.damages().is_empty());
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod buffer;
mod clock;
mod compression;
mod damage;
pub mod fields;
mod file_time;
mod header;
mod little_endian;
mod record;
pub mod tdh;
mod trace;
pub mod tracelogging;
pub mod write;

pub use compression::Format;
pub use damage::{DAMAGES_KEPT, Damage, DamageKind, Damages, MissingBuffers};
pub use file_time::FileTime;
pub use header::{ClockKind, LogHeader};
pub use record::{
    Body, Classic, Event, ExtendedItem, ExtendedItems, Kernel, Kind, Message, Record, item_kind,
};
pub use trace::{Buffers, OpenError, PROBE_BYTES, Tail, Taken, Trace, is_trace};
pub use weir_abi::identifiers::Guid;
