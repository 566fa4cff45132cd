//! Events of manifest and TraceLogging providers.

use super::extended::{ExtendedItems, item_kind};
use crate::Guid;
use crate::little_endian::{guid_at, u16_at, u64_at};

/// Flag of an event that has extended items.
pub(crate) const EXTENDED_INFO: u16 = 1;

/// Bytes before an event's extended items.
pub(crate) const HEADER_BYTES: usize = 0x50;

/// An event: its descriptor, its items, its payload.
///
/// Source: learn.microsoft.com/windows/win32/api/evntcons/ns-evntcons-event_header (read 2026-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Provider.
    pub provider: Guid,
    /// Id.
    pub id: u16,
    /// Version.
    pub version: u8,
    /// Channel; 11 for TraceLogging.
    pub channel: u8,
    /// Level: 1 critical to 5 verbose, 0 always.
    pub level: u8,
    /// Opcode.
    pub opcode: u8,
    /// Task.
    pub task: u16,
    /// Keyword bits.
    pub keyword: u64,
    /// Time of the processor, or kernel and user time in one.
    pub processor_time: u64,
    /// Activity; all zero for none.
    pub activity_id: Guid,
    /// Extended items.
    pub items: ExtendedItems<'a>,
    /// Payload.
    pub payload: &'a [u8],
    /// Its extended items do not end within it, so it is not known where its payload begins.
    pub is_damaged: bool,
}

impl<'a> Event<'a> {
    pub(super) fn parse(record: &'a [u8]) -> Option<Self> {
        let body = record.get(0x50..)?;
        let has_items = u16_at(record, 4)? & EXTENDED_INFO != 0;
        let split = if has_items {
            ExtendedItems::split(body)
        } else {
            Some((ExtendedItems::default(), body))
        };
        let (items, payload) = split.unwrap_or_default();
        Some(Self {
            provider: guid_at(record, 0x18)?,
            id: u16_at(record, 0x28)?,
            version: *record.get(0x2a)?,
            channel: *record.get(0x2b)?,
            level: *record.get(0x2c)?,
            opcode: *record.get(0x2d)?,
            task: u16_at(record, 0x2e)?,
            keyword: u64_at(record, 0x30)?,
            processor_time: u64_at(record, 0x38)?,
            activity_id: guid_at(record, 0x40)?,
            items,
            payload,
            is_damaged: split.is_none(),
        })
    }

    /// TraceLogging metadata, where the event carries its own.
    #[must_use]
    pub fn schema(&self) -> Option<&'a [u8]> {
        self.items.data(item_kind::SCHEMA)
    }

    /// The provider's traits, where the event carries them.
    #[must_use]
    pub fn provider_traits(&self) -> Option<&'a [u8]> {
        self.items.data(item_kind::PROVIDER_TRAITS)
    }
}
