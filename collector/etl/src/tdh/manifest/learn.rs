//! What a catalogue keeps of a manifest.

use super::{Manifest, ManifestError, Provider, template};
use crate::fields::FieldType;
use crate::tdh::Catalogue;
use crate::tdh::catalogue::named_map;
use crate::tdh::chunks;
use crate::tdh::event_info::Key;
use crate::{Event, Guid};
use std::collections::HashMap;

impl Catalogue {
    /// Keeps what an instrumentation manifest describes, a `.man` file or another file of its form:
    /// how many events were not described before.
    ///
    /// The file is UTF-8 or UTF-16. Nothing is kept where an error is returned.
    ///
    /// ```
    /// use weir_etl::tdh::{Catalogue, ManifestError};
    ///
    /// let mut catalogue = Catalogue::default();
    /// let manifest = br#"<instrumentationManifest>
    ///   <provider name="Talk" guid="{11111111-2222-3333-4444-555555555555}">
    ///     <events><event value="1" task="Hello" template="Greeting"/></events>
    ///     <templates>
    ///       <template tid="Greeting"><data name="times" inType="win:UInt32"/></template>
    ///     </templates>
    ///   </provider>
    /// </instrumentationManifest>"#;
    /// assert_eq!(catalogue.learn_manifest(manifest), Ok(1));
    /// assert_eq!(catalogue.learn_manifest(b"MZ"), Err(ManifestError::NotXml));
    /// ```
    ///
    /// # Errors
    /// It is no XML or damaged, too long, or has no provider, or one without a GUID.
    pub fn learn_manifest(&mut self, file: &[u8]) -> Result<usize, ManifestError> {
        let manifest = Manifest::read(file)?;
        let nameless = manifest.providers.iter().find(|provider| provider.guid.is_none());
        if let Some(provider) = nameless {
            let name = provider.name.clone().unwrap_or_default();
            return Err(ManifestError::ProviderId { line: provider.line, name });
        }
        let before = self.len();
        for provider in &manifest.providers {
            if let Some(id) = provider.guid {
                self.keep_provider(&manifest, provider, id);
            }
        }
        Ok(self.len() - before)
    }

    /// Keeps what a provider wrote of itself into its events. It comes once for each process and
    /// session; what is known of it is not read again.
    pub(in super::super) fn learn_source(&mut self, event: &Event<'_>, text: &[u8]) {
        let Ok(manifest) = Manifest::read(text) else {
            self.unreadable += 1;
            return;
        };
        // Whatever GUIDs it claims, it says nothing of other providers.
        let id = event.provider;
        for provider in &manifest.providers {
            self.keep_provider(&manifest, provider, id);
        }
        let name = manifest.providers.first().and_then(|provider| provider.name.as_deref());
        let key = Key::Manifest(id, event.id, event.version);
        if !self.events.contains_key(&key)
            && self.has_room()
            && let Some(info) = chunks::info(event, name)
        {
            self.keep(key, info);
        }
    }

    fn keep_provider(&mut self, manifest: &Manifest, provider: &Provider, id: Guid) {
        for map in &provider.maps {
            self.keep_map(id, map.name.clone(), map.kind, manifest.entries(map));
        }
        // Events share templates, each of which is read once.
        let mut templates: HashMap<&str, Option<Vec<FieldType>>> = HashMap::new();
        for event in &provider.events {
            let Some((event_id, version)) = Provider::key(event) else {
                self.unreadable += 1;
                continue;
            };
            let key = Key::Manifest(id, event_id, version);
            if self.events.contains_key(&key) {
                continue;
            }
            if !self.has_room() {
                self.left_out += 1;
                continue;
            }
            let template = event.get("template").unwrap_or("");
            let fields = templates.entry(template).or_insert_with(|| {
                let data = provider.templates.get(template).map_or(&[][..], Vec::as_slice);
                let Self { maps, bytes, .. } = self;
                template::fields(data, &mut |name| named_map(maps, bytes, id, name))
            });
            let info = fields.clone().and_then(|fields| {
                manifest.event((provider, id), (event_id, version), event, fields)
            });
            match info {
                Some(info) => self.keep(key, info),
                None => self.unreadable += 1,
            }
        }
    }
}
