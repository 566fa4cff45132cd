//! Nothing that somebody sends makes a parser panic, hang or guess.

use crate::samples::{
    BOOT, ENGLISH, EXPORTED, METRICS, NOT_INSTALLED, PORTS, QUERIED, SESSION, SESSIONS, service,
};
use crate::{damage, read};
use core::time::Duration;
use std::time::Instant;
use weir_evidence::ReadError;
use weir_evidence::text::BYTES_MAX;

fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let json = r#"[{"id":1,"type":"xdp","map_ids":[2]},{"id":3,"type":2,"prog_id":1}]"#;
    let dump = "key: 01  value: 02\nFound 1 element\n";
    let mut samples = vec![("services/bfe.txt", service("bfe", ENGLISH).into_bytes())];
    for (name, text) in [
        ("services/weir.txt", NOT_INSTALLED[2]),
        ("sessions/all.txt", SESSIONS),
        ("sessions/weir-control.txt", SESSION),
        ("ports/tcp.txt", PORTS),
        ("boot/current.txt", BOOT),
        ("registry/machine.txt", QUERIED),
        ("registry/user.reg", EXPORTED),
        ("collector/metrics.txt", METRICS),
        ("bpftool/prog.json", json),
        ("bpftool/map-1.txt", dump),
    ] {
        samples.push((name, text.as_bytes().to_vec()));
        samples.push((name, text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    }
    samples
}

/// Numbers that look random, the same in each run.
fn noise(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    }
}

#[test]
fn what_is_cut_off_anywhere_is_an_answer_or_an_error() {
    for (name, bytes) in samples() {
        assert!(read(name, &bytes).is_ok(), "{name}: {:?}", read(name, &bytes));
        for end in 0..bytes.len() {
            drop(read(name, &bytes[..end]));
            drop(read(name, &bytes[end..]));
        }
    }
}

#[test]
fn what_is_changed_anywhere_is_an_answer_or_an_error() {
    let mut next = noise(1);
    for (name, bytes) in samples() {
        for _ in 0..500 {
            let mut bytes = bytes.clone();
            for _ in 0..=next() % 3 {
                let at = usize::try_from(next()).unwrap() % bytes.len();
                bytes[at] = next().to_le_bytes()[0];
            }
            drop(read(name, &bytes));
        }
    }
}

#[test]
fn random_bytes_are_nothing_that_is_known() {
    let mut next = noise(2);
    for _ in 0..500 {
        let bytes: Vec<u8> = (0..next() % 4096).map(|_| next().to_le_bytes()[0]).collect();
        if let Ok(pieces) = read("f", &bytes) {
            panic!("{pieces:?}");
        }
    }
}

#[test]
fn a_million_lines_take_no_time_to_speak_of() {
    let million = |line: &str| line.repeat((BYTES_MAX / line.len()).min(1_000_000));
    let inputs = [
        million("a: b\n"),
        million("[SC] x 5:\n"),
        format!("{}{}", service("a", ENGLISH), million("\n")),
        million(&service("a", ENGLISH)),
        million("key: 00  value: 00\n"),
        million("1: a  name b\n"),
        million("weir_a 1\n"),
        format!("{SESSIONS}{}", million("a  b  c\n")),
        SESSIONS.replace("weir-control ", &format!("{}weir-control ", million("a  b  c\n"))),
        PORTS.replace("     50000", &format!("{}     50000", million("1 2\n"))),
        million("HKEY_LOCAL_MACHINE\\Software\\eBPF\\Providers\\SectionData\\a\n"),
        format!("{EXPORTED}\"a\"=hex:{}", million("00,\\\n")),
        format!("[{}", million("{\"id\":1,\"type\":2},")),
        million("{}\n"),
        million("{\"key\":[],\"value\":[]}"),
        million("["),
        million("{\"a\":"),
        format!("{{\"key\":{}", million("[")),
        format!("weir_a{{a=\"{}\"}} 1\n", "x".repeat(BYTES_MAX - 64)),
        "9".repeat(BYTES_MAX),
        format!("SERVICE_NAME: {}", "x ".repeat(BYTES_MAX / 2 - 64)),
    ];
    for input in inputs {
        let start = Instant::now();
        drop(read("services/x.txt", &input));
        let (took, begins) = (start.elapsed(), input.get(..40).unwrap());
        assert!(took < Duration::from_secs(20), "{took:?} for {begins:?}");
    }
}

#[test]
fn a_larger_file_than_any_tool_writes_is_refused() {
    let error = read("a.txt", vec![b' '; BYTES_MAX + 1]).unwrap_err();
    assert!(matches!(error, ReadError::TooLarge { .. }), "{error}");
}

#[test]
fn deep_json_is_an_error() {
    let deep = format!("[{{\"id\":1,\"type\":2,\"map_ids\":{}", "[".repeat(100_000));
    damage("bpftool/prog.json", deep);
    let closed =
        format!("[{{\"key\":[],\"value\":{}1{}}}]", "[".repeat(100_000), "]".repeat(100_000));
    assert!(read("bpftool/map-1.json", closed).is_ok(), "values are passed over, not kept");
}

#[test]
fn a_file_without_words_is_empty_not_an_empty_list() {
    for bytes in ["", "\r\n\r\n", "\u{feff}"] {
        assert_eq!(damage("bpftool/prog.json", bytes), (0, "it is empty".to_owned()));
    }
}
