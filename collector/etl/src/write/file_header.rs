//! The first buffer of a file: one record that describes the session.
//!
//! Source: learn.microsoft.com/windows/win32/api/evntrace/ns-evntrace-trace_logfile_header (read
//! 2026-11); in the file two names follow the structure.

use super::buffer::BufferHeader;
use super::options::{Options, Timeline};
use super::record::{Record, SystemRecord};
use super::{RECORD_BYTES_MAX, WriteError};
use crate::FileTime;
use crate::buffer::{HEADER_BYTES, flags, kind};
use crate::header::MODE_SEQUENTIAL;
use crate::record::head::ALIGNMENT;

/// `SubVersion` and `SubMinorVersion` of files whose buffers are not compressed.
const TRACE_VERSION: [u8; 2] = [1, 5];

/// 100 ns between two ticks of Windows' timer, 15.625 ms.
const TIMER_RESOLUTION: u32 = 156_250;

/// Files are laid out as a 64-bit Windows does.
const POINTER_BYTES: u32 = 8;

/// Bytes of `TIME_ZONE_INFORMATION`; all zero it is UTC without a name.
const TIME_ZONE_BYTES: usize = 0xAC;

/// What is known only at the end; all zero as long as the file is not closed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    pub(super) end: FileTime,
    /// Buffers in the file, the header's among them.
    pub(super) buffers: u32,
    pub(super) events_lost: u32,
    pub(super) buffers_lost: u32,
}

/// The used bytes of the first buffer.
pub(super) fn encode(
    options: &Options,
    timeline: &Timeline,
    totals: Totals,
) -> Result<Vec<u8>, WriteError> {
    let mut payload = Vec::new();
    file_header(options, totals, &mut payload);
    for name in [&options.session, &options.file_name] {
        if name.contains('\0') {
            return Err(WriteError::Names);
        }
        payload.extend(name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    }

    let record = Record::System(SystemRecord { hook: 0, payload: &payload, ..SystemRecord::NEW });
    let stamp = timeline.stamp(options.start).ok_or(WriteError::Time(options.start))?;
    let mut encoded = Vec::new();
    let room = usize::try_from(options.buffer_bytes).unwrap_or(0);
    let room = room.saturating_sub(HEADER_BYTES).min(RECORD_BYTES_MAX);
    record.encode(stamp, room, &mut encoded).map_err(|_| WriteError::Names)?;
    encoded.resize(encoded.len().next_multiple_of(ALIGNMENT), 0);

    let fill = HEADER_BYTES + encoded.len();
    let fill = u32::try_from(fill).map_err(|_| WriteError::Names)?;
    let header = BufferHeader {
        buffer_bytes: options.buffer_bytes,
        fill,
        next: fill,
        stamp: 0,
        sequence: 0,
        cpu: 0,
        flags: flags::FLUSHED,
        kind: kind::HEADER,
    };
    let mut bytes = Vec::new();
    header.encode(&mut bytes);
    bytes.append(&mut encoded);
    Ok(bytes)
}

/// `TRACE_LOGFILE_HEADER` as a 64-bit Windows lays it out.
fn file_header(options: &Options, totals: Totals, out: &mut Vec<u8>) {
    let (major, minor) = options.os_version;
    out.extend(options.buffer_bytes.to_le_bytes());
    out.extend([major, minor]);
    out.extend(TRACE_VERSION);
    out.extend(options.os_build.to_le_bytes());
    out.extend(options.processors.to_le_bytes());
    out.extend(totals.end.0.to_le_bytes());
    out.extend(TIMER_RESOLUTION.to_le_bytes());
    // MaximumFileSize: no limit.
    out.extend(0_u32.to_le_bytes());
    out.extend(MODE_SEQUENTIAL.to_le_bytes());
    out.extend(totals.buffers.to_le_bytes());
    // StartBuffers: the header's, as Windows writes it.
    out.extend(1_u32.to_le_bytes());
    out.extend(POINTER_BYTES.to_le_bytes());
    out.extend(totals.events_lost.to_le_bytes());
    out.extend(options.cpu_megahertz.to_le_bytes());
    // LoggerName and LogFileName are pointers in memory and mean nothing in a file.
    out.extend([0; 16]);
    out.extend([0; TIME_ZONE_BYTES]);
    // The structure's 64-bit numbers are aligned.
    out.extend([0; 4]);
    out.extend(options.boot_time().0.to_le_bytes());
    out.extend(options.ticks_per_second.to_le_bytes());
    out.extend(options.start.0.to_le_bytes());
    // ReservedFlags: the clock.
    out.extend(options.clock.number().to_le_bytes());
    out.extend(totals.buffers_lost.to_le_bytes());
}
