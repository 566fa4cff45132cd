//! Event trace files: TraceLogging events, which describe themselves.
//!
//! Events of other providers are counted by what names they carry; descriptions from elsewhere in
//! the file are for `weir events`.

use super::event::{FieldValue, Source, TraceEvent, bounded};
use std::collections::HashMap;
use std::io::{self, Read, Seek};
use weir_abi::event::kind_metadata;
use weir_etl::fields::{PointerSize, Schema, Value};
use weir_etl::tracelogging::{ProviderTraits, parse_schema};
use weir_etl::{Body, DamageKind, Event, FileTime, OpenError, Record, Trace};
use weir_stages::checks::facts::Place;

/// Memory of descriptions kept, about. A provider has some hundreds of a few hundred bytes; where a
/// file describes each event anew, this fills up, is emptied and filled again.
const SCHEMA_BYTES_MAX: usize = 16 << 20;

/// Memory of an entry beside the bytes in it.
const SCHEMA_ENTRY_BYTES: usize = 128;

/// What the kernel's records are counted under.
const KERNEL: &str = "kernel";

/// Events of an `.etl`.
pub(super) struct EtlTrace<R> {
    file: String,
    trace: Trace<R>,
    schemas: Schemas,
    number: u64,
}

impl<R: Read + Seek> EtlTrace<R> {
    pub(super) fn open(file: &str, source: R) -> Result<Self, OpenError> {
        let trace = Trace::open(source)?;
        Ok(Self { file: file.to_owned(), trace, schemas: Schemas::default(), number: 0 })
    }

    /// The next record; `None` at the end.
    pub(super) fn next_event(&mut self) -> io::Result<Option<TraceEvent>> {
        let Self { file, trace, schemas, number } = self;
        let Some(record) = trace.next_record()? else { return Ok(None) };
        *number += 1;
        Ok(Some(event(Place::new(file.as_str(), *number), &record, schemas)))
    }

    /// What the trace was read from.
    pub(super) fn into_source(self) -> R {
        self.trace.into_reader()
    }

    /// What the file says of itself.
    pub(super) const fn trace(&self) -> &Trace<R> {
        &self.trace
    }
}

impl<R> EtlTrace<R> {
    /// Events that the session lost, as far as the file counts them.
    pub(super) fn events_lost(&self) -> u64 {
        self.trace.header().events_lost.into()
    }

    /// What could not be read so far: how often, and in words.
    pub(super) fn damage(&self) -> Vec<(u64, String)> {
        let counts = self.trace.damages().counts();
        let counts = counts.filter(|(kind, _)| *kind != DamageKind::Unused);
        counts
            .map(|(kind, count)| {
                (count, format!("{count} x {}: {}", kind.name(), kind.meaning().trim()))
            })
            .collect()
    }
}

fn event(place: Place, record: &Record<'_>, schemas: &mut Schemas) -> TraceEvent {
    let mut event = TraceEvent {
        place,
        time: record.time,
        time_text: record.time.and_then(FileTime::to_rfc3339),
        cpu: Some(record.cpu.into()),
        process: record.process_id.zip(record.thread_id),
        source: Source::Other,
        provider: KERNEL.to_owned(),
        event: record.kind.name().to_owned(),
        level: 0,
        keyword: 0,
        fields: Vec::new(),
    };
    match &record.body {
        Body::Event(body) => take_event(&mut event, record, body, schemas),
        Body::Classic(classic) => {
            event.provider = classic.class.bare().to_string();
            event.event = classic.class_type.to_string();
            event.level = classic.level;
        }
        Body::Message(message) => {
            if let Some(id) = message.id {
                event.provider = id.bare().to_string();
            }
        }
        Body::Kernel(_) | Body::Other(_) => {}
    }
    event
}

fn take_event(to: &mut TraceEvent, record: &Record<'_>, event: &Event<'_>, schemas: &mut Schemas) {
    (to.level, to.keyword) = (event.level, event.keyword);
    match Source::of_guid(event.provider) {
        Some((source, name)) => (to.source, to.provider) = (source, name.to_owned()),
        None => {
            let traits = event.provider_traits().and_then(|it| ProviderTraits::parse(it).ok());
            let name = traits.map(|it| bounded(&it.name));
            to.provider = name.unwrap_or_else(|| event.provider.bare().to_string());
        }
    }
    to.event = event.id.to_string();
    let blob = event.schema();
    let known = || kind_metadata(event.id, event.version).filter(|_| to.source == Source::Weir);
    let Some(schema) = blob.or_else(known).and_then(|blob| schemas.get(blob)) else { return };
    to.event = bounded(schema.name());
    if to.source == Source::Other || event.is_damaged {
        return;
    }
    let pointer = match record.pointer_bytes() {
        4 => PointerSize::Bytes4,
        _ => PointerSize::Bytes8,
    };
    for field in schema.decode(event.payload, pointer).fields.iter() {
        to.add(field.name, field_value(&field.value));
    }
}

fn field_value(value: &Value<'_>) -> FieldValue {
    match value {
        Value::I64(number) => FieldValue::Integer((*number).into()),
        Value::U64(number) => FieldValue::Integer((*number).into()),
        Value::Port(port) => FieldValue::Integer((*port).into()),
        Value::Text(text) => FieldValue::text(text),
        Value::Null
        | Value::Bool(_)
        | Value::Hex { .. }
        | Value::F32(_)
        | Value::F64(_)
        | Value::Binary(_)
        | Value::Guid(_)
        | Value::Time(_)
        | Value::SystemTime(_)
        | Value::Sid(_)
        | Value::Ip(_)
        | Value::SocketAddress(_)
        | Value::Array(_)
        | Value::Struct(_) => FieldValue::text(&value.to_string()),
    }
}

/// Descriptions, parsed once: all events of one kind carry the same bytes.
#[derive(Default)]
struct Schemas {
    by_bytes: HashMap<Vec<u8>, Option<Schema>>,
    bytes: usize,
}

impl Schemas {
    fn get(&mut self, blob: &[u8]) -> Option<&Schema> {
        if !self.by_bytes.contains_key(blob) {
            let schema = parse_schema(blob).ok();
            let parsed = schema.as_ref().map_or(0, Schema::memory_bytes);
            let bytes = SCHEMA_ENTRY_BYTES + blob.len() + parsed;
            if self.bytes + bytes > SCHEMA_BYTES_MAX {
                *self = Self::default();
            }
            self.bytes += bytes;
            self.by_bytes.insert(blob.to_vec(), schema);
        }
        self.by_bytes.get(blob)?.as_ref()
    }
}
