//! Reads all that a file holds, and holds the reader to its bounds on the way.
//!
//! The bounds, for a file of `n` bytes:
//!
//! - Work: `8 n` bytes are asked of the file. The first buffer is read for the session's
//!   description: n. The walk reads a header of 72 bytes and may look at two more for every 72 bytes
//!   it goes on: 3 n. Where a compressed buffer's size is wrong, the bytes up to the next are looked
//!   at once: n. What then looks like a buffer, or like another session, is looked at until that was
//!   n in all. The end of the file is looked at once: n; then every buffer is read once: n.
//! - Records: they lie side by side in buffers, so all of them have `n` bytes at most and are
//!   `n / 8`. Of compressed buffers the bytes that come out count.
//! - Memory of the reader: `16 n` and 16 KiB. An entry for a buffer has 48 bytes and a stream 160,
//!   vectors that grow need three times that for a while, and a buffer has at least 72 bytes in the
//!   file: 9 n. A stream keeps twice a buffer at most: 2 n. The rest are the session's description,
//!   read in a vector that grows, and 64 places of damage.
//!   For compressed buffers [`DECODER_BYTES`] more and what comes out: a buffer of the session's size
//!   for each, but no more than the reader's own limit of 256 times the file and 16 MiB, or of
//!   256 MiB and the file.
//! - Memory of what is made of a record: [`MADE_PER_BYTE`] for each of its bytes.
//!
//! A file that describes events is read once more with what was learnt; `described` has the bounds
//! of that.

use super::described::Learner;
use super::memory::Mark;
use core::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use weir_etl::fields::{PointerSize, Value};
use weir_etl::tracelogging::{ProviderTraits, parse_schema};
use weir_etl::{Body, Damages, Event, Record, Trace};

/// What `compcol` takes while it decodes; see `src/compression/mod.rs`.
const DECODER_BYTES: usize = 3 << 19;

/// Largest buffer that there is.
const BUFFER_BYTES_MAX: usize = 16 << 20;

/// Bytes of a value in a vector that grows.
pub(crate) const VALUE_BYTES: usize = 64 * 3;

/// Bytes that a schema and its values may take for a byte of the record: nine values.
const MADE_PER_BYTE: usize = 9 * VALUE_BYTES;

/// Records that are read a second time; the largest recorded file has nine times as many.
const DECODED_MAX: usize = 20_000;

/// What came of reading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outcome {
    /// Why it was no trace.
    pub(crate) refused: Option<String>,
    pub(crate) records: usize,
    /// Bytes of all records.
    pub(crate) bytes: usize,
    pub(crate) damages: Damages,
    pub(crate) values: usize,
    /// Schemas, traits and payloads that could not be read.
    pub(crate) unreadable: usize,
    pub(crate) traits: usize,
    /// Records decoded by what the file says elsewhere.
    pub(crate) described: usize,
}

/// A file in memory that counts what is asked of it.
struct Counted<'a> {
    file: Cursor<&'a [u8]>,
    bytes_read: &'a Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let bytes = self.file.read(out)?;
        self.bytes_read.set(self.bytes_read.get() + bytes);
        Ok(bytes)
    }
}

impl Seek for Counted<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// Opens a file, reads every record, and parses and decodes whatever describes itself; if records
/// describe others, once more with what they say.
pub(crate) fn read(file: &[u8]) -> Outcome {
    let _is_any = weir_etl::is_trace(file);
    let (mut learner, mut outcome) = (Learner::default(), Outcome::default());
    pass(file, &mut outcome, |record, outcome| {
        make(record, outcome);
        learner.learn(record);
        Some(learner.held())
    });
    if !learner.is_empty() {
        let mut again = Outcome::default();
        pass(file, &mut again, |record, outcome| {
            (outcome.records < DECODED_MAX).then(|| learner.decode(record, outcome)).map(|()| 0)
        });
        let is_whole = again.records < DECODED_MAX;
        assert!(
            !is_whole || (again.records, &again.damages) == (outcome.records, &outcome.damages)
        );
        outcome.described = again.described;
        outcome.values += again.values;
    }
    outcome
}

/// Reads records; `each` says how much memory it keeps, or that it has enough.
fn pass(
    file: &[u8],
    outcome: &mut Outcome,
    mut each: impl FnMut(&Record<'_>, &mut Outcome) -> Option<usize>,
) {
    let bytes_read = Cell::new(0);
    let mark = Mark::new();
    let source = Counted { file: Cursor::new(file), bytes_read: &bytes_read };
    let mut trace = match Trace::open(source) {
        Ok(trace) => trace,
        Err(error) => {
            assert!(mark.peak() <= 16 * file.len() + (16 << 10), "{} bytes of memory", mark.peak());
            assert!(bytes_read.get() <= 8 * file.len(), "{} bytes read", bytes_read.get());
            outcome.refused = Some(error.to_string());
            return;
        }
    };
    let (own_max, out_max) = limits(&trace, file.len());
    let mut memory_max = own_max;
    while let Some(record) = trace.next_record().expect("memory can be read") {
        // What is made of the record is counted for itself.
        assert!(mark.peak() <= memory_max, "{} bytes of memory, not {memory_max}", mark.peak());
        outcome.records += 1;
        outcome.bytes += record.bytes;
        assert!(record.bytes >= 8 && outcome.bytes <= out_max, "{} bytes", outcome.bytes);
        let Some(kept) = each(&record, outcome) else { break };
        memory_max = own_max + kept;
        Mark::new();
    }
    assert!(mark.peak() <= memory_max, "{} bytes of memory, not {memory_max}", mark.peak());
    assert!(bytes_read.get() <= 8 * file.len(), "{} bytes read", bytes_read.get());
    outcome.damages = trace.damages().clone();
    let skipped = usize::try_from(outcome.damages.skipped_bytes()).unwrap_or(usize::MAX);
    assert!(skipped <= 2 * out_max, "{skipped} bytes skipped");
}

/// The most memory, and the most bytes of records.
fn limits<R>(trace: &Trace<R>, bytes: usize) -> (usize, usize) {
    let own = 16 * bytes + (16 << 10);
    let compressed = usize::try_from(trace.buffers().compressed).unwrap_or(usize::MAX);
    if compressed == 0 {
        return (own, bytes);
    }
    let buffer = usize::try_from(trace.header().buffer_bytes).unwrap_or(usize::MAX);
    let out = compressed.saturating_mul(buffer.min(BUFFER_BYTES_MAX));
    let held = out.min(256 * bytes + BUFFER_BYTES_MAX).min(bytes + (256 << 20));
    (own + DECODER_BYTES + held, bytes + out)
}

/// All that can be made of one record.
fn make(record: &Record<'_>, outcome: &mut Outcome) {
    let mark = Mark::new();
    if let Body::Event(event) = &record.body {
        let pointer_size =
            if record.pointer_bytes() == 4 { PointerSize::Bytes4 } else { PointerSize::Bytes8 };
        event_values(event, pointer_size, outcome);
    }
    let limit = MADE_PER_BYTE * record.bytes + (16 << 10);
    assert!(mark.peak() <= limit, "{} bytes of memory made of {record:?}", mark.peak());
}

fn event_values(event: &Event<'_>, pointer_size: PointerSize, outcome: &mut Outcome) {
    let mut items = 0;
    for item in event.items {
        items += 8 + item.stack().len() * 4;
        outcome.values += usize::from(item.related_activity().is_some());
    }
    assert!(items <= usize::from(u16::MAX), "more items than an event has room for");
    if let Some(traits) = event.provider_traits() {
        outcome.traits += 1;
        outcome.unreadable += usize::from(ProviderTraits::parse(traits).is_err());
    }
    let Some(schema) = event.schema() else { return };
    let Ok(schema) = parse_schema(schema) else {
        outcome.unreadable += 1;
        return;
    };
    let decoded = schema.decode(event.payload, pointer_size);
    outcome.unreadable += usize::from(decoded.error.is_some());
    outcome.values += decoded.fields.iter().map(|field| values(&field.value)).sum::<usize>();
}

/// The values that a value is made of, itself included.
pub(crate) fn values(value: &Value<'_>) -> usize {
    if let Value::Array(elements) = value {
        return 1 + elements.iter().map(values).sum::<usize>();
    }
    if let Value::Struct(fields) = value {
        return 1 + fields.iter().map(|field| values(&field.value)).sum::<usize>();
    }
    1
}
