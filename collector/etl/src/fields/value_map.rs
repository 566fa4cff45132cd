//! Names for numbers: what manifests call value maps and bit maps.

use core::fmt::Write as _;
use std::borrow::Cow;
use std::sync::OnceLock;

/// A name is cut after so many bytes: it stands in the output once for every element of an array.
const NAME_BYTES_MAX: usize = 128;

/// Entries kept of a map of bits, all of which are compared with every value. A field has 64 bits
/// at most; the rest is room for sets of them.
const BITS_MAX: usize = 256;

/// Names for the bits of one value are no longer together; what bits they leave is a number. All
/// 15 names of .NET's start-up flags, the most that was seen, have 393.
const TEXT_BYTES_MAX: usize = 1024;

/// How the numbers of a map are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MapKind {
    /// A name for each number.
    Values,
    /// A name for each bit, or set of bits.
    Bits,
}

/// Names for the numbers of a field.
///
/// In a file, a map may come after the fields that use it. One without names yet shows numbers, and
/// gets its names once, wherever it is used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ValueMap {
    names: OnceLock<Names>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Names {
    kind: MapKind,
    /// By number; of one number, the first in the map alone.
    entries: Vec<(u32, String)>,
}

impl ValueMap {
    /// A map of these entries.
    #[must_use]
    pub fn new(kind: MapKind, entries: Vec<(u32, String)>) -> Self {
        let map = Self::default();
        map.fill(kind, entries);
        map
    }

    /// Gives names to a map that has none; `false` if it had some, which stay.
    pub(crate) fn fill(&self, kind: MapKind, mut entries: Vec<(u32, String)>) -> bool {
        entries.sort_by_key(|(value, _)| *value);
        entries.dedup_by_key(|(value, _)| *value);
        if kind == MapKind::Bits {
            entries.truncate(BITS_MAX);
        }
        for (_, name) in &mut entries {
            name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
        }
        self.names.set(Names { kind, entries }).is_ok()
    }

    /// Whether it has its names.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.names.get().is_some()
    }

    /// What a number is called; `None` where no name fits. `bytes` is the size of the field.
    ///
    /// Of a bit map, all names that fit and what they leave: `Read|Write|0x10`. Smaller numbers
    /// come first, and a name for several bits only where one of them has none yet, as in PerfView.
    pub(super) fn text(&self, bits: u64, bytes: usize) -> Option<Cow<'_, str>> {
        let names = self.names.get()?;
        match names.kind {
            MapKind::Values => names.value(bits, bytes).map(Cow::Borrowed),
            MapKind::Bits => names.bits(bits),
        }
    }
}

impl Names {
    fn value(&self, bits: u64, bytes: usize) -> Option<&str> {
        // Maps have 32 bits; a field with less has the lowest of them.
        let mask = u32::MAX >> (32_usize.saturating_sub(bytes.saturating_mul(8)));
        let low = u32::try_from(bits).ok()?;
        if let Some(name) = self.exact(low) {
            return Some(name);
        }
        let is_sign_set = low > mask >> 1 && mask != u32::MAX;
        if is_sign_set { self.exact(low | !mask) } else { None }
    }

    fn exact(&self, value: u32) -> Option<&str> {
        let place = self.entries.binary_search_by_key(&value, |(value, _)| *value).ok()?;
        self.entries.get(place).map(|(_, name)| name.as_str())
    }

    fn bits(&self, bits: u64) -> Option<Cow<'_, str>> {
        if bits == 0 {
            return self.exact(0).map(Cow::Borrowed);
        }
        let mut left = bits;
        let mut text = String::new();
        for (value, name) in &self.entries {
            let value = u64::from(*value);
            let is_new = left & value != 0 && bits & value == value;
            if !is_new || text.len() + name.len() >= TEXT_BYTES_MAX {
                continue;
            }
            left &= !value;
            if !text.is_empty() {
                text.push('|');
            }
            text.push_str(name);
        }
        if text.is_empty() {
            return None;
        }
        if left != 0 {
            // Writing to a string cannot fail.
            let _infallible = write!(text, "|{left:#x}");
        }
        Some(Cow::Owned(text))
    }
}
