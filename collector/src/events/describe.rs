//! What an event is called and what its payload holds: from the event itself, from what this
//! program knows of Weir's own events, from descriptions elsewhere in the file, or from files that
//! were given for it.

use super::names::Names;
use super::schemas::Schemas;
use weir_abi::event::kind_metadata;
use weir_abi::identifiers::{PROVIDER, PROVIDER_NAME};
use weir_etl::fields::{Decoded, PointerSize, Schema};
use weir_etl::tdh::{Catalogue, EventInfo};
use weir_etl::{Body, Classic, Event, Guid, Record};

/// Descriptions met so far.
#[derive(Default)]
pub(super) struct Describer {
    schemas: Schemas,
    /// What the file at hand describes. Another file's descriptions are not used: what a file shows
    /// does not depend on what was read before it.
    catalogue: Catalogue,
    /// What the file at hand calls its providers, by the same rule.
    names: Names,
    /// What files given for it describe, of any trace. A trace is believed before them: they may be of
    /// another version, and it says what its own events were.
    given: Catalogue,
}

/// What is known of a record, whatever its kind.
#[derive(Clone, Copy, Debug)]
pub(super) struct Description<'a> {
    pub(super) provider: Option<&'a str>,
    pub(super) provider_id: Option<Guid>,
    pub(super) event: Option<&'a str>,
    pub(super) id: u16,
    pub(super) version: u16,
    pub(super) level: Option<u8>,
    pub(super) keyword: Option<u64>,
    pub(super) opcode: Option<u8>,
    pub(super) payload: &'a [u8],
    schema: Option<&'a Schema>,
    pointer_size: PointerSize,
}

impl<'a> Description<'a> {
    /// The fields of the payload, where something describes them.
    pub(super) fn decode(&self) -> Option<Decoded<'a>> {
        self.schema.map(|schema| schema.decode(self.payload, self.pointer_size))
    }

    const fn nameless(record: &Record<'a>, payload: &'a [u8]) -> Self {
        Self {
            provider: None,
            provider_id: None,
            event: None,
            id: 0,
            version: 0,
            level: None,
            keyword: None,
            opcode: None,
            payload,
            schema: None,
            pointer_size: match record.pointer_bytes() {
                4 => PointerSize::Bytes4,
                _ => PointerSize::Bytes8,
            },
        }
    }
}

impl Describer {
    /// One that has met nothing yet but these descriptions.
    pub(super) fn new(given: Catalogue) -> Self {
        Self { given, ..Self::default() }
    }

    /// Goes on to a file that says this of its events.
    pub(super) fn begin(&mut self, catalogue: Catalogue, names: Names) {
        self.catalogue = catalogue;
        self.names = names;
    }

    /// Describes a record.
    pub(super) fn describe<'a>(&'a mut self, record: &Record<'a>) -> Description<'a> {
        match record.body {
            Body::Event(event) => self.event(record, &event),
            Body::Classic(classic) => self.classic(record, &classic),
            Body::Kernel(kernel) => Description {
                id: kernel.hook,
                version: kernel.version.into(),
                ..Description::nameless(record, kernel.payload)
            },
            Body::Message(message) => Description {
                provider_id: message.id,
                id: message.number,
                ..Description::nameless(record, message.payload)
            },
            Body::Other(payload) => Description::nameless(record, payload),
        }
    }

    fn event<'a>(&'a mut self, record: &Record<'a>, event: &Event<'a>) -> Description<'a> {
        let is_ours = event.provider == PROVIDER;
        let blob = event.schema();
        let blob = blob.or_else(|| kind_metadata(event.id, event.version).filter(|_| is_ours));
        // Weir's own name is not for others to give.
        let known = if is_ours { Some(PROVIDER_NAME) } else { self.names.of(event) };
        let own = blob.and_then(|blob| self.schemas.get(blob));
        // An event that describes itself knows best.
        let found = || self.catalogue.event(event).or_else(|| self.given.event(event));
        let info = if blob.is_none() { found() } else { None };
        let schema = own.or_else(|| info.map(|info| &info.schema));
        Description {
            provider: known
                .or_else(|| self.catalogue.provider(event.provider))
                .or_else(|| self.given.provider(event.provider)),
            provider_id: Some(event.provider),
            event: own.map(Schema::name).or_else(|| info.and_then(EventInfo::name)),
            id: event.id,
            version: event.version.into(),
            level: Some(event.level),
            keyword: Some(event.keyword),
            opcode: Some(event.opcode),
            schema: schema.filter(|_| !event.is_damaged),
            ..Description::nameless(record, event.payload)
        }
    }

    fn classic<'a>(&'a self, record: &Record<'a>, classic: &Classic<'a>) -> Description<'a> {
        let info = self.catalogue.classic(classic).or_else(|| self.given.classic(classic));
        Description {
            provider: info.and_then(|info| info.provider.as_deref()),
            provider_id: Some(classic.class),
            event: info.and_then(EventInfo::name),
            id: classic.class_type.into(),
            version: classic.version,
            level: Some(classic.level),
            opcode: Some(classic.class_type),
            schema: info.map(|info| &info.schema),
            ..Description::nameless(record, classic.payload)
        }
    }
}
