//! What a file calls its providers.
//!
//! Not every event carries its provider's name; those that do not are called as the first event of
//! the same provider that does. An event's own name goes before: a GUID is anybody's to use.

use hashbrown::HashMap;
use weir_etl::tracelogging::ProviderTraits;
use weir_etl::{Event, Guid};

/// Memory of names kept, about: sessions enable some hundreds of providers with names of some dozen
/// characters. Names beyond it are missing.
const BYTES_MAX: usize = 4 << 20;

/// Memory of an entry beside the bytes in it.
const ENTRY_BYTES: usize = 128;

/// Names by provider, and by the bytes that hold them.
#[derive(Default)]
pub(super) struct Names {
    first: HashMap<Guid, String>,
    by_traits: HashMap<Vec<u8>, Option<String>>,
    bytes: usize,
}

impl Names {
    /// Remembers what an event calls its provider.
    pub(super) fn learn(&mut self, event: &Event<'_>) {
        let Some(traits) = event.provider_traits() else { return };
        let is_known = self.first.contains_key(&event.provider);
        if is_known && self.by_traits.contains_key(traits) {
            return;
        }
        let name = ProviderTraits::parse(traits).ok().map(|traits| traits.name);
        let bytes = 2 * ENTRY_BYTES + 3 * traits.len();
        if self.bytes + bytes > BYTES_MAX {
            return;
        }
        self.bytes += bytes;
        if let Some(name) = &name {
            self.first.entry(event.provider).or_insert_with(|| name.clone());
        }
        self.by_traits.insert(traits.to_vec(), name);
    }

    /// What an event's provider is called.
    pub(super) fn of(&self, event: &Event<'_>) -> Option<&str> {
        match event.provider_traits() {
            Some(traits) => self.by_traits.get(traits)?.as_deref(),
            None => self.first.get(&event.provider).map(String::as_str),
        }
    }
}
