//! What `reg export` writes: keys in brackets, names in quotes, bytes with commas over many lines.

use super::entries::{Data, Entries, binary};
use crate::ReadError;
use crate::text::{lines, quoted};

pub(super) fn read(file: &str, text: &str, entries: &mut impl Entries) -> Result<(), ReadError> {
    let mut lines = lines(text).skip_while(|(_, line)| line.trim().is_empty()).skip(1);
    while let Some((number, line)) = lines.next() {
        let broken = || {
            let what = format!("expected a key or a value, found {}", quoted(line));
            ReadError::damaged(file, number, what)
        };
        if line.is_empty() || line.starts_with([';', '@']) {
            continue;
        }
        if let Some(path) = line.strip_prefix('[') {
            entries.key(number, path.strip_suffix(']').ok_or_else(broken)?)?;
            continue;
        }
        let (name, data) = string(line).ok_or_else(broken)?;
        let data = data.strip_prefix('=').ok_or_else(broken)?;
        let mut whole = data.to_owned();
        while whole.ends_with('\\') && !whole.starts_with('"') {
            whole.pop();
            let (_, next) = lines.next().ok_or_else(broken)?;
            whole.push_str(next.trim());
        }
        entries.value(number, &name, &data_of(&whole).ok_or_else(broken)?)?;
    }
    Ok(())
}

/// A string in quotes, and what follows it.
fn string(line: &str) -> Option<(String, &str)> {
    let mut chars = line.strip_prefix('"')?.char_indices();
    let mut text = String::new();
    while let Some((at, it)) = chars.next() {
        match it {
            '"' => return Some((text, line.get(at + 2..)?)),
            '\\' => text.push(chars.next()?.1),
            _ => text.push(it),
        }
    }
    None
}

fn data_of(data: &str) -> Option<Data> {
    if data.starts_with('"') {
        return string(data).map(|(text, _)| Data::Text(text));
    }
    if let Some(digits) = data.strip_prefix("dword:") {
        return Some(Data::Number(u32::from_str_radix(digits, 16).ok()?));
    }
    if let Some(bytes) = data.strip_prefix("hex:") {
        return Some(Data::Binary(binary(&bytes.replace([',', ' '], ""))?));
    }
    data.starts_with("hex(").then_some(Data::Other)
}
