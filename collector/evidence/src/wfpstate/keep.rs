//! What is kept of objects, and how much.

use super::draft::{Draft, Key, Lined};
use super::tag::Tag;
use super::text::quoted;
use crate::ReadError;
use weir_abi::identifiers::{CALLOUTS, FILTERS, Guid, SUBLAYER, WFP_PROVIDER};
use weir_stages::checks::facts::{
    Action, BuiltIn, BuiltInKind, Callout, Filter, NamedKey, Place, Sublayer, WfpState,
};

/// Most objects that are kept. Machines with many containers have some ten thousand filters, few of
/// which call a callout. Beyond it reading ends with an error.
pub const KEPT_OBJECTS_MAX: usize = 100_000;

/// Most bytes of objects that are kept, with their texts, so that long names and lists of flags
/// cannot fill the memory: some six hundred bytes for each of the most objects. Beyond it reading
/// ends with an error.
pub const KEPT_BYTES_MAX: usize = 64 << 20;

/// What a text or flag takes beside its bytes: where it is and how long, and what an allocation
/// costs.
const TEXT_OVERHEAD_BYTES: usize = size_of::<String>() + 16;

/// What eBPF for Windows gives its objects for good: provider and sublayers. Its filters get their
/// keys from the engine.
///
/// Source: microsoft/ebpf-for-windows, netebpfext/net_ebpf_ext.h and net_ebpf_ext_sock_addr.h
/// (read 2026-11)
const EBPF: [Guid; 4] = [
    Guid::new(0xddb8_51f5, 0x841a, 0x4b77, 0x8a46, [0xbb, 0x70, 0x63, 0xe9, 0xf1, 0x62]),
    Guid::new(0x7c7b_3fb9, 0x3331, 0x436a, 0x98e1, [0xb9, 0x01, 0xdf, 0x45, 0x7f, 0xff]),
    Guid::new(0x9884_9e12, 0xb07d, 0x11ec, 0x9a30, [0x18, 0x60, 0x24, 0x89, 0xbe, 0xee]),
    Guid::new(0x9884_9e13, 0xb07d, 0x11ec, 0x9a30, [0x18, 0x60, 0x24, 0x89, 0xbe, 0xee]),
];

/// Is it of eBPF for Windows, or Weir's?
fn is_known(key: Guid) -> bool {
    key == SUBLAYER
        || key == WFP_PROVIDER
        || EBPF.contains(&key)
        || CALLOUTS.contains(&key)
        || FILTERS.contains(&key)
}

/// Gathers objects.
#[derive(Debug)]
pub(super) struct Keep {
    state: WfpState,
    objects: usize,
    bytes: usize,
}

impl Keep {
    pub(super) fn new(file: &str) -> Self {
        let state = WfpState { file: file.to_owned(), ..WfpState::default() };
        Self { state, objects: 0, bytes: 0 }
    }

    pub(super) fn file(&self) -> &str {
        &self.state.file
    }

    pub(super) fn set_time(&mut self, time: String) {
        self.state.time = Some(time).filter(|it| !it.is_empty());
    }

    /// Some object was there, kept or not.
    pub(super) const fn has_any(&self) -> bool {
        self.objects > 0 || self.state.filters_total > 0
    }

    pub(super) fn finish(self, is_whole: bool) -> WfpState {
        WfpState { is_whole, ..self.state }
    }

    fn damaged(&self, line: u64, what: impl Into<String>) -> ReadError {
        ReadError::damaged(self.file(), line, what)
    }

    /// An item has ended; `list` is what it stands in, `line` where it begins.
    pub(super) fn item(
        &mut self,
        mut draft: Draft,
        list: Option<Tag>,
        line: u64,
    ) -> Result<(), ReadError> {
        let wrong = draft.wrong.take();
        let sound = |keep: &Self| match wrong {
            Some(Lined { value, line }) => Err(keep.damaged(line, value)),
            None => Ok(()),
        };
        match (draft.filter.take(), draft.callout.take()) {
            (Some(Lined { line, .. }), Some(_)) => {
                return Err(self.damaged(line, "an item has the keys of a filter and of a callout"));
            }
            (Some(key), None) => return sound(self).and_then(|()| self.filter(&key, draft)),
            (None, Some(key)) => return sound(self).and_then(|()| self.callout(key, draft)),
            (None, None) => {}
        }
        if let Some(key) = draft.lacks(list) {
            return Err(self.damaged(line, format!("an item has no {key}")));
        }
        if let Some(key) = draft.sublayer.take() {
            return sound(self).and_then(|()| self.sublayer(key, draft));
        }
        let is_provider = match list {
            Some(list) => list == Tag::Providers,
            None => draft.begins_with_provider,
        };
        match draft.provider.take().filter(|_| is_provider) {
            Some(key) => sound(self).and_then(|()| self.provider(key, draft)),
            None => Ok(()),
        }
    }

    fn filter(&mut self, key: &Lined<Option<Key>>, draft: Draft) -> Result<(), ReadError> {
        let Some(Key::Guid(guid)) = key.value else {
            return Err(self.damaged(key.line, "a filterKey without a GUID"));
        };
        self.state.filters_total += 1;
        let outer = |field: Option<Lined<Option<Key>>>| field.and_then(|it| it.value?.guid());
        let filter = Filter {
            key: guid,
            name: draft.name.unwrap_or_default(),
            flags: draft.flags,
            provider: outer(draft.provider),
            layer: draft.layer.unwrap_or_default(),
            sublayer: outer(draft.sublayer),
            action: Action::of(&draft.action.unwrap_or_default()),
            callout: outer(draft.action_callout),
            place: Place::new(self.file(), key.line),
        };
        let keys = [Some(filter.key), filter.provider, filter.sublayer, filter.callout];
        if filter.action.calls() || keys.into_iter().flatten().any(is_known) {
            let flags = filter.flags.iter().map(String::as_str);
            let texts = [&*filter.name, &*filter.layer, filter.action.name()];
            self.count(key.line, flags.chain(texts))?;
            self.state.filters.push(filter);
        }
        Ok(())
    }

    fn callout(&mut self, key: Lined<Option<Key>>, draft: Draft) -> Result<(), ReadError> {
        let (name, layer) = (draft.name.unwrap_or_default(), draft.applicable_layer);
        let flags = draft.flags.iter().map(String::as_str);
        self.count(key.line, flags.chain([&*name]).chain(layer.as_deref()))?;
        let place = Place::new(self.file(), key.line);
        match key.value {
            None => return Err(self.damaged(key.line, "a calloutKey without a GUID")),
            Some(Key::Named(key)) => {
                let kind = BuiltInKind::Callout;
                self.state.built_in.push(BuiltIn { kind, key, name, layer, weight: None, place });
            }
            Some(Key::Guid(key)) => self.state.callouts.push(Callout {
                key,
                name,
                flags: draft.flags,
                provider: draft.provider.and_then(|it| it.value?.guid()),
                layer: layer.unwrap_or_default(),
                place,
            }),
        }
        Ok(())
    }

    fn sublayer(&mut self, key: Lined<Option<Key>>, draft: Draft) -> Result<(), ReadError> {
        let weight = self.weight(draft.weight)?;
        let name = draft.name.unwrap_or_default();
        self.count(key.line, [&*name])?;
        let place = Place::new(self.file(), key.line);
        match key.value {
            None => return Err(self.damaged(key.line, "a subLayerKey without a GUID")),
            Some(Key::Named(key)) => {
                let kind = BuiltInKind::Sublayer;
                self.state.built_in.push(BuiltIn { kind, key, name, layer: None, weight, place });
            }
            Some(Key::Guid(key)) => {
                let provider = draft.provider.and_then(|it| it.value?.guid());
                self.state.sublayers.push(Sublayer { key, name, weight, provider, place });
            }
        }
        Ok(())
    }

    fn provider(&mut self, key: Lined<Option<Key>>, draft: Draft) -> Result<(), ReadError> {
        let name = draft.name.unwrap_or_default();
        self.count(key.line, [&*name])?;
        let place = Place::new(self.file(), key.line);
        match key.value {
            None => return Err(self.damaged(key.line, "a providerKey without a GUID")),
            Some(Key::Named(key)) => {
                let (kind, layer, weight) = (BuiltInKind::Provider, None, None);
                self.state.built_in.push(BuiltIn { kind, key, name, layer, weight, place });
            }
            Some(Key::Guid(key)) => self.state.providers.push(NamedKey { key, name, place }),
        }
        Ok(())
    }

    fn weight(&self, weight: Option<Lined<String>>) -> Result<Option<u16>, ReadError> {
        let Some(Lined { value, line }) = weight.filter(|it| !it.value.is_empty()) else {
            return Ok(None);
        };
        let what = || format!("\"{}\" is no weight of a sublayer, 0 to 65535", quoted(&value));
        value.parse().map(Some).map_err(|_error| self.damaged(line, what()))
    }

    /// Holds the bounds of what is kept.
    fn count<'t>(
        &mut self,
        line: u64,
        texts: impl IntoIterator<Item = &'t str>,
    ) -> Result<(), ReadError> {
        self.objects += 1;
        // Each has a copy of the file's name, for its place.
        self.bytes += size_of::<Filter>() + self.file().len() + TEXT_OVERHEAD_BYTES;
        self.bytes += texts.into_iter().map(|it| it.len() + TEXT_OVERHEAD_BYTES).sum::<usize>();
        if self.objects > KEPT_OBJECTS_MAX {
            let what = format!("there are more than {KEPT_OBJECTS_MAX} objects to keep");
            return Err(self.damaged(line, what));
        }
        if self.bytes > KEPT_BYTES_MAX {
            let what = format!("the objects to keep take more than {KEPT_BYTES_MAX} bytes");
            return Err(self.damaged(line, what));
        }
        Ok(())
    }
}
