//! A file as one sequence of records.

mod index;
mod stream;

use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader, HEADER_BYTES, flags};
use crate::clock::Clock;
use crate::compression::Format;
use crate::damage::{Damage, DamageKind, Damages};
use crate::header::LogHeader;
use crate::record::{Body, Head, Kind, Record};
use core::cmp::Reverse;
use index::{Place, Walk};
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io::{self, Read, Seek, SeekFrom};
use stream::{Store, Stream};

/// Memory for decompressed buffers beyond the size of a large file, one buffer for each processor.
///
/// 256 MiB hold buffers of 1 MiB, the usual largest size, of 256 processors.
/// A buffer that finds no room is skipped and counted as [`DamageKind::Memory`].
const MEMORY_BYTES_MAX: u64 = 256 << 20;

/// How many times as large as a small file its decompressed buffers may be, besides one buffer of
/// the largest size that there is.
///
/// Real buffers decompress to 13 times their size at most and to 5 times on average, events of a
/// kilobyte of blanks to 120 times. A file that needs more room than this was made to use up memory.
const MEMORY_RATIO: u64 = 256;

/// How many times as large as the file all that is ever decompressed of it may be, besides
/// [`MEMORY_BYTES_MAX`]; it bounds time as [`MEMORY_RATIO`] bounds memory.
///
/// Zeros compress much better than real buffers do: 12 bytes stand for 16 MiB. Beyond this a buffer
/// is skipped and counted as [`DamageKind::Expansion`].
const EXPANSION_RATIO: u64 = 1024;

/// Bytes of an event before its extended items.
const EVENT_HEADER_BYTES: usize = 0x50;

/// A file that cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It holds nothing.
    #[error("the file is empty")]
    Empty,
    /// It does not begin as event trace files do.
    #[error("the file is no event trace: {reason}")]
    NotATrace {
        /// What is wrong.
        reason: &'static str,
    },
}

/// Bytes that [`is_trace`] needs.
pub const PROBE_BYTES: usize = HEADER_BYTES + 8;

/// Whether a file that begins with these bytes is an event trace.
#[must_use]
pub fn is_trace(beginning: &[u8]) -> bool {
    let is_buffer =
        BufferHeader::parse(beginning).is_some_and(|it| BufferHeader::is_possible_size(it.stride));
    // The first record is the kernel's hook 0.
    let record = beginning.get(HEADER_BYTES..PROBE_BYTES).unwrap_or(&[]);
    is_buffer && matches!(record, [_, _, 1 | 2, 0xc0, _, _, 0, 0])
}

/// What a file holds, before its records are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buffers {
    /// Buffers.
    pub total: u64,
    /// Those that are compressed.
    pub compressed: u64,
    /// Processors that wrote them.
    pub processors: usize,
    /// Buffers before which events were lost.
    pub after_lost_events: u64,
    /// Buffers before which a buffer was lost.
    pub after_lost_buffers: u64,
}

/// An event trace file that is being read.
///
/// Records come merged over all processors by time. The buffers of a processor are read in the
/// order of their numbers and their records in the order in which they stand, so a clock that
/// stepped back never reorders what one processor wrote.
/// Memory: an entry of some 56 bytes for each buffer, which has 72 at least, and one buffer for each
/// processor. All of it is at most 16 times the file, and for compressed buffers 256 times the
/// file and 16 MiB more, but never more than 256 MiB beyond the file.
pub struct Trace<R> {
    store: Store<R>,
    header: LogHeader,
    clock: Clock,
    buffers: Buffers,
    streams: Vec<Stream>,
    /// The next record of each stream: by time, then by stream.
    next: BinaryHeap<Reverse<(i64, usize)>>,
    is_started: bool,
    /// Why reading ended before the end of the file.
    failed: Option<io::ErrorKind>,
}

impl<R: Read + Seek> Trace<R> {
    /// Reads the headers of a file and of its buffers.
    ///
    /// # Errors
    /// Where the file cannot be read, or is no event trace.
    pub fn open(mut reader: R) -> Result<Self, OpenError> {
        let file_bytes = reader.seek(SeekFrom::End(0))?;
        let (first, header, base) = first_buffer(&mut reader, file_bytes)?;
        let is_compressed = header.log_file_mode & crate::header::MODE_COMPRESSED != 0;
        let mut damages = Damages::default();
        let places = Walk {
            reader: &mut reader,
            file_bytes,
            usual: first.stride,
            session: header.buffer_bytes,
            is_compressed,
            damages: &mut damages,
        }
        .run()?;
        if is_missing_buffers(&header, places.len()) {
            let kind = DamageKind::Missing;
            damages.add(Damage { kind, buffer_at: file_bytes, within: 0, skipped_bytes: 0 });
        }
        let mut store = Store::new(reader, damages);
        store.buffer_bytes_max = header.buffer_bytes.min(BUFFER_BYTES_MAX);
        let [low, high, ..] = first.state.to_le_bytes();
        store.format = Format::from_raw(u16::from_le_bytes([low, high]));
        store.budget = memory_bytes(file_bytes);
        store.expansion_left =
            file_bytes.saturating_mul(EXPANSION_RATIO).saturating_add(MEMORY_BYTES_MAX);
        let buffers = summary(&places);
        let streams = streams(places);
        let clock = Clock::new(&header, base);
        let next = BinaryHeap::with_capacity(streams.len());
        Ok(Self { store, header, clock, buffers, streams, next, is_started: false, failed: None })
    }

    /// The next record; `None` at the end.
    ///
    /// Damage is no error: it is skipped and found in [`Trace::damages`] afterwards.
    ///
    /// # Errors
    /// Where the file cannot be read. No record follows an error, only errors of the same kind:
    /// whoever goes on cannot take it for the end.
    pub fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        if let Some(kind) = self.failed {
            return Err(kind.into());
        }
        let advanced = self.advance();
        self.failed = advanced.as_ref().err().map(io::Error::kind);
        advanced?;
        let Self { store, streams, next, clock, .. } = self;
        let stream = next.peek().and_then(|Reverse((_, index))| streams.get(*index));
        let Some((stream, (head, bytes))) = stream.and_then(|it| it.current().map(|at| (it, at)))
        else {
            return Ok(None);
        };
        let record = Record::parse(head, bytes, stream.cpu, |stamp| clock.time(stamp));
        if let Some(Record { body: Body::Event(event), bytes, .. }) = &record
            && event.is_damaged
        {
            stream.damage(store, DamageKind::ExtendedItems, bytes - EVENT_HEADER_BYTES);
        }
        Ok(record)
    }

    /// Goes on to the next record of the stream whose turn it was.
    fn advance(&mut self) -> io::Result<()> {
        let Self { store, streams, next, .. } = self;
        if !self.is_started {
            self.is_started = true;
            for (index, stream) in streams.iter_mut().enumerate() {
                if let Some(stamp) = stream.advance(store)? {
                    next.push(Reverse((stamp, index)));
                }
            }
        } else if let Some(mut top) = next.peek_mut() {
            let Reverse((_, index)) = *top;
            let stream = streams.get_mut(index);
            match stream.map_or(Ok(None), |stream| stream.advance(store))? {
                Some(stamp) => *top = Reverse((stamp, index)),
                None => drop(PeekMut::pop(top)),
            }
        }
        Ok(())
    }
}

impl<R> Trace<R> {
    /// What the file says of its session.
    pub const fn header(&self) -> &LogHeader {
        &self.header
    }

    /// What the file holds.
    pub const fn buffers(&self) -> &Buffers {
        &self.buffers
    }

    /// What could not be read so far.
    pub const fn damages(&self) -> &Damages {
        &self.store.damages
    }

    /// What the trace was read from, to open it again.
    pub fn into_reader(self) -> R {
        self.store.reader
    }
}

/// The first buffer's header, what its first record says, and that record's time stamp.
fn first_buffer(
    reader: &mut (impl Read + Seek),
    file_bytes: u64,
) -> Result<(BufferHeader, LogHeader, i64), OpenError> {
    if file_bytes == 0 {
        return Err(OpenError::Empty);
    }
    let no = |reason| OpenError::NotATrace { reason };
    // The first record, its strings included, is far shorter than this.
    let mut bytes = Vec::new();
    reader.seek(SeekFrom::Start(0))?;
    reader.by_ref().take(FIRST_BYTES).read_to_end(&mut bytes)?;
    let buffer =
        BufferHeader::parse(&bytes).ok_or_else(|| no("it is shorter than a buffer's header"))?;
    if !BufferHeader::is_possible_size(buffer.stride) {
        return Err(no("its first buffer has no possible size"));
    }
    let records = bytes.get(HEADER_BYTES..).unwrap_or(&[]);
    let missing = "its first record does not describe a session";
    let head = Head::parse(records).ok().flatten().ok_or_else(|| no(missing))?;
    let record = Record::parse(&head, records, 0, crate::FileTime).ok_or_else(|| no(missing))?;
    let header = match (record.kind, record.body) {
        (Kind::System32 | Kind::System64, Body::Kernel(kernel)) if kernel.hook == 0 => {
            LogHeader::parse(kernel.payload)
        }
        _ => None,
    };
    Ok((buffer, header.ok_or_else(|| no(missing))?, head.stamp.unwrap_or(0)))
}

/// Bytes read to find the first record: more than the largest record takes.
const FIRST_BYTES: u64 = 128 * 1024;

/// Bytes of buffers that may be in memory at once.
fn memory_bytes(file_bytes: u64) -> u64 {
    let small = file_bytes.saturating_mul(MEMORY_RATIO).saturating_add(BUFFER_BYTES_MAX.into());
    small.min(file_bytes.saturating_add(MEMORY_BYTES_MAX))
}

/// Whether a session that was closed in order wrote more buffers than were found.
///
/// Only sequential files are held to it: one that is circular overwrites buffers that it counted,
/// and one that is appended to has those of an earlier session.
fn is_missing_buffers(header: &LogHeader, found: usize) -> bool {
    let layout = header.log_file_mode & crate::header::MODE_LAYOUT;
    let is_sequential = layout == crate::header::MODE_SEQUENTIAL;
    header.is_closed()
        && is_sequential
        && u32::try_from(found).is_ok_and(|found| found < header.buffers_written)
}

fn summary(places: &[Place]) -> Buffers {
    let mut buffers = Buffers::default();
    let mut processors = [false; 1 << 11];
    for place in places {
        let flags = place.header.flags;
        buffers.total += 1;
        buffers.compressed += u64::from(place.header.is_compressed());
        buffers.after_lost_events += u64::from(flags & flags::EVENTS_LOST != 0);
        buffers.after_lost_buffers += u64::from(flags & flags::BUFFER_LOST != 0);
        if let Some(seen) = processors.get_mut(usize::from(place.header.cpu)) {
            *seen = true;
        }
    }
    buffers.processors = processors.iter().filter(|seen| **seen).count();
    buffers
}

/// One stream for each processor, and one for the file's first buffer: a session that stops
/// appends records to it, which are younger than all that its processor wrote meanwhile.
fn streams(mut places: Vec<Place>) -> Vec<Stream> {
    let Some((first, rest)) = places.split_first_mut() else { return Vec::new() };
    // Taken from the end: the first of them last.
    let order = |place: &Place| (place.header.cpu, Reverse((place.header.sequence, place.at)));
    rest.sort_unstable_by_key(order);
    let of_one = |one: &Place, other: &Place| one.header.cpu == other.header.cpu;
    core::iter::once(core::slice::from_ref(first))
        .chain(rest.chunk_by(of_one))
        .filter_map(|places| Some(Stream::new(places.first()?.header.cpu, places.to_vec())))
        .collect()
}
