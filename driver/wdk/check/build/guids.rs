//! Identifiers as the headers write them: `DEFINE_GUID(NAME, 0x…, …)`.
//!
//! From the text, since neither clang nor bindgen gives the value of a structure.

use crate::declared::Declared;
use std::collections::BTreeMap;

/// The 16 bytes of each identifier that `driver/nt` declares, in the order of memory.
pub(crate) fn read(
    texts: &[String],
    declared: &Declared,
) -> Result<BTreeMap<String, [u8; 16]>, String> {
    let mut found = BTreeMap::new();
    let mut missing = Vec::new();
    for (_, name) in &declared.guids {
        match texts.iter().find_map(|text| one(text, name)) {
            Some(bytes) => _ = found.insert(name.clone(), bytes),
            None => missing.push(format!("no header defines the identifier {name}")),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(missing.join("\n")) }
}

fn one(text: &str, name: &str) -> Option<[u8; 16]> {
    let mut rest = text;
    while let Some(at) = rest.find(name) {
        let (before, after) = (&rest[..at], &rest[at + name.len()..]);
        rest = after;
        let is_defined =
            before.trim_end().trim_end_matches('(').trim_end().ends_with("DEFINE_GUID");
        let numbers = after.split(')').next().unwrap_or("");
        let Some(numbers) = numbers.trim_start().strip_prefix(',') else { continue };
        if is_defined {
            return bytes(numbers);
        }
    }
    None
}

fn bytes(numbers: &str) -> Option<[u8; 16]> {
    let numbers: Option<Vec<u32>> = numbers
        .split(',')
        .map(|number| u32::from_str_radix(number.trim().trim_start_matches("0x"), 16).ok())
        .collect();
    let [a, b, c, last @ ..] = &numbers?[..] else { return None };
    let (b, c) = (u16::try_from(*b).ok()?, u16::try_from(*c).ok()?);
    let mut bytes = Vec::from(a.to_le_bytes());
    bytes.extend(b.to_le_bytes());
    bytes.extend(c.to_le_bytes());
    for number in last {
        bytes.push(u8::try_from(*number).ok()?);
    }
    bytes.try_into().ok()
}
