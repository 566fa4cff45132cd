//! Records of the older kinds: the kernel's, classic providers' and trace messages.
//!
//! Sources: geoffchappell.com/studies/windows/km/ntoskrnl/inc/api/ntwmi (system, perfinfo and
//! message headers), learn.microsoft.com/windows/win32/etw/event-trace-header and
//! geoffchappell.com/studies/windows/km/ntoskrnl/inc/shared/evntrace (read 2026-11).

use super::{WriteError, fits};
use crate::Guid;
use crate::record::kind::{MARKER, MESSAGE};

/// Versions that Windows 10 writes in the kernel's records.
const SYSTEM_VERSION: u8 = 2;

/// Processor counters a performance record can carry: the number has three bits.
const COUNTERS_MAX: usize = 7;

/// A record that is no event of a manifest or self-describing provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// The kernel's, with process and thread.
    System(SystemRecord<'a>),
    /// The kernel's, without them.
    Performance(PerformanceRecord<'a>),
    /// A classic provider's.
    Classic(ClassicRecord<'a>),
    /// A trace message, as the WPP preprocessor makes them.
    Message(MessageRecord<'a>),
    /// Bytes written as they are and padded: for kinds not listed here, and for tests of readers.
    ///
    /// What they say of their size is not checked; where it is wrong a reader loses the rest of
    /// the buffer.
    Raw(&'a [u8]),
}

/// `SYSTEM_TRACE_HEADER`; without processor times it is the compact one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemRecord<'a> {
    /// Group of the event in the upper byte, its type in the lower.
    pub hook: u16,
    /// Version of the payload.
    pub version: u8,
    /// Process it is about.
    pub process_id: u32,
    /// Thread it is about.
    pub thread_id: u32,
    /// Kernel time in the lower half and user time in the upper.
    pub processor_time: Option<u64>,
    /// Whether pointers in the payload have four bytes.
    pub is_32_bit: bool,
    /// What follows the header.
    pub payload: &'a [u8],
}

impl SystemRecord<'_> {
    /// A record with nothing in it.
    pub const NEW: Self = Self {
        hook: 0,
        version: SYSTEM_VERSION,
        process_id: 0,
        thread_id: 0,
        processor_time: Some(0),
        is_32_bit: false,
        payload: &[],
    };
}

/// `PERFINFO_TRACE_HEADER`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerformanceRecord<'a> {
    /// Group of the event in the upper byte, its type in the lower.
    pub hook: u16,
    /// Version of the payload.
    pub version: u8,
    /// Whether pointers in the payload have four bytes.
    pub is_32_bit: bool,
    /// Processor counters before the payload, at most seven.
    pub counters: &'a [u64],
    /// What follows the header.
    pub payload: &'a [u8],
}

/// `EVENT_TRACE_HEADER`, or `EVENT_INSTANCE_GUID_HEADER` where it has an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClassicRecord<'a> {
    /// Class of the event.
    pub class: Guid,
    /// Type of the event within the class.
    pub kind: u8,
    /// Level.
    pub level: u8,
    /// Version of the payload.
    pub version: u16,
    /// Process that wrote it.
    pub process_id: u32,
    /// Thread that wrote it.
    pub thread_id: u32,
    /// Kernel time in the lower half and user time in the upper.
    pub processor_time: u64,
    /// The instance it belongs to.
    pub instance: Option<Instance>,
    /// Whether pointers in the payload have four bytes.
    pub is_32_bit: bool,
    /// What follows the header.
    pub payload: &'a [u8],
}

/// Instances of a classic event and of its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Instance {
    /// This event's.
    pub id: u32,
    /// Its parent's.
    pub parent_id: u32,
    /// Class of the parent.
    pub parent_class: Guid,
}

/// `MESSAGE_TRACE_HEADER`; what is `None` is not in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageRecord<'a> {
    /// Number of the message within its source file.
    pub number: u16,
    /// Number within the session.
    pub sequence: Option<u32>,
    /// The source file's GUID.
    pub source: Option<Guid>,
    /// Whether the record has a time stamp.
    pub has_stamp: bool,
    /// Thread and process that wrote it.
    pub thread_and_process: Option<(u32, u32)>,
    /// The message's arguments.
    pub payload: &'a [u8],
}

impl Record<'_> {
    /// Appends the record, without the padding behind it, unless it is larger than the room.
    pub(super) fn encode(
        &self,
        stamp: i64,
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let from = out.len();
        let (payload, size_at) = match self {
            Self::System(it) => (it.header(stamp, out), 4),
            Self::Performance(it) => (it.header(stamp, out)?, 4),
            Self::Classic(it) => (it.header(stamp, out), 0),
            Self::Message(it) => (it.header(stamp, out), 0),
            Self::Raw(bytes) => {
                fits(bytes.len(), room)?;
                out.extend_from_slice(bytes);
                return Ok(());
            }
        };
        let size = fits((out.len() - from).saturating_add(payload.len()), room)?;
        out.extend_from_slice(payload);
        let size_at = from + size_at;
        out.splice(size_at..size_at + 2, size.to_le_bytes());
        Ok(())
    }
}

/// Stands where the size goes.
const SIZE: [u8; 2] = [0; 2];

impl<'a> SystemRecord<'a> {
    fn header(&self, stamp: i64, out: &mut Vec<u8>) -> &'a [u8] {
        let kind = match (self.processor_time.is_some(), self.is_32_bit) {
            (true, true) => 0x01,
            (true, false) => 0x02,
            (false, true) => 0x03,
            (false, false) => 0x04,
        };
        out.extend([self.version, 0, kind, MARKER]);
        out.extend(SIZE);
        out.extend(self.hook.to_le_bytes());
        out.extend(self.thread_id.to_le_bytes());
        out.extend(self.process_id.to_le_bytes());
        out.extend(stamp.to_le_bytes());
        out.extend(self.processor_time.iter().flat_map(|time| time.to_le_bytes()));
        self.payload
    }
}

impl<'a> PerformanceRecord<'a> {
    fn header(&self, stamp: i64, out: &mut Vec<u8>) -> Result<&'a [u8], WriteError> {
        let counters = u8::try_from(self.counters.len()).unwrap_or(u8::MAX);
        if self.counters.len() > COUNTERS_MAX {
            return Err(WriteError::Counters);
        }
        let kind = if self.is_32_bit { 0x10 } else { 0x11 };
        out.extend([self.version, counters, kind, MARKER]);
        out.extend(SIZE);
        out.extend(self.hook.to_le_bytes());
        out.extend(stamp.to_le_bytes());
        out.extend(self.counters.iter().flat_map(|counter| counter.to_le_bytes()));
        Ok(self.payload)
    }
}

impl<'a> ClassicRecord<'a> {
    fn header(&self, stamp: i64, out: &mut Vec<u8>) -> &'a [u8] {
        let kind = match (self.instance.is_some(), self.is_32_bit) {
            (false, true) => 0x0A,
            (false, false) => 0x14,
            (true, true) => 0x0B,
            (true, false) => 0x15,
        };
        out.extend(SIZE);
        out.extend([kind, MARKER, self.kind, self.level]);
        out.extend(self.version.to_le_bytes());
        out.extend(self.thread_id.to_le_bytes());
        out.extend(self.process_id.to_le_bytes());
        out.extend(stamp.to_le_bytes());
        out.extend(self.class.0);
        out.extend(self.processor_time.to_le_bytes());
        if let Some(instance) = self.instance {
            out.extend(instance.id.to_le_bytes());
            out.extend(instance.parent_id.to_le_bytes());
            out.extend(instance.parent_class.0);
        }
        self.payload
    }
}

impl<'a> MessageRecord<'a> {
    /// `TRACE_MESSAGE_SEQUENCE`, `_GUID`, `_TIMESTAMP` and `_SYSTEMINFO` of evntrace.h.
    fn flags(&self) -> u16 {
        u16::from(self.sequence.is_some())
            | u16::from(self.source.is_some()) << 1
            | u16::from(self.has_stamp) << 3
            | u16::from(self.thread_and_process.is_some()) << 5
    }

    fn header(&self, stamp: i64, out: &mut Vec<u8>) -> &'a [u8] {
        out.extend(SIZE);
        out.extend([0, MESSAGE]);
        out.extend(self.number.to_le_bytes());
        out.extend(self.flags().to_le_bytes());
        out.extend(self.sequence.iter().flat_map(|it| it.to_le_bytes()));
        out.extend(self.source.iter().flat_map(|it| it.0));
        if self.has_stamp {
            out.extend(stamp.to_le_bytes());
        }
        if let Some((thread, process)) = self.thread_and_process {
            out.extend(thread.to_le_bytes());
            out.extend(process.to_le_bytes());
        }
        self.payload
    }
}
