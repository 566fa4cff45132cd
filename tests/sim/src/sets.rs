//! Counters as the driver tells them: numbered sets, put together from their parts.

use std::collections::BTreeMap;
use weir_abi::counters::{ENTRIES_MAX, Series};
use weir_abi::event::Counters;

/// Series, place within it, scope.
pub type Key = (Series, u16, u32);

/// Values by key; what is zero is not there.
pub type Values = BTreeMap<Key, u64>;

/// Puts sets together.
#[derive(Clone, Debug, Default)]
pub struct Sets {
    number: u32,
    parts: u16,
    values: Values,
}

impl Sets {
    /// Takes in a part; the whole set with its last one.
    ///
    /// # Errors
    /// A part that is missing, comes twice or is too long; an entry that is zero, comes twice or is
    /// of no known series.
    pub fn part(&mut self, part: &Counters<'_>) -> Result<Option<Values>, String> {
        let header = part.header;
        if header.part == 0 && self.parts == 0 {
            self.number += 1;
        }
        if header.number != self.number || header.part != self.parts {
            return Err(format!("{header:?} follows part {} of set {}", self.parts, self.number));
        }
        self.parts += 1;
        if part.entries().count() > ENTRIES_MAX {
            return Err(format!("{header:?} has too many entries"));
        }
        for entry in part.entries() {
            let series = Series::from_number(entry.series)
                .ok_or_else(|| format!("series {} is not known", entry.series))?;
            let key = (series, entry.index, entry.scope);
            if entry.value == 0 || self.values.insert(key, entry.value).is_some() {
                return Err(format!("{key:?} = {} is zero or comes twice", entry.value));
            }
        }
        if self.parts < header.parts {
            return Ok(None);
        }
        self.parts = 0;
        Ok(Some(core::mem::take(&mut self.values)))
    }
}

/// Every key whose values differ, a sentence each.
#[must_use]
pub fn differences((one, ours): (&str, &Values), (other, theirs): (&str, &Values)) -> Vec<String> {
    let mut keys: Vec<&Key> = ours.keys().chain(theirs.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let of = |values: &Values, key: &Key| values.get(key).copied().unwrap_or(0);
    keys.into_iter()
        .filter(|key| of(ours, key) != of(theirs, key))
        .map(|key| {
            let (series, index, scope) = key;
            let (here, there) = (of(ours, key), of(theirs, key));
            format!("{}[{index}] of {scope}: {one} {here}, {other} {there}", series.name())
        })
        .collect()
}
