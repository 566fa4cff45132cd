//! What cannot be done is said with a code of its own, and nothing panics.

use crate::running::{Running, trace, value, weir};
use tempfile::TempDir;

fn fails(arguments: &[&str], code: i32, said: &str) {
    let output = weir(&[&["run", "--web.listen-address", "127.0.0.1:0"], arguments].concat());
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert!(text.contains(said) && text.contains("\nhint: "), "{text}");
}

#[test]
fn what_cannot_be_read_is_said_with_its_code() {
    let folder = TempDir::new().unwrap();
    let text = folder.path().join("text.etl");
    std::fs::write(&text, b"no trace, but long enough to be looked at ".repeat(4)).unwrap();
    let text = text.to_str().unwrap();
    fails(&["--from", "/nowhere/trace.etl"], 3, "/nowhere/trace.etl");
    fails(&["--from", "/nowhere/trace.etl", "--follow"], 3, "/nowhere/trace.etl");
    fails(&["--from", text], 4, "no event trace");
    fails(&["--from", text, "--follow"], 4, "no event trace");
}

#[test]
#[cfg(not(windows))]
fn without_windows_there_is_no_driver_to_listen_to() {
    fails(&[], 9, "weir demo");
}

#[test]
fn a_damaged_file_is_read_as_far_as_it_goes_and_said() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cut.etl");
    let cut = trace().len() * 2 / 3 + 11;
    std::fs::write(&path, &trace()[..cut]).unwrap();
    let running = Running::start(&["--from", path.to_str().unwrap()]);
    running.scrape_until("an event", |text| {
        value(text, "weir_etw_events_received_total{event=\"flow_established\"}") > 0.0
    });
    let output = running.terminate();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("cut.etl") && said.contains("cut"), "{said}");
}

/// What a run says of standard input that ends so.
fn piped(bytes: &[u8]) -> (Option<i32>, String) {
    let mut running = Running::start(&["--from", "-"]);
    let mut stdin = running.stdin();
    // It may have ended before it read everything.
    let _read_by_nobody = std::io::Write::write_all(&mut stdin, bytes);
    drop(stdin);
    if bytes.len() > 10_000 {
        running.scrape_until("the end", |text| {
            text.contains("weir_etw_session_up{session=\"stdin\"} 0\n")
        });
        let output = running.terminate();
        return (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let output = running.end();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn standard_input_that_is_no_whole_trace_is_said() {
    let cut = piped(&trace()[..trace().len() * 2 / 3 + 11]);
    assert_eq!(cut.0, Some(0));
    assert!(cut.1.contains("ended within a buffer"), "{}", cut.1);
    for no_trace in [&b""[..], b"hi\n", &trace()[..100]] {
        let (code, said) = piped(no_trace);
        assert_eq!(code, Some(4), "{said}");
        assert!(said.contains("hint: "), "{said}");
    }
}

#[test]
fn room_in_a_pipe_that_was_never_written_is_passed_over() {
    let mut bytes = trace().to_vec();
    bytes.resize(bytes.len() + 3 * 65_536, 0);
    let (code, said) = piped(&bytes);
    assert_eq!((code, said.as_str()), (Some(0), ""));
}
