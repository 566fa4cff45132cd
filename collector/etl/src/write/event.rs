//! Events of manifest and self-describing providers.
//!
//! Sources: learn.microsoft.com/windows/win32/api/evntcons/ns-evntcons-event_header, and
//! geoffchappell.com/studies/windows/km/ntoskrnl/inc/shared/evntcons for the extended items as
//! they lie in a buffer (read 2026-11).

use super::{WriteError, fits};
use crate::Guid;
use crate::record::ExtendedItem;
use crate::record::event::{EXTENDED_INFO, HEADER_BYTES};
use crate::record::extended::{ITEM_HEADER_BYTES, LINKAGE};
use crate::record::kind::MARKER;

const EVENT_32: u8 = 0x12;
const EVENT_64: u8 = 0x13;
/// What an event says of itself beside its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventHeader {
    /// Who wrote it.
    pub provider: Guid,
    /// Which of the provider's events; 0 for most self-describing ones.
    pub id: u16,
    /// Version of its layout.
    pub version: u8,
    /// Channel; 11 for self-describing events.
    pub channel: u8,
    /// Level, 1 (critical) to 5 (verbose).
    pub level: u8,
    /// Opcode.
    pub opcode: u8,
    /// Task.
    pub task: u16,
    /// Keywords.
    pub keyword: u64,
    /// `EventProperty`.
    pub property: u16,
    /// Process that wrote it.
    pub process_id: u32,
    /// Thread that wrote it.
    pub thread_id: u32,
    /// Activity it belongs to.
    pub activity_id: Guid,
    /// Kernel time in the lower half and user time in the upper, both in timer ticks; or cycles.
    pub processor_time: u64,
    /// Whether a 32-bit process wrote it, whose pointers have four bytes.
    pub is_32_bit: bool,
}

impl EventHeader {
    /// A header with nothing in it but the provider.
    #[must_use]
    pub const fn new(provider: Guid) -> Self {
        Self {
            provider,
            id: 0,
            version: 0,
            channel: 0,
            level: 0,
            opcode: 0,
            task: 0,
            keyword: 0,
            property: 0,
            process_id: 0,
            thread_id: 0,
            activity_id: Guid([0; 16]),
            processor_time: 0,
            is_32_bit: false,
        }
    }

    /// Appends the whole record, without the padding behind it.
    pub(super) fn encode(
        &self,
        stamp: i64,
        items: &[ExtendedItem<'_>],
        payload: &[u8],
        room: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        let mut bytes = HEADER_BYTES.saturating_add(payload.len());
        for item in items {
            bytes = bytes.saturating_add(item.total_bytes());
        }
        let size = fits(bytes, room)?;

        out.extend(size.to_le_bytes());
        out.extend([if self.is_32_bit { EVENT_32 } else { EVENT_64 }, MARKER]);
        let flags = if items.is_empty() { 0 } else { EXTENDED_INFO };
        out.extend(flags.to_le_bytes());
        out.extend(self.property.to_le_bytes());
        out.extend(self.thread_id.to_le_bytes());
        out.extend(self.process_id.to_le_bytes());
        out.extend(stamp.to_le_bytes());
        out.extend(self.provider.0);
        out.extend(self.id.to_le_bytes());
        out.extend([self.version, self.channel, self.level, self.opcode]);
        out.extend(self.task.to_le_bytes());
        out.extend(self.keyword.to_le_bytes());
        out.extend(self.processor_time.to_le_bytes());
        out.extend(self.activity_id.0);
        for (place, item) in items.iter().enumerate() {
            item.encode(place + 1 < items.len(), out)?;
        }
        out.extend_from_slice(payload);
        Ok(())
    }
}

impl ExtendedItem<'_> {
    fn total_bytes(&self) -> usize {
        ITEM_HEADER_BYTES
            .saturating_add(self.data.len())
            .checked_next_multiple_of(8)
            .unwrap_or(usize::MAX)
    }

    fn encode(&self, another_follows: bool, out: &mut Vec<u8>) -> Result<(), WriteError> {
        let total_bytes = self.total_bytes();
        let total = fits(total_bytes, usize::from(u16::MAX))?;
        let data = fits(self.data.len(), usize::from(u16::MAX))?;
        out.extend(total.to_le_bytes());
        out.extend(self.kind.to_le_bytes());
        out.extend(if another_follows { LINKAGE } else { 0 }.to_le_bytes());
        out.extend(data.to_le_bytes());
        let padding = total_bytes - ITEM_HEADER_BYTES - self.data.len();
        out.extend_from_slice(self.data);
        out.resize(out.len() + padding, 0);
        Ok(())
    }
}
