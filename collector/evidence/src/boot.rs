//! Whether test-signed drivers are taken, as `bcdedit /enum {current}` has it.
//!
//! Names of elements are not translated, `Yes` and `No` are. What the entry says is configured and
//! counts from the next start on. An entry without `testsigning` says nothing: the setting may
//! come from an entry that it inherits from, so that is unknown here, and `SystemStartOptions` in
//! the registry tells of the start that was.
//!
//! Source: learn.microsoft.com/windows-hardware/drivers/install,
//! the-testsigning-boot-configuration-option; learn.microsoft.com/windows-hardware/drivers/devtest,
//! bcd-boot-options-reference (read 2026-11)

use crate::ReadError;
use crate::text::{self, lines};
use weir_stages::checks::facts::{Boot, Place};

/// `Yes` in Windows' display languages, in small letters; words of other languages are unknown.
///
/// They are the languages' common words: only English was seen in public outputs of this tool.
const YES: [&str; 26] = [
    "yes", "ja", "oui", "sí", "si", "sì", "sim", "kyllä", "да", "tak", "ano", "áno", "igen", "da",
    "evet", "ναι", "はい", "예", "是", "نعم", "כן", "так", "jah", "jā", "taip", "bai",
];

/// `No`, as [`YES`].
const NO: [&str; 26] = [
    "no",
    "nein",
    "non",
    "não",
    "nee",
    "nej",
    "nei",
    "ei",
    "нет",
    "nie",
    "ne",
    "nem",
    "nu",
    "hayır",
    "όχι",
    "いいえ",
    "아니요",
    "否",
    "لا",
    "לא",
    "ні",
    "не",
    "nē",
    "ez",
    "não",
    "아니오",
];

/// What the current entry says.
///
/// # Errors
/// It is no output of bcdedit.
pub fn read(file: &str, bytes: &[u8]) -> Result<Boot, ReadError> {
    parse(file, &text::decode(file, bytes)?)
}

pub(crate) fn parse(file: &str, text: &str) -> Result<Boot, ReadError> {
    let mut boot: Option<Boot> = None;
    let mut is_current = false;
    for (number, line) in lines(text) {
        let Some((name, value)) = element(line) else {
            // An empty line is between entries.
            is_current &= !line.is_empty();
            continue;
        };
        if value == "{current}" && boot.is_none() {
            is_current = true;
            boot = Some(Boot { place: Place::new(file, number), ..Boot::default() });
        }
        let Some(boot) = boot.as_mut().filter(|_| is_current) else { continue };
        if name.eq_ignore_ascii_case("testsigning") {
            boot.test_signing_next = answer(value);
            boot.place = Place::new(file, number);
        }
    }
    boot.ok_or_else(|| ReadError::Unknown { file: file.to_owned() })
}

/// Whether a line is one that an entry of bcdedit has.
pub(crate) fn is_telling(line: &str) -> bool {
    element(line).is_some_and(|(_, value)| value == "{current}")
}

/// A name and, in a column of its own, its value.
fn element(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once(char::is_whitespace)?;
    let value = value.trim();
    (!name.is_empty() && !value.is_empty()).then_some((name, value))
}

fn answer(value: &str) -> Option<bool> {
    let value = value.to_lowercase();
    if YES.contains(&value.as_str()) {
        Some(true)
    } else if NO.contains(&value.as_str()) {
        Some(false)
    } else {
        None
    }
}
