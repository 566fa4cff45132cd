//! Names for the numbers of fields: a provider's GUID and an `EVENT_MAP_INFO`.
//!
//! ```text
//! u32 name | u32 flags | u32 entries | u32 kind of values | entries: u32 name, u32 value
//! ```
//!
//! Source: microsoft/perfview src/TraceEvent/RegisteredTraceEventParser.cs `EVENT_MAP_INFO` and, that
//! the GUID comes first, src/TraceEvent/Parsers/SymbolTraceEventParser.cs `MetaDataEventMapInfo`
//! (read 2026-11)

use super::strings;
use crate::Guid;
use crate::fields::MapKind;
use crate::little_endian::{guid_at, u32_at};

/// Bytes of the provider's GUID.
pub(super) const GUID_BYTES: usize = 16;

/// Bytes before the entries.
pub(super) const HEADER_BYTES: usize = 16;

/// `EVENTMAP_INFO_FLAG_MANIFEST_VALUEMAP`.
const VALUE_MAP: u32 = 1;

/// `EVENTMAP_INFO_FLAG_MANIFEST_BITMAP`.
const BIT_MAP: u32 = 2;

/// `EVENTMAP_ENTRY_VALUETYPE_ULONG`: values are numbers.
const NUMBERS: u32 = 0;

/// Why a map could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MapError {
    /// It ends within its header or its entries.
    #[error("read a map of names: it ends too early")]
    Truncated,
    /// It has no name.
    #[error("read a map of names: it has no name")]
    Nameless,
    /// It is none of the two kinds that manifests have: those of classic events give names by other
    /// rules, and patterns are none.
    #[error("read a map of names: it is of another kind than manifests have")]
    Kind,
}

impl MapError {
    /// A label for counting.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Nameless => "nameless",
            Self::Kind => "kind",
        }
    }
}

/// A map as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MapInfo {
    pub(super) provider: Guid,
    pub(super) name: String,
    pub(super) kind: MapKind,
    pub(super) entries: Vec<(u32, String)>,
}

impl MapInfo {
    pub(super) fn parse(record: &[u8]) -> Result<Self, MapError> {
        let provider = guid_at(record, 0).ok_or(MapError::Truncated)?;
        // Offsets count from here.
        let blob = record.get(GUID_BYTES..).unwrap_or(&[]);
        let number = |at| u32_at(blob, at).ok_or(MapError::Truncated);
        let kind = match (number(4)?, number(12)?) {
            (VALUE_MAP, NUMBERS) => MapKind::Values,
            (BIT_MAP, NUMBERS) => MapKind::Bits,
            _ => return Err(MapError::Kind),
        };
        let count = usize::try_from(number(8)?).unwrap_or(usize::MAX);
        let (all, _behind) = blob.get(HEADER_BYTES..).unwrap_or(&[]).as_chunks::<8>();
        let all = all.get(..count).ok_or(MapError::Truncated)?;
        let entry =
            |bytes: &[u8; 8]| Some((u32_at(bytes, 4)?, strings::name_at(blob, u32_at(bytes, 0)?)?));
        Ok(Self {
            provider,
            name: strings::name(blob, 0).ok_or(MapError::Nameless)?,
            kind,
            // An entry without a name has nothing to show.
            entries: all.iter().filter_map(entry).collect(),
        })
    }
}
