//! A trace that grows is read as the whole file is, whatever the pieces in which it comes.

#![allow(clippy::unwrap_used, clippy::allow_attributes, reason = "tests may fail loudly")]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use weir_etl::write::{EventHeader, Options, TraceWriter};
use weir_etl::{Body, FileTime, Guid, OpenError, Record, Tail, Trace};

/// What is compared of a record, and how often it was there.
type Found = BTreeMap<(i64, u16, usize, String), u32>;

fn note(found: &mut Found, record: &Record<'_>) {
    let time = record.time.map_or(0, |it| it.0);
    let key = (time, record.cpu, record.bytes, format!("{:?}", record.body));
    *found.entry(key).or_default() += 1;
}

fn file(processors: u32, events: u32) -> Vec<u8> {
    let options = Options { processors, buffer_bytes: 4096, ..Options::default() };
    let start = options.start;
    let mut writer = TraceWriter::new(Cursor::new(Vec::new()), options).unwrap();
    let header = EventHeader { level: 4, ..EventHeader::new(Guid([7; 16])) };
    for number in 0..events {
        let cpu = u16::try_from(number % processors).unwrap();
        let time = FileTime(start.0 + i64::from(number) * 10_000);
        writer.event(cpu, time, &header, &[], &number.to_le_bytes()).unwrap();
    }
    writer.finish(FileTime(start.0 + 1_000_000_000)).unwrap().into_inner()
}

fn whole(bytes: &[u8]) -> Found {
    let mut trace = Trace::open(Cursor::new(bytes)).unwrap();
    let mut found = Found::new();
    while let Some(record) = trace.next_record().unwrap() {
        note(&mut found, &record);
    }
    found
}

/// Shows the file to a tail in pieces that grow by these steps in turn.
fn in_pieces(bytes: &[u8], steps: &[usize]) -> (Found, Tail) {
    let (mut tail, mut found) = (Tail::default(), Found::new());
    let (mut from, mut to) = (0, 0);
    for step in steps.iter().cycle() {
        to = (to + step).min(bytes.len());
        let taken = tail.take(&bytes[from..to], |record| note(&mut found, record)).unwrap();
        from += taken.bytes;
        if to == bytes.len() {
            break;
        }
    }
    (found, tail)
}

#[test]
fn pieces_of_any_size_hold_what_the_file_holds() {
    for processors in [1, 4] {
        let bytes = file(processors, 2_000);
        for steps in [&[1_usize << 20][..], &[1, 5000, 71, 4096], &[4096], &[4095, 2], &[10_000]] {
            let (found, tail) = in_pieces(&bytes, steps);
            assert_eq!(found, whole(&bytes), "{steps:?}");
            assert_eq!(tail.skipped(), 0);
        }
    }
}

#[test]
fn a_buffer_is_read_once_all_of_it_is_there() {
    let bytes = file(1, 300);
    let mut tail = Tail::default();
    let mut events = 0;
    let mut count =
        |record: &Record<'_>| events += u32::from(matches!(record.body, Body::Event(_)));
    assert_eq!(tail.take(&bytes[..4095], &mut count).unwrap().bytes, 0);
    assert_eq!(tail.take(&bytes[..8191], &mut count).unwrap().bytes, 4096);
    let taken = tail.take(&bytes[4096..8192], &mut count).unwrap();
    assert_eq!((taken.bytes, tail.buffers()), (4096, 2));
    assert!(events > 0);
}

#[test]
fn room_that_is_not_written_yet_is_waited_for() {
    let bytes = file(1, 300);
    let mut larger = bytes[..8192].to_vec();
    larger.resize(5 * 4096, 0);
    let mut tail = Tail::default();
    assert_eq!(tail.take(&larger, |_| {}).unwrap().bytes, 8192);
    assert_eq!(tail.take(&larger[8192..], |_| {}).unwrap().bytes, 0);
    assert_eq!(tail.take(&bytes[8192..12288], |_| {}).unwrap().bytes, 4096);
}

#[test]
fn what_is_no_trace_is_refused_at_its_beginning() {
    let text = b"HTTP/1.1 200 OK\r\n".repeat(20);
    let refused = Tail::default().take(&text, |_| {});
    assert!(matches!(refused, Err(OpenError::NotATrace { .. })), "{refused:?}");
}

#[test]
fn a_first_buffer_of_no_possible_size_is_refused_and_asks_for_no_memory() {
    let mut bytes = file(1, 300);
    for stride in [0, 71, (16 << 20) + 1, u32::MAX - 7] {
        bytes[..4].copy_from_slice(&stride.to_le_bytes());
        let refused = Tail::default().take(&bytes, |_| {});
        assert!(matches!(refused, Err(OpenError::NotATrace { .. })), "{stride}: {refused:?}");
    }
    bytes[..4].copy_from_slice(&(16_u32 << 20).to_le_bytes());
    let waits = Tail::default().take(&bytes, |_| {}).unwrap();
    assert_eq!((waits.bytes, waits.needed), (0, 16 << 20));
}

#[test]
fn unused_room_is_known_for_what_it_is() {
    let bytes = file(1, 300);
    let mut tail = Tail::default();
    assert_eq!(tail.skip_unused(&[0; 9_000]), 0, "of a trace that has not begun");
    tail.take(&bytes[..8192], |_| {}).unwrap();
    assert_eq!(tail.skip_unused(&[0; 9_000]), 8_192);
    assert_eq!(tail.skip_unused(&bytes[8192..]), 0);
}

#[test]
fn damage_is_skipped_and_counted_whatever_it_is() {
    let bytes = file(2, 1_500);
    let events = |tail: &mut Tail, bytes: &[u8]| {
        let mut events = 0;
        // A trace whose beginning is damaged is none.
        let _refused = tail.take(bytes, |_| events += 1);
        events
    };
    let sound = events(&mut Tail::default(), &bytes);
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(random >> 33).unwrap()
    };
    let mut skipped = 0;
    for _ in 0..400 {
        let mut damaged = bytes.clone();
        for _ in 0..next() % 8 + 1 {
            let at = next() % damaged.len();
            damaged[at] = u8::try_from(next() % 256).unwrap();
        }
        let mut tail = Tail::default();
        assert!(events(&mut tail, &damaged) <= 2 * sound);
        skipped += tail.skipped();
    }
    assert!(skipped > 0);
}

#[test]
fn recorded_traces_are_read_as_whole_files() {
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/etl");
    let Ok(entries) = std::fs::read_dir(&folder) else {
        eprintln!("skipped: recorded traces are not here");
        return;
    };
    let mut files = 0;
    for entry in entries {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|it| it != "etl") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let (found, tail) = in_pieces(&bytes, &[100_000]);
        assert_eq!(found, whole(&bytes), "{}", path.display());
        assert_eq!(tail.skipped(), 0, "{}", path.display());
        files += 1;
    }
    assert!(files > 10, "{files}");
}
