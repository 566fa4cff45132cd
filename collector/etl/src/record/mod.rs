//! Records: what a buffer holds after its header.

pub(crate) mod event;
pub(crate) mod extended;
pub(crate) mod head;
pub(crate) mod kind;
mod message;

pub use event::Event;
pub use extended::{ExtendedItem, ExtendedItems, item_kind};
pub(crate) use head::Head;
pub use kind::Kind;
pub use message::Message;

use crate::little_endian::{guid_at, u16_at, u32_at};
use crate::{FileTime, Guid};

/// Numbers of processes and threads that stand for none.
const NOBODY: u32 = u32::MAX;

/// A record in the file's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its kind.
    pub kind: Kind,
    /// Processor that wrote it.
    pub cpu: u16,
    /// When; `None` for kinds that carry no time stamp.
    pub time: Option<FileTime>,
    /// The time stamp as found, in steps of the file's clock.
    pub stamp: Option<i64>,
    /// Process, if known.
    pub process_id: Option<u32>,
    /// Thread, if known.
    pub thread_id: Option<u32>,
    /// Bytes of the record, header included.
    pub bytes: usize,
    /// What its kind makes of the rest.
    pub body: Body<'a>,
}

/// What is particular to a kind of record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body<'a> {
    /// An event of a manifest or TraceLogging provider.
    Event(Event<'a>),
    /// A classic event.
    Classic(Classic<'a>),
    /// A record of the kernel.
    Kernel(Kernel<'a>),
    /// A WPP message.
    Message(Message<'a>),
    /// A kind whose parts are not described publicly.
    Other(&'a [u8]),
}

/// A classic (MOF) event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Classic<'a> {
    /// Event class.
    pub class: Guid,
    /// Type within the class; 0 to 10 mean the same everywhere, as 1 start and 2 end.
    pub class_type: u8,
    /// Level.
    pub level: u8,
    /// Version.
    pub version: u16,
    /// Payload.
    pub payload: &'a [u8],
}

/// A record of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernel<'a> {
    /// Group in the high byte, type within it in the low byte.
    pub hook: u16,
    /// Version of the payload's layout.
    pub version: u8,
    /// Payload.
    pub payload: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record with this head at the beginning of `bytes`.
    pub(crate) fn parse(
        head: &Head,
        bytes: &'a [u8],
        cpu: u16,
        time: impl FnOnce(i64) -> FileTime,
    ) -> Option<Self> {
        let record = bytes.get(..head.bytes)?;
        let (body, thread) = Self::body(head, record)?;
        let known = |id: u32| (id != NOBODY).then_some(id);
        Some(Self {
            kind: head.kind,
            cpu,
            time: head.stamp.map(time),
            stamp: head.stamp,
            process_id: thread.and_then(|(_, process)| known(process)),
            thread_id: thread.and_then(|(thread, _)| known(thread)),
            bytes: head.bytes,
            body,
        })
    }

    /// The body, and thread and process.
    fn body(head: &Head, record: &'a [u8]) -> Option<(Body<'a>, Option<(u32, u32)>)> {
        let payload = record.get(head.payload_at..)?;
        Some(match head.kind {
            Kind::Event32 | Kind::Event64 => {
                (Body::Event(Event::parse(record)?), u64_pair(record, 8))
            }
            Kind::Full32 | Kind::Full64 | Kind::Instance32 | Kind::Instance64 => {
                let classic = Classic {
                    class: guid_at(record, 0x18)?,
                    class_type: *record.get(4)?,
                    level: *record.get(5)?,
                    version: u16_at(record, 6)?,
                    payload,
                };
                (Body::Classic(classic), u64_pair(record, 8))
            }
            Kind::System32 | Kind::System64 | Kind::Compact32 | Kind::Compact64 => {
                (Body::Kernel(Kernel::parse(record, payload)?), u64_pair(record, 8))
            }
            Kind::Perf32 | Kind::Perf64 => (Body::Kernel(Kernel::parse(record, payload)?), None),
            Kind::Message => {
                let (message, thread) = message::parse(record)?;
                (Body::Message(message), thread)
            }
            Kind::Timed | Kind::Error | Kind::Wnode => (Body::Other(payload), None),
        })
    }

    /// Bytes of a pointer in its payload, as its kind says.
    #[must_use]
    pub const fn pointer_bytes(&self) -> u8 {
        match self.kind {
            Kind::System32
            | Kind::Compact32
            | Kind::Perf32
            | Kind::Full32
            | Kind::Instance32
            | Kind::Event32 => 4,
            Kind::System64
            | Kind::Compact64
            | Kind::Perf64
            | Kind::Full64
            | Kind::Instance64
            | Kind::Event64
            | Kind::Message
            | Kind::Timed
            | Kind::Error
            | Kind::Wnode => 8,
        }
    }
}

impl<'a> Kernel<'a> {
    fn parse(record: &[u8], payload: &'a [u8]) -> Option<Self> {
        Some(Self { hook: u16_at(record, 6)?, version: *record.first()?, payload })
    }
}

/// Two numbers side by side: thread and process.
fn u64_pair(bytes: &[u8], at: usize) -> Option<(u32, u32)> {
    Some((u32_at(bytes, at)?, u32_at(bytes, at.checked_add(4)?)?))
}
