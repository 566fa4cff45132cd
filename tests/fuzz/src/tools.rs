//! Any bytes as a tool's output, under a name that the first byte picks, held to the bounds of facts.
//!
//! The same text in UTF-16 says the same.
#![no_main]

#[path = "../../../collector/evidence/tests/tools/samples.rs"]
mod samples;

use libfuzzer_sys::fuzz_target;
use std::io::Cursor;
use std::path::Path;
use weir_evidence::{ReadError, read};
use weir_stages::checks::Piece;
use weir_stages::checks::facts::TEXT_BYTES_MAX;

/// Names that mean something to a parser.
const NAMES: [&str; 8] = [
    "a",
    "services/bfe.txt",
    "sc.exe queryex weir",
    "bpftool/prog.json",
    "bpftool/link.json",
    "bpftool/map.json",
    "bpftool/map-5.txt",
    "system.json",
];

/// Bytes of an error's message, place and all; an escaped character has ten.
const MESSAGE_BYTES_MAX: usize = 2048;

/// Bytes up to which the text in UTF-16 is within what is looked at to tell what it is.
const BOTH_BYTES_MAX: usize = 16 << 10;

fuzz_target!(
    init: {
        // A corpus begins with what tools print.
        if let Some(folder) = std::env::var_os("WEIR_FUZZ_SEEDS") {
            for (place, (name, text)) in seeds().into_iter().enumerate() {
                let path = Path::new(&folder).join(format!("seed-{place}"));
                let bytes = [&[name][..], text.as_bytes()].concat();
                std::fs::write(path, bytes).expect("a seed can be written");
            }
        }
    },
    |data: &[u8]| {
        let Some((first, bytes)) = data.split_first() else { return };
        let name = NAMES[usize::from(*first) % NAMES.len()];
        let outcome = read(name, Cursor::new(bytes));
        match &outcome {
            Ok(pieces) => pieces.iter().for_each(|it| check(it, bytes)),
            Err(error) => {
                let message = error.to_string();
                assert!(message.len() <= MESSAGE_BYTES_MAX, "{message}");
                assert!(!message.contains(char::is_control), "{message:?}");
                if let ReadError::Damaged { place, .. } = error {
                    assert!(place.line <= lines(bytes), "{message}");
                }
            }
        }
        if let Ok(text) = std::str::from_utf8(bytes)
            && bytes.len() <= BOTH_BYTES_MAX
            && !text.contains(['\0', '\u{feff}'])
        {
            let units = ['\u{feff}'].into_iter().chain(text.chars()).collect::<String>();
            let units: Vec<u8> = units.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let again = read(name, Cursor::new(units));
            assert_eq!(told(&again), told(&outcome));
        }
    }
);

fn seeds() -> Vec<(u8, String)> {
    let mut seeds = vec![
        (1, samples::service("bfe", samples::ENGLISH)),
        (1, samples::service("bfe", samples::ARABIC)),
        (0, samples::service("weir", samples::JAPANESE)),
        (0, samples::service("weir", samples::RUSSIAN)),
        (2, samples::service("weir", samples::FRENCH)),
    ];
    let texts = [
        (0, samples::SESSIONS),
        (0, samples::SESSION),
        (0, samples::PORTS),
        (0, samples::BOOT),
        (0, samples::QUERIED),
        (0, samples::EXPORTED),
        (0, samples::METRICS),
        (3, r#"[{"id":1,"type":"xdp","name":"a","map_ids":[2]}]"#),
        (4, r#"[{"id":3,"type":2,"prog_id":1,"attach_type":"xdp"}]"#),
        (5, r#"{"id":2,"type":"hash","bytes_key":4,"bytes_value":8,"max_entries":1}{}"#),
        (6, "key: 01  value: 02\nkey:\n01\nvalue (CPU 00): 05\nFound 2 elements\n"),
        (6, r#"[{"key":["0x01"],"value":["0x02"]},{"key":["0x01"],"value":{"error":"no"}}]"#),
        (3, "1: xdp  name a  \n  map_ids 2,3\n4: type 5  prog 1  attach_type 6  \n"),
        (5, "2: hash  name m  flags 0x0\n\tkey 4B  value 8B  max_entries 1\n"),
        (
            7,
            r#"{"format":"weir-system","version":1,"time":"t","versions":[{"file":"a","version":"1"}]}"#,
        ),
    ];
    seeds.extend(texts.map(|(name, text)| (name, text.to_owned())));
    seeds.extend(samples::NOT_INSTALLED.map(|text| (1, text.to_owned())));
    seeds
}

/// Lines of bytes in whatever encoding, at least.
fn lines(bytes: &[u8]) -> u64 {
    1 + bytes.iter().filter(|it| **it == b'\n').count() as u64
}

fn told(outcome: &Result<Vec<Piece>, ReadError>) -> String {
    match outcome {
        Ok(pieces) => format!("{pieces:?}"),
        Err(error) => error.to_string(),
    }
}

/// Facts have no more of anything than the input has, and no long texts.
fn check(piece: &Piece, bytes: &[u8]) {
    let short = |text: &str| assert!(text.len() <= TEXT_BYTES_MAX, "{} bytes", text.len());
    let few = |count: usize| assert!(count <= bytes.len() + 1, "{count} of {} bytes", bytes.len());
    match piece {
        Piece::Service(it) => short(it.name()),
        Piece::Programs(list) => {
            few(list.len());
            list.iter().for_each(|it| [&it.kind, &it.name].into_iter().for_each(|it| short(it)));
        }
        Piece::Links(list) => {
            few(list.len());
            list.iter().filter_map(|it| it.attach_type.as_ref()).for_each(|it| short(it));
        }
        Piece::Maps(list) => {
            few(list.len());
            list.iter().for_each(|it| [&it.kind, &it.name].into_iter().for_each(|it| short(it)));
        }
        Piece::MapDump(it) => assert!(it.entries <= bytes.len() as u64),
        Piece::Sessions(list) => {
            few(list.iter().map(|it| it.providers.len()).sum::<usize>() + list.len());
            list.iter().for_each(|it| short(&it.name));
        }
        Piece::Store(it) => {
            few(it.types.len() + it.sections.len());
            it.sections.iter().for_each(|it| short(&it.prefix));
        }
        Piece::Ports(list) => {
            few(list.len());
            assert!(list.iter().all(|it| it.first <= it.last));
        }
        Piece::System(it) => {
            short(&it.time);
            few(it.versions.len());
        }
        Piece::Telemetry(it) => {
            few(it.samples.len());
            assert!(it.samples.iter().all(|it| it.name.starts_with("weir_")));
        }
        // Read by others than these parsers, or without lists and texts.
        _ => {}
    }
}
