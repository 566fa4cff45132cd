//! `--dump-map`: what programs left in their maps.

use crate::failure::{ExitCode, Failure};
use crate::programs::{Loaded, known_maps};
use serde::Serialize;
use weir_usermode::program::Shared;

/// The entries of one map, sorted by key.
#[derive(Debug, Serialize)]
pub(crate) struct MapDump {
    /// Label of the program.
    pub(crate) program: String,
    /// Name of the map.
    pub(crate) map: String,
    /// Keys and values.
    pub(crate) entries: Vec<MapPair>,
}

/// One entry, as `--map` would write it.
#[derive(Debug, Serialize)]
pub(crate) struct MapPair {
    /// Key.
    pub(crate) key: String,
    /// Value.
    pub(crate) value: String,
}

/// The maps to read when the replay is over.
pub(crate) struct MapDumps(Vec<(String, String, Shared)>);

impl MapDumps {
    pub(crate) fn new(names: &[String], loaded: &[Loaded]) -> Result<Self, Failure> {
        let mut wanted = Vec::new();
        for name in names {
            let before = wanted.len();
            for it in
                loaded.iter().filter(|it| it.program.with(|program| program.map(name).is_some()))
            {
                wanted.push((it.label.as_str().to_owned(), name.clone(), it.program.clone()));
            }
            if wanted.len() == before {
                let message = format!("dump map `{name}`: no attached program has it");
                return Err(Failure::new(ExitCode::MapRefused, message, known_maps(loaded)));
            }
        }
        Ok(Self(wanted))
    }

    pub(crate) fn read(self) -> Vec<MapDump> {
        let dump = |(program, map, shared): (String, String, Shared)| {
            let entries = shared.with(|vm| {
                vm.map(&map).map_or_else(Vec::new, |map| {
                    let pairs = map.entries().into_iter();
                    let pair = |(key, value): (Vec<u8>, &[u8])| MapPair {
                        key: shown(&key),
                        value: shown(value),
                    };
                    pairs.map(pair).collect()
                })
            });
            MapDump { program, map, entries }
        };
        self.0.into_iter().map(dump).collect()
    }
}

/// Bytes in the notation of `--map`: text where it is plain text, a number where the size is one,
/// hexadecimal otherwise.
fn shown(bytes: &[u8]) -> String {
    let text = bytes.trim_ascii_end();
    let text = text.iter().rposition(|byte| *byte != 0).map_or(&[][..], |at| &text[..=at]);
    let is_plain = text.len() > 1 && text.iter().all(u8::is_ascii_graphic);
    match (bytes, is_plain) {
        (_, true) => format!("str:{}", String::from_utf8_lossy(text)),
        ([byte], _) => format!("u8:{byte}"),
        (&[a, b], _) => format!("u16:{}", u16::from_le_bytes([a, b])),
        (&[a, b, c, d], _) => format!("u32:{}", u32::from_le_bytes([a, b, c, d])),
        (&[a, b, c, d, e, f, g, h], _) => {
            format!("u64:{}", u64::from_le_bytes([a, b, c, d, e, f, g, h]))
        }
        _ => {
            let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("hex:{digits}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_shown_as_they_would_be_written() {
        assert_eq!(shown(b"example.com\0\0\0"), "str:example.com");
        assert_eq!(shown(&[5, 0, 0, 0]), "u32:5");
        assert_eq!(shown(&[0, 1, 0, 0, 0, 0, 0, 0]), "u64:256");
        assert_eq!(shown(&[1, 0xff, 2]), "hex:01ff02");
        assert_eq!(shown(&[0; 3]), "hex:000000");
    }
}
