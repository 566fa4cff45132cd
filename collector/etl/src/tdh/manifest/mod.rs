//! A manifest: the XML that a provider's events are described in by their author.
//!
//! ```text
//! instrumentationManifest
//!   instrumentation/events/provider          name, guid; several
//!     tasks/task, opcodes/opcode             name, value; opcodes of one task alone stand within it
//!     maps/valueMap, maps/bitMap             name; map: value, message
//!     templates/template                     tid; data and struct: name, inType, length, count ...
//!     events/event                           value, version, task, opcode, template, message ...
//!   localization/resources/stringTable/string   id, value: what $(string.id) stands for
//! ```
//!
//! Programs that log are built from such a file; an `EventSource` of .NET writes one into its event
//! stream; PerfView and wevtutil make one of what a machine has registered. They differ in what they
//! leave out, so an element is known by its name and belongs to the provider before it.
//!
//! Source: learn.microsoft.com/windows/win32/wes/eventmanifestschema-schema; the manifests of
//! PerfView, `TplEventSource` and `FrameworkEventSource` in a trace; that tasks and opcodes are
//! called by their names, not their messages, is what merged traces show (read 2026-11)

mod attributes;
mod error;
mod learn;
mod named;
mod read;
mod template;
mod text;

use super::event_info::{EventInfo, event_name};
use crate::Guid;
use crate::fields::{FieldType, MapKind, Schema};
use attributes::{Attributes, cut};
use named::{Named, standard_opcode};
use std::collections::HashMap;
use template::Data;

pub use error::ManifestError;

/// Bytes of a manifest at most. The longest known, of .NET's runtime, has 0.6 MiB; what is kept of
/// one takes up to ten times its length.
pub const MANIFEST_BYTES_MAX: usize = 16 << 20;

/// Elements in elements, so many at most; the schema has eight levels, and five in a template's
/// user data are many.
const DEEP_MAX: usize = 64;

/// Names are cut after so many bytes, as those of other descriptions: a provider's is kept once for
/// each of its events.
const NAME_BYTES_MAX: usize = 256;

/// Bytes of a string at most; the longest of .NET's have 400.
const STRING_BYTES_MAX: usize = 4_096;

/// Keywords of an event at most: they have 64 bits.
const KEYWORDS_MAX: usize = 64;

/// A manifest taken apart.
#[derive(Debug, Default)]
pub(super) struct Manifest {
    pub(super) providers: Vec<Provider>,
    /// By id. Of several languages, the first counts.
    strings: HashMap<String, String>,
}

/// What a manifest says of one provider.
#[derive(Debug, Default)]
pub(super) struct Provider {
    pub(super) name: Option<String>,
    guid: Option<Guid>,
    /// Where it stands.
    line: usize,
    events: Vec<Attributes>,
    /// By id; of one id, the last.
    templates: HashMap<String, Vec<Data>>,
    maps: Vec<RawMap>,
    tasks: Named,
    /// By task; those of all tasks by an empty name.
    opcodes: HashMap<String, Named>,
}

/// A map as the manifest has it; names may be references to strings.
#[derive(Debug)]
struct RawMap {
    name: String,
    kind: MapKind,
    entries: Vec<(u32, String)>,
}

impl Manifest {
    /// The text of a message: `$(string.id)` stands for a string.
    fn message<'a>(&'a self, text: &'a str) -> &'a str {
        let id = text.strip_prefix("$(string.").and_then(|rest| rest.strip_suffix(')'));
        let string = id.and_then(|id| self.strings.get(id));
        string.map_or(text, String::as_str).trim()
    }

    /// The entries of a map by name.
    fn entries(&self, map: &RawMap) -> Vec<(u32, String)> {
        let name = |text| cut(self.message(text), NAME_BYTES_MAX);
        map.entries.iter().map(|(value, text)| (*value, name(text))).collect()
    }

    /// The description of an event with these fields; `None` where structures are too deep.
    fn event(
        &self,
        (provider, provider_id): (&Provider, Guid),
        (id, version): (u16, u8),
        event: &Attributes,
        fields: Vec<FieldType>,
    ) -> Option<EventInfo> {
        let task = provider.task(event);
        let (opcode_name, opcode) = provider.opcode(event, task.as_deref());
        let name = event.text("name");
        let name = name.or_else(|| event_name(task.as_deref(), opcode_name.as_deref(), opcode));
        // The name of a constant in the writer's source is better than none.
        let name = name.or_else(|| event.text("symbol"));
        let keywords = event.get("keywords").unwrap_or("").split_whitespace();
        Some(EventInfo {
            provider_id,
            class: Guid([0; 16]),
            is_classic: false,
            id,
            version,
            opcode,
            keyword: 0,
            provider: provider.name.clone(),
            level: event.text("level"),
            channel: event.text("channel"),
            keywords: keywords.take(KEYWORDS_MAX).map(|it| cut(it, NAME_BYTES_MAX)).collect(),
            task,
            opcode_name,
            message: event.get("message").map(|it| cut(self.message(it), STRING_BYTES_MAX)),
            schema: Schema::new(name.unwrap_or_default(), 0, fields).ok()?,
        })
    }
}

impl Provider {
    /// Id and version of an event.
    fn key(event: &Attributes) -> Option<(u16, u8)> {
        let id = u16::try_from(event.number("value")?).ok()?;
        let version = event.get("version").map_or(Some(0), |_| event.number("version"))?;
        Some((id, u8::try_from(version).ok()?))
    }

    /// The name of an event's task.
    fn task(&self, event: &Attributes) -> Option<String> {
        let word = event.text("task")?;
        if let Some((name, _)) = self.tasks.find(&word) {
            return Some(name.to_owned());
        }
        // A number without a name is none.
        word.parse::<u32>().is_err().then_some(word)
    }

    /// The name and number of an event's opcode.
    fn opcode(&self, event: &Attributes, task: Option<&str>) -> (Option<String>, u8) {
        let Some(word) = event.text("opcode") else { return (None, 0) };
        let of_tasks = [task.unwrap_or(""), ""].into_iter();
        let mut known = of_tasks.filter_map(|task| self.opcodes.get(task)?.find(&word));
        if let Some((name, number)) = known.next().or_else(|| standard_opcode(&word)) {
            return (Some(name.to_owned()), u8::try_from(number).unwrap_or(u8::MAX));
        }
        match word.parse() {
            Ok(number) => (None, number),
            // Called by name alone; any number but that of `win:Info` says so.
            Err(_) => (Some(word), u8::MAX),
        }
    }
}
