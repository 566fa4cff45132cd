//! A file as one sequence of records.

mod buffers;
mod compressed;
mod first;
mod index;
mod session;
mod stream;
mod tail;
mod window;

pub use buffers::Buffers;
pub use first::{OpenError, PROBE_BYTES, is_trace};
pub use tail::{Tail, Taken};

use crate::buffer::{BUFFER_BYTES_MAX, BufferHeader};
use crate::clock::Clock;
use crate::compression::Format;
use crate::damage::{DamageKind, Damages};
use crate::header::LogHeader;
use crate::record::{Body, Record, event};
use core::cmp::Reverse;
use first::First;
use index::Walk;
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

/// An event trace file that is being read.
///
/// Records come merged over all processors by time. The buffers of a processor are read in the
/// order of their numbers (of a file that was appended to, as they stand) and their records in the order in which they stand, so a clock that
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
        let First { buffer: first, header, stamp: base } = First::read(&mut reader, file_bytes)?;
        let mut damages = Damages::default();
        let walk = Walk::new(&mut reader, file_bytes, (&first, &header), &mut damages);
        let places = walk.run()?;
        if places.is_empty() && !BufferHeader::is_possible_size(first.stride) {
            return Err(OpenError::NotATrace { reason: "its first buffer has no possible size" });
        }
        if let Some(missing) = buffers::missing(&header, places.len()) {
            damages.add_missing(missing);
        }
        let mut store = Store::new(reader, damages);
        store.buffer_bytes_max = header.buffer_bytes.min(BUFFER_BYTES_MAX);
        let [low, high, ..] = first.state.to_le_bytes();
        store.format = Format::from_raw(u16::from_le_bytes([low, high]));
        store.budget = memory_bytes(file_bytes);
        store.expansion_left =
            file_bytes.saturating_mul(EXPANSION_RATIO).saturating_add(MEMORY_BYTES_MAX);
        let buffers = buffers::summary(&places);
        let streams = buffers::streams(&header, places);
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
            stream.damage(store, DamageKind::ExtendedItems, bytes - event::HEADER_BYTES);
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

/// Bytes of buffers that may be in memory at once.
fn memory_bytes(file_bytes: u64) -> u64 {
    let small = file_bytes.saturating_mul(MEMORY_RATIO).saturating_add(BUFFER_BYTES_MAX.into());
    small.min(file_bytes.saturating_add(MEMORY_BYTES_MAX))
}
