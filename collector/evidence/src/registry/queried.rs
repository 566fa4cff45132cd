//! What `reg query` prints: keys at the line's beginning, values four spaces in.

use super::entries::{Data, Entries, binary};
use crate::ReadError;
use crate::text::{lines, quoted};

/// What is between columns.
const COLUMN: &str = "    ";
/// What is between a value's name and the rest of its type's name.
const TYPE: &str = "    REG_";

pub(super) fn read(file: &str, text: &str, entries: &mut impl Entries) -> Result<(), ReadError> {
    for (number, line) in lines(text) {
        if line.starts_with("HKEY_") {
            entries.key(number, line)?;
        } else if line.starts_with(COLUMN) || line.contains(TYPE) {
            let Some((name, data)) = value_of(line.trim_start()) else {
                let what = format!("expected a value and its type, found {}", quoted(line));
                return Err(ReadError::damaged(file, number, what));
            };
            entries.value(number, name, &data)?;
        }
        // Else: what a search found, in words, a prompt, or a text's next line.
    }
    Ok(())
}

/// The name, the type and the data of a value; the name may have spaces itself.
fn value_of(line: &str) -> Option<(&str, Data)> {
    let (name, rest) = line.split_once(TYPE)?;
    let (kind, data) = rest.split_once(COLUMN).unwrap_or((rest, ""));
    let data = match kind.trim() {
        "DWORD" => {
            let digits = data.trim().strip_prefix("0x")?;
            Data::Number(u32::from_str_radix(digits, 16).ok()?)
        }
        "BINARY" => Data::Binary(binary(data.trim())?),
        "SZ" => Data::Text(data.to_owned()),
        _ => Data::Other,
    };
    Some((name, data))
}
