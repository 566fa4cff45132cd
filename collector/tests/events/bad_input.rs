//! What is wrong with a file is said, and everything else of it is printed.

use crate::made::{Run, file, made, path, weir};
use std::io::Read as _;
use std::process::{Command, Stdio};

fn fails(run: &Run, code: i32, words: &[&str]) {
    assert_eq!((run.code, run.out.as_str()), (code, ""), "{}", run.err);
    assert_eq!(run.err.lines().count(), 2, "{}", run.err);
    for word in words.iter().chain(&["weir: failed to ", "hint: "]) {
        assert!(run.err.contains(word), "{word}: {}", run.err);
    }
}

#[test]
fn files_that_are_no_traces_are_told_apart_from_files_that_cannot_be_read() {
    let empty = file(b"");
    fails(&weir(&["events", path(&empty)]), 4, &[path(&empty), "empty"]);
    let text = file(&b"this is no trace, but it is long enough to be taken for one ".repeat(9));
    fails(&weir(&["events", path(&text)]), 4, &["no event trace"]);
    let zeros = file(&[0; 9_000]);
    fails(&weir(&["events", path(&zeros)]), 4, &["no event trace"]);
    let short = file(&made()[..60]);
    fails(&weir(&["events", path(&short)]), 4, &["no event trace"]);
    fails(&weir(&["events", "/nowhere/at/all.etl"]), 3, &["/nowhere/at/all.etl", "no such file"]);
    let folder = std::env::temp_dir();
    fails(&weir(&["events", folder.to_str().unwrap()]), 3, &["directory"]);
}

#[test]
fn a_file_that_is_cut_off_is_read_to_its_end_and_reported() {
    let bytes = made();
    // The last buffer holds one event of processor 2; half of it is left.
    let whole = weir(&["events", path(&file(&bytes))]).lines().len();
    let cut = file(&bytes[..bytes.len() - 4096 + 0x48 + 40]);
    let run = weir(&["events", path(&cut)]);
    let lines = run.lines().len();
    assert!(0 < lines && lines < whole, "{lines} of {whole}");
    assert_eq!(run.code, 4);
    assert!(run.err.contains("1 x cut_off, first in the buffer at byte "), "{}", run.err);
    assert!(run.err.ends_with("can be copied again\n"), "{}", run.err);
}

#[test]
fn damage_within_a_buffer_costs_its_rest_and_nothing_else() {
    let mut bytes = made();
    let whole = weir(&["events", path(&file(&bytes))]).lines().len();
    // The second buffer's first record.
    bytes[4096 + 0x48..4096 + 0x4c].copy_from_slice(&[1, 2, 3, 4]);
    let run = weir(&["events", "--summary", "--json", path(&file(&bytes))]);
    assert_eq!(run.code, 4);
    let document: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(document["files"][0]["damage"][0]["kind"], "record");
    assert_eq!(document["files"][0]["damage"][0]["count"], 1);
    let skipped = document["files"][0]["skipped_bytes"].as_u64().unwrap();
    assert!(skipped > 0);
    assert_eq!(document["files"][0]["damage"][0]["skipped_bytes"], skipped);
    assert!(run.err.contains(&format!("1 x record, {skipped} bytes skipped")), "{}", run.err);
    let events = usize::try_from(document["events"].as_u64().unwrap()).unwrap();
    assert!(events < whole && events >= whole - 5, "{events} of {whole}");
}

#[test]
fn a_second_session_in_a_file_is_told_and_not_mixed_in() {
    let bytes = made();
    let run = weir(&["events", path(&file(&bytes.repeat(2)))]);
    assert_eq!((run.code, run.lines().len()), (4, 9));
    let words =
        format!("1 x session, {0} bytes skipped, first in the buffer at byte {0}", bytes.len());
    assert!(run.err.contains(&words), "{words}: {}", run.err);
}

#[test]
fn buffers_that_were_written_and_are_not_there_are_counted() {
    let bytes = made();
    let buffers = bytes.len() / 4096;
    let run = weir(&["events", path(&file(&bytes[..bytes.len() - 4096]))]);
    assert_eq!(run.code, 4);
    let words = format!("missing, {} of {buffers} buffers are there", buffers - 1);
    assert!(run.err.contains(&words), "{words}: {}", run.err);
}

#[test]
fn names_from_a_file_cannot_drive_the_terminal() {
    let mut bytes = made();
    let place = bytes.windows(8).position(|it| it == b"Talk.Er\0").unwrap();
    bytes[place..place + 7].copy_from_slice(b"\x1b[2J\x07\r\n");
    let file = file(&bytes);
    for arguments in [&["events"][..], &["events", "--summary"]] {
        let mut arguments = arguments.to_vec();
        arguments.push(path(&file));
        let run = weir(&arguments);
        assert!(!run.out.contains(['\x1b', '\x07', '\r']), "{:?}", run.out);
        assert!(run.out.contains("[2J"), "{:?}", run.out);
    }
}

#[test]
fn a_reader_that_goes_away_ends_it_quietly() {
    let file = file(&made());
    let many = vec![path(&file); 2_000];
    let mut child = Command::new(env!("CARGO_BIN_EXE_weir"))
        .arg("events")
        .args(many)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}
