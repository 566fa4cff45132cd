//! Whatever a trace comes through, the figures are the same.

use crate::running::{DEADLINE, Running, replayed, trace, truth, value};
use std::fs::File;
use std::io::{Cursor, Seek as _, SeekFrom, Write as _};
use std::time::Instant;
use tempfile::TempDir;
use weir_etl::write::{EventHeader, Options, TraceWriter};
use weir_etl::{Body, FileTime, Trace};

/// A file of the trace's first bytes.
fn written(folder: &TempDir, bytes: usize) -> (File, String) {
    let path = folder.path().join("demo.etl");
    let mut file = File::create(&path).unwrap();
    file.write_all(&trace()[..bytes]).unwrap();
    (file, path.to_str().unwrap().to_owned())
}

/// Scrapes until the figures are those of `weir replay`.
fn until_it_agrees(running: &Running, path: &str) -> String {
    let expected = replayed(path.as_ref());
    let started = Instant::now();
    loop {
        let text = running.request("/metrics").1;
        let different =
            truth(&expected).into_iter().zip(truth(&text)).find(|(one, two)| one != two);
        if different.is_none() {
            assert_eq!(truth(&expected).len(), truth(&text).len());
            return text;
        }
        assert!(started.elapsed() < DEADLINE, "replay and run: {different:?}");
        std::thread::sleep(core::time::Duration::from_millis(50));
    }
}

#[test]
fn a_whole_file_is_shown_as_replay_shows_it() {
    let folder = TempDir::new().unwrap();
    let (_file, path) = written(&folder, trace().len());
    let running = Running::start(&["--from", &path]);
    let text = until_it_agrees(&running, &path);
    assert!(
        value(
            &text,
            "weir_flow_verdicts_total{verdict=\"allow\",direction=\"outbound\",network_type=\"ipv4\"}"
        ) > 0.0
    );
    assert!(value(&text, "process_resident_memory_bytes") > 0.0);
    assert_eq!(running.terminate().status.code(), Some(0));
}

#[test]
fn standard_input_is_shown_as_it_comes() {
    let folder = TempDir::new().unwrap();
    let (_file, path) = written(&folder, trace().len());
    let mut running = Running::start(&["--from", "-"]);
    let mut stdin = running.stdin();
    let (beginning, rest) = trace().split_at(trace().len() / 2 + 17);
    stdin.write_all(beginning).unwrap();
    running.scrape_until("an event of the first half", |text| {
        value(text, "weir_etw_events_received_total{event=\"flow_established\"}") > 0.0
    });
    stdin.write_all(rest).unwrap();
    drop(stdin);
    let text = until_it_agrees(&running, &path);
    assert!(text.contains("weir_etw_session_up{session=\"stdin\"} 0\n"));
}

#[test]
fn a_file_is_followed_as_it_grows_and_a_restart_finds_the_same_totals() {
    let folder = TempDir::new().unwrap();
    let (mut file, path) = written(&folder, trace().len() / 2);
    let arguments = ["--from", &path, "--follow"];
    let running = Running::start(&arguments);
    let received = "weir_etw_events_received_total{event=\"flow_established\"}";
    running.scrape_until("a flow", |text| value(text, received) > 0.0);
    for piece in trace()[trace().len() / 2..].chunks(50_001) {
        file.write_all(piece).unwrap();
    }
    let text = until_it_agrees(&running, &path);
    assert!(text.contains("weir_etw_session_up{session=\"file\"} 1\n"));
    // Dropped, it is killed as by a crash.
    drop(running);
    until_it_agrees(&Running::start(&arguments), &path);
}

#[test]
fn a_file_that_is_begun_anew_is_read_anew() {
    let folder = TempDir::new().unwrap();
    let (mut file, path) = written(&folder, trace().len());
    let running = Running::start(&["--from", &path, "--follow"]);
    until_it_agrees(&running, &path);
    let received =
        |text: &str| value(text, "weir_etw_events_received_total{event=\"flow_established\"}");
    let once = received(&running.request("/metrics").1);
    file.set_len(0).unwrap();
    // It is seen at the next look, within 50 ms, and said.
    std::thread::sleep(core::time::Duration::from_millis(500));
    file.seek(SeekFrom::Start(0)).unwrap();
    file.write_all(trace()).unwrap();
    running.scrape_until("the same events again", |text| received(text) > 1.9 * once);
    let output = running.terminate();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("was begun anew"), "{said}");
}

/// A trace of two processors whose buffers stand in the file the younger one first, two by two.
fn swapped() -> Vec<u8> {
    let mut trace = Trace::open(Cursor::new(trace())).unwrap();
    let options = Options { processors: 2, buffer_bytes: 8_192, ..Options::default() };
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options).unwrap();
    let (mut last, mut number) = (FileTime(0), 0_u16);
    while let Some(record) = trace.next_record().unwrap() {
        let Body::Event(event) = record.body else { continue };
        last = record.time.unwrap();
        let header = EventHeader {
            id: event.id,
            version: event.version,
            level: event.level,
            keyword: event.keyword,
            ..EventHeader::new(event.provider)
        };
        number = number.wrapping_add(1);
        writer.event(number / 40 % 2, last, &header, &[], event.payload).unwrap();
    }
    let bytes = writer.finish(last).unwrap().into_inner();
    let (first, rest) = bytes.split_at(8_192);
    let buffers: Vec<&[u8]> = rest.chunks(8_192).collect();
    let mixed = buffers.chunks(2).flat_map(|pair| pair.iter().rev().copied());
    core::iter::once(first).chain(mixed).flatten().copied().collect()
}

#[test]
fn buffers_of_several_processors_in_any_order_are_one_sequence() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("swapped.etl");
    let bytes = swapped();
    std::fs::write(&path, &bytes).unwrap();
    let path = path.to_str().unwrap();
    until_it_agrees(&Running::start(&["--from", path, "--follow"]), path);
    let mut running = Running::start(&["--from", "-"]);
    let mut stdin = running.stdin();
    for piece in bytes.chunks(8_192) {
        stdin.write_all(piece).unwrap();
    }
    drop(stdin);
    until_it_agrees(&running, path);
}
