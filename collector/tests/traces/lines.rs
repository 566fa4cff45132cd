//! One event a line, in words and as JSON, and one load or connection alone.

use crate::made::{event, file, made, path, weir, weir_fed};
use serde_json::json;

#[test]
fn each_event_is_a_line_with_time_thread_provider_level_and_words() {
    let file = file(made().as_bytes());
    let out = weir(&[path(&file)]).ok();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 13, "the other provider's event is not shown");
    let margin = " ".repeat(18);
    assert_eq!(
        lines[0],
        format!(
            "{margin}2026-11-21T14:00:00.0000000Z 100.10      ebpf       verbose enters ebpf_object_open"
        )
    );
    assert_eq!(
        lines[5],
        "zero_program_type 2026-11-21T14:00:00.0050000Z 100.10      ebpf       error   \
         ebpf_program_create returned error: Error 6 (EBPF_INVALID_ARGUMENT)"
    );
    assert!(lines[3].starts_with("noise             2026"), "{}", lines[3]);
    assert!(lines[7].ends_with(
        "connect TCP 0.0.0.0:51346 to 192.0.2.8:6666: redirected to 127.0.0.1:5555, verdict 1 (proceed)"
    ));
    assert!(
        lines[10].ends_with(
            "connect UDP [::]:1 to [2001:db8::1]:53: not redirected, verdict 0 (reject)"
        )
    );
}

#[test]
fn without_failures_there_is_no_margin() {
    let line = event(1, 0, ("NetEbpfExtProvider", "x", 4), "\"Message\":\"m\\u001b[2J\"");
    let out = weir_fed(&["-"], line.as_bytes()).ok();
    assert!(out.starts_with("2026-11-21"), "{out}");
    assert!(out.ends_with("info    m\\u{1b}[2J\n"), "escaped: {out}");
}

#[test]
fn an_api_that_fails_is_said_and_so_are_addresses_of_weirs_own_events() {
    let api = ("EbpfForWindowsProvider", "EbpfApiError", 2);
    let fields = r#""Api":"\"f\"","status":"0xC000000D(NT=x)""#;
    let out = weir_fed(&["-"], event(1, 0, api, fields).as_bytes()).ok();
    assert!(out.ends_with("error   f failed: status 0xC000000D(NT=x)\n"), "{out}");
    let fields = r#""local_address":"::ffff:192.0.2.1","local_port":443"#;
    let own = event(1, 0, ("Weir.FlowClassify", "Verdict", 4), fields);
    let out = weir_fed(&["--connection", "192.0.2.1:443", "-"], own.as_bytes()).ok();
    assert_eq!(out.lines().count(), 1);
}

#[test]
fn errors_are_failures_with_what_tells_their_cause() {
    let file = file(made().as_bytes());
    let out = weir(&["--errors", path(&file)]).ok();
    assert_eq!(out.lines().count(), 3, "{out}");
    assert!(out.lines().all(|line| line.starts_with("zero_program_type ")), "{out}");
}

#[test]
fn a_load_is_followed_by_its_number_or_by_its_object() {
    let file = file(made().as_bytes());
    let lines = |load: &str| weir(&["--json", "--load", load, path(&file)]).json();
    let numbers =
        |load| lines(load).iter().map(|it| it["line"].as_u64().unwrap()).collect::<Vec<_>>();
    for load in ["1", "A.O", r"C:\x\a.o"] {
        assert_eq!(numbers(load), [1, 2, 3, 4, 5, 6, 7], "{load}");
    }
    assert_eq!(numbers("2"), [12, 13]);
    assert_eq!(lines("2")[0]["load"], 2);
    // Of a second file, loads have the next numbers.
    let both = ["--load", "4", path(&file), path(&file)];
    assert_eq!(weir(&both).ok().lines().count(), 2);
    let none = weir(&["--load", "c.o", path(&file)]);
    assert_eq!((none.code, none.out.as_str()), (0, ""));
    assert!(none.err.contains("there are 2, of C:\\x\\a.o, b.o"), "{}", none.err);
}

#[test]
fn a_connection_is_followed_by_any_of_its_addresses_and_its_handle() {
    let file = file(made().as_bytes());
    let lines = |address: &str| -> Vec<u64> {
        let lines = weir(&["--json", "--connection", address, path(&file)]).json();
        lines.iter().map(|it| it["line"].as_u64().unwrap()).collect()
    };
    assert_eq!(lines("192.0.2.8:6666"), [8, 10], "the second carries the handle alone");
    assert_eq!(lines("127.0.0.1:5555"), [8, 9, 10]);
    assert_eq!(lines("[2001:db8::1]:53"), [11]);
    let none = weir(&["--connection", "192.0.2.8:6667", path(&file)]);
    assert!(
        none.err.contains("no event tells of a connection with 192.0.2.8:6667"),
        "{}",
        none.err
    );
    assert_eq!(weir(&["--connection", "here", path(&file)]).code, 2);
}

#[test]
fn json_has_every_part_of_an_event() {
    let file = file(made().as_bytes());
    let lines = weir(&["--json", path(&file)]).json();
    let expected = json!({
        "file": path(&file), "line": 6, "timestamp": "2026-11-21T14:00:00.0050000Z", "cpu": 1,
        "pid": 100, "tid": 10, "provider": "EbpfForWindowsProvider", "event": "EbpfGenericError",
        "level": 2, "keyword": "0x80", "load": 1, "cause": "zero_program_type", "noise": false,
        "code": "6 (EBPF_INVALID_ARGUMENT)",
        "words": "ebpf_program_create returned error: Error 6 (EBPF_INVALID_ARGUMENT)",
        "fields": { "ErrorMessage": "ebpf_program_create returned error", "Error": 6 },
    });
    assert_eq!(lines[5], expected);
    assert_eq!((&lines[3]["noise"], &lines[3]["cause"]), (&json!(true), &json!(null)));
}
