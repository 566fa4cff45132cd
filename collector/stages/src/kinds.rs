//! Event kinds as dense indices, as label values and as sets.

use weir_abi::event::{CopyFallback, Event, Invocation, KIND_LAST, kind_name};

/// Kinds that are counted apart: every known id, and index 0 for all others.
pub const KINDS: usize = KIND_LAST as usize + 1;

/// Index of all ids that this version does not know.
pub const UNKNOWN: usize = 0;

/// The index of an event id.
#[must_use]
pub const fn kind_index(id: u16) -> usize {
    if id <= KIND_LAST { id as usize } else { UNKNOWN }
}

/// The value of the label `event` for an index.
#[must_use]
pub fn kind_label(index: usize) -> &'static str {
    let Ok(id) = u16::try_from(index) else { return "unknown" };
    match id {
        1 => "invocation",
        2 => "verdict",
        3 => "cleanup",
        4 => "copy_fallback",
        5 => "flow_established",
        6 => "flow_closed",
        7 => "attached",
        8 => "detached",
        9 => "driver_state",
        10 => "counters",
        11 => "error",
        12 => "flow_rundown",
        13 => "attachment_verdict",
        14 => "flow_uninspected",
        _ => "unknown",
    }
}

/// A set of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u32);

impl KindSet {
    /// No kind.
    pub const NONE: Self = Self(0);

    /// Every known kind.
    pub const ALL: Self = Self((1 << KINDS) - 2);

    /// The kinds that the session `weir-detail` carries.
    pub const DETAIL: Self = Self::NONE.with(Invocation::ID).with(CopyFallback::ID);

    /// This set and one more kind; unknown ids change nothing.
    #[must_use]
    pub const fn with(self, id: u16) -> Self {
        if id == 0 || id > KIND_LAST { self } else { Self(self.0 | (1 << id)) }
    }

    /// This set and another.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set without the kinds of another.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the kind of this index belongs to it.
    #[must_use]
    pub const fn has(self, index: usize) -> bool {
        index < KINDS && self.0 & (1 << index) != 0
    }
}

/// The contract's name of a kind, for the docs.
#[must_use]
pub fn kind_title(index: usize) -> &'static str {
    u16::try_from(index).ok().and_then(kind_name).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_label_that_is_its_name_in_snake_case() {
        for index in 1..KINDS {
            let mut snake = String::new();
            for (place, letter) in kind_title(index).trim_end_matches("Event").char_indices() {
                if letter.is_uppercase() && place > 0 {
                    snake.push('_');
                }
                snake.extend(letter.to_lowercase());
            }
            assert_eq!(kind_label(index), snake);
        }
    }

    #[test]
    fn sets_hold_known_kinds_only() {
        assert!((1..KINDS).all(|index| KindSet::ALL.has(index)));
        assert!(!KindSet::ALL.has(UNKNOWN) && !KindSet::ALL.has(KINDS));
        assert_eq!(KindSet::NONE.with(99).with(0), KindSet::NONE);
        assert!(!KindSet::ALL.without(KindSet::DETAIL).has(1));
    }
}
