//! Extended items: what stands between an event's header and its payload.

use crate::Guid;
use crate::little_endian::{guid_at, u16_at, u64_at};

/// `EVENT_HEADER_EXT_TYPE_*`.
///
/// Source: learn.microsoft.com/windows/win32/api/evntcons/ns-evntcons-event_header_extended_data_item
/// and evntcons.h (read 2026-11).
pub mod item_kind {
    /// GUID of an activity that led to this one.
    pub const RELATED_ACTIVITY: u16 = 0x01;
    /// Security identifier of the user.
    pub const SID: u16 = 0x02;
    /// Terminal session.
    pub const TERMINAL_SESSION: u16 = 0x03;
    /// Instance.
    pub const INSTANCE: u16 = 0x04;
    /// Call stack of 32-bit addresses.
    pub const STACK_32: u16 = 0x05;
    /// Call stack of 64-bit addresses.
    pub const STACK_64: u16 = 0x06;
    /// TraceLogging metadata: the event's name, its fields' names and types.
    pub const SCHEMA: u16 = 0x0b;
    /// Traits of the provider, its name first.
    pub const PROVIDER_TRAITS: u16 = 0x0c;
    /// Key of the process that tells it from earlier ones of its number.
    pub const PROCESS_START_KEY: u16 = 0x0d;
}

/// Bytes before an item's data.
pub(crate) const ITEM_HEADER_BYTES: usize = 8;

/// Bit that says that another item follows.
pub(crate) const LINKAGE: u16 = 1;

/// One item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedItem<'a> {
    /// See [`item_kind`].
    pub kind: u16,
    /// Its data.
    pub data: &'a [u8],
}

impl<'a> ExtendedItem<'a> {
    /// The GUID that a related activity is.
    #[must_use]
    pub fn related_activity(&self) -> Option<Guid> {
        if self.kind == item_kind::RELATED_ACTIVITY { guid_at(self.data, 0) } else { None }
    }

    /// The addresses of a call stack, innermost first.
    #[must_use]
    pub fn stack(&self) -> Vec<u64> {
        let addresses = self.data.get(8..).unwrap_or(&[]);
        let read = |chunk: &'a [u8]| u64_at(chunk, 0).unwrap_or(0);
        let read_32 =
            |chunk: &'a [u8]| chunk.first_chunk().map_or(0, |it| u32::from_le_bytes(*it).into());
        match self.kind {
            item_kind::STACK_32 => addresses.chunks_exact(4).map(read_32).collect(),
            item_kind::STACK_64 => addresses.chunks_exact(8).map(read).collect(),
            _ => Vec::new(),
        }
    }
}

/// The items of an event, in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtendedItems<'a> {
    rest: &'a [u8],
}

impl<'a> ExtendedItems<'a> {
    /// Splits what follows an event's header into items and payload; `None` where the items do not
    /// end within it.
    pub(super) fn split(body: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut at = 0_usize;
        loop {
            let (_, bytes, is_last) = Self::item(body.get(at..)?)?;
            at += bytes;
            if is_last {
                let (items, payload) = body.split_at_checked(at)?;
                return Some((Self { rest: items }, payload));
            }
        }
    }

    /// The first item, its bytes, and whether it is the last.
    fn item(rest: &[u8]) -> Option<(ExtendedItem<'_>, usize, bool)> {
        let bytes = usize::from(u16_at(rest, 0)?);
        let data_bytes = usize::from(u16_at(rest, 6)?);
        let data = rest.get(..bytes)?.get(ITEM_HEADER_BYTES..)?.get(..data_bytes)?;
        let item = ExtendedItem { kind: u16_at(rest, 2)?, data };
        Some((item, bytes, u16_at(rest, 4)? & LINKAGE == 0))
    }

    /// Data of the first item of a kind.
    #[must_use]
    pub fn data(mut self, kind: u16) -> Option<&'a [u8]> {
        self.find(|item| item.kind == kind).map(|item| item.data)
    }
}

impl<'a> Iterator for ExtendedItems<'a> {
    type Item = ExtendedItem<'a>;

    fn next(&mut self) -> Option<ExtendedItem<'a>> {
        let (item, bytes, _) = Self::item(self.rest)?;
        self.rest = self.rest.get(bytes..).unwrap_or(&[]);
        Some(item)
    }
}
