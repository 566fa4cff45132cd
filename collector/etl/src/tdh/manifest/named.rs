//! Tasks and opcodes, which events name by name; dumps of what is registered name them by number.

use super::attributes::Attributes;
use std::collections::HashMap;

/// Source: learn.microsoft.com/windows/win32/wes/eventmanifestschema-opcodetype-complextype
/// (read 2026-11)
const STANDARD_OPCODES: [(&str, u64); 11] = [
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

/// An opcode that every provider has, by name or number.
pub(super) fn standard_opcode(word: &str) -> Option<(&'static str, u64)> {
    let number: Option<u64> = word.parse().ok();
    STANDARD_OPCODES.into_iter().find(|(name, it)| *name == word || Some(*it) == number)
}

/// Names with their numbers.
#[derive(Debug, Default)]
pub(super) struct Named {
    numbers: HashMap<String, u64>,
    names: HashMap<u64, String>,
}

impl Named {
    /// Keeps an element's `name` and `value`; of several with one of them, the first counts.
    pub(super) fn add(&mut self, element: &Attributes) {
        let Some((name, number)) = element.text("name").zip(element.number("value")) else {
            return;
        };
        self.names.entry(number).or_insert_with(|| name.clone());
        self.numbers.entry(name).or_insert(number);
    }

    /// What a name or a number means.
    pub(super) fn find(&self, word: &str) -> Option<(&str, u64)> {
        if let Some((name, number)) = self.numbers.get_key_value(word) {
            return Some((name, *number));
        }
        let number = word.parse().ok()?;
        self.names.get(&number).map(|name| (name.as_str(), number))
    }
}
