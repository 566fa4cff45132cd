//! A manifest: the XML that a provider's events are described in by their author.
//!
//! Read as far as an `EventSource` writes it: events, templates of plain data, maps, strings.
//! Structures do not occur there.
//!
//! Source: the manifests of PerfView, `TplEventSource` and `FrameworkEventSource` in a trace
//! (read 2026-11)

use super::event_info::{EventInfo, event_name};
use super::template;
use crate::Guid;
use crate::fields::{MapKind, Schema, ValueMap};
use quick_xml::events::{BytesStart, Event as Xml};
use quick_xml::{Reader, XmlVersion};
use std::collections::HashMap;
use std::sync::Arc;

/// Standard opcodes.
const OPCODES: [(&str, u8); 11] = [
    ("win:Info", 0),
    ("win:Start", 1),
    ("win:Stop", 2),
    ("win:DC_Start", 3),
    ("win:DC_Stop", 4),
    ("win:Extension", 5),
    ("win:Reply", 6),
    ("win:Resume", 7),
    ("win:Suspend", 8),
    ("win:Send", 9),
    ("win:Receive", 240),
];

/// The attributes of an element.
#[derive(Debug, Default)]
pub(super) struct Attributes(Vec<(String, String)>);

impl Attributes {
    fn of(element: &BytesStart<'_>) -> Option<Self> {
        let attribute = |attribute: quick_xml::events::attributes::Attribute<'_>| {
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).ok()?.into_owned();
            Some((attribute.key.local_name().as_ref().to_owned(), value))
        };
        let mut attributes = element.attributes();
        // Looking for duplicates takes quadratic time; the first of them is used.
        let all = attributes.with_checks(false).map(|it| it.ok().and_then(attribute));
        all.collect::<Option<_>>().map(Self)
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned)
    }

    /// A number, decimal or hexadecimal.
    fn number(&self, name: &str) -> Option<u64> {
        let text = self.get(name)?;
        let hex = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
        hex.map_or_else(|| text.parse().ok(), |hex| u64::from_str_radix(hex, 16).ok())
    }
}

/// A map as the manifest has it; names may be references to strings.
struct RawMap {
    name: String,
    kind: MapKind,
    entries: Vec<(u32, String)>,
}

/// A manifest taken apart.
#[derive(Default)]
pub(super) struct Manifest {
    provider: Option<String>,
    events: Vec<Attributes>,
    templates: Vec<Vec<Attributes>>,
    /// Where in `templates` each is; of one id, the last.
    template_places: HashMap<String, usize>,
    maps: Vec<RawMap>,
    strings: HashMap<String, String>,
}

impl Manifest {
    /// Takes a manifest apart; `None` where it is no XML.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(text);
        let mut reader = Reader::from_str(text.trim_end_matches('\0'));
        let mut manifest = Self::default();
        loop {
            // Nothing here goes deeper as elements nest, and no entity but the five is replaced.
            let event = reader.read_event().ok()?;
            if let Xml::Start(element) | Xml::Empty(element) = &event {
                manifest.element(element)?;
            }
            if matches!(event, Xml::Eof) {
                return manifest.provider.is_some().then_some(manifest);
            }
        }
    }

    fn element(&mut self, element: &BytesStart<'_>) -> Option<()> {
        let name = element.local_name();
        let attributes = Attributes::of(element)?;
        match name.as_ref() {
            "provider" => self.provider = attributes.text("name"),
            "event" => self.events.push(attributes),
            "template" => {
                self.template_places.insert(attributes.text("tid")?, self.templates.len());
                self.templates.push(Vec::new());
            }
            "data" => self.templates.last_mut()?.push(attributes),
            "valueMap" | "bitMap" => self.maps.push(RawMap {
                name: attributes.text("name")?,
                kind: if name.as_ref() == "bitMap" { MapKind::Bits } else { MapKind::Values },
                entries: Vec::new(),
            }),
            "map" => {
                let value = attributes.number("value").and_then(|it| u32::try_from(it).ok());
                let entry = value.zip(attributes.text("message"));
                if let Some(map) = self.maps.last_mut() {
                    map.entries.extend(entry);
                }
            }
            "string" => {
                let (id, value) = (attributes.text("id"), attributes.text("value"));
                self.strings.extend(id.zip(value));
            }
            _ => {}
        }
        Some(())
    }

    /// The provider's name.
    pub(super) fn provider(&self) -> Option<&str> {
        self.provider.as_deref()
    }

    /// The text of a message: `$(string.id)` stands for a string.
    fn message(&self, text: &str) -> String {
        let id = text.strip_prefix("$(string.").and_then(|rest| rest.strip_suffix(')'));
        let string = id.and_then(|id| self.strings.get(id));
        string.map_or(text, String::as_str).to_owned()
    }

    /// Name, kind and entries of every map.
    pub(super) fn maps(&self) -> impl Iterator<Item = (String, MapKind, Vec<(u32, String)>)> + '_ {
        self.maps.iter().map(|map| {
            let entry = |(value, name): &(u32, String)| (*value, self.message(name));
            (map.name.clone(), map.kind, map.entries.iter().map(entry).collect())
        })
    }

    /// Place, id and version of every event.
    pub(super) fn events(&self) -> impl Iterator<Item = (usize, u16, u8)> + '_ {
        self.events.iter().enumerate().filter_map(|(place, event)| {
            let id = u16::try_from(event.number("value")?).ok()?;
            let version = u8::try_from(event.number("version").unwrap_or(0)).ok()?;
            Some((place, id, version))
        })
    }

    /// The description of the event at a place.
    pub(super) fn event(
        &self,
        (place, id, version): (usize, u16, u8),
        provider_id: Guid,
        map: &mut dyn FnMut(String) -> Option<Arc<ValueMap>>,
    ) -> Option<EventInfo> {
        let event = self.events.get(place)?;
        let opcode_name = event.text("opcode");
        let known = OPCODES.iter().find(|(name, _)| Some(*name) == opcode_name.as_deref());
        // Others are called by name alone; any number but that of `win:Info` says so.
        let unknown = if opcode_name.is_some() { u8::MAX } else { 0 };
        let opcode = known.map_or(unknown, |(_, number)| *number);
        let task = event.text("task");
        let name = event_name(task.as_deref(), opcode_name.as_deref(), opcode);
        let place = event.get("template").and_then(|tid| self.template_places.get(tid));
        let data =
            place.and_then(|place| self.templates.get(*place)).map_or(&[][..], Vec::as_slice);
        let fields = template::fields(data, map)?;
        let keywords = event.get("keywords").unwrap_or("").split_whitespace();
        Some(EventInfo {
            provider_id,
            class: Guid([0; 16]),
            is_classic: false,
            id,
            version,
            opcode,
            keyword: 0,
            provider: self.provider.clone(),
            level: event.text("level"),
            channel: event.text("channel"),
            keywords: keywords.map(ToOwned::to_owned).collect(),
            task,
            opcode_name,
            message: event.get("message").map(|text| self.message(text)),
            schema: Schema::new(name.unwrap_or_default(), 0, fields).ok()?,
        })
    }
}
