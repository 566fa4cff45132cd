//! What a file says of its session: the payload of its first record.

use crate::FileTime;
use crate::little_endian::{i32_at, i64_at, u32_at, utf16_at};

/// Bit of [`LogHeader::log_file_mode`] that says that buffers are compressed.
pub(crate) const MODE_COMPRESSED: u32 = 0x0400_0000;

/// Bits of [`LogHeader::log_file_mode`] that say how a file grows: sequential, circular, appended to.
///
/// Source: learn.microsoft.com/windows/win32/etw/logging-mode-constants (read 2026-11)
pub(crate) const MODE_LAYOUT: u32 = 0x7;

/// Of [`MODE_LAYOUT`]: written from beginning to end.
pub(crate) const MODE_SEQUENTIAL: u32 = 0x1;

/// Of [`MODE_LAYOUT`]: appended to a file that was there, whose buffers may begin to count anew.
pub(crate) const MODE_APPEND: u32 = 0x4;

/// Bits of sessions whose buffers need not all reach the file: those that also deliver events as
/// they happen (`EVENT_TRACE_REAL_TIME_MODE`), and those of one process
/// (`EVENT_TRACE_PRIVATE_LOGGER_MODE`).
pub(crate) const MODE_ELSEWHERE: u32 = 0x100 | 0x800;

/// What the time stamps of a file count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockKind {
    /// Steps of the performance counter.
    PerformanceCounter,
    /// 100 ns since 1601.
    SystemTime,
    /// Cycles of the processor.
    CpuCycles,
    /// A number that is none of these; read as the performance counter, as Windows' default is.
    Unknown(u32),
}

impl ClockKind {
    const fn from_raw(raw: u32) -> Self {
        match raw {
            1 => Self::PerformanceCounter,
            2 => Self::SystemTime,
            3 => Self::CpuCycles,
            _ => Self::Unknown(raw),
        }
    }
}

/// A `TRACE_LOGFILE_HEADER`. Numbers are as the file has them and prove nothing by themselves.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-trace_logfile_header (read
/// 2026-11); `ReservedFlags` holds the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogHeader {
    /// Bytes of the session's buffers.
    pub buffer_bytes: u32,
    /// Major, minor, sub-version, sub-minor version, least significant byte first.
    pub version: u32,
    /// Build of Windows.
    pub provider_version: u32,
    /// Processors.
    pub processors: u32,
    /// When the session stopped; 0 where it never did.
    pub end: FileTime,
    /// Resolution of the timer in 100 ns.
    pub timer_resolution: u32,
    /// Largest size of the file in MiB; 0 for none.
    pub file_mib_max: u32,
    /// `EVENT_TRACE_*_MODE` bits.
    pub log_file_mode: u32,
    /// Buffers written; 0 where the session was never stopped.
    pub buffers_written: u32,
    /// Always 1.
    pub start_buffers: u32,
    /// Bytes of a pointer: 4 or 8.
    pub pointer_bytes: u32,
    /// Events that the session lost.
    pub events_lost: u32,
    /// Frequency of the processor.
    pub cpu_mhz: u32,
    /// Minutes to add to local time for UTC.
    pub bias_minutes: i32,
    /// When Windows started.
    pub boot: FileTime,
    /// Steps of the performance counter in a second.
    pub ticks_per_second: i64,
    /// When the session started.
    pub start: FileTime,
    /// `ReservedFlags` as found.
    pub clock_raw: u32,
    /// Buffers that the session lost.
    pub buffers_lost: u32,
    /// Name of the session.
    pub session: String,
    /// Name of the file, as it was on the machine that wrote it.
    pub file: String,
}

impl LogHeader {
    /// Reads the payload of a record of the kernel with hook 0; `None` where it ends before the last
    /// number.
    ///
    /// Such a record begins every file, and [`Trace::header`](crate::Trace::header) has what it says.
    /// A file that was merged holds those of the files it was made of as well.
    ///
    /// ```
    /// use std::io::Cursor;
    /// use weir_etl::write::{Options, TraceWriter};
    /// use weir_etl::{Body, LogHeader, Trace};
    ///
    /// let options = Options { session: "example".into(), ..Options::default() };
    /// let start = options.start;
    /// let file = TraceWriter::new(Cursor::new(Vec::new()), options)?.finish(start)?;
    /// let mut trace = Trace::open(file)?;
    /// let record = trace.next_record()?.expect("every file has it");
    /// let Body::Kernel(kernel) = record.body else { panic!("it is the kernel's") };
    /// assert_eq!(kernel.hook, 0);
    /// let header = LogHeader::parse(kernel.payload).expect("it is whole");
    /// assert_eq!((header.session.as_str(), header.start), ("example", start));
    /// assert_eq!(LogHeader::parse(b"shorter"), None);
    /// # Ok::<(), Box<dyn core::error::Error>>(())
    /// ```
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let pointer_bytes = u32_at(payload, 0x2c)?;
        // Two pointers stand before what follows; the rest moves with their size.
        let at = if pointer_bytes == 4 { 0x40 } else { 0x48 };
        let tail = at + 0xac + 4;
        let (session, next) = utf16_at(payload, tail + 0x20);
        Some(Self {
            buffer_bytes: u32_at(payload, 0)?,
            version: u32_at(payload, 4)?,
            provider_version: u32_at(payload, 8)?,
            processors: u32_at(payload, 0xc)?,
            end: FileTime(i64_at(payload, 0x10)?),
            timer_resolution: u32_at(payload, 0x18)?,
            file_mib_max: u32_at(payload, 0x1c)?,
            log_file_mode: u32_at(payload, 0x20)?,
            buffers_written: u32_at(payload, 0x24)?,
            start_buffers: u32_at(payload, 0x28)?,
            pointer_bytes,
            events_lost: u32_at(payload, 0x30)?,
            cpu_mhz: u32_at(payload, 0x34)?,
            bias_minutes: i32_at(payload, at)?,
            boot: FileTime(i64_at(payload, tail)?),
            ticks_per_second: i64_at(payload, tail + 8)?,
            start: FileTime(i64_at(payload, tail + 0x10)?),
            clock_raw: u32_at(payload, tail + 0x18)?,
            buffers_lost: u32_at(payload, tail + 0x1c)?,
            session,
            file: utf16_at(payload, next).0,
        })
    }

    /// What time stamps count.
    #[must_use]
    pub const fn clock(&self) -> ClockKind {
        ClockKind::from_raw(self.clock_raw)
    }

    /// Whether the session was stopped in order; if not, the machine or the session ended first.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.end.0 != 0
    }
}
