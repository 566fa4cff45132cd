//! Writes event trace files as a session of Windows does.
//!
//! A file is a row of buffers of one size. The first describes the session (`file_header`), each
//! other one holds records of one processor (`buffer`). Nothing is compressed.
//!
//! Memory: for each processor that has logged, at most twice [`Options::buffer_bytes`] (a vector
//! doubles as it grows), and as much once more. Processors are bounded by [`PROCESSORS_MAX`]; one
//! that the options do not have is an error, so the bound is the caller's choice.

mod buffer;
mod event;
mod file_header;
mod options;
mod record;

pub use crate::buffer::BUFFER_BYTES_MAX;
pub use crate::record::ExtendedItem;
pub use event::EventHeader;
pub use options::{BUFFER_BYTES_MIN, Clock, Options, PROCESSORS_MAX};
pub use record::{ClassicRecord, Instance, MessageRecord, PerformanceRecord, Record, SystemRecord};

use crate::FileTime;
use crate::buffer::{HEADER_BYTES, flags, kind};
use crate::record::head::ALIGNMENT;
use buffer::{BufferHeader, Pending, pad};
use file_header::Totals;
use options::Timeline;
use std::io::{self, Seek, SeekFrom, Write};

/// Bytes of the largest record: its size has sixteen bits.
pub const RECORD_BYTES_MAX: usize = 0xFFFF;

/// Why something was not written.
///
/// Only after [`WriteError::Io`] and [`WriteError::Broken`] is the file in doubt; after any other
/// error it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// See [`Options::buffer_bytes`].
    #[error("buffers of {0} bytes: they have 4 KiB to 16 MiB in steps of 1 KiB")]
    BufferBytes(u32),
    /// See [`Options::processors`].
    #[error("{0} processors: a file has 1 to {PROCESSORS_MAX}")]
    Processors(u32),
    /// See [`Options::ticks_per_second`] and [`Options::cpu_megahertz`].
    #[error("a clock without a speed, or faster than 63 bits say")]
    ClockSpeed,
    /// See [`Options::boot`].
    #[error("the machine booted after the session began")]
    BootAfterStart,
    /// The names of session and file are too long or hold a NUL.
    #[error("the names of session and file do not fit the file's first buffer")]
    Names,
    /// A processor that [`Options::processors`] does not have.
    #[error("processor {cpu} of {processors}")]
    Processor {
        /// The one asked for, counted from 0.
        cpu: u16,
        /// What the options say.
        processors: u32,
    },
    /// A record that no buffer holds.
    #[error("a record of {bytes} bytes: at most {bytes_max} fit")]
    TooLarge {
        /// What the record needs.
        bytes: usize,
        /// The most a record has in this file.
        bytes_max: usize,
    },
    /// More processor counters than a record can number.
    #[error("more than seven processor counters in a record")]
    Counters,
    /// A time that has no stamp: before the boot, or beyond 63 bits.
    #[error("no time stamp can say {0}")]
    Time(FileTime),
    /// The file could not be written.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An earlier write failed, and what it left behind is not known.
    #[error("the file was given up after a failed write")]
    Broken,
}

/// The size a record has in the file, if it fits.
fn fits(bytes: usize, room: usize) -> Result<u16, WriteError> {
    let bytes_max = room.min(RECORD_BYTES_MAX);
    let size = u16::try_from(bytes).ok().filter(|_| bytes <= bytes_max);
    size.ok_or(WriteError::TooLarge { bytes, bytes_max })
}

/// A file being written.
///
/// Each processor fills a buffer of its own, which goes into the file when the next record does not
/// fit. A writer that is dropped leaves a file without what is pending, whose header has no end
/// and counts no buffers: so does a session that crashed.
#[derive(Debug)]
pub struct TraceWriter<W: Write + Seek> {
    out: W,
    /// Where the file begins in `out`.
    begin: u64,
    options: Options,
    timeline: Timeline,
    /// By processor.
    pending: Vec<Pending>,
    /// So far; the end is set by [`Self::finish`].
    totals: Totals,
    /// Flags the next buffer gets beside its own.
    loss_flags: u16,
    /// Some write failed.
    is_broken: bool,
    /// One record, then one buffer, being laid out.
    record: Vec<u8>,
    laid_out: Vec<u8>,
}

impl<W: Write + Seek> TraceWriter<W> {
    /// Begins a file where `out` stands, with a header that says it is not closed.
    ///
    /// # Errors
    ///
    /// Options out of bounds, or a failed write.
    pub fn new(mut out: W, options: Options) -> Result<Self, WriteError> {
        options.check()?;
        let timeline = Timeline::new(&options).ok_or(WriteError::Time(options.start))?;
        let mut laid_out = file_header::encode(&options, &timeline, Totals::default())?;
        pad(&mut laid_out, options.buffer_bytes);
        let begin = out.stream_position()?;
        out.write_all(&laid_out)?;
        Ok(Self {
            out,
            begin,
            options,
            timeline,
            pending: Vec::new(),
            totals: Totals { buffers: 1, ..Totals::default() },
            loss_flags: 0,
            is_broken: false,
            record: Vec::new(),
            laid_out,
        })
    }

    /// Writes an event. Times need not rise, nor lie between start and end.
    ///
    /// # Errors
    ///
    /// An event that the file cannot hold, or a failed write.
    pub fn event(
        &mut self,
        cpu: u16,
        time: FileTime,
        event: &EventHeader,
        items: &[ExtendedItem<'_>],
        payload: &[u8],
    ) -> Result<(), WriteError> {
        let stamp = self.stamp(time)?;
        let room = self.room();
        self.record.clear();
        event.encode(stamp, items, payload, room, &mut self.record)?;
        self.place(cpu, stamp)
    }

    /// Writes a record of another kind.
    ///
    /// # Errors
    ///
    /// A record that the file cannot hold, or a failed write.
    pub fn record(
        &mut self,
        cpu: u16,
        time: FileTime,
        record: &Record<'_>,
    ) -> Result<(), WriteError> {
        let stamp = self.stamp(time)?;
        let room = self.room();
        self.record.clear();
        record.encode(stamp, room, &mut self.record)?;
        self.place(cpu, stamp)
    }

    /// The number that stands for a time in this file.
    ///
    /// Counting clocks count from the boot; the header record has the stamp of the start. With ten
    /// million ticks a second or more, a reader finds the very 100 ns that were written.
    ///
    /// # Errors
    ///
    /// A time before the boot, or too far from it for the clock.
    pub fn stamp(&self, time: FileTime) -> Result<i64, WriteError> {
        self.timeline.stamp(time).ok_or(WriteError::Time(time))
    }

    /// Counts events that were lost before they reached the writer; the next buffer says so too.
    pub fn lost(&mut self, events: u32) {
        self.totals.events_lost = self.totals.events_lost.saturating_add(events);
        self.loss_flags |= if events > 0 { flags::EVENTS_LOST } else { 0 };
    }

    /// Counts buffers that were lost; the next buffer says so too.
    pub fn buffers_lost(&mut self, buffers: u32) {
        self.totals.buffers_lost = self.totals.buffers_lost.saturating_add(buffers);
        self.loss_flags |= if buffers > 0 { flags::BUFFER_LOST } else { 0 };
    }

    /// Writes what is pending into buffers that stay partly empty.
    ///
    /// # Errors
    ///
    /// A failed write.
    pub fn flush(&mut self) -> Result<(), WriteError> {
        let buffer_bytes = usize::try_from(self.options.buffer_bytes).unwrap_or(0);
        for cpu in 0..self.pending.len() {
            // As Windows does, which then finds no room for the next record.
            self.write_out(cpu, buffer_bytes, flags::FLUSHED)?;
        }
        let flushed = self.out.flush();
        self.noted(flushed)
    }

    /// Closes the file: writes what is pending, and the totals into the header.
    ///
    /// # Errors
    ///
    /// A failed write.
    pub fn finish(mut self, end: FileTime) -> Result<W, WriteError> {
        self.flush()?;
        self.totals.end = end;
        let header = file_header::encode(&self.options, &self.timeline, self.totals)?;
        let behind = self.out.stream_position()?;
        self.out.seek(SeekFrom::Start(self.begin))?;
        self.out.write_all(&header)?;
        self.out.seek(SeekFrom::Start(behind))?;
        self.out.flush()?;
        Ok(self.out)
    }

    /// The most bytes of a record.
    fn room(&self) -> usize {
        let buffer_bytes = usize::try_from(self.options.buffer_bytes).unwrap_or(0);
        buffer_bytes.saturating_sub(HEADER_BYTES).min(RECORD_BYTES_MAX)
    }

    /// Moves the laid out record into the processor's buffer.
    fn place(&mut self, cpu: u16, stamp: i64) -> Result<(), WriteError> {
        let processors = self.options.processors;
        if u32::from(cpu) >= processors {
            return Err(WriteError::Processor { cpu, processors });
        }
        if self.is_broken {
            return Err(WriteError::Broken);
        }
        let cpu = usize::from(cpu);
        if self.pending.len() <= cpu {
            self.pending.resize_with(cpu + 1, Pending::default);
        }
        let padded = self.record.len().next_multiple_of(ALIGNMENT);
        let fill = self.pending[cpu].fill_with(padded);
        if u32::try_from(fill).is_ok_and(|fill| fill <= self.options.buffer_bytes) {
            self.pending[cpu].push(stamp, &self.record);
            return Ok(());
        }
        self.write_out(cpu, padded, 0)?;
        self.pending[cpu].push(stamp, &self.record);
        Ok(())
    }

    /// Writes a processor's buffer, which found no room for that many bytes more.
    fn write_out(&mut self, cpu: usize, asked: usize, flags: u16) -> Result<(), WriteError> {
        if self.is_broken {
            return Err(WriteError::Broken);
        }
        let pending = &mut self.pending[cpu];
        if pending.is_empty() {
            return Ok(());
        }
        let bytes = |bytes| u32::try_from(bytes).unwrap_or(u32::MAX);
        let header = BufferHeader {
            buffer_bytes: self.options.buffer_bytes,
            fill: bytes(pending.fill_with(0)),
            next: bytes(pending.fill_with(asked)),
            stamp: pending.newest(),
            // The header buffer is number 0.
            sequence: i64::from(self.totals.buffers),
            cpu: u16::try_from(cpu).unwrap_or(u16::MAX),
            flags: flags | self.loss_flags,
            kind: kind::GENERIC,
        };
        pending.take(&header, &mut self.laid_out);
        let written = self.out.write_all(&self.laid_out);
        self.noted(written)?;
        self.totals.buffers = self.totals.buffers.saturating_add(1);
        self.loss_flags = 0;
        Ok(())
    }

    /// Remembers a failure: what reached the file then is not known.
    fn noted(&mut self, written: io::Result<()>) -> Result<(), WriteError> {
        self.is_broken |= written.is_err();
        Ok(written?)
    }
}
