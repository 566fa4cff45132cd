//! Messages of the software trace preprocessor (WPP): flags say what their header holds.

use super::u64_pair;
use crate::Guid;
use crate::little_endian::{guid_at, u16_at, u32_at};

/// `TRACE_MESSAGE_*` flags that put something into the header, in their order there.
///
/// Source: learn.microsoft.com/windows/win32/api/evntrace/nf-evntrace-tracemessage (read 2026-11).
mod flags {
    pub(super) const SEQUENCE: u16 = 0x01;
    pub(super) const GUID: u16 = 0x02;
    pub(super) const COMPONENT: u16 = 0x04;
    pub(super) const TIMESTAMP: u16 = 0x08;
    pub(super) const SYSTEM_INFO: u16 = 0x20;
}

/// What a message's header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Message<'a> {
    /// Number of the message within its provider's source file.
    pub number: u16,
    /// Its flags as found.
    pub flags: u16,
    /// Number within the session.
    pub sequence: Option<u32>,
    /// The source file's GUID.
    pub id: Option<Guid>,
    /// Stands instead of the GUID in some providers.
    pub component: Option<u32>,
    /// Its arguments, packed; only the provider's symbols say what they are.
    pub payload: &'a [u8],
}

/// Where the parts of a header stand.
struct Places {
    sequence: Option<usize>,
    id: Option<usize>,
    component: Option<usize>,
    stamp: Option<usize>,
    thread: Option<usize>,
    payload: usize,
}

impl Places {
    fn of(record: &[u8]) -> Option<Self> {
        let flags = u16_at(record, 6)?;
        let mut at = 8;
        let mut place = |flag: u16, bytes: usize| {
            (flags & flag != 0).then(|| {
                at += bytes;
                at - bytes
            })
        };
        let sequence = place(flags::SEQUENCE, 4);
        let component = place(flags::COMPONENT, 4);
        // A component takes the GUID's place where both are asked for.
        let id = if component.is_some() { None } else { place(flags::GUID, 16) };
        let stamp = place(flags::TIMESTAMP, 8);
        let thread = place(flags::SYSTEM_INFO, 8);
        Some(Self { sequence, id, component, stamp, thread, payload: at })
    }
}

pub(super) fn payload_at(record: &[u8]) -> Option<usize> {
    Places::of(record).map(|places| places.payload)
}

pub(super) fn stamp_at(record: &[u8]) -> Option<usize> {
    Places::of(record).and_then(|places| places.stamp)
}

/// The message, and its thread and process.
pub(super) fn parse(record: &[u8]) -> Option<(Message<'_>, Option<(u32, u32)>)> {
    let places = Places::of(record)?;
    let message = Message {
        number: u16_at(record, 4)?,
        flags: u16_at(record, 6)?,
        sequence: places.sequence.and_then(|at| u32_at(record, at)),
        id: places.id.and_then(|at| guid_at(record, at)),
        component: places.component.and_then(|at| u32_at(record, at)),
        payload: record.get(places.payload..)?,
    };
    Some((message, places.thread.and_then(|at| u64_pair(record, at))))
}
