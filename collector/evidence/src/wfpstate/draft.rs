//! What an item says, until its end shows what it is.
//!
//! Nothing but its fields tells an item's kind: fragments have no lists around them, filters name
//! their sublayer and provider as those name themselves, and the order is not promised anywhere.

use super::tag::{Field, Tag};
use super::text::quoted;
use super::walk::FLAGS_MAX;
use weir_abi::identifiers::Guid;

/// Longest name that stands for a GUID.
const KEY_NAME_BYTES_MAX: usize = 128;

/// A key as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Guid(Guid),
    /// `FWPM_SUBLAYER_UNIVERSAL`, …: what the tool knows a name of.
    Named(String),
}

impl Key {
    /// The key, nothing, or what is wrong.
    pub(super) fn of(text: String) -> Result<Option<Self>, String> {
        if text.is_empty() {
            return Ok(None);
        }
        if let Some(guid) = Guid::parse(&text) {
            return Ok(Some(Self::Guid(guid)));
        }
        let is_name = text.len() <= KEY_NAME_BYTES_MAX
            && text.contains('_')
            && text.starts_with(|it: char| it.is_ascii_uppercase())
            && text.bytes().all(|it| matches!(it, b'A'..=b'Z' | b'0'..=b'9' | b'_'));
        match is_name {
            true => Ok(Some(Self::Named(text))),
            false => Err(format!("\"{}\" is no GUID and no name of one", quoted(&text))),
        }
    }

    /// The GUID, where it is one.
    pub(super) const fn guid(&self) -> Option<Guid> {
        match self {
            Self::Guid(guid) => Some(*guid),
            Self::Named(_) => None,
        }
    }
}

/// A field's value and the line where its element begins.
#[derive(Clone, Debug)]
pub(super) struct Lined<T> {
    pub(super) value: T,
    pub(super) line: u64,
}

/// An item's fields.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) provider: Option<Lined<Option<Key>>>,
    pub(super) sublayer: Option<Lined<Option<Key>>>,
    pub(super) callout: Option<Lined<Option<Key>>>,
    pub(super) filter: Option<Lined<Option<Key>>>,
    /// The first of the item's fields is `providerKey`.
    pub(super) begins_with_provider: bool,
    pub(super) name: Option<String>,
    pub(super) flags: Vec<String>,
    pub(super) layer: Option<String>,
    pub(super) applicable_layer: Option<String>,
    pub(super) weight: Option<Lined<String>>,
    pub(super) action: Option<String>,
    pub(super) action_callout: Option<Lined<Option<Key>>>,
    /// The first thing that is wrong, if the item is an object at all: other parts of the file have
    /// items too, of which nobody promised anything.
    pub(super) wrong: Option<Lined<String>>,
}

impl Draft {
    /// Takes a field in, which `has_elements` beside its value, or none.
    pub(super) fn set(&mut self, field: Field, text: Lined<String>, has_elements: bool) {
        let line = text.line;
        // A filter's weight is a structure, and of no interest.
        if has_elements && field != Field::Weight {
            self.is_wrong(line, "elements stand where a value is expected");
        }
        let is_new = match field {
            Field::Time => true,
            Field::Provider => {
                let key = self.key(text);
                set_once(&mut self.provider, key)
            }
            Field::Sublayer => {
                let key = self.key(text);
                set_once(&mut self.sublayer, key)
            }
            Field::Callout => {
                let key = self.key(text);
                set_once(&mut self.callout, key)
            }
            Field::Filter => {
                let key = self.key(text);
                set_once(&mut self.filter, key)
            }
            Field::ActionCallout => {
                let key = self.key(text);
                set_once(&mut self.action_callout, key)
            }
            Field::Flag => {
                if self.flags.len() == FLAGS_MAX {
                    self.is_wrong(line, format!("an object has more than {FLAGS_MAX} flags"));
                } else if !text.value.is_empty() {
                    self.flags.push(text.value);
                }
                true
            }
            Field::Layer => set_once(&mut self.layer, text.value),
            Field::ApplicableLayer => set_once(&mut self.applicable_layer, text.value),
            Field::Name => set_once(&mut self.name, text.value),
            Field::Action => set_once(&mut self.action, text.value),
            Field::Weight => set_once(&mut self.weight, text),
        };
        if !is_new {
            self.is_wrong(line, "an item says this twice");
        }
    }

    /// Something is wrong, unless something was before.
    pub(super) fn is_wrong(&mut self, line: u64, what: impl Into<String>) {
        if self.wrong.is_none() {
            self.wrong = Some(Lined { value: what.into(), line });
        }
    }

    /// The key of an element that begins on this line.
    fn key(&mut self, text: Lined<String>) -> Lined<Option<Key>> {
        let Lined { value, line } = text;
        let value = Key::of(value).unwrap_or_else(|what| {
            self.is_wrong(line, what);
            None
        });
        Lined { value, line }
    }

    /// The key that an item of this list, with these fields, would have to have.
    pub(super) const fn lacks(&self, list: Option<Tag>) -> Option<&'static str> {
        match list {
            Some(Tag::Filters) => Some("filterKey"),
            Some(Tag::Callouts) => Some("calloutKey"),
            None if self.layer.is_some() || self.action.is_some() => Some("filterKey"),
            None if self.applicable_layer.is_some() => Some("calloutKey"),
            Some(Tag::SubLayers) if self.sublayer.is_none() => Some("subLayerKey"),
            Some(Tag::Providers) if self.provider.is_none() => Some("providerKey"),
            _ => None,
        }
    }
}

/// Two answers to one question are none.
fn set_once<T>(place: &mut Option<T>, value: T) -> bool {
    let is_new = place.is_none();
    if is_new {
        *place = Some(value);
    }
    is_new
}
