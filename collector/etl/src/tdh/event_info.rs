//! The description of one event: `TRACE_EVENT_INFO`.

use super::properties::Properties;
use super::strings;
use crate::Guid;
use crate::fields::{Schema, TooDeep, ValueMap};
use crate::little_endian::{guid_at, u16_at, u32_at, u64_at};
use std::sync::Arc;

/// Where the properties begin.
pub(super) const HEADER_BYTES: usize = 112;

/// `DecodingSourceWbem`: the description of a classic event.
const SOURCE_CLASSIC: u32 = 1;

/// What Windows calls the standard opcodes and levels begins so in manifests.
const STANDARD: &str = "win:";

/// The opcode of events that have none.
const OPCODE_INFO: u8 = 0;

/// What is known of an event: its names and its fields.
///
/// Source: learn.microsoft.com/windows/win32/api/tdh/ns-tdh-trace_event_info (read 2026-11)
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventInfo {
    /// Provider.
    pub provider_id: Guid,
    /// Class, of a classic event; else often the task's GUID or all zero.
    pub class: Guid,
    /// It describes a classic event, which is found by class and opcode.
    pub is_classic: bool,
    /// Id.
    pub id: u16,
    /// Version.
    pub version: u8,
    /// Opcode.
    pub opcode: u8,
    /// Keyword bits.
    pub keyword: u64,
    /// Name of the provider.
    pub provider: Option<String>,
    /// Name of the level, `win:Informational`.
    pub level: Option<String>,
    /// Name of the channel.
    pub channel: Option<String>,
    /// Names of keywords.
    pub keywords: Vec<String>,
    /// Name of the task.
    pub task: Option<String>,
    /// Name of the opcode, `win:Start` for a standard one.
    pub opcode_name: Option<String>,
    /// Message for people; `%1` stands for the first field.
    pub message: Option<String>,
    /// Name and fields. Without any name in the description, its name is empty.
    pub schema: Schema,
}

/// Why a description could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InfoError {
    /// It ends within its header or its properties.
    #[error("read an event's description: it ends too early")]
    Truncated,
    /// Its counts, or the properties of its structures, contradict each other.
    #[error("read an event's description: its properties contradict each other")]
    Properties,
    /// Structures are nested too deep.
    #[error(transparent)]
    TooDeep(#[from] TooDeep),
}

impl InfoError {
    /// A label for counting.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Properties => "properties",
            Self::TooDeep(_) => "too_deep",
        }
    }
}

/// What events are looked up by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Provider, id, version.
    Manifest(Guid, u16, u8),
    /// Class, type, version.
    Classic(Guid, u8, u16),
}

impl Key {
    /// What a description is for; `None` where it is too short to say.
    pub(super) fn of(blob: &[u8]) -> Option<Self> {
        let version = *blob.get(34)?;
        if u32_at(blob, 48)? == SOURCE_CLASSIC {
            return Some(Self::Classic(guid_at(blob, 16)?, *blob.get(37)?, version.into()));
        }
        Some(Self::Manifest(guid_at(blob, 0)?, u16_at(blob, 32)?, version))
    }
}

impl EventInfo {
    /// Reads a description. `map` gives the map of a name, which may get its entries later.
    pub(super) fn parse(
        blob: &[u8],
        map: &mut dyn FnMut(Guid, String) -> Option<Arc<ValueMap>>,
    ) -> Result<Self, InfoError> {
        if blob.len() < HEADER_BYTES {
            return Err(InfoError::Truncated);
        }
        let missing = InfoError::Truncated;
        let provider_id = guid_at(blob, 0).ok_or(missing)?;
        let is_classic = u32_at(blob, 48).ok_or(missing)? == SOURCE_CLASSIC;
        let opcode = *blob.get(37).ok_or(missing)?;
        let task = strings::name(blob, 68);
        let opcode_name = strings::name(blob, 72);
        // For classic events, the name of a field stands there.
        let own_name = if is_classic { None } else { strings::name(blob, 92) };
        let name = own_name
            .or_else(|| event_name(task.as_deref(), opcode_name.as_deref(), opcode))
            .unwrap_or_default();
        let fields = Properties::new(blob, &mut |name| map(provider_id, name))?.fields()?;
        Ok(Self {
            provider_id,
            class: guid_at(blob, 16).ok_or(missing)?,
            is_classic,
            id: u16_at(blob, 32).ok_or(missing)?,
            version: *blob.get(34).ok_or(missing)?,
            opcode,
            keyword: u64_at(blob, 40).ok_or(missing)?,
            provider: strings::name(blob, 52),
            level: strings::name(blob, 56),
            channel: strings::name(blob, 60),
            keywords: strings::list(blob, 64),
            task,
            opcode_name,
            message: strings::message(blob, 76),
            schema: Schema::new(name, 0, fields)?,
        })
    }

    /// What the event is called: the name its manifest gives it, which few do, or `Task`, or
    /// `Task/Opcode` where it has an opcode, as PerfView prints it. `None` where there is neither.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        Some(self.schema.name()).filter(|name| !name.is_empty())
    }
}

/// `Task`, `Task/Opcode` or `Opcode`, without `win:`.
pub(super) fn event_name(
    task: Option<&str>,
    opcode_name: Option<&str>,
    opcode: u8,
) -> Option<String> {
    let opcode_name = opcode_name.filter(|_| opcode != OPCODE_INFO);
    let opcode_name = opcode_name.map(|name| name.strip_prefix(STANDARD).unwrap_or(name));
    match (task, opcode_name) {
        (Some(task), Some(opcode)) => Some(format!("{task}/{opcode}")),
        (Some(one), None) | (None, Some(one)) => Some(one.to_owned()),
        (None, None) => None,
    }
}
