//! Manifests that an `EventSource` writes into its own event stream, put together.
//!
//! Such an event has id 65534 and the payload
//!
//! ```text
//! u8 format | u8 major, u8 minor version | u8 0x5b | u16 chunks | u16 number of this one | UTF-8
//! ```
//!
//! Source: microsoft/perfview src/TraceEvent/DynamicTraceEventParser.cs `CheckForDynamicManifest`,
//! `AddChunk` and src/TraceEvent/ManifestEnvelope.cs (read 2026-11)

use super::event_info::EventInfo;
use crate::fields::bytes::Bytes;
use crate::fields::{FieldType, InType, OutType, Schema};
use crate::{Event, Guid};
use std::collections::HashMap;

/// Id of an event that holds a chunk.
pub(super) const ID: u16 = 0xfffe;

/// Task of such an event.
const TASK: u16 = 0xfffe;

/// Opcode of such an event.
const OPCODE: u8 = 0xfe;

/// The only format there is: XML in chunks.
const FORMAT: u8 = 1;

/// Fourth byte of every chunk.
const MAGIC: u8 = 0x5b;

/// Bytes of a manifest at most. The framework's own takes 50 KiB; one above it is left out.
const MANIFEST_BYTES_MAX: usize = 1 << 20;

/// Manifests in several chunks that may be incomplete at a time. Their writers hold a lock, so one
/// for each process that is just starting up; one above it is left out.
const PENDING_MAX: usize = 64;

/// Chunks of manifests that are not complete yet, by provider and process.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    pending: HashMap<(Guid, Option<u32>), Pending>,
}

#[derive(Debug)]
struct Pending {
    text: Vec<u8>,
    /// Number of the chunk that comes next.
    next: u16,
}

/// What became of a chunk.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// It completes a manifest.
    Whole(Vec<u8>),
    /// More are to come.
    Part,
    /// It is none, or the one before it is missing.
    Unreadable,
    /// There is no room for it.
    LeftOut,
}

/// Whether an event holds a chunk.
pub(super) fn is_chunk(event: &Event<'_>) -> bool {
    event.id == ID && event.task == TASK && event.opcode == OPCODE
}

/// The description of the events that hold the chunks, which the manifest is without.
pub(super) fn info(event: &Event<'_>, provider: Option<&str>) -> Option<EventInfo> {
    let name = "ManifestData";
    let fields = [
        ("Format", InType::U8),
        ("MajorVersion", InType::U8),
        ("MinorVersion", InType::U8),
        ("Magic", InType::U8),
        ("TotalChunks", InType::U16),
        ("ChunkNumber", InType::U16),
        ("Xml", InType::RestAnsi),
    ];
    let field = |(name, in_type)| FieldType::new(name, in_type).out(OutType::Utf8);
    Some(EventInfo {
        provider_id: event.provider,
        class: Guid([0; 16]),
        is_classic: false,
        id: event.id,
        version: event.version,
        opcode: event.opcode,
        keyword: event.keyword,
        provider: provider.map(ToOwned::to_owned),
        level: None,
        channel: None,
        keywords: Vec::new(),
        task: Some(name.to_owned()),
        opcode_name: None,
        message: None,
        schema: Schema::new(name, 0, fields.map(field).to_vec()).ok()?,
    })
}

impl Chunks {
    pub(super) fn take(&mut self, event: &Event<'_>, process: Option<u32>) -> Taken {
        let mut bytes = Bytes::new(event.payload);
        let Some([FORMAT, _, _, MAGIC]) = bytes.take_array() else { return Taken::Unreadable };
        let (Some(total), Some(number)) = (bytes.u16(), bytes.u16()) else {
            return Taken::Unreadable;
        };
        let text = bytes.take_rest();
        if total == 1 && number == 0 {
            return Taken::Whole(text.to_vec());
        }
        let key = (event.provider, process);
        if number == 0 {
            if self.pending.len() >= PENDING_MAX && !self.pending.contains_key(&key) {
                return Taken::LeftOut;
            }
            // One that is begun anew was given up before.
            self.pending.insert(key, Pending { text: text.to_vec(), next: 1 });
            return Taken::Part;
        }
        let Some(pending) = self.pending.get_mut(&key).filter(|it| it.next == number) else {
            self.pending.remove(&key);
            return Taken::Unreadable;
        };
        if pending.text.len() + text.len() > MANIFEST_BYTES_MAX {
            self.pending.remove(&key);
            return Taken::LeftOut;
        }
        pending.text.extend(text);
        pending.next = number.saturating_add(1);
        if pending.next < total {
            return Taken::Part;
        }
        self.pending.remove(&key).map_or(Taken::Unreadable, |pending| Taken::Whole(pending.text))
    }
}
