//! Strings of a description: UTF-16 at an offset, zero for none.

use crate::little_endian::{u16_at, u32_at};

/// Names are cut after so many units. Many offsets may point to one long string: without a bound,
/// a description of 64 KiB could be made into 90 MiB of names.
const NAME_UNITS_MAX: usize = 256;

/// Units of a message at most; each description has one. The longest of .NET's have 400.
const MESSAGE_UNITS_MAX: usize = 4_096;

/// Names of a list at most: keywords have 64 bits.
const LIST_MAX: usize = 64;

/// The name whose offset stands at `at`; `None` for none, an empty one, and one beyond the end.
pub(super) fn name(blob: &[u8], at: usize) -> Option<String> {
    name_at(blob, u32_at(blob, at)?)
}

/// The name at an offset.
pub(super) fn name_at(blob: &[u8], offset: u32) -> Option<String> {
    string(blob, offset, NAME_UNITS_MAX)
}

/// The message whose offset stands at `at`.
pub(super) fn message(blob: &[u8], at: usize) -> Option<String> {
    string(blob, u32_at(blob, at)?, MESSAGE_UNITS_MAX)
}

/// The names of the list whose offset stands at `at`; an empty name ends it.
pub(super) fn list(blob: &[u8], at: usize) -> Vec<String> {
    let Some(mut start) = u32_at(blob, at).and_then(place) else { return Vec::new() };
    let mut names = Vec::new();
    while names.len() < LIST_MAX {
        let units = units(blob, start, NAME_UNITS_MAX);
        if units.is_empty() {
            break;
        }
        start = start.saturating_add(2 * (units.len() + 1));
        names.extend(text(&units));
    }
    names
}

fn string(blob: &[u8], offset: u32, units_max: usize) -> Option<String> {
    text(&units(blob, place(offset)?, units_max))
}

fn place(offset: u32) -> Option<usize> {
    usize::try_from(offset).ok().filter(|place| *place != 0)
}

/// Text without the space that the message compiler leaves at the end; `None` for nothing.
fn text(units: &[u16]) -> Option<String> {
    let text = String::from_utf16_lossy(units);
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn units(blob: &[u8], start: usize, units_max: usize) -> Vec<u16> {
    let rest = blob.get(start..).unwrap_or(&[]);
    let units = rest.chunks_exact(2).filter_map(|pair| u16_at(pair, 0));
    units.take_while(|unit| *unit != 0).take(units_max).collect()
}
