//! Where a record ends and when it was written: what merging needs to know of it.

use super::kind::{Kind, Shape};
use super::message;
use crate::little_endian::{i64_at, u16_at, u32_at};

/// Four bytes that say that a buffer holds no more records.
const END: u32 = u32::MAX;

/// Records begin at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// Bit of a kernel record that says that an 8-byte PEBS index stands before the payload.
const HAS_PEBS: u32 = 0x8000;

/// Bits of a kernel record that count performance counters of 8 bytes before the payload.
const COUNTERS: u32 = 0x0700;

/// A record's place within its buffer, and what orders it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    /// Its bytes, padding left out.
    pub(crate) bytes: usize,
    /// Where its payload begins; extended items of an event are still before it.
    pub(crate) payload_at: usize,
    /// Its time stamp, if it has one.
    pub(crate) stamp: Option<i64>,
}

impl Head {
    /// Reads the record that `rest` begins with.
    ///
    /// `Ok(None)` is the end of the buffer.
    pub(crate) fn parse(rest: &[u8]) -> Result<Option<Self>, CorruptRecord> {
        let Some(marker) = u32_at(rest, 0).filter(|marker| *marker != END) else {
            return Ok(None);
        };
        let shape = Shape::of(marker).ok_or(CorruptRecord)?;
        let bytes = usize::from(u16_at(rest, shape.size_at).ok_or(CorruptRecord)?);
        let extra = extra_bytes(shape.kind, marker);
        let payload_at = if shape.kind == Kind::Message {
            message::payload_at(rest)
        } else {
            Some(shape.header_bytes + extra)
        };
        let payload_at = payload_at.filter(|at| *at <= bytes).ok_or(CorruptRecord)?;
        let record = rest.get(..bytes).ok_or(CorruptRecord)?;
        let stamp_at =
            if shape.kind == Kind::Message { message::stamp_at(record) } else { shape.stamp_at };
        let stamp = stamp_at.and_then(|at| i64_at(record, at));
        Ok(Some(Self { kind: shape.kind, bytes, payload_at, stamp }))
    }

    /// Bytes to the next record.
    pub(crate) const fn stride(&self) -> usize {
        self.bytes.next_multiple_of(ALIGNMENT)
    }
}

/// The bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CorruptRecord;

/// Bytes between a kernel record's header and its payload.
fn extra_bytes(kind: Kind, marker: u32) -> usize {
    let is_kernel = matches!(
        kind,
        Kind::System32
            | Kind::System64
            | Kind::Compact32
            | Kind::Compact64
            | Kind::Perf32
            | Kind::Perf64
    );
    if !is_kernel {
        return 0;
    }
    let pebs = if marker & HAS_PEBS == 0 { 0 } else { 8 };
    pebs + ((marker & COUNTERS) >> 8) as usize * 8
}
