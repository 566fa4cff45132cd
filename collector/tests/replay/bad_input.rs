//! Bad input: one line that says what and where, a hint, a documented code, nothing on stdout.

use crate::support::{Folder, Run, object, pcap, says, weir};
use std::path::Path;
use weir_usermode::traffic::client_hello;

fn refused(run: &Run, code: i32, needle: &str) {
    assert_eq!(run.code, code, "{}", run.err);
    assert_eq!(run.out, "", "no partial output");
    let lines: Vec<&str> = run.err.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.err);
    assert!(lines[0].starts_with("weir: failed to "), "{}", run.err);
    assert!(lines[0].contains(needle), "{} does not say {needle}", run.err);
    assert!(lines[1].starts_with("hint: ") && lines[1].len() > 10, "{}", run.err);
}

fn good(folder: &Folder) -> String {
    folder.capture("good.pcap", &says(0, 443, &[&client_hello("a.b")]))
}

#[test]
fn captures_that_cannot_be_opened() {
    let folder = Folder::new();
    refused(&weir(&["replay", "missing.pcap"]), 3, "`missing.pcap`");
    refused(&weir(&["replay", &folder.path("").display().to_string()]), 3, "directory");
    let good = good(&folder);
    refused(&weir(&["replay", &good, "missing.pcap"]), 3, "`missing.pcap`");
}

#[test]
fn captures_that_are_none() {
    let folder = Folder::new();
    refused(&weir(&["replay", &folder.write("empty", b"")]), 4, "empty");
    refused(&weir(&["replay", &folder.write("text", b"hello, world")]), 4, "not pcap");
    refused(&weir(&["replay", &folder.write("gz", b"\x1f\x8b\x08\0\0\0\0\0")]), 4, "gzip");
}

#[test]
fn a_cut_off_capture_is_refused_unless_partial_results_are_asked_for() {
    let folder = Folder::new();
    let whole = pcap(&says(0, 443, &[&client_hello("a.b")]));
    let cut = folder.write("cut.pcap", &whole[..whole.len() - 10]);
    let object = object("tls_sni_block");
    let metrics = folder.path("m.prom");
    let shown = metrics.display().to_string();
    for format in ["--flows", "--json", "--timings"] {
        let run = weir(&["replay", format, "--metrics", &shown, "--program", &object, &cut]);
        refused(&run, 4, "cut off in the record at byte");
        assert!(!metrics.exists(), "no metrics of a part either");
    }
    let allowed = ["replay", "--allow-truncated", "--program", &object, &cut];
    let run = |extra: &[&str]| {
        let run = weir(&[&allowed[..], extra].concat());
        assert_eq!(run.code, 0, "{}", run.err);
        assert!(
            run.err.starts_with("weir: warning: ") && run.err.contains("partial"),
            "{}",
            run.err
        );
        run.out
    };
    assert!(run(&[]).contains("partial"));
    let document: serde_json::Value = serde_json::from_str(&run(&["--json"])).unwrap();
    assert_eq!(document["complete"], false);
    assert_eq!(document["captures"][0]["complete"], false);
    assert!(run(&["--metrics", "-"]).starts_with("# PARTIAL: "));
    let open = folder.write("open.pcap", &whole[..400]);
    let flows = ["replay", "--allow-truncated", "--flows", "--program", &object, &open];
    let line: serde_json::Value = serde_json::from_str(&weir(&flows).out).unwrap();
    assert_eq!((&line["verdict"], &line["open_at_end"]), (&"undecided".into(), &true.into()));
    let header_only = folder.write("header.pcap", &whole[..20]);
    refused(&weir(&["replay", "--allow-truncated", &header_only]), 4, "byte 0");
}

#[test]
fn objects_that_are_refused() {
    let folder = Folder::new();
    let good = good(&folder);
    let replay = |object: &str| weir(&["replay", "--program", object, &good]);
    refused(&replay("missing.o"), 3, "`missing.o`");
    refused(&replay(&folder.path("").display().to_string()), 3, "directory");
    refused(&replay(&folder.write("text.o", b"not an object")), 5, "text.o");
    let mut foreign = std::fs::read(object("allow_all")).unwrap();
    foreign[18] = 62; // e_machine: x86-64 instead of BPF
    refused(&replay(&folder.write("foreign.o", &foreign)), 5, "foreign.o");
    let mut other = std::fs::read(object("allow_all")).unwrap();
    for place in 0..other.len().saturating_sub(13) {
        if &other[place..place + 13] == b"flow_classify" {
            other[place + 12] = b'x';
        }
    }
    refused(&replay(&folder.write("other.o", &other)), 5, "flow_classify section");
    let sections = ["replay", "--program", &object("allow_all"), "--section", "nowhere", &good];
    refused(&weir(&sections), 5, "nowhere");
    let section_first = ["replay", "--section", "x", "--program", &object("allow_all"), &good];
    refused(&weir(&section_first), 2, "--section");
}

#[test]
fn map_entries_that_are_refused() {
    let folder = Folder::new();
    let (good, sni) = (good(&folder), object("tls_sni_block"));
    let replay = |entry: &str| weir(&["replay", "--program", &sni, "--map", entry, &good]);
    let run = replay("nowhere str:a u32:1");
    refused(&run, 6, "`nowhere`");
    assert!(run.err.contains("blocked_names"), "the hint lists the maps there are: {}", run.err);
    let long = format!("blocked_names str:{} u32:1", "x".repeat(129));
    refused(&replay(&long), 6, "129 bytes");
    refused(&replay("blocked_names str:a hex:0102030405"), 6, "5 bytes");
    refused(&weir(&["replay", "--map", "m str:a u8:1", &good]), 6, "no attached program");
    refused(&weir(&["replay", "--dump-map", "m", "--program", &sni, &good]), 6, "`m`");
    assert_eq!(replay(&format!("blocked_names str:{} u32:1", "x".repeat(128))).code, 0);
}

#[test]
fn usage_errors_end_with_two() {
    for arguments in [
        &["replay"][..],
        &["replay", "--nope", "x"],
        &["nope"],
        &[],
        &["replay", "--map", "two words", "x"],
        &["replay", "--json", "--flows", "x"],
        &["replay", "--threads", "0", "x"],
    ] {
        let run = weir(arguments);
        assert_eq!((run.code, run.out.as_str()), (2, ""), "{arguments:?}");
    }
}

#[test]
fn outputs_that_cannot_be_written() {
    let folder = Folder::new();
    let good = good(&folder);
    let run = weir(&["replay", "--metrics", "/nowhere/at/all/m.prom", &good]);
    refused(&run, 7, "/nowhere/at/all/m.prom");
    if Path::new("/dev/full").exists() {
        let out = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_weir"));
        let status = command
            .args(["replay", &good])
            .stdout(out)
            .stderr(std::process::Stdio::null())
            .status();
        assert_eq!(status.unwrap().code(), Some(7));
    }
}

#[test]
fn a_65th_program_is_refused() {
    let folder = Folder::new();
    let (good, allow) = (good(&folder), object("allow_all"));
    let mut arguments = vec!["replay", &good];
    for _ in 0..64 {
        arguments.extend(["--program", &allow]);
    }
    assert_eq!(weir(&arguments).code, 0);
    arguments.extend(["--program", &allow]);
    refused(&weir(&arguments), 2, "65th");
}

#[test]
fn a_wrong_path_is_told_before_any_capture_is_read() {
    let folder = Folder::new();
    let damaged = folder.write("damaged.pcap", b"no capture at all, but long enough for one");
    let missing = folder.path("missing.pcap").display().to_string();
    let run = weir(&["replay", &damaged, &missing]);
    assert!(run.err.contains("missing.pcap"), "{}", run.err);
}
