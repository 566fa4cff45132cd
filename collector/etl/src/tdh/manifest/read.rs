//! XML taken apart into a manifest.

use super::attributes::{Attributes, cut};
use super::template::Data;
use super::{
    DEEP_MAX, MANIFEST_BYTES_MAX, Manifest, ManifestError, NAME_BYTES_MAX, Provider, RawMap,
    STRING_BYTES_MAX, text,
};
use crate::Guid;
use crate::fields::MapKind;
use quick_xml::events::{BytesStart, Event as Xml};
use quick_xml::{Error, Reader};

impl Manifest {
    /// Takes a manifest apart. It has one provider at least.
    pub(in super::super) fn read(bytes: &[u8]) -> Result<Self, ManifestError> {
        if bytes.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLong);
        }
        let text = text::decode(bytes);
        if !text.trim_start().starts_with('<') {
            return Err(ManifestError::NotXml);
        }
        let manifest = read(&text)?;
        if manifest.providers.is_empty() {
            return Err(ManifestError::NoProvider);
        }
        Ok(manifest)
    }
}

fn read(text: &str) -> Result<Manifest, ManifestError> {
    let mut reader = Reader::from_str(text);
    let mut reading = Reading { line: 1, ..Reading::default() };
    let mut start = 0;
    loop {
        let event = reader.read_event();
        let event = event.map_err(|error| malformed(text, reader.error_position(), &error))?;
        let failed = |error| malformed(text, start, &error);
        match &event {
            Xml::Start(element) => reading.start(element).map_err(failed)?,
            Xml::Empty(element) => {
                reading.start(element).map_err(failed)?;
                reading.end();
            }
            // That it ends what began last is checked by the reader.
            Xml::End(_) => reading.end(),
            Xml::Eof => break,
            Xml::Text(_)
            | Xml::CData(_)
            | Xml::Comment(_)
            | Xml::Decl(_)
            | Xml::PI(_)
            | Xml::DocType(_)
            | Xml::GeneralRef(_) => {}
        }
        if reading.open.len() > DEEP_MAX {
            return Err(ManifestError::TooDeep { line: reading.line });
        }
        let end = reader.buffer_position();
        reading.line += lines(text, start, end);
        start = end;
    }
    match reading.open.pop() {
        None => Ok(reading.manifest),
        Some(open) => Err(ManifestError::CutOff { line: reading.line, element: open.name }),
    }
}

fn malformed(text: &str, at: u64, error: &Error) -> ManifestError {
    let before = text.get(..usize::try_from(at).unwrap_or(usize::MAX)).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or("");
    ManifestError::Malformed {
        line: 1 + lines(text, 0, at),
        column: 1 + line.chars().count(),
        // It may quote a name of any length.
        what: cut(&error.to_string(), NAME_BYTES_MAX),
    }
}

/// Lines that end between two places.
fn lines(text: &str, start: u64, end: u64) -> usize {
    let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
    let bytes = text.as_bytes().get(place(start)..place(end)).unwrap_or(&[]);
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

/// An element that has begun.
#[derive(Debug)]
struct Open {
    name: String,
    kind: OpenKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum OpenKind {
    Task,
    Template,
    Structure,
    /// Nothing in it describes anything: user data holds elements of any name.
    PassedOver,
    Other,
}

/// A manifest that is being read.
#[derive(Debug, Default)]
struct Reading {
    manifest: Manifest,
    line: usize,
    open: Vec<Open>,
    /// The task that opcodes belong to.
    task: Option<String>,
    /// Id and fields of the template that fields belong to.
    template: Option<(String, Vec<Data>)>,
    /// Structures of it that have begun.
    structures: Vec<Data>,
}

impl Reading {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), Error> {
        let name = element.local_name();
        let kind = match self.open.last() {
            Some(open) if open.kind == OpenKind::PassedOver => OpenKind::PassedOver,
            _ if self.template.is_some() => self.field(name.as_ref(), element)?,
            _ => self.element(name.as_ref(), Attributes::of(element)?),
        };
        self.open.push(Open { name: cut(name.as_ref(), NAME_BYTES_MAX), kind });
        Ok(())
    }

    fn end(&mut self) {
        match self.open.pop().map(|open| open.kind) {
            Some(OpenKind::Task) => self.task = None,
            Some(OpenKind::Structure) => {
                if let Some(structure) = self.structures.pop() {
                    self.keep_field(structure);
                }
            }
            Some(OpenKind::Template) => {
                let provider = self.manifest.providers.last_mut();
                if let Some((provider, (id, fields))) = provider.zip(self.template.take()) {
                    provider.templates.insert(id, fields);
                }
            }
            Some(OpenKind::PassedOver | OpenKind::Other) | None => {}
        }
    }

    /// An element within a template.
    fn field(&mut self, name: &str, element: &BytesStart<'_>) -> Result<OpenKind, Error> {
        match name {
            "data" => {
                let attributes = Attributes::of(element)?;
                self.keep_field(Data { attributes, members: None });
                Ok(OpenKind::PassedOver)
            }
            "struct" => {
                let attributes = Attributes::of(element)?;
                self.structures.push(Data { attributes, members: Some(Vec::new()) });
                Ok(OpenKind::Structure)
            }
            _ => Ok(OpenKind::PassedOver),
        }
    }

    fn keep_field(&mut self, field: Data) {
        if let Some(structure) = self.structures.last_mut() {
            structure.members.get_or_insert_default().push(field);
        } else if let Some((_, fields)) = &mut self.template {
            fields.push(field);
        }
    }

    /// An element anywhere else.
    fn element(&mut self, name: &str, attributes: Attributes) -> OpenKind {
        if name == "provider" {
            self.manifest.providers.push(Provider {
                name: attributes.text("name"),
                guid: attributes.get("guid").and_then(Guid::parse),
                line: self.line,
                ..Provider::default()
            });
        }
        if let ("string", Some(id), Some(value)) =
            (name, attributes.get("id"), attributes.get("value"))
        {
            let strings = &mut self.manifest.strings;
            strings.entry(id.to_owned()).or_insert_with(|| cut(value, STRING_BYTES_MAX));
        }
        let Some(provider) = self.manifest.providers.last_mut() else { return OpenKind::Other };
        match name {
            "event" => provider.events.push(attributes),
            "opcode" => {
                let task = self.task.clone().unwrap_or_default();
                provider.opcodes.entry(task).or_default().add(&attributes);
            }
            "valueMap" => provider.maps.extend(RawMap::new(MapKind::Values, &attributes)),
            "bitMap" => provider.maps.extend(RawMap::new(MapKind::Bits, &attributes)),
            "map" => {
                let value = attributes.number("value").and_then(|it| u32::try_from(it).ok());
                let entry = value.zip(attributes.get("message").map(|it| cut(it, NAME_BYTES_MAX)));
                if let Some(map) = provider.maps.last_mut() {
                    map.entries.extend(entry);
                }
            }
            "task" => {
                provider.tasks.add(&attributes);
                self.task = attributes.text("name");
                return OpenKind::Task;
            }
            "template" => {
                let id = attributes.get("tid").unwrap_or("").to_owned();
                self.template = Some((id, Vec::new()));
                return OpenKind::Template;
            }
            _ => {}
        }
        OpenKind::Other
    }
}

impl RawMap {
    fn new(kind: MapKind, attributes: &Attributes) -> Option<Self> {
        Some(Self { name: attributes.text("name")?, kind, entries: Vec::new() })
    }
}
